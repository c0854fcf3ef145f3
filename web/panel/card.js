import { ActionButton } from "./button.js";
import { el, plain, say, set, show } from "./dom.js";
import { TEXT } from "./texts.js";
import { callBegan, remoteOf, since } from "./view.js";

/**
 * @typedef {import("../client/contract.js").Call} Call
 * @typedef {import("./agentbar.js").Ask} Ask
 * @typedef {{isLive: boolean, isPending: (verb: string, call: string) => boolean, handover: string}} Around
 */

let cards = 0;

/** One call. Its buttons keep their places from ringing to the end; the document's `can` enables them. */
export class CallCard {
  /** @param {Ask} ask asks for this call @param {() => number} now */
  constructor(ask, now) {
    cards += 1;
    this.ask = ask;
    this.now = now;
    /** @type {Call|null} */
    this.call = null;
    this.icon = el("span", { class: "icon", "aria-hidden": "true" });
    this.word = el("strong", { class: "word" });
    this.timer = el("span", { class: "timer", role: "timer", "aria-live": "off" });
    this.queue = el("bdi", { class: "queue" });
    this.name = el("bdi", { class: "name", id: `card-${cards}` });
    this.number = el("bdi", { class: "number" });
    this.note = el("bdi", { class: "note" });
    this.answer = this.#action("answer", "go");
    this.reject = this.#action("reject", "plain", () => ask("reject", { reason: "later" }));
    this.hold = this.#action("hold", "plain", () => this.#toggleHold());
    this.transfer = this.#action("transfer", "plain", () => this.#open(this.transferRow));
    this.keys = this.#action("dtmf", "plain", () => this.#open(this.keysRow));
    this.drop = this.#action("drop", "stop");
    this.transferRow = this.#row(TEXT.transferLabel, TEXT.transferNow, (to) => ask("transfer", { to }));
    this.keysRow = this.#row(TEXT.digitsLabel, TEXT.send, (digits) => ask("dtmf", { digits }));
    this.node = this.#build();
  }

  #build() {
    return el(
      "div",
      { class: "call", role: "group", "aria-labelledby": this.name.id, part: "call" },
      el("div", { class: "line band" }, this.icon, this.word, this.timer, this.queue),
      el("div", { class: "party" }, this.name, this.number),
      this.note,
      el(
        "div",
        { class: "actions" },
        this.answer.node,
        this.reject.node,
        this.hold.node,
        this.transfer.node,
        this.keys.node,
        this.drop.node,
      ),
      this.transferRow,
      this.keysRow,
    );
  }

  /**
   * @param {'answer'|'reject'|'hold'|'transfer'|'dtmf'|'drop'} verb
   * @param {string} kind
   * @param {() => void} [act]
   */
  #action(verb, kind, act = () => this.ask(verb)) {
    return new ActionButton(TEXT.verb[verb], kind, act, this.now);
  }

  #toggleHold() {
    this.ask(this.call?.leg === "hold" ? "resume" : "hold");
  }

  /** @param {string} label @param {string} send @param {(value: string) => void} act */
  #row(label, send, act) {
    const input = el("input", { type: "text", inputmode: "tel", autocomplete: "off", "aria-label": label, placeholder: label });
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      const value = input.value.trim();
      if (!value) return;
      act(value);
      input.value = "";
      form.hidden = true;
    };
    const close = el("button", { type: "button", class: "action plain", click: () => (form.hidden = true) }, TEXT.cancel);
    const go = el("button", { type: "submit", class: "action go" }, send);
    const form = el("form", { class: "row", submit, hidden: true }, input, go, close);
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") form.hidden = true;
    });
    return form;
  }

  /** @param {HTMLFormElement} row */
  #open(row) {
    for (const each of [this.transferRow, this.keysRow]) each.hidden = each !== row || !each.hidden;
    if (!row.hidden) row.querySelector("input")?.focus();
  }

  /** @param {Call} call @param {Around} around */
  draw(call, around) {
    if (call.leg !== this.call?.leg) this.#guard();
    this.call = call;
    const remote = remoteOf(call);
    set(this.node, "data-leg", call.leg);
    say(this.icon, TEXT.callIcon[call.leg] ?? "?");
    say(this.word, TEXT.call[call.leg] ?? plain(call.leg));
    say(this.queue, plain(call.queue) || plain(call.dialed));
    say(this.name, remote.name);
    say(this.number, remote.number);
    say(this.note, around.handover);
    show(this.note, around.handover !== "");
    this.#buttons(call, around);
  }

  #guard() {
    for (const button of [this.answer, this.reject, this.hold, this.transfer, this.keys, this.drop]) button.guard();
  }

  /** @param {Call} call @param {Around} around */
  #buttons(call, { isLive, isPending }) {
    const can = new Set(Array.isArray(call.can) ? call.can : []);
    const why = isLive ? TEXT.onPhone : TEXT.offline;
    const isRinging = call.leg === "alerting";
    const isHeld = call.leg === "hold";
    const busy = (/** @type {string} */ verb) => isPending(verb, call.call);
    const allowed = (/** @type {import("../client/contract.js").Verb} */ verb) => isLive && can.has(verb);
    this.answer.draw({ allowed: allowed("answer"), busy: busy("answer"), why });
    this.reject.draw({ allowed: allowed("reject"), busy: busy("reject"), why });
    this.hold.draw({ allowed: allowed(isHeld ? "resume" : "hold"), busy: busy("hold") || busy("resume"), pressed: isHeld, why });
    this.transfer.draw({ allowed: allowed("transfer"), busy: busy("transfer"), why });
    this.keys.draw({ allowed: allowed("dtmf"), busy: busy("dtmf"), why });
    this.drop.draw({ allowed: allowed("drop"), busy: busy("drop"), why });
    for (const button of [this.answer, this.reject]) show(button.node, isRinging);
    for (const button of [this.hold, this.transfer, this.keys]) show(button.node, !isRinging);
    show(this.drop.node, !isRinging || can.has("drop"));
  }

  /** @param {number} nowMs server time */
  tick(nowMs) {
    if (this.call) say(this.timer, since(callBegan(this.call), nowMs));
  }
}
