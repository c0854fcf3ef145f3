import { callsOf, gateOf } from "../client/store.js";
import { el, fill, plain, say, set, show } from "./dom.js";
import { TEXT } from "./texts.js";
import { clockTime } from "./view.js";

/**
 * @typedef {import("../client/client.js").Client} Client
 * @typedef {import("../client/notes.js").Note} Note
 * @typedef {{interaction: string, needs: string[], queue?: string|null, since_at?: string}} Owed
 * @typedef {(what: {interaction: string, nothing_to_note?: boolean, disposition?: string}) => void} Decide
 */

let fields = 0;

/** The field of one note. It stays where it is from the call's begin until the note is finished. */
class NoteField {
  /** @param {Note} note @param {Decide} decide */
  constructor(note, decide) {
    fields += 1;
    this.note = note;
    this.name = el("bdi", { class: "note-of" });
    this.status = el("span", { class: "note-status", id: `note-status-${fields}` });
    this.area = el("textarea", { rows: "3", id: `note-${fields}`, "aria-describedby": this.status.id });
    this.area.addEventListener("input", () => note.set(this.area.value));
    this.area.addEventListener("blur", () => note.flush());
    const save = () => note.save();
    this.save = el("button", { type: "button", class: "action plain", click: save }, TEXT.saveNote);
    this.decide = decide;
    /** What was told last of how it ended, so that it is told once. */
    this.told = "";
    const nothing = () => decide({ interaction: note.interaction, nothing_to_note: true, ...this.#ended() });
    this.nothing = el("button", { type: "button", class: "action quiet", click: nothing }, TEXT.nothing);
    this.how = el("select", { "aria-label": TEXT.disposition, change: () => this.#tell() });
    const label = el("label", { for: this.area.id }, el("span", {}, TEXT.note), this.name);
    this.node = el("div", { class: "note-field", part: "note" }, label, this.area, el("div", { class: "line" }, this.how, this.status, this.nothing, this.save));
  }

  /** How the call ended, if the agent said so. */
  #ended() {
    return this.how.value ? { disposition: this.how.value } : {};
  }

  /** A finished note and how it ended together are the decision. */
  #tell() {
    const { value } = this.how;
    if (this.how.hidden || !value || value === this.told || this.note.isOpen || !this.note.text) return;
    this.told = value;
    this.decide({ interaction: this.note.interaction, ...this.#ended() });
  }

  /**
   * @param {Owed|undefined} owed what is still wanted
   * @param {string[]} choices of how it may have ended
   */
  draw(owed, choices) {
    show(this.nothing, owed !== undefined);
    show(this.how, owed?.needs.includes("disposition") ?? false);
    if ([...this.how.options].slice(1).map(({ value }) => value).join() !== choices.join()) {
      const options = choices.map((each) => el("option", { value: each }, each));
      this.how.replaceChildren(el("option", { value: "" }, TEXT.disposition), ...options);
    }
    this.#tell();
    const { note, area } = this;
    say(this.name, plain(note.about) || (owed?.since_at ? clockTime(Date.parse(owed.since_at)) : ""));
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
  /** @param {Decide} decide */
  constructor(decide) {
    this.decide = decide;
    /** @type {Map<Note, NoteField>} */
    this.fields = new Map();
    this.node = el("div", { class: "notes", role: "group", "aria-label": TEXT.notes });
  }

  /** @param {Client} client @param {import("../client/contract.js").Call[]} calls */
  draw(client, calls) {
    const isOut = !client.state.agent;
    const taken = calls.filter(({ leg }) => leg !== "alerting").map(({ interaction }) => client.note(interaction));
    const { desk, dispositions } = client.state;
    /** @type {Map<string, Owed>} */
    const owed = new Map([...(desk?.owed ?? []), ...gateOf(client.state)].map((each) => [each.interaction, each]));
    const choices = (/** @type {string|null|undefined} */ queue) => {
      const own = queue ? [dispositions[queue] ?? dispositions[""] ?? []] : Object.values(dispositions);
      const listed = [...new Set(own.flat())];
      return listed.length ? listed : [TEXT.done];
    };
    const notes = new Set(isOut ? [] : [...taken, ...client.openNotes, ...[...owed.keys()].map((each) => client.note(each))]);
    for (const [note, field] of this.fields) {
      // What has the focus is not taken away under the agent's hands; it goes when they leave it.
      const isHeld = field.node.contains(/** @type {ShadowRoot} */ (field.node.getRootNode()).activeElement);
      if (notes.has(note) || (isHeld && !isOut)) continue;
      field.node.remove();
      this.fields.delete(note);
    }
    for (const note of [...notes].reverse()) if (!this.fields.has(note)) this.#add(client, note);
    for (const [note, field] of this.fields) {
      const owes = owed.get(note.interaction);
      field.draw(owes, choices(owes?.queue));
    }
    show(this.node, this.fields.size > 0);
  }

  /** Take the agent to a note. @param {string} interaction */
  focus(interaction) {
    for (const [note, field] of this.fields) if (note.interaction === interaction) field.area.focus();
  }

  /** @param {Client} client @param {Note} note */
  #add(client, note) {
    const field = new NoteField(note, this.decide);
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
