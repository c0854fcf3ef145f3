import { el, plain, say, set, show } from "/panel/dom.js";
import { poll } from "./pbx.js";

/**
 * A desk phone on the screen: what its display shows comes from the phone itself, what its keys do goes to it.
 *
 * @typedef {import("./pbx.js").Pbx} Pbx
 * @typedef {import("./pbx.js").Phone} PhoneState
 */

const POLL_MS = 2000;
const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
/** @type {Record<string, string>} */
const WORDS = { idle: "Ready to dial", dialing: "Calling", ringing: "Ringing", talking: "Talking", held: "On hold" };

export class DeskPhone {
  /** @param {Pbx} pbx @param {string} station */
  constructor(pbx, station) {
    this.pbx = pbx;
    this.station = station;
    this.isPlugged = true;
    this.typed = "";
    /** @type {PhoneState} */
    this.state = { state: "idle", with: null, calls: 0 };
    this.line = el("div", { class: "lcd-line" });
    this.peer = el("bdi", { class: "lcd-peer" });
    this.trouble = el("p", { class: "phone-trouble", role: "alert" });
    this.keys = this.#softKeys();
    this.cable = el("button", { type: "button", class: "cable", click: () => this.#togglePlug() }, "Unplug");
    this.node = this.#build();
    this.refresh = poll(() => this.#load(), POLL_MS);
  }

  #build() {
    const pad = DIGITS.map((digit) =>
      el("button", { type: "button", class: "digit", "aria-label": `Key ${digit}`, click: () => this.#digit(digit) }, digit),
    );
    return el(
      "section",
      { class: "phone", "aria-label": `Desk phone ${this.station}` },
      el("div", { class: "phone-head" }, el("span", {}, `Desk phone ${this.station}`), this.cable),
      el("div", { class: "lcd", "aria-live": "off" }, this.line, this.peer),
      el("div", { class: "soft" }, ...Object.values(this.keys)),
      el("div", { class: "pad" }, ...pad),
      this.trouble,
    );
  }

  #softKeys() {
    const key = (/** @type {string} */ label, /** @type {string} */ look, /** @type {() => void} */ act) =>
      el("button", { type: "button", class: `soft-key ${look}`, click: act }, label);
    return {
      answer: key("Answer", "go", () => this.#press("answer")),
      reject: key("Reject", "", () => this.#press("reject")),
      dial: key("Dial", "go", () => this.#dial()),
      clear: key("Clear", "", () => this.#type("")),
      hold: key("Hold", "", () => this.#press("hold")),
      resume: key("Resume", "", () => this.#press("resume")),
      hangup: key("Hang up", "stop", () => this.#press("hangup")),
    };
  }

  async #load() {
    this.#draw(await this.pbx.phone(this.station));
  }

  /** @param {PhoneState} state */
  #draw(state) {
    this.state = state;
    set(this.node, "data-state", this.isPlugged ? state.state : "unplugged");
    const isIdle = state.state === "idle";
    say(this.line, this.isPlugged ? (WORDS[state.state] ?? plain(state.state)) : "No network");
    say(this.peer, isIdle ? this.typed || " " : plain(state.with) || "Unknown number");
    const shown = {
      answer: state.state === "ringing",
      reject: state.state === "ringing",
      dial: isIdle,
      clear: isIdle,
      hold: state.state === "talking",
      resume: state.state === "held",
      hangup: !isIdle && state.state !== "ringing",
    };
    show(this.keys.answer, shown.answer);
    show(this.keys.reject, shown.reject);
    show(this.keys.dial, shown.dial);
    show(this.keys.clear, shown.clear);
    show(this.keys.hold, shown.hold);
    show(this.keys.resume, shown.resume);
    show(this.keys.hangup, shown.hangup);
    this.keys.dial.disabled = this.typed === "";
    this.keys.clear.disabled = this.typed === "";
  }

  /** @param {string} digit */
  #digit(digit) {
    if (this.state.state === "idle") this.#type(this.typed + digit);
    else void this.#press("dtmf", { digits: digit });
  }

  /** @param {string} typed */
  #type(typed) {
    this.typed = typed.slice(0, 24);
    this.#draw(this.state);
  }

  async #dial() {
    const number = this.typed;
    this.typed = "";
    if (number) await this.#press("dial", { number });
  }

  async #togglePlug() {
    const act = this.isPlugged ? "unplug" : "plug";
    if (!(await this.#press(act))) return;
    this.isPlugged = act === "plug";
    say(this.cable, this.isPlugged ? "Unplug" : "Plug in");
    this.refresh();
  }

  /** @param {string} act @param {Record<string, string>} [more] @returns {Promise<boolean>} whether the phone did it */
  async #press(act, more) {
    say(this.trouble, "");
    try {
      await this.pbx.press(this.station, act, more);
      return true;
    } catch (error) {
      say(this.trouble, error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      this.refresh();
    }
  }
}
