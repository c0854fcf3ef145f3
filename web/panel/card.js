import { ActionButton } from "./button.js";
import { el, phrase, plain, say, set, show } from "./dom.js";
import { TEXT } from "./texts.js";
import { Handed } from "./handed.js";
import { hearing, isInWay } from "./hearing.js";
import { callBegan, remoteOf, since } from "./view.js";

/**
 * @typedef {import("../client/contract.js").Call} Call
 * @typedef {import("./agentbar.js").Ask} Ask
 * @typedef {{isLive: boolean, isPending: (verb: string, call: string) => boolean, calls: Call[],
 *   work: import("../client/contract.js").WorkItem[]|undefined, told: import("./handed.js").Told}} Around
 */

/** What a consultation can lead to; shown only while the phone system offers it. */
const STEPS = /** @type {const} */ (["complete", "conference", "swap", "cancel"]);

let cards = 0;

/** One call. Its buttons keep their places from ringing to the end; the document's `can` enables them. */
export class CallCard {
  /**
   * @param {Ask} ask asks for this call
   * @param {() => number} now
   * @param {Record<string, string>} shortcutOf by verb
   */
  constructor(ask, now, shortcutOf) {
    cards += 1;
    this.shortcutOf = shortcutOf;
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
    this.hears = el("p", { class: "hears" });
    this.handed = new Handed();
    this.answer = this.#action("answer", "go big");
    this.reject = this.#action("reject", "plain big", () => ask("reject", { reason: this.#isInWay ? "busy_work" : "later" }));
    this.hold = this.#action("hold", "plain", () => this.#toggleHold());
    this.transfer = this.#action("transfer", "plain", () => this.#open(this.transferRow));
    this.keys = this.#action("dtmf", "plain", () => this.#open(this.keysRow));
    this.drop = this.#action("drop", "stop");
    this.steps = STEPS.map((verb) => ({ verb, button: this.#action(verb, verb === "complete" ? "go" : "plain") }));
    this.consult = new ActionButton(TEXT.consultFirst, "plain", () => this.#consult(), now);
    this.transferRow = this.#row(TEXT.transferLabel, TEXT.transferNow, (to) => ask("transfer", { to }), this.consult);
    this.keysRow = this.#row(TEXT.digitsLabel, TEXT.send, (digits) => ask("dtmf", { digits }));
    this.transferField = /** @type {HTMLInputElement} */ (this.transferRow.querySelector("input"));
    this.stepRow = el("div", { class: "actions" }, ...this.steps.map(({ button }) => button.node));
    this.node = this.#build();
  }

  #build() {
    return el(
      "div",
      { class: "call", role: "group", "aria-labelledby": this.name.id, part: "call" },
      el("div", { class: "line band" }, this.icon, this.word, this.timer, this.queue),
      el("div", { class: "party" }, this.name, this.number),
      this.hears,
      this.stepRow,
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
      // Below the buttons: it may come a moment after the call, and nothing moves under the mouse.
      this.handed.node,
    );
  }

  /**
   * @param {'answer'|'reject'|'hold'|'transfer'|'dtmf'|'drop'|typeof STEPS[number]} verb
   * @param {string} kind
   * @param {() => void} [act]
   */
  #action(verb, kind, act = () => this.ask(verb)) {
    const button = new ActionButton(TEXT.verb[verb], kind, act, this.now);
    button.setKeys(this.shortcutOf[verb]);
    return button;
  }

  get #isInWay() {
    return this.call !== null && isInWay(this.call);
  }

  #toggleHold() {
    this.ask(this.call?.leg === "hold" ? "resume" : "hold");
  }

