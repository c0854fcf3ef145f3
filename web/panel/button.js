import { el, phrase, set } from "./dom.js";
import { TEXT } from "./texts.js";

/** A press within this time after the button's meaning changed was meant for something else. */
const GUARD_MS = 400;

/**
 * A button that stays where it is and stays focusable: what is not allowed is `aria-disabled` and says why; what is on
 * its way shows so on the very button.
 */
export class ActionButton {
  /**
   * @param {string} label
   * @param {string} kind its look: `go`, `stop`, `plain`
   * @param {() => void} act
   * @param {() => number} now
   */
  constructor(label, kind, act, now) {
    this.now = now;
    this.changedMs = -Infinity;
    this.isAllowed = false;
    this.label = el("span", { class: "label" }, label);
    this.node = el("button", { type: "button", class: `action ${kind}`, part: `action ${kind}`, click: () => this.#press(act) });
    this.node.append(this.label);
    this.keys = "";
    /** Pressed though it is not allowed. */
    this.refused = () => {};
  }

  /** @param {() => void} act */
  #press(act) {
    const isGuarded = this.now() - this.changedMs < GUARD_MS;
    if (isGuarded || this.node.getAttribute("aria-busy") === "true") return;
    if (this.isAllowed) act();
    else this.refused();
  }

  /** @param {string|undefined} keys the shortcut that presses it, if any */
  setKeys(keys = "") {
    this.keys = keys;
    if (keys) set(this.node, "aria-keyshortcuts", keys);
    else this.node.removeAttribute("aria-keyshortcuts");
  }

  /** What the button does or where it stands has just changed. */
  guard() {
    this.changedMs = this.now();
  }

  /** @param {{allowed: boolean, busy?: boolean, pressed?: boolean, why?: string, label?: [text: string, ...names: string[]]}} look */
  draw({ allowed, busy = false, pressed, why = TEXT.onPhone, label }) {
    this.isAllowed = allowed;
    if (label) phrase(this.label, ...label);
    set(this.node, "aria-disabled", String(!allowed && !busy));
    set(this.node, "aria-busy", String(busy));
    set(this.node, "title", allowed || busy ? this.keys : why);
    if (pressed !== undefined) set(this.node, "aria-pressed", String(pressed));
  }
}
