import { Backoff } from "./backoff.js";
import { Channel } from "./channel.js";
import { askTicket } from "./tickets.js";

/**
 * The page's way to the cloud: ticket, socket, hello, welcome; heartbeat; rotation before the socket's time is up;
 * reconnect with full jitter. Source: docs/page.md, "Socket states".
 *
 * @typedef {'idle'|'authorizing'|'connecting'|'syncing'|'live'|'suspect'|'retrying'|'parked'|'auth-required'|'closed'} SocketState
 * @typedef {{state: SocketState, since: number, code: number|null, retryInMs: number|null}} SocketStatus
 * @typedef {import("./contract.js").Frame} Frame
 * @typedef {{firstRetryMs: number, capRetryMs: number, openMs: number, beatMs: number, suspectMs: number,
 *   kickMs: number, rotateMs: number, rotateJitterMs: number, drainMs: number}} Timing
 * @typedef {{api: string, env: import("./env.js").Env, timing: Timing,
 *   getToken: (ask: {reason: 'connect'|'refresh'|'rejected'}) => Promise<string>|string,
 *   hello: (replaces: boolean) => Frame, beat: () => Frame, heard: (frame: Frame, askedMs: number) => void,
 *   replaced: () => void, status: (status: SocketStatus) => void}} Options
 */

/** @type {Timing} */
export const TIMING = {
  firstRetryMs: 250,
  capRetryMs: 15_000,
  openMs: 10_000,
  beatMs: 5_000,
  suspectMs: 2_000,
  kickMs: 250,
  rotateMs: 105 * 60_000,
  rotateJitterMs: 10 * 60_000,
  drainMs: 2_000,
};

const FINAL_BYES = new Set([4403, 4426]);
const OPENING = new Set(["authorizing", "connecting", "syncing"]);
/** A new socket is up this long before the old one's time ends. */
const BEFORE_EXPIRY_MS = 60_000;
const DEFAULT_HEARTBEAT_S = 30;

export class Session {
  /** @param {Options} options */
  constructor(options) {
    this.options = options;
    this.backoff = new Backoff(
      { firstMs: options.timing.firstRetryMs, capMs: options.timing.capRetryMs },
      options.env.random,
    );
    /** @type {SocketStatus} */
    this.status = { state: "idle", since: options.env.now(), code: null, retryInMs: null };
    /** @type {Channel|null} the socket that we speak through */
    this.current = null;
    /** @type {Channel|null} its successor while rotating */
    this.next = null;
    /** Grows with every change of mind, so that an answer to an older question is dropped. */
    this.round = 0;
    /** @type {Map<string, unknown>} */
    this.timers = new Map();
    this.heartbeatMs = DEFAULT_HEARTBEAT_S * 1000;
    this.beatSentMs = 0;
    /** A ticket or hello was refused for its token once already. */
    this.isTokenRejected = false;
  }

  /** Whether a frame can be sent now. */
  get isLive() {
    return this.status.state === "live" || this.status.state === "suspect";
  }

  /** Open, unless open or opening. Also the way back from `auth-required` and `closed`. */
  open() {
    if (this.isLive || OPENING.has(this.status.state)) return;
    this.#authorize("connect");
  }

  /** @param {Frame} frame @returns {boolean} whether it was handed to the network */
  send(frame) {
    return this.isLive && this.current !== null && this.current.send(frame);
  }

  /** Close for good. @param {number} [code] */
  close(code = 1000) {
    this.#drop(code);
    this.#become("closed");
  }

  /** The browser puts the page aside: an open socket would make the cloud think that somebody looks. @param {number} code */
  park(code) {
    if (["idle", "closed", "auth-required"].includes(this.status.state)) return;
    this.#drop(code);
    this.#become("parked");
  }

