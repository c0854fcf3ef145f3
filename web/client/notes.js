/**
 * The agent's notes, one per interaction. What is typed is on this device within 50 ms and in the cloud within seconds; of
 * two pages that wrote at once both texts stay. Rules: docs/protocol.md 5, `note.put`.
 *
 * @typedef {import("./contract.js").Frame} Frame
 * @typedef {import("./contract.js").Call} Call
 * @typedef {''|'saving'|'saved'|'offline'|'review'} NoteStatus
 * @typedef {{env: import("./env.js").Env, api: string, agent: () => string|null, isLive: () => boolean,
 *   send: (frame: Frame) => boolean, newId: () => string, frameBytes: () => number,
 *   changed: (note: Note) => void}} Surroundings
 */

const DEVICE_MS = 25;
const AUTOSAVE_MS = 800;
const LATEST_MS = 5000;
/** Without an answer for so long the same frame is sent again. */
const ANSWER_MS = 8000;
const NOTE_BYTES = 16 * 1024;
/** Refusals that the same frame may outlive. */
const PASSING = new Set(["rate_limited", "internal"]);
const EMPTY = contentOf({ text: "", fields: {}, draft: true });

/** One note. Read `text`, `fields`, `status`; change it by `set`, `setField`, and `save`. */
export class Note {
  /** @param {Surroundings} around @param {string} interaction */
  constructor(around, interaction) {
    this.around = around;
    this.interaction = interaction;
    /** The other side of the call, for a list of open notes. */
    this.about = "";
    this.text = "";
    /** @type {Record<string, unknown>} */
    this.fields = {};
    /** Whether the agent still works on it. */
    this.draft = true;
    /** Newest revision of the cloud's that this text builds on. */
    this.rev = 0;
    /** What that revision says. */
    this.saved = EMPTY;
    /** @type {number|null} when the cloud had it last, ms by the device's clock */
    this.savedMs = null;
    /** @type {Frame|null} on its way */
    this.sending = null;
    /** @type {import("./contract.js").ErrorDetail|null} why the cloud does not take it; a change tries again */
    this.error = null;
    /** Whether two texts were put together and nobody looked yet. */
    this.isMerged = false;
    this.isListed = false;
    /** @type {number|null} when the oldest unsaved change was made */
    this.dirtyMs = null;
    /** @type {Record<string, unknown>} timers by name */
    this.timers = {};
  }

  /** @returns {NoteStatus} `saved` only when the cloud confirmed this very text; empty while there is nothing to say */
  get status() {
    if (this.error || this.isMerged) return "review";
    if (!this.isDirty) return this.savedMs === null ? "" : "saved";
    return this.around.isLive() ? "saving" : "offline";
  }

  /** Whether the cloud does not have it yet. */
  get isDirty() {
    return contentOf(this) !== this.saved;
  }

  /** Whether the agent has still to finish it. */
  get isOpen() {
    return this.isDirty || this.isMerged || (this.draft && this.saved !== EMPTY && !isBlank(this));
  }

  /** @param {string} text */
  set(text) {
    this.#edit({ text });
  }

  /** @param {string} name @param {string|number|boolean|null} value */
  setField(name, value) {
    this.#edit({ fields: { ...this.fields, [name]: value } });
  }

  /** It is finished: no draft any more. */
  save() {
    this.#edit({ draft: false });
    this.flush();
  }

  /** Save now what is not saved. */
  flush() {
    if (this.timers.device) this.#toDevice();
    this.#stop("autosave");
    if (!this.isDirty || this.sending || this.error) return;
    const { text, fields, draft } = this;
    const frame = { t: "note.put", id: this.around.newId(), interaction: this.interaction, base: this.rev, text, fields, draft };
    if (bytes(text) > NOTE_BYTES || bytes(JSON.stringify(frame)) > this.around.frameBytes()) {
      this.error = { code: "too_large", text: "This note is too long to save." };
      return this.#changed();
    }
    this.sending = frame;
    this.dirtyMs = null;
    this.#send();
    return this.#toDevice();
  }

  /** A socket is live again: what had no answer is sent anew. */
  resume() {
    if (this.sending) this.#send();
    else this.flush();
  }

  /** @param {Frame} frame a revision that the cloud has of this note */
  heard(frame) {
    const content = contentOf(frame);
    if (this.isAnswered(frame)) this.#took(frame);
    else if (this.sending || frame.rev <= this.rev) return;
    else if (this.isDirty && content !== contentOf(this)) this.#merge(frame);
    else this.#adopt(frame);
    this.#changed();
  }

