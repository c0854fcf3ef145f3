import { memoryDrafts } from "../client/drafts.js";
import { createClient } from "../client/index.js";

/**
 * A client's surroundings for tests: time moves by hand, and the test plays the cloud. Not shipped in any bundle.
 *
 * @typedef {import("../client/contract.js").Frame} Frame
 * @typedef {{at: number, fn: () => void}} Timer
 */

/** The cloud's side of one socket. */
export class FakeSocket {
  /** @param {string} url */
  constructor(url) {
    this.url = url;
    this.readyState = 0;
    /** @type {number|null} the code that the page closed it with */
    this.closedWith = null;
    /** @type {Frame[]} */
    this.sent = [];
    /** @type {(() => void)|null} */
    this.onopen = null;
    /** @type {((message: {data: string}) => void)|null} */
    this.onmessage = null;
    /** @type {(() => void)|null} */
    this.onclose = null;
  }

  /** @param {string} text */
  send(text) {
    this.sent.push(JSON.parse(text));
  }

  /** @param {number} [code] */
  close(code = 1005) {
    this.closedWith ??= code;
    this.readyState = 3;
  }

  /** The network opens it. */
  open() {
    this.readyState = 1;
    this.onopen?.();
  }

  /** The network ends it. */
  cut() {
    this.readyState = 3;
    this.onclose?.();
  }

  /** @param {Frame} frame the cloud says it */
  says(frame) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** @param {string} t @returns {Frame[]} what was sent of that type */
  ofType(t) {
    return this.sent.filter((frame) => frame.t === t);
  }
}

const BEGIN_MS = Date.parse("2026-11-24T08:00:00.000Z");
const HOUR_MS = 3_600_000;

export class World {
  /**
   * @param {Partial<import("../client/client.js").ClientOptions>} [options]
   * @param {import("../client/drafts.js").Drafts} [drafts] what the device keeps; another world's, to play a reload
   */
  constructor(options = {}, drafts = memoryDrafts()) {
    this.drafts = drafts;
    this.nowMs = BEGIN_MS;
    /** How far the device's clock was set, ms; the other clock does not follow. */
    this.setMs = 0;
    this.random = 0.5;
    /** @type {Set<Timer>} */
    this.timers = new Set();
    /** @type {FakeSocket[]} */
    this.sockets = [];
    this.tickets = 0;
    /** @type {{status: number, retryAfter?: string}|'hangs'|'fails'} */
    this.ticketAnswer = { status: 201 };
    /** @type {string[]} why a token was asked for */
    this.asked = [];
    /** @type {() => string} */
    this.token = () => "token";
    /** @type {string[]} */
    this.states = [];
    /** @type {string[]} */
    this.events = [];
    this.client = createClient({
      api: "https://cti.example/api/",
      getToken: ({ reason }) => {
        this.asked.push(reason);
        return this.token();
      },
      page: "p-1",
      label: "A page",
      ...options,
      env: this.#env(),
    });
    this.client.on("socket", ({ state }) => this.states.push(state));
    this.client.on("event", ({ event }) => this.events.push(event));
  }

  /** @returns {any} */
  #env() {
    const { sockets } = this;
    return {
      WebSocket: class extends FakeSocket {
        /** @param {string} url */
        constructor(url) {
          super(url);
          sockets.push(this);
        }
      },
      fetch: (/** @type {string} */ _, /** @type {RequestInit} */ init) => this.#ticket(init),
      now: () => this.nowMs + this.setMs,
      ticks: () => this.nowMs,
      random: () => this.random,
      setTimeout: (/** @type {() => void} */ fn, /** @type {number} */ ms) => {
        const timer = { at: this.nowMs + ms, fn };
        this.timers.add(timer);
        return timer;
      },
      clearTimeout: (/** @type {Timer} */ timer) => this.timers.delete(timer),
      window: null,
      document: null,
      storage: null,
      drafts: this.drafts,
    };
  }

  /** @param {RequestInit} init */
  #ticket(init) {
    const answer = this.ticketAnswer;
    if (answer === "fails") return Promise.reject(new TypeError("no network"));
    if (answer === "hangs") return new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(new Error("aborted"))));
    this.tickets += 1;
    return Promise.resolve({
      status: answer.status,
      ok: answer.status === 201,
      headers: { get: () => answer.retryAfter ?? null },
      json: async () => ({ ticket: "t", url: `wss://cti.example/?ticket=${this.tickets}`, expires_in_s: 30 }),
    });
  }

  /** The newest socket. @returns {FakeSocket} */
  get socket() {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  }

  /** @returns {string} the client's socket state */
  get state() {
    return this.client.state.socket.state;
  }

  /** Let promises run that wait for nothing outside. */
  async settle() {
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
  }

  /** @param {number} ms time passes, timers run in their order */
  async pass(ms) {
    const end = this.nowMs + ms;
    await this.settle();
    for (;;) {
      const [due] = [...this.timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at);
      if (!due) break;
      this.timers.delete(due);
      this.nowMs = Math.max(this.nowMs, due.at);
      due.fn();
      await this.settle();
    }
    this.nowMs = end;
  }

  /** @param {number} [offsetMs] @returns {string} the cloud's time */
  at(offsetMs = 0) {
    return new Date(this.nowMs + offsetMs).toISOString();
  }

  /** @param {Partial<Frame>} [more] @returns {Frame} a `welcome` of somebody who is not logged on */
  welcome(more = {}) {
    const nothing = { station: null, rev: null, doc: null, desk: null };
    const who = { agent: "anna", name: "Anna Ek", roles: ["agent"], capabilities: [], site: null };
    const times = { now_at: this.at(), expires_at: this.at(2 * HOUR_MS), heartbeat_s: 30 };
    return { t: "welcome", v: 1, ...who, ...nothing, ...times, limits: { frame_bytes: 28_672 }, ...more };
  }

  /** Connect up to `live`. @param {Partial<Frame>} [more] */
  async live(more) {
    this.client.connect().catch(() => undefined);
    await this.settle();
    this.socket.open();
    this.socket.says(this.welcome(more));
    await this.settle();
  }
}
