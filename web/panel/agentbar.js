import { ActionButton } from "./button.js";
import { el, plain, say, set, show } from "./dom.js";
import { TEXT } from "./texts.js";
import { agentState, blockOf, since, stationCan } from "./view.js";

/**
 * @typedef {import("../client/client.js").ClientState} ClientState
 * @typedef {(verb: import("../client/contract.js").Verb, args?: Record<string, unknown>) => void} Ask
 */

/** Who is here, in which state and since when, and the buttons that change it. */
export class AgentBar {
  /** @param {Ask} ask @param {() => number} now */
  constructor(ask, now) {
    this.icon = el("span", { class: "icon", "aria-hidden": "true" });
    this.word = el("strong", { class: "word" });
    this.timer = el("span", { class: "timer", role: "timer", "aria-live": "off" });
    this.who = el("bdi", { class: "who" });
    this.why = el("div", { class: "why" });
    this.ready = new ActionButton(TEXT.verb.ready, "go", () => ask("set_state", { state: "ready" }), now);
    this.notReady = new ActionButton(TEXT.verb.not_ready, "plain", () => ask("set_state", { state: "not_ready" }), now);
    this.logOn = new ActionButton(TEXT.verb.log_on, "go", () => ask("log_on"), now);
    this.logOff = new ActionButton(TEXT.verb.log_off, "plain quiet", () => ask("log_off"), now);
    this.node = el(
      "div",
      { class: "agent", part: "agent" },
      el("div", { class: "line" }, this.icon, this.word, this.timer, this.who),
      this.why,
      el("div", { class: "actions" }, this.ready.node, this.notReady.node, this.logOn.node, this.logOff.node),
    );
  }

  /** @param {ClientState} state @param {boolean} isLive @param {(verb: string) => boolean} isPending */
  draw(state, isLive, isPending) {
    const name = agentState(state);
    set(this.node, "data-state", name);
    say(this.icon, TEXT.agentIcon[name]);
    say(this.word, TEXT.agent[name]);
    say(this.who, [plain(state.desk?.name || state.name), plain(state.station)].filter(Boolean).join(" · "));
    say(this.why, why(state));
    this.#buttons(state, name, isLive, isPending);
  }

  /** @param {ClientState} state @param {string} name @param {boolean} isLive @param {(verb: string) => boolean} isPending */
  #buttons(state, name, isLive, isPending) {
    const can = stationCan(state);
    const why = isLive ? TEXT.onPhone : TEXT.offline;
    const isOut = name === "signed_out" || name === "logged_off";
    const busy = isPending("set_state");
    const agent = state.doc?.agent;
    const allowed = isLive && can.has("set_state");
    const taken = agent?.pending ?? agent?.state;
    const block = blockOf(state);
    const ready = { busy: busy && taken !== "ready", pressed: taken === "ready", why: block?.text ?? why };
    this.ready.draw({ ...ready, allowed: allowed && !block });
    this.notReady.draw({ allowed, busy: busy && taken === "ready", pressed: taken === "not_ready", why });
    this.logOn.draw({ allowed: isLive && can.has("log_on"), busy: isPending("log_on"), why });
    this.logOff.draw({ allowed: isLive && can.has("log_off"), busy: isPending("log_off"), why });
    for (const button of [this.ready, this.notReady, this.logOff]) show(button.node, !isOut);
    show(this.logOn.node, isOut);
  }

  /** @param {ClientState} state @param {number} nowMs server time */
  tick(state, nowMs) {
    say(this.timer, agentState(state) === "signed_out" ? "" : since(state.doc?.agent?.since_at, nowMs));
  }
}

/** @param {ClientState} state @returns {string} why the state is as it is, or what follows */
function why(state) {
  const agent = state.doc?.agent;
  if (!agent) return "";
  if (agent.pending) return `${TEXT.then} ${TEXT.agent[agent.pending]}`;
  if (agent.state === "busy") return TEXT.then;
  if (agent.state === "wrap_up" && blockOf(state)) return TEXT.owed;
  const queues = (agent.queues ?? []).map((queue) => plain(queue.queue)).join(", ");
  if (!agent.reason) return queues;
  /** @type {Record<string, string>} */
  const holds = TEXT.holds;
  return holds[agent.reason] ?? `${TEXT.reason}: ${plain(agent.reason)}`;
}
