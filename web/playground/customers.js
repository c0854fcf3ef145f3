import { el, plain, say, set } from "/panel/dom.js";
import { poll } from "./pbx.js";

/**
 * The box of customers: who calls, how their calls stand, and what the queues say.
 *
 * @typedef {import("./pbx.js").Pbx} Pbx
 * @typedef {{id: string, from: string, to: string, state: string, node: HTMLElement}} Line
 */

const POLL_MS = 2000;
const KEPT_ENDED = 3;
const QUEUES = ["support", "sales"];
/** @type {Record<string, string>} */
const CALLED = { 5000: "support", 5001: "sales" };

/** Numbers that regulators keep free for fiction. */
function strangersNumber() {
  const tail = String(Math.floor(Math.random() * 1000)).padStart(3, "0");
  const plans = [`+44207946${tail.padStart(4, "0")}`, `+4930231251${tail.slice(1)}`, `+1212555${"01" + tail.slice(1)}`];
  return plans[Math.floor(Math.random() * plans.length)];
}

export class Customers {
  /** @param {Pbx} pbx @param {(error: unknown) => void} complain */
  constructor(pbx, complain) {
    this.pbx = pbx;
    this.complain = complain;
    /** @type {Line[]} */
    this.lines = [];
    this.list = el("ul", { class: "callers", "aria-label": "Callers" });
    this.none = el("p", { class: "quiet" }, "Nobody is calling.");
    this.direct = el("input", { type: "text", inputmode: "tel", value: "1001", "aria-label": "Extension to call", size: "6" });
    this.queues = QUEUES.map((name) => el("p", { class: "queue-line", "data-queue": name }, name));
    this.nodes = this.#build();
    this.refresh = poll(() => this.#load(), POLL_MS);
  }

  #build() {
    const direct = (/** @type {Event} */ event) => {
      event.preventDefault();
      void this.#call(this.direct.value.trim());
    };
    return [
      el(
        "div",
        { class: "customer-keys" },
        el("h2", {}, "Customers"),
        el("button", { type: "button", class: "big", click: () => void this.#call("5000") }, "Call support ", el("small", {}, "5000")),
        el("button", { type: "button", class: "big", click: () => void this.#call("5001") }, "Call sales ", el("small", {}, "5001")),
        el("form", { class: "direct", submit: direct }, this.direct, el("button", { type: "submit" }, "Call direct")),
      ),
      el("div", { class: "customer-list" }, this.none, this.list),
      el("div", { class: "queues", "aria-label": "Queues", role: "group" }, ...this.queues),
    ];
  }

  /** @param {string} to */
  async #call(to) {
    if (!to) return;
    const from = strangersNumber();
    try {
      const { caller } = await this.pbx.call(from, to);
      this.#add(caller, from, to);
      this.complain("");
    } catch (error) {
      this.complain(error);
    }
    this.refresh();
  }

  /** @param {string} id @param {string} from @param {string} to */
  #add(id, from, to) {
    const hangUp = el("button", { type: "button", click: () => void this.#hangUp(id) }, "Hang up");
    const state = el("span", { class: "caller-state" }, "dialing");
    const node = el("li", {}, el("bdi", {}, from), el("span", { class: "to" }, `→ ${CALLED[to] ?? to}`), state, hangUp);
    this.lines.unshift({ id, from, to, state: "dialing", node });
    this.list.prepend(node);
  }

  /** @param {string} id */
  async #hangUp(id) {
    await this.pbx.hangUp(id).catch(this.complain);
    this.refresh();
  }

  async #load() {
    const running = this.lines.filter((line) => line.state !== "ended");
    await Promise.all(running.map((line) => this.#follow(line)));
    const ended = this.lines.filter((line) => line.state === "ended").slice(KEPT_ENDED);
    for (const line of ended) line.node.remove();
    this.lines = this.lines.filter((line) => !ended.includes(line));
    this.none.hidden = this.lines.length > 0;
    await Promise.all(QUEUES.map((name, index) => this.#queue(name, this.queues[index])));
  }

  /** @param {Line} line */
  async #follow(line) {
    const { state } = await this.pbx.caller(line.id).catch(() => ({ state: "ended" }));
    line.state = state;
    set(line.node, "data-state", state);
    say(/** @type {Element} */ (line.node.querySelector(".caller-state")), plain(state));
  }

  /** @param {string} name @param {HTMLElement} node */
  async #queue(name, node) {
    const { members, callers } = await this.pbx.queue(name);
    const free = members.filter((member) => member.available && !member.paused && !member.in_call).length;
    const waiting = callers.length ? `${callers.length} waiting` : "nobody waits";
    say(node, `${name}: ${waiting} · ${free} of ${members.length} free`);
    set(node, "data-busy", String(callers.length > 0));
    node.title = members.map((member) => `${member.station}${member.paused ? " paused" : ""}`).join(", ");
  }
}
