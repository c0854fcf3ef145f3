import { Backoff } from "./backoff.js";
import { Channel, isGatewayError } from "./channel.js";
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
 *   hello: (replaces: boolean) => Frame, beat: () => Frame, heard: (frame: Frame, askedMs: number|null) => void,
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
  rotateMs: 95 * 60_000,
  rotateJitterMs: 20 * 60_000,
  drainMs: 2_000,
};

const FINAL_BYES = new Set([4403, 4426]);
const OPENING = new Set(["authorizing", "connecting", "syncing"]);
/** A new socket is up this long before the old one's time ends. */
const BEFORE_EXPIRY_MS = 60_000;
const DEFAULT_HEARTBEAT_S = 30;
/** So often a token that could not be got is taken as a sign-in that ended, not as a bad network. */
const TOKEN_FAILURES = 3;
/** At most this often is the hosted app asked for a token once a person has to sign in. */
const TOKEN_EVERY_MS = 15_000;
/** What says something of one socket only, and so nothing once that socket is replaced. */
const OF_ONE_SOCKET = new Set(["welcome", "beat", "bye"]);

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
    /** @type {Channel|null} its predecessor, while the last frames drain */
    this.old = null;
    /** Grows with every change of mind, so that an answer to an older question is dropped. */
    this.round = 0;
    /** @type {Map<string, unknown>} */
    this.timers = new Map();
    this.heartbeatMs = DEFAULT_HEARTBEAT_S * 1000;
    /** @type {number|null} when the beat that is not answered yet was sent */
    this.beatSentMs = null;
    /** A token was refused, and no socket has lived for long since. */
    this.isTokenRejected = false;
    this.tokenFailures = 0;
  }

  /** Whether a frame can be sent now. */
  get isLive() {
    return this.status.state === "live" || this.status.state === "suspect";
  }

  /** The socket that a frame would go over now; null without one. */
  get line() {
    return this.isLive ? this.current : null;
  }

  /** Open, unless open or opening. Also the way back from `auth-required` and `closed`. */
  open() {
    if (this.isLive || OPENING.has(this.status.state)) return;
    void this.#authorize("connect");
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
      if (state === "parked" || state === "retrying") void this.#authorize("connect");
      else if (state === "auth-required") void this.#askAgain(this.status.since);
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
    if (token === null) return this.#tokenFailed();
    if (token === "") return this.#needToken();
    const outcome = await askTicket(this.options.env, this.options.api, token, this.options.timing.openMs);
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

  /** @param {'connect'|'refresh'|'rejected'} reason @returns {Promise<string|null>} empty: nobody is signed in; null: it failed */
  async #token(reason) {
    try {
      const token = (await this.options.getToken({ reason })) || "";
      this.tokenFailures = 0;
      return token;
    } catch {
      this.tokenFailures += 1;
      return null;
    }
  }

  /** Without a network a token cannot be renewed either, so that alone asks nobody to sign in. @returns {null} */
  #tokenFailed() {
    if (this.tokenFailures < TOKEN_FAILURES) return this.#retry(0);
    this.#needToken();
    this.#arm("retry", TOKEN_EVERY_MS, () => void this.#askAgain(-Infinity));
    return null;
  }

  /** Somebody may have signed in meanwhile: look without a change of state. @param {number} lastMs when it was asked last */
  async #askAgain(lastMs) {
    if (this.options.env.now() - lastMs < TOKEN_EVERY_MS) return;
    const round = this.round;
    const token = await this.#token("rejected");
    if (round !== this.round) return;
    if (token) void this.#authorize("connect");
    else this.#arm("retry", TOKEN_EVERY_MS, () => void this.#askAgain(-Infinity));
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
    if (isGatewayError(frame) && !channel.isWelcomed) return this.#gone(channel);
    const askedMs = frame.t === "beat" ? this.beatSentMs : channel.openedMs;
    if (frame.t === "beat") this.#beatAnswered();
    return this.options.heard(frame, askedMs);
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
    this.#disarm("open");
    this.#arm("settled", this.options.timing.capRetryMs, () => this.#settled());
    this.heartbeatMs = 1000 * (Number(frame.heartbeat_s) || DEFAULT_HEARTBEAT_S);
    this.#armBeat();
    this.#armRotation(frame);
    this.#become("live");
  }

  /** A socket that lives on is proof enough; one that is welcomed and cut at once is none, and waits must grow. */
  #settled() {
    this.isTokenRejected = false;
    this.backoff.reset();
  }

  /** Documents and results still on their way through the old socket arrive. @param {Channel} old */
  #retire(old) {
    const heard = (/** @type {Frame} */ frame) => {
      if (!OF_ONE_SOCKET.has(String(frame.t))) this.options.heard(frame, null);
    };
    old.listener = { opened: () => undefined, gone: () => undefined, heard };
    this.old?.close(4002);
    this.old = old;
    this.#arm("drain", this.options.timing.drainMs, () => old.close(4002));
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
    for (const name of ["beat", "answer"]) this.#disarm(name);
    this.#arm("open", this.options.timing.openMs, () => this.#retry(0));
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
    const { env, api, timing } = this.options;
    const outcome = token ? await askTicket(env, api, token, timing.openMs) : null;
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
    this.beatSentMs = null;
    this.#disarm("answer");
    this.#arm("beat", this.heartbeatMs, () => this.#beat(this.options.timing.beatMs));
  }

  /** @param {number} withinMs how long the answer may take before the socket is suspect */
  #beat(withinMs) {
    this.beatSentMs ??= this.options.env.now();
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
    this.old?.close(code);
    this.current = null;
    this.next = null;
    this.old = null;
  }

  /** @param {SocketState} state @param {{code?: number|null, retryInMs?: number|null}} [more] */
  #become(state, { code = null, retryInMs = null } = {}) {
    if (state === this.status.state && (state === "live" || state === "parked")) return;
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
