import { el, set, show } from "../panel/dom.js";
import { AgentRow } from "./row.js";
import { TEXT } from "./texts.js";
import { sorted } from "./view.js";

/**
 * @typedef {import("./view.js").Row} Row
 * @typedef {import("./view.js").Column} Column
 */

const COLUMNS = /** @type {(Column|'actions')[]} */ (Object.keys(TEXT.agent));

/** Who works where; a column's heading sorts by it, and once more the other way round. */
export class AgentTable {
  /** @param {import("./row.js").Do} run @param {() => number} now @param {() => void} redraw */
  constructor(run, now, redraw) {
    this.make = () => new AgentRow(run, now);
    this.redraw = redraw;
    /** @type {import("./view.js").Order} */
    this.order = { column: "name", isDown: false };
    /** @type {Map<Column|'actions', HTMLElement>} */
    this.heads = new Map(COLUMNS.map((name) => [name, this.#head(name)]));
    this.body = el("tbody");
    const head = el("thead", {}, el("tr", {}, ...this.heads.values()));
    const table = el("table", { class: "agents" }, el("caption", {}, TEXT.agents), head, this.body);
    this.node = el("div", { class: "scroll", role: "region", "aria-label": TEXT.agents, tabindex: "0" }, table);
    /** @type {Map<string, AgentRow>} */
    this.rows = new Map();
  }

  /** @param {Row[]} rows @param {number} nowMs @param {boolean} hasSites */
  draw(rows, nowMs, hasSites) {
    const gone = new Set(this.rows.keys());
    sorted(rows, this.order).forEach((row, index) => {
      gone.delete(row.key);
      const shown = this.rows.get(row.key) ?? this.make();
      this.rows.set(row.key, shown);
      this.#place(shown.node, index);
      shown.draw(row, nowMs, hasSites);
    });
    for (const key of gone) {
      this.rows.get(key)?.node.remove();
      this.rows.delete(key);
    }
    for (const [name, head] of this.heads) {
      if (name !== this.order.column) head.removeAttribute("aria-sort");
      else set(head, "aria-sort", this.order.isDown ? "descending" : "ascending");
    }
    show(this.node, rows.length > 0);
  }

  /** Moving a row takes the focus from it, so it is given back. @param {HTMLElement} node @param {number} index */
  #place(node, index) {
    if (this.body.children[index] === node) return;
    const focused = node.contains(document.activeElement) ? document.activeElement : null;
    this.body.insertBefore(node, this.body.children[index] ?? null);
    if (focused instanceof HTMLElement) focused.focus();
  }

  /** @param {Column|'actions'} name */
  #head(name) {
    if (name === "actions") return el("th", { scope: "col" }, TEXT.agent[name]);
    return el("th", { scope: "col" }, el("button", { type: "button", class: "sort", click: () => this.#sort(name) }, TEXT.agent[name]));
  }

  /** @param {Column} column */
  #sort(column) {
    this.order = { column, isDown: this.order.column === column && !this.order.isDown };
    this.redraw();
  }
}
