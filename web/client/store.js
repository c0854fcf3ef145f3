/**
 * What the page knows of its station. Pure: frames in, changes and events out.
 * Rules: docs/protocol.md 5, `station`. Frames may come twice, late, or in any order; each transition is raised once.
 *
 * @typedef {import("./contract.js").StationFrame} StationFrame
 * @typedef {import("./contract.js").StationDocument} StationDocument
 * @typedef {import("./contract.js").Transition} Transition
 * @typedef {import("./contract.js").Call} Call
 * @typedef {Transition & {station: string|null, entry: Call|null}} StationEvent  `entry`: the call now, or as last seen
 * @typedef {{changed: boolean, events: StationEvent[]}} Applied
 */

/** @type {Applied} */
const NOTHING = { changed: false, events: [] };

/** The newest document and desk of the agent's station. */
export class Store {
  constructor() {
    /** @type {string|null} */
    this.station = null;
    /** @type {number|null} */
    this.rev = null;
    /** @type {StationDocument|null} */
    this.doc = null;
    /** @type {import("./contract.js").Desk|null} */
    this.desk = null;
    /** Newest transition that was raised or skipped. */
    this.n = 0;
    /** Begin of the newest log-on seen, ms; survives log-off, so that a late frame of it cannot revive it. */
    this.since = -Infinity;
    /** The server's time in the log-off that was taken last, ms: what it said before that is old. */
    this.offAt = -Infinity;
  }

  /** @returns {{station: string, rev: number, n: number}|null} what `hello` and `beat` say we have */
  get position() {
    return this.desk && this.station && this.rev !== null
      ? { station: this.station, rev: this.rev, n: this.n }
      : null;
  }

  /**
   * Apply a `station` frame, or the same fields of a `welcome`.
   * @param {StationFrame} frame
   * @returns {Applied}
   */
  take(frame) {
    if (!frame.desk) return this.#logOff(frame);
    const since = Date.parse(frame.desk.since_at);
    if (Number.isNaN(since) || since < this.since) return NOTHING;
    if (since > this.since) return this.#logOn(frame, since);
    const isNewer = this.desk ? (frame.rev ?? -1) > (this.rev ?? -1) : Date.parse(frame.now_at) > this.offAt;
    return isNewer ? this.#advance(frame) : NOTHING;
  }

  /** @param {StationFrame} frame @returns {Applied} */
  #logOff(frame) {
    const isLater = Date.parse(frame.now_at) > this.since;
    if (!this.desk || !isLater) return NOTHING;
    this.offAt = Date.parse(frame.now_at);
    this.#hold({ station: null, rev: null, doc: null, desk: null, now_at: frame.now_at });
    return { changed: true, events: [] };
  }

  /** @param {StationFrame} frame @param {number} since @returns {Applied} */
  #logOn(frame, since) {
    this.since = since;
    this.#hold(frame);
    this.n = newest(recentOf(frame.doc), 0);
    return { changed: true, events: [] };
  }

  /** @param {StationFrame} frame @returns {Applied} */
  #advance(frame) {
    const before = callsOf(this.doc);
    this.#hold(frame);
    const fresh = recentOf(frame.doc).filter((entry) => entry.n > this.n);
    fresh.sort((a, b) => a.n - b.n);
    this.n = newest(fresh, this.n);
    const known = new Map([...before, ...callsOf(this.doc)].map((call) => [call.call, call]));
    const events = fresh.map((entry) => ({
      ...entry,
      station: this.station,
      entry: (entry.call && known.get(entry.call)) || null,
    }));
    return { changed: true, events };
  }

  /** @param {StationFrame} frame */
  #hold(frame) {
    this.station = frame.station;
    this.rev = frame.rev;
    this.doc = frame.doc;
    this.desk = frame.desk;
  }
}

/** @param {StationDocument|null} doc @returns {Transition[]} */
function recentOf(doc) {
  return Array.isArray(doc?.recent) ? [...doc.recent] : [];
}

/** @param {StationDocument|null} doc @returns {Call[]} */
export function callsOf(doc) {
  return Array.isArray(doc?.calls) ? doc.calls : [];
}

/**
 * The gate: interactions whose decision is owed and keeps the agent from calls.
 * @param {{doc: StationDocument|null, desk: import("./contract.js").Desk|null}} known
 * @returns {import("./contract.js").WrapUp[]}
 */
export function gateOf({ doc, desk }) {
  const decided = desk?.decided ?? [];
  return (doc?.wrap_up ?? []).filter(({ interaction, ask }) => ask !== "owe" && !decided.includes(interaction));
}

/** @param {Transition[]} entries @param {number} floor */
function newest(entries, floor) {
  return entries.reduce((top, entry) => Math.max(top, entry.n), floor);
}
