import { ActionButton } from "../panel/button.js";
import { el, plain, say, set, show } from "../panel/dom.js";
import { since } from "../panel/view.js";
import { TEXT } from "./texts.js";
import { isPageLost, nameOf, reasonOf } from "./view.js";

/**
 * @typedef {import("./view.js").Row} Row
 * @typedef {import("./actions.js").Action} Action
 * @typedef {(action: Action, row: Row) => Promise<void>} Do
 */

/** One agent's row: it lives as long as the agent is shown, so that the focus stays where it is. */
export class AgentRow {
  /** @param {Do} run @param {() => number} now */
  constructor(run, now) {
    /** @type {Row|null} */
    this.row = null;
    this.name = el("bdi");
    this.place = el("span", { class: "place" });
    this.icon = el("span", { class: "icon", "aria-hidden": "true" });
    this.word = el("span");
    this.since = el("td", { class: "number" });
    this.reason = el("td");
    this.calls = el("td");
    this.counts = { work: el("td", { class: "number" }), owes: el("td", { class: "number" }), pages: el("td", { class: "number" }) };
    /** @type {Set<Action>} */
    this.busy = new Set();
    const button = (/** @type {Action} */ action, kind = "plain") =>
      new ActionButton(TEXT.action[action], kind, () => void this.#run(run, action), now);
    this.buttons = { break_gate: button("break_gate"), ready: button("ready"), not_ready: button("not_ready"), log_off: button("log_off", "stop") };
    const actions = el("div", { class: "row-actions" }, ...Object.values(this.buttons).map((each) => each.node));
    this.node = el(
      "tr",
      {},
      el("th", { scope: "row" }, this.name, " ", this.place),
      el("td", { class: "state" }, this.icon, " ", this.word),
      this.since,
      this.reason,
      this.calls,
      ...Object.values(this.counts),
      el("td", {}, actions),
    );
  }

  /** @param {Row} row @param {number} nowMs @param {boolean} hasSites */
  draw(row, nowMs, hasSites) {
    const isOther = this.row?.agent !== row.agent;
    const wasReady = this.row && takesCalls(this.row);
    this.row = row;
    say(this.name, plain(nameOf(row)));
    say(this.place, plain([row.agent && row.station, hasSites && row.site].filter(Boolean).join(" · ")));
    const state = Object.hasOwn(TEXT.state, row.state) ? row.state : "unknown";
    set(this.node, "data-state", state);
    set(this.node, "data-stale", String(row.isStale));
    set(this.node, "data-alarm", String(!row.in_service || isPageLost(row)));
    say(this.icon, TEXT.stateIcon[state]);
    say(this.word, TEXT.state[state]);
    say(this.since, since(row.since_at, nowMs) || TEXT.none);
    say(this.reason, plain(reasonOf(row)));
    say(this.calls, row.calls.map((call) => callText(call, nowMs)).join(", ") || TEXT.none);
    for (const [name, cell] of Object.entries(this.counts)) say(cell, String(row[/** @type {'work'|'owes'|'pages'} */ (name)]));
    // What a press means has changed under the finger.
    if (isOther || wasReady !== takesCalls(row)) for (const each of Object.values(this.buttons)) each.guard();
    this.#drawButtons(row);
  }

  /** @param {Row} row */
  #drawButtons(row) {
    const why = row.isStale ? TEXT.stale : TEXT.signedOut;
    const allowed = row.agent !== null && !row.isStale;
    for (const [name, button] of Object.entries(this.buttons)) {
      const action = /** @type {Action} */ (name);
      const isOff = action === "break_gate" && row.owes === 0;
      button.draw({ allowed: allowed && !isOff, busy: this.busy.has(action), why: allowed ? TEXT.noGate : why });
      set(button.node, "aria-label", `${TEXT.action[action]}: ${plain(nameOf(row))}`);
    }
    show(this.buttons.ready.node, !takesCalls(row));
    show(this.buttons.not_ready.node, takesCalls(row));
  }

  /** @param {Do} run @param {Action} action */
  async #run(run, action) {
    const { row } = this;
    if (!row) return;
    this.busy.add(action);
    this.#drawButtons(row);
    await run(action, row);
    this.busy.delete(action);
    this.#drawButtons(this.row ?? row);
  }
}

/** @param {Row} row @returns {boolean} whether calls come, now or after the present one */
function takesCalls(row) {
  return row.state === "ready" || (row.state === "busy" && row.pending !== "not_ready");
}

/** @param {import("../client/board.js").BoardCall} call @param {number} nowMs @returns {string} */
function callText(call, nowMs) {
  const leg = TEXT.leg[call.leg] ?? call.leg;
  const direction = TEXT.direction[/** @type {keyof typeof TEXT.direction} */ (call.direction)] ?? "";
  return [leg, plain(call.queue) || direction, since(call.since_at, nowMs)].filter(Boolean).join(" ");
}
