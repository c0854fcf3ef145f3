import { el, say } from "../panel/dom.js";
import { TEXT } from "./texts.js";

/** A question before what cannot be taken back; Escape says no. */
export class Confirm {
  constructor() {
    this.title = el("h2", { id: "confirm-title" });
    this.no = el("button", { type: "button", class: "action plain", click: () => this.#answer(false) }, TEXT.no);
    const yes = el("button", { type: "button", class: "action stop", click: () => this.#answer(true) }, TEXT.yes);
    const keys = el("div", { class: "row-actions" }, this.no, yes);
    const closed = () => this.#answer(false);
    this.node = el("dialog", { "aria-labelledby": "confirm-title", close: closed }, this.title, el("p", {}, TEXT.confirmWhy), keys);
    /** @type {((isYes: boolean) => void)|null} */
    this.resolve = null;
  }

  /** @param {string} question @returns {Promise<boolean>} */
  ask(question) {
    say(this.title, question);
    this.node.showModal();
    this.no.focus();
    return new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  /** @param {boolean} isYes */
  #answer(isYes) {
    const { resolve } = this;
    this.resolve = null;
    resolve?.(isYes);
    if (this.node.open) this.node.close();
  }
}