  /** @param {Frame} frame @returns {boolean} whether it is what was sent */
  isAnswered({ rev, ...said }) {
    return this.sending !== null && rev === this.sending.base + 1 && contentOf(said) === contentOf(this.sending);
  }

  /** @param {Frame} frame the cloud refused what was sent */
  refused(frame) {
    const { current } = frame;
    if (PASSING.has(frame.code)) return;
    this.#stop("answer");
    this.sending = null;
    if (frame.code !== "note_conflict") this.error = { code: String(frame.code), text: String(frame.text) };
    else if (!current) this.rev = 0;
    else if (contentOf(current) === contentOf(this)) this.#adopt(current);
    else this.#merge(current);
    this.#changed();
    this.flush();
  }

  /** @param {import("./drafts.js").Draft} draft what this device kept */
  restore(draft) {
    const { text } = this;
    const { about, fields, rev, saved, sending } = draft;
    Object.assign(this, { fields, rev, saved, sending, draft: draft.draft, text: both(draft.text, text) });
    this.about ||= about;
    this.isMerged = ![draft.text, text].includes(this.text);
    this.#changed();
  }

  /** @param {string} interaction the one that this note's merged into */
  moveTo(interaction) {
    void this.around.env.drafts.remove(this.key);
    this.interaction = interaction;
    this.#toDevice();
  }

  /** Do nothing more. */
  close() {
    for (const name of Object.keys(this.timers)) this.#stop(name);
  }

  get key() {
    return keyOf(this.around, this.interaction);
  }

  /** @param {Partial<Pick<Note, "text"|"fields"|"draft">>} change */
  #edit(change) {
    Object.assign(this, { draft: true, ...change, error: null, isMerged: false });
    const nowMs = this.around.env.ticks();
    this.dirtyMs ??= nowMs;
    this.timers.device ??= this.#after(DEVICE_MS, () => this.#toDevice());
    this.#stop("autosave");
    const waitMs = Math.max(0, Math.min(AUTOSAVE_MS, this.dirtyMs + LATEST_MS - nowMs));
    this.timers.autosave = this.#after(waitMs, () => this.flush());
    this.#changed();
  }

  #send() {
    this.#stop("answer");
    if (this.sending) this.around.send(this.sending);
    this.timers.answer = this.#after(ANSWER_MS, () => this.resume());
    this.#changed();
  }

  /** @param {Frame} frame our own revision */
  #took(frame) {
    this.#stop("answer");
    this.sending = null;
    this.rev = frame.rev;
    this.saved = contentOf(frame);
    this.savedMs = this.around.env.now();
    this.#toDevice();
    if (!this.timers.autosave) this.flush();
  }

  /** @param {Frame} frame another page's revision, which holds all there is here */
  #adopt(frame) {
    const { text, fields, draft, rev } = frame;
    Object.assign(this, { text, fields: fields ?? {}, draft, rev, saved: contentOf(frame) });
    this.savedMs = Date.parse(frame.at) || this.around.env.now();
    this.#toDevice();
  }

  /** @param {Frame} frame another page's revision: both texts stay, ours first, so that the caret does too */
  #merge(frame) {
    const theirs = Object.entries(frame.fields ?? {});
    const lost = theirs.filter(([name, value]) => name in this.fields && this.fields[name] !== value);
    const text = [frame.text, ...lost.map(([name, value]) => `${name}: ${value}`)].join("\n");
    this.isMerged = !this.text.includes(text);
    this.text = both(this.text, text);
    this.fields = { ...frame.fields, ...this.fields };
    this.draft ||= this.isMerged;
    this.rev = frame.rev;
    this.saved = contentOf(frame);
    this.#toDevice();
    this.flush();
  }

  /** Keep on this device what the cloud does not have. */
  #toDevice() {
    this.#stop("device");
    const { key, interaction, about, text, fields, draft, rev, saved, sending } = this;
    const { drafts } = this.around.env;
    if (!this.around.agent()) return;
    void (this.isDirty ? drafts.put({ key, interaction, about, text, fields, draft, rev, saved, sending }) : drafts.remove(key));
  }

  #changed() {
    this.around.changed(this);
  }

  /** @param {number} ms @param {() => void} fn */
  #after(ms, fn) {
    return this.around.env.setTimeout(fn, ms);
  }

  /** @param {string} name */
  #stop(name) {
    this.around.env.clearTimeout(this.timers[name]);
    this.timers[name] = null;
  }
}