  #consult() {
    const to = this.transferField.value.trim();
    if (!to) return this.transferField.focus();
    this.ask("consult", { to });
    this.transferField.value = "";
    return this.#close(this.transferRow);
  }

  /** The focus goes back to the button that opened the row, if it was in the row. @param {HTMLFormElement} row */
  #close(row) {
    const isInside = row.contains(/** @type {ShadowRoot} */ (row.getRootNode()).activeElement);
    row.hidden = true;
    if (isInside) (row === this.transferRow ? this.transfer : this.keys).node.focus();
  }

  /**
   * @param {string} label
   * @param {string} send
   * @param {(value: string) => void} act
   * @param {ActionButton} [other] a second way to go on with what was typed
   */
  #row(label, send, act, other) {
    const input = el("input", { type: "text", "data-to": other !== undefined, inputmode: "tel", autocomplete: "off", "aria-label": label, placeholder: label });
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      const value = input.value.trim();
      if (!value) return input.focus();
      act(value);
      input.value = "";
      return this.#close(form);
    };
    const close = el("button", { type: "button", class: "action plain", click: () => this.#close(form) }, TEXT.cancel);
    const go = el("button", { type: "submit", class: "action go" }, send);
    const ways = other ? [go, other.node, close] : [go, close];
    const form = el("form", { class: "row", submit, hidden: true }, input, ...ways);
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#close(form);
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
    if (call.leg !== this.call?.leg || isInWay(call) !== this.#isInWay) this.#guard();
    this.call = call;
    const remote = remoteOf(call);
    set(this.node, "data-leg", call.leg);
    say(this.icon, TEXT.callIcon[call.leg] ?? "?");
    say(this.word, TEXT.call[call.leg] ?? plain(call.leg));
    say(this.queue, plain(call.queue) || plain(call.dialed));
    say(this.name, remote.name);
    say(this.number, remote.number);
    show(this.number, remote.number !== "");
    const heard = hearing(call, around.calls, around.work);
    if (heard) phrase(this.hears, ...heard);
    show(this.hears, heard !== null);
    this.handed.draw(around.told);
    this.#buttons(call, around);
  }

  #guard() {
    const steps = this.steps.map(({ button }) => button);
    for (const button of [this.answer, this.reject, this.hold, this.transfer, this.keys, this.drop, ...steps]) button.guard();
  }

  /** @param {Call} call @param {Around} around */
  #buttons(call, { isLive, isPending, calls }) {
    const can = new Set(Array.isArray(call.can) ? call.can : []);
    const why = isLive ? TEXT.onPhone : TEXT.offline;
    const isRinging = call.leg === "alerting";
    const isHeld = call.leg === "hold";
    const busy = (/** @type {string} */ verb) => isPending(verb, call.call);
    const allowed = (/** @type {import("../client/contract.js").Verb} */ verb) => isLive && can.has(verb);
    this.answer.draw({ allowed: allowed("answer"), busy: busy("answer"), why });
    this.reject.draw({ allowed: allowed("reject"), busy: busy("reject"), why, label: [isInWay(call) ? TEXT.sendBack : TEXT.verb.reject] });
    this.hold.draw({ allowed: allowed(isHeld ? "resume" : "hold"), busy: busy("hold") || busy("resume"), pressed: isHeld, why });
    this.transfer.draw({ allowed: allowed("transfer") || allowed("consult"), busy: busy("transfer") || busy("consult"), why });
    this.consult.draw({ allowed: allowed("consult"), why });
    show(this.consult.node, can.has("consult"));
    // Nor does Enter in the field send what the phone system does not allow.
    toggle(this.transferRow, "[type=submit]", !allowed("transfer"));
    this.keys.draw({ allowed: allowed("dtmf"), busy: busy("dtmf"), why });
    // With two calls, "Hang up" alone would not say on whom.
    /** @type {import("./hearing.js").Phrase} */
    const ending = calls.length > 1 ? [TEXT.endWith, remoteOf(call).name] : [TEXT.verb.drop];
    this.drop.draw({ allowed: allowed("drop"), busy: busy("drop"), why, label: ending });
    for (const button of [this.answer, this.reject]) show(button.node, isRinging);
    const isConsulting = STEPS.some((verb) => can.has(verb));
    for (const button of [this.hold, this.transfer, this.keys]) show(button.node, !isRinging && (button.isAllowed || !isConsulting));
    show(this.drop.node, !isRinging || can.has("drop"));
    for (const { verb, button } of this.steps) {
      button.draw({ allowed: allowed(verb), busy: busy(verb), why });
      show(button.node, can.has(verb) || busy(verb));
    }
    show(this.stepRow, this.steps.some(({ button }) => !button.node.hidden));
  }

  /** @param {number} nowMs server time */
  tick(nowMs) {
    if (this.call) say(this.timer, since(callBegan(this.call), nowMs));
  }
}

/** @param {Element} form @param {string} selector @param {boolean} isOff */
function toggle(form, selector, isOff) {
  /** @type {HTMLButtonElement} */ (form.querySelector(selector)).disabled = isOff;
}
