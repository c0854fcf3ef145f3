import { callsOf } from "../client/store.js";
import { el, plain, say, set, show } from "./dom.js";
import { TEXT, fill } from "./texts.js";
import { clockTime } from "./view.js";

/**
 * @typedef {import("../client/client.js").Client} Client
 * @typedef {import("../client/notes.js").Note} Note
 */

let fields = 0;

/** The field of one note. It stays where it is from the call's begin until the note is finished. */
class NoteField {
  /** @param {Note} note */
  constructor(note) {
    fields += 1;
    this.note = note;
    this.name = el("bdi", { class: "note-of" });
    this.status = el("span", { class: "note-status", id: `note-status-${fields}` });
    this.area = el("textarea", { rows: "3", id: `note-${fields}`, "aria-describedby": this.status.id });
    this.area.addEventListener("input", () => note.set(this.area.value));
    this.area.addEventListener("blur", () => note.flush());
    const save = () => note.save();
    this.save = el("button", { type: "button", class: "action plain", click: save }, TEXT.saveNote);
    const label = el("label", { for: this.area.id }, el("span", {}, TEXT.note), this.name);
    this.node = el("div", { class: "note-field", part: "note" }, label, this.area, el("div", { class: "line" }, this.status, this.save));
  }

  draw() {
    const { note, area } = this;
    say(this.name, plain(note.about));
    if (area.value !== note.text) {
      const caret = area.selectionEnd;
      area.value = note.text;
      area.setSelectionRange(caret, caret);
    }
    set(this.status, "data-status", note.status);
    say(this.status, statusOf(note));
  }
}

/**
 * The notes of calls that were taken, and of earlier ones until they are finished. They come below all buttons and not
 * before the answer, so that a call that rings moves nothing; the newest is on top, next to its call.
 */
export class NoteList {
  constructor() {
    /** @type {Map<Note, NoteField>} */
    this.fields = new Map();
    this.node = el("div", { class: "notes", role: "group", "aria-label": TEXT.notes });
  }

  /** @param {Client} client @param {import("../client/contract.js").Call[]} calls */
  draw(client, calls) {
    const isOut = !client.state.agent;
    const taken = calls.filter(({ leg }) => leg !== "alerting").map(({ interaction }) => client.note(interaction));
    const notes = new Set(isOut ? [] : [...taken, ...client.openNotes]);
    for (const [note, field] of this.fields) {
      // What has the focus is not taken away under the agent's hands; it goes when they leave it.
      const isHeld = field.node.contains(/** @type {ShadowRoot} */ (field.node.getRootNode()).activeElement);
      if (notes.has(note) || (isHeld && !isOut)) continue;
      field.node.remove();
      this.fields.delete(note);
    }
    for (const note of [...notes].reverse()) if (!this.fields.has(note)) this.#add(note, () => this.draw(client, callsOf(client.state.doc)));
    for (const field of this.fields.values()) field.draw();
    show(this.node, this.fields.size > 0);
  }

  /** @param {Note} note @param {() => void} left */
  #add(note, left) {
    const field = new NoteField(note);
    field.node.addEventListener("focusout", () => queueMicrotask(left));
    this.fields.set(note, field);
    this.node.prepend(field.node);
  }
}

/** @param {Note} note @returns {string} */
function statusOf({ status, savedMs, error }) {
  if (status === "saved") return fill(TEXT.noteStatus.saved, clockTime(savedMs ?? 0));
  if (status === "") return "";
  return error ? `${TEXT.noteStatus.review}: ${plain(error.text)}` : TEXT.noteStatus[status];
}