  /** Something woke the page: prove the socket or get a new one. Many wake-ups at once are one. */
  kick() {
    this.#arm("kick", this.options.timing.kickMs, () => {
      const { state } = this.status;
      if (state === "parked" || state === "retrying") this.#authorize("connect");
      else if (this.isLive) this.#beat(this.options.timing.suspectMs);
    });
  }

  /** @param {'connect'|'refresh'|'rejected'} reason */
  async #authorize(reason) {
    this.#drop(1000);
    this.#become("authorizing");
    const round = this.round;
    const url = await this.#ticket(reason);
    if (round !== this.round || !url) return;
    this.#become("connecting");
    this.current = this.#channel(url);
    this.#arm("open", this.options.timing.openMs, () => this.#retry(0));
  }

  /** @param {'connect'|'refresh'|'rejected'} reason @returns {Promise<string|null>} null when the state says why */
  async #ticket(reason) {
    const round = this.round;
    const token = await this.#token(reason);
    if (round !== this.round) return null;
    if (token === null) return this.#needToken();
    const outcome = await askTicket(this.options.env, this.options.api, token);
    if (round !== this.round) return null;
    switch (outcome.kind) {
      case "ticket":
        return outcome.url;
      case "final":
        return this.#finish(outcome.code);
      case "token":
        return this.#tokenRefused();
      case "retry":
        return this.#retry(outcome.afterMs);
    }
  }

  /** @param {'connect'|'refresh'|'rejected'} reason @returns {Promise<string|null>} */
  async #token(reason) {
    try {
      return (await this.options.getToken({ reason })) || null;
    } catch {
      return null;
    }
  }

  /** One new token is asked for; if that is refused too, a person must sign in. @returns {null} */
  #tokenRefused() {
    if (this.isTokenRejected) return this.#needToken();
    this.isTokenRejected = true;
    void this.#authorize("rejected");
    return null;
  }

  /** @returns {null} */
  #needToken() {
    this.isTokenRejected = false;
    this.#drop(1000);
    this.#become("auth-required", { code: 4401 });
    return null;
  }

  /** @param {number} code @returns {null} */
  #finish(code) {
    this.#drop(1000);
    this.#become("closed", { code });
    return null;
  }

  /** @param {number} leastMs @param {number|null} [code] @returns {null} */
  #retry(leastMs, code = null) {
    this.#drop(1000);
    const wait = leastMs + this.backoff.next();
    this.#become("retrying", { code, retryInMs: wait });
    this.#arm("retry", wait, () => void this.#authorize("connect"));
    return null;
  }

  /** @param {string} url @returns {Channel} */
  #channel(url) {
    return new Channel(this.options.env, url, {
      opened: (channel) => this.#opened(channel),
      heard: (frame, channel) => this.#heard(frame, channel),
      gone: (channel) => this.#gone(channel),
    });
  }

  /** @param {Channel} channel */
  #opened(channel) {
    if (channel === this.current) this.#become("syncing");
    channel.send(this.options.hello(channel === this.next));
  }

  /** @param {Frame} frame @param {Channel} channel */
  #heard(frame, channel) {
    if (frame.t === "bye") return this.#bye(frame, channel);
    if (frame.t === "welcome") this.#welcomed(frame, channel);
    if (frame.t === "beat") this.#beatAnswered();
    return this.options.heard(frame, frame.t === "beat" ? this.beatSentMs : channel.openedMs);
  }

  /** @param {Frame} frame @param {Channel} channel */
  #welcomed(frame, channel) {
    channel.isWelcomed = true;
    const old = this.current;
    if (channel === this.next && old) {
      this.next = null;
      this.current = channel;
      this.#retire(old);
    }
    this.isTokenRejected = false;
    this.backoff.reset();
    this.#disarm("open");
    this.heartbeatMs = 1000 * (Number(frame.heartbeat_s) || DEFAULT_HEARTBEAT_S);
    this.#armBeat();
    this.#armRotation(frame);
    this.#become("live");
  }

  /** What is still on its way through the old socket may arrive; nothing else of it matters. @param {Channel} old */
  #retire(old) {
    const { heard } = this.options;
    const openedMs = old.openedMs;
    old.listener = { opened: () => {}, gone: () => {}, heard: (frame) => frame.t === "station" && heard(frame, openedMs) };
    this.options.env.setTimeout(() => old.close(4002), this.options.timing.drainMs);
  }

  /** @param {Frame} frame @param {Channel} channel */
  #bye(frame, channel) {
    const code = Number(frame.code);
    if (channel !== this.current) return this.#abandonNext();
    if (code === 4409 && this.next) return undefined;
    if (code === 4401) {
      this.#drop(1000);
      return this.#tokenRefused();
    }
    if (FINAL_BYES.has(code)) return this.#finish(code);
    if (code === 4409) this.options.replaced();
    return this.#retry(Number(frame.retry_after_ms) || 0, code);
  }

  /** @param {Channel} channel */
  #gone(channel) {
    if (channel === this.next) return this.#abandonNext();
    if (channel !== this.current) return undefined;
    if (!this.next) return this.#retry(0);
    this.current = this.next;
    this.next = null;
    return this.#become("syncing");
  }

  /** The successor failed: the old socket stays, another try follows. */
  #abandonNext() {
    this.next?.close(1000);
    this.next = null;
    this.#disarm("open");
    this.#arm("rotate", this.backoff.next() + this.options.timing.firstRetryMs, () => void this.#rotate());
  }

  async #rotate() {
    if (!this.isLive || this.next) return;
    const round = this.round;
    const token = await this.#token("refresh");
    const outcome = token === null ? null : await askTicket(this.options.env, this.options.api, token);
    if (round !== this.round) return;
    if (outcome?.kind !== "ticket") {
      this.#abandonNext();
      return;
    }
    this.next = this.#channel(outcome.url);
    this.#arm("open", this.options.timing.openMs, () => this.#abandonNext());
  }

  /** @param {Frame} welcome */
  #armRotation({ expires_at, now_at }) {
    const { rotateMs, rotateJitterMs } = this.options.timing;
    const planned = rotateMs + this.options.env.random() * rotateJitterMs;
    const lifeMs = Date.parse(expires_at) - Date.parse(now_at);
    const latest = Number.isNaN(lifeMs) ? planned : Math.max(lifeMs - BEFORE_EXPIRY_MS, lifeMs / 2);
    this.#arm("rotate", Math.min(planned, latest), () => void this.#rotate());
  }

  #armBeat() {
    this.#disarm("answer");
    this.#arm("beat", this.heartbeatMs, () => this.#beat(this.options.timing.beatMs));
  }

  /** @param {number} withinMs how long the answer may take before the socket is suspect */
  #beat(withinMs) {
    this.beatSentMs = this.options.env.now();
    if (!this.current?.send(this.options.beat())) {
      this.#retry(0);
      return;
    }
    this.#arm("answer", withinMs, () => this.#suspect());
  }

  #suspect() {
    this.#become("suspect");
    this.current?.send(this.options.beat());
    this.#arm("answer", this.options.timing.suspectMs, () => this.#retry(0));
  }

  #beatAnswered() {
    if (!this.isLive) return;
    this.#armBeat();
    if (this.status.state === "suspect") this.#become("live");
  }

  /** Let go of every socket, timer and unfinished question. @param {number} code */
  #drop(code) {
    this.round += 1;
    for (const name of [...this.timers.keys()]) this.#disarm(name);
    this.current?.close(code);
    this.next?.close(code);
    this.current = null;
    this.next = null;
  }

  /** @param {SocketState} state @param {{code?: number|null, retryInMs?: number|null}} [more] */
  #become(state, { code = null, retryInMs = null } = {}) {
    if (state === this.status.state && state === "live") return;
    this.status = { state, since: this.options.env.now(), code, retryInMs };
    this.options.status(this.status);
  }

  /** @param {string} name @param {number} ms @param {() => void} fn */
  #arm(name, ms, fn) {
    this.#disarm(name);
    this.timers.set(name, this.options.env.setTimeout(fn, ms));
  }

  /** @param {string} name */
  #disarm(name) {
    this.options.env.clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }
}
