import { callsOf, gateOf } from "../client/store.js";
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
  /** @param {Note} note @param {() => void} nothing there is nothing to note */
  constructor(note, nothing) {
    fields += 1;
    this.note = note;
    this.name = el("bdi", { class: "note-of" });
    this.status = el("span", { class: "note-status", id: `note-status-${fields}` });
    this.area = el("textarea", { rows: "3", id: `note-${fields}`, "aria-describedby": this.status.id });
    this.area.addEventListener("input", () => note.set(this.area.value));
    this.area.addEventListener("blur", () => note.flush());
    const save = () => note.save();
    this.save = el("button", { type: "button", class: "action plain", click: save }, TEXT.saveNote);
    this.nothing = el("button", { type: "button", class: "action quiet", click: nothing }, TEXT.nothing);
    const label = el("label", { for: this.area.id }, el("span", {}, TEXT.note), this.name);
    this.node = el("div", { class: "note-field", part: "note" }, label, this.area, el("div", { class: "line" }, this.status, this.nothing, this.save));
  }

  /** @param {boolean} isOwed a decision about this note is still wanted */
  draw(isOwed) {
    show(this.nothing, isOwed);
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
    const owed = [...gateOf(client.state), ...(client.state.desk?.owed ?? [])].map(({ interaction }) => interaction);
    const notes = new Set(isOut ? [] : [...taken, ...client.openNotes, ...owed.map((each) => client.note(each))]);
    for (const [note, field] of this.fields) {
      // What has the focus is not taken away under the agent's hands; it goes when they leave it.
      const isHeld = field.node.contains(/** @type {ShadowRoot} */ (field.node.getRootNode()).activeElement);
      if (notes.has(note) || (isHeld && !isOut)) continue;
      field.node.remove();
      this.fields.delete(note);
    }
    for (const note of [...notes].reverse()) if (!this.fields.has(note)) this.#add(client, note);
    for (const [note, field] of this.fields) field.draw(owed.includes(note.interaction));
    show(this.node, this.fields.size > 0);
  }

  /** @param {Client} client @param {Note} note */
  #add(client, note) {
    const nothing = () => void client.wrapUpDone({ interaction: note.interaction, nothing_to_note: true }).catch(() => undefined);
    const field = new NoteField(note, nothing);
    field.node.addEventListener("focusout", () => queueMicrotask(() => this.draw(client, callsOf(client.state.doc))));
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
