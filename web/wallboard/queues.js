import { el, plain, say, set, show } from "../panel/dom.js";
import { since } from "../panel/view.js";
import { TEXT } from "./texts.js";

/** @typedef {import("./view.js").QueueRow} QueueRow */

const COLUMNS = /** @type {(keyof typeof TEXT.queue)[]} */ (Object.keys(TEXT.queue));

/** Who waits where. Rows stay where they are, so that only what changed is written. */
export class QueueTable {
  constructor() {
    this.body = el("tbody");
    const head = el("tr", {}, ...COLUMNS.map((name) => el("th", { scope: "col" }, TEXT.queue[name])));
    const table = el("table", {}, el("caption", {}, TEXT.queues), el("thead", {}, head), this.body);
    this.node = el("div", { class: "scroll", role: "region", "aria-label": TEXT.queues, tabindex: "0" }, table);
    /** @type {Map<string, {node: HTMLTableRowElement, cells: HTMLElement[]}>} */
    this.rows = new Map();
  }

  /** @param {QueueRow[]} queues @param {number} nowMs @param {boolean} hasSites whether rows name their site */
  draw(queues, nowMs, hasSites) {
    const gone = new Set(this.rows.keys());
    queues.forEach((queue, index) => {
      gone.delete(queue.key);
      const row = this.rows.get(queue.key) ?? this.#row(queue.key);
      if (this.body.children[index] !== row.node) this.body.insertBefore(row.node, this.body.children[index] ?? null);
      const name = plain(hasSites ? `${queue.queue} · ${queue.site}` : queue.queue);
      const longest = since(queue.longestAt, nowMs) || TEXT.none;
      [name, queue.waiting, longest, queue.ready, queue.busy].forEach((each, cell) => say(row.cells[cell], String(each)));
      set(row.node, "data-stale", String(queue.isStale));
      set(row.node, "data-alarm", String(queue.waiting > 0));
    });
    for (const key of gone) {
      this.rows.get(key)?.node.remove();
      this.rows.delete(key);
    }
    show(this.node, queues.length > 0);
  }

  /** @param {string} key */
  #row(key) {
    const cells = COLUMNS.map((_, index) => (index ? el("td", { class: "number" }) : el("th", { scope: "row" })));
    const row = { node: el("tr", {}, ...cells), cells };
    this.rows.set(key, row);
    return row;
  }
}
