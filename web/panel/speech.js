import { el, fill, plain } from "./dom.js";
import { SAID } from "./texts.js";
import { remoteOf } from "./view.js";

/**
 * What a screen reader hears: one sentence for each transition. Ringing interrupts, the rest waits.
 *
 * @typedef {import("../client/store.js").StationEvent} StationEvent
 */

/** What is said politely, by event. @type {Record<string, keyof typeof SAID>} */
const POLITE = {
  answered: "answered",
  held: "held",
  resumed: "resumed",
  dropped: "ended",
  missed: "missed",
  diverted: "elsewhere",
  transferred: "transferred",
};

export class Speech {
  constructor() {
    this.alert = el("div", { role: "alert", class: "unseen" });
    this.status = el("div", { role: "status", class: "unseen" });
  }

  /** @param {StationEvent} event */
  hear(event) {
    if (event.event === "ringing" && event.entry) {
      const queue = plain(event.entry.queue);
      this.alert.textContent = fill(SAID.ringing, remoteOf(event.entry).name, queue ? `, ${queue}` : "");
    } else if (POLITE[event.event]) {
      this.status.textContent = SAID[POLITE[event.event]];
    }
  }
}
