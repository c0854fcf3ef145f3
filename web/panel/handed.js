import { el, fill, phrase, plain, prose, show } from "./dom.js";
import { TEXT } from "./texts.js";
import { clockTime } from "./view.js";

/**
 * @typedef {import("../client/client.js").ClientState} ClientState
 * @typedef {import("../client/contract.js").Call} Call
 * @typedef {import("../client/contract.js").Handover} Handover
 * @typedef {{handover: Handover|undefined, data: [string, unknown][], notes: import("../client/contract.js").Frame[]}} Told
 */

/**
 * What is known of a call before it is answered: who passed it on with which words, its data, and colleagues' notes.
 * @param {Call} call
 * @param {ClientState} state
 * @returns {Told}
 */
export function toldOf(call, state) {
  const ids = [call.interaction, ...(call.was ?? [])];
  const contexts = ids.flatMap((id) => state.context?.[id] ?? []);
  /** @type {Handover|undefined} */
  const told = contexts.map((each) => each.handover).find(Boolean);
  const handover = told ?? state.desk?.handover?.find((each) => ids.includes(each.interaction));
  const isNews = (/** @type {import("../client/contract.js").Frame} */ { author, text }) => author !== state.agent && text && text !== handover?.note;
  const notes = contexts.flatMap((each) => each.notes ?? []).filter(isNews);
  return { handover, data: Object.entries({ ...contexts[0]?.data, ...handover?.data, ...call.data }), notes };
}

/** Readable while it rings. Drawn anew only when something of it changed, so that a selection or an open list stays. */
export class Handed {
  constructor() {
    this.drawn = "";
    this.from = el("p", { class: "handed-from" });
    this.note = el("p", { class: "prose", dir: "auto" });
    this.data = el("table", { "aria-label": TEXT.data });
    this.count = el("summary", {});
    this.list = el("ol", {});
    this.chain = el("details", {}, this.count, this.list);
    this.node = el("div", { class: "handed", part: "handover" }, this.from, this.note, this.data, this.chain);
  }

  /** @param {Told} told */
  draw(told) {
    const drawn = JSON.stringify(told);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const { handover, data, notes } = told;
    if (handover) phrase(this.from, handover.kind === "hot" ? TEXT.handed.hot : TEXT.handed.cold, plain(handover.from?.agent));
    this.note.textContent = prose(handover?.note);
    this.data.replaceChildren(...data.map(rowOf));
    this.count.textContent = fill(TEXT.handed.notes, String(notes.length));
    this.list.replaceChildren(...notes.map(noteOf));
    show(this.from, handover !== undefined);
    show(this.note, this.note.textContent !== "");
    show(this.data, data.length > 0);
    show(this.chain, notes.length > 0);
    show(this.node, [this.from, this.data, this.chain].some((each) => !each.hidden));
  }
}

/** @param {[key: string, value: unknown]} entry */
function rowOf([key, value]) {
  return el("tr", {}, cell("th", key), cell("td", typeof value === "string" ? value : JSON.stringify(value)));
}

/** @param {'th'|'td'} tag @param {string} text */
function cell(tag, text) {
  return el(tag, tag === "th" ? { scope: "row" } : {}, el("bdi", {}, plain(text)));
}

/** @param {import("../client/contract.js").Frame} note */
function noteOf({ author, at, text }) {
  return el("li", {}, el("bdi", {}, plain(author)), ` ${clockTime(Date.parse(at))}`, el("p", { class: "prose", dir: "auto" }, prose(text)));
}