/** The notes of who is signed in. */
export class Notes {
  /** @param {Surroundings} around */
  constructor(around) {
    this.around = around;
    /** @type {Map<string, Note>} */
    this.notes = new Map();
    /** @type {Map<string, Call>} calls of the newest document, by interaction */
    this.listed = new Map();
    /** @type {string|null} */
    this.agent = null;
  }

  /** @param {string} interaction @returns {Note} */
  of(interaction) {
    const known = this.notes.get(interaction);
    if (known) return known;
    const note = new Note(this.around, interaction);
    this.notes.set(interaction, note);
    this.#look(note);
    return note;
  }

  /** @returns {Note[]} what the agent has still to finish */
  get open() {
    return [...this.notes.values()].filter((note) => note.isOpen);
  }

  /** A socket is live: bring back what this device kept of the agent's, once, and send what is not in the cloud. */
  async live() {
    const agent = this.around.agent();
    if (agent !== this.agent) {
      if (this.agent) this.close();
      this.agent = agent;
      for (const draft of await this.around.env.drafts.all(keyOf(this.around, ""))) this.of(draft.interaction).restore(draft);
    }
    for (const note of this.notes.values()) note.resume();
  }

  /** @param {Frame} frame `note`, or one of a context's notes */
  heard(frame) {
    if (frame.author !== this.around.agent()) return;
    const interaction = String(frame.interaction);
    const moved = this.notes.has(interaction) ? null : [...this.notes.values()].find((note) => note.isAnswered(frame));
    if (moved) this.#follow(moved.interaction, interaction);
    this.of(interaction).heard(frame);
  }

  /** @param {Frame} frame `error` @returns {boolean} whether it was about a note */
  refused(frame) {
    const note = [...this.notes.values()].find(({ sending }) => sending && sending.id === frame.ref);
    note?.refused(frame);
    return note !== undefined;
  }

  /** @param {Call[]} calls of a document that was taken; at a call's end its note is saved at once */
  keep(calls) {
    // A consult shares its customer's interaction; the note is about the customer, so their call goes in last.
    const inOrder = [...calls.filter((call) => call.consult_of), ...calls.filter((call) => !call.consult_of)];
    this.listed = new Map(inOrder.map((call) => [call.interaction, call]));
    for (const call of calls) for (const old of call.was ?? []) this.#follow(old, call.interaction);
    for (const note of this.notes.values()) this.#look(note);
  }

  /** @param {Note} note */
  #look(note) {
    const call = this.listed.get(note.interaction);
    note.about = call?.remote?.name || call?.remote?.number || note.about;
    if (note.isListed && !call) note.flush();
    note.isListed = call !== undefined;
  }

  /** Save everything now. */
  flush() {
    for (const note of this.notes.values()) note.flush();
  }

  /** Forget everything but what the device keeps. */
  close() {
    for (const note of this.notes.values()) note.close();
    this.notes.clear();
    this.agent = null;
  }

  /** @param {string} old @param {string} interaction the one that it merged into */
  #follow(old, interaction) {
    const note = this.notes.get(old);
    if (!note || this.notes.has(interaction)) return;
    this.notes.delete(old);
    this.notes.set(interaction, note);
    note.moveTo(interaction);
  }
}

/** @param {any} note a note, a revision, or a draft @returns {string} what is compared */
function contentOf({ text, fields, draft }) {
  return JSON.stringify([text, fields ?? {}, draft]);
}

/** @param {Note} note */
function isBlank({ text, fields }) {
  return !text.trim() && Object.values(fields).every((value) => value === null || value === "");
}

/** @param {string} ours @param {string} theirs @returns {string} both, without saying twice what one has of the other */
function both(ours, theirs) {
  if (ours.includes(theirs)) return ours;
  if (theirs.includes(ours)) return theirs;
  return `${ours}\n\n--- From another page ---\n${theirs}\n--- End ---`;
}

/** @param {string} text */
function bytes(text) {
  return new TextEncoder().encode(text).length;
}

/** @param {Surroundings} around @param {string} interaction */
function keyOf({ api, agent }, interaction) {
  return `${api}|${agent()}|${interaction}`;
}
