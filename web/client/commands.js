import { RinglineError } from "./contract.js";

/**
 * Commands on their way. A command has one effect at most and none after its time, since an old "hang up" is worse than
 * none. What was sent over a socket that broke is said again under the same id, to hear what became of it.
 *
 * @typedef {import("./contract.js").Result} Result
 * @typedef {import("./contract.js").Frame} Frame
 * @typedef {{id: string, verb: string, call?: string, stage: 'pending'|Result['stage'], already: boolean,
 *   error: import("./contract.js").ErrorDetail|null}} CommandState
 * @typedef {{state: CommandState, resolve: (state: CommandState) => void, reject: (error: Error) => void, timer: unknown,
 *   frame: Frame, ttlMs: number, now: number, ticks: number}} Entry  `now`, `ticks`: when it was sent
 * @typedef {Pick<import("./env.js").Env, "setTimeout"|"clearTimeout"|"now"|"ticks">} Timers
 */

/** How long after its time to start a command may still be proved: the edge's 10 s and the way back. */
const PROOF_MS = 12_000;

/** Pending commands by id. */
export class Commands {
  /**
   * @param {Timers} timers
   * @param {(state: CommandState) => void} onStage told at every stage of every command
   */
  constructor(timers, onStage) {
    this.timers = timers;
    this.onStage = onStage;
    /** @type {Map<string, Entry>} */
    this.entries = new Map();
    /** @type {Map<string, Promise<CommandState>>} */
    this.outcomes = new Map();
  }

  /**
   * @param {{verb: string, ttlMs: number, frame: Frame}} command already handed to the socket
   * @returns {Promise<CommandState>} resolves when confirmed; an id that is pending already keeps its one outcome
   * @throws {RinglineError} failed (the contract's code), `expired`, or `timeout` when nothing was heard
   */
  track({ verb, ttlMs, frame }) {
    const { id, call } = frame;
    const known = this.outcomes.get(id);
    if (known) return known;
    /** @type {Promise<CommandState>} */
    const outcome = new Promise((resolve, reject) => {
      const lost = { code: "timeout", text: "No answer came. What the panel shows is what is true." };
      const timer = this.timers.setTimeout(
        () => this.heard({ id, stage: "failed", error: lost }),
        ttlMs + PROOF_MS,
      );
      /** @type {CommandState} */
      const state = { id, verb, call, stage: "pending", already: false, error: null };
      const sent = { now: this.timers.now(), ticks: this.timers.ticks() };
      this.entries.set(id, { state, resolve, reject, timer, frame, ttlMs, ...sent });
      this.onStage(state);
    });
    this.outcomes.set(id, outcome);
    return outcome;
  }

  /** @param {Result} result a stage; one that comes after the end, or twice, changes nothing */
  heard(result) {
    const entry = this.entries.get(result.id);
    if (!entry || result.stage === entry.state.stage) return;
    entry.state = { ...entry.state, stage: result.stage, already: result.already === true, error: result.error ?? null };
    if (result.stage !== "sent") this.#end(entry);
    this.onStage(entry.state);
  }

  /**
   * A new socket is live: ask again for what had no end, while it may still start. The cloud knows the ids, and tells the new
   * socket what follows; the time to start does not begin anew.
   * @param {(frame: Frame) => boolean} send
   */
  repeat(send) {
    for (const { frame, ttlMs, now, ticks } of this.entries.values()) {
      // One of the clocks may be set back, the other one stands still while the device sleeps.
      const left = ttlMs - Math.ceil(Math.max(this.timers.now() - now, this.timers.ticks() - ticks));
      if (left > 0) send("ttl_ms" in frame ? { ...frame, ttl_ms: left } : frame);
    }
  }

  /** @param {string} id @param {import("./contract.js").ErrorDetail} error the cloud refused the message itself */
  refused(id, error) {
    this.heard({ id, stage: "failed", error });
  }

  /** Nobody waits for what is pending any more. */
  close() {
    const error = { code: "offline", text: "This page let go of it. Whether it was done, the phone shows." };
    for (const id of [...this.entries.keys()]) this.refused(id, error);
  }

  /** @param {Entry} entry */
  #end(entry) {
    this.timers.clearTimeout(entry.timer);
    this.entries.delete(entry.state.id);
    this.outcomes.delete(entry.state.id);
    if (entry.state.stage === "confirmed") return entry.resolve(entry.state);
    const { code, text } = entry.state.error ?? { code: "expired", text: "It was too late to start this." };
    return entry.reject(new RinglineError(code, text));
  }

  /** @returns {CommandState[]} what is still pending */
  get pending() {
    return [...this.entries.values()].map((entry) => entry.state);
  }
}
