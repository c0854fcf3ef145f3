/**
 * Exactly one of the agent's pages pops a call. Each page gets a rank from the cloud, waits its turn, claims, and acts only
 * on a grant that it reads soon after its own claim. A page that hung or died is taken over from after `steal_ms`.
 * Rules: docs/page.md, "Pops". No clocks are compared: each page measures only its own waiting.
 *
 * @typedef {import("./contract.js").Frame} Frame
 * @typedef {import("./contract.js").Call} Call
 * @typedef {{now: number, ticks: number}} Mark
 * @typedef {{call: string, rank: number, grant: number, leaseMs: number, stealMs: number, claimedAt: Mark|null,
 *   toldOver: unknown, isDone: boolean, isOpened: boolean, isListed: boolean, isDue: boolean, timer: unknown}} Pop
 *   `grant`: newest one heard of; `isDone`: the cloud says so; `isOpened`: this page popped it; `isListed`: the document
 *   showed the call; `isDue`: its turn came before the document; `toldOver`: the socket over which we said done
 * @typedef {{env: import("./env.js").Env, page: () => string, send: (frame: Frame) => boolean, canPop: () => boolean,
 *   socket: () => unknown, serverNow: () => number, pop: (call: Call, grant: number) => void, passed: () => void}} Surroundings
 */

/** A page waits so long for each page that ranks before it. */
const TURN_MS = 350;
/** So far apart are pages that would take over from one that hangs. */
const STEAL_TURN_MS = 200;
const REPEAT_MS = 1000;
/** A call that rings for longer is no news any more. */
const FRESH_MS = 30_000;
const KEPT = 16;
const POPPABLE = new Set(["alerting", "connected"]);

export class Pops {
  /** @param {Surroundings} around */
  constructor(around) {
    this.around = around;
    /** @type {Map<string, Pop>} by call */
    this.pops = new Map();
    /** @type {Map<string, Call>} the calls of the newest document */
    this.calls = new Map();
  }

  /** @param {Frame} frame a `pop` of the cloud; may come twice, late, or in any order */
  heard(frame) {
    const pop = this.#known(String(frame.call));
    if (pop.isDone) return;
    pop.rank = frame.rank;
    pop.leaseMs = frame.lease_ms;
    pop.stealMs = frame.steal_ms;
    if (frame.done) this.#finish(pop);
    else if (frame.page === null) this.#open(pop, frame.grant);
    else if (frame.grant > pop.grant) this.#granted(pop, frame);
  }

  /** @param {Call[]} calls of a document that was taken; what it no longer lists is over */
  keep(calls) {
    this.calls = new Map(calls.map((call) => [call.call, call]));
    for (const pop of [...this.pops.values()]) {
      if (pop.isOpened && !pop.isDone && pop.toldOver !== this.around.socket()) this.#tellDone(pop);
      if (this.calls.has(pop.call)) this.#listed(pop);
      else if (pop.isListed) this.#forget(pop);
    }
  }

  /** Forget everything. */
  close() {
    for (const pop of [...this.pops.values()]) this.#forget(pop);
  }

  /** @param {string} call @returns {Pop} */
  #known(call) {
    const numbers = { rank: 0, grant: 0, leaseMs: 0, stealMs: 0, claimedAt: null, toldOver: null, timer: null };
    const flags = { isDone: false, isOpened: false, isListed: this.calls.has(call), isDue: false };
    const pop = this.pops.get(call) ?? { call, ...numbers, ...flags };
    this.pops.set(call, pop);
    const [oldest] = this.pops.values();
    if (this.pops.size > KEPT) this.#forget(oldest);
    return pop;
  }

  /** @param {Pop} pop */
  #listed(pop) {
    pop.isListed = true;
    if (!pop.isDue) return;
    pop.isDue = false;
    this.#turn(pop);
  }

  /** Nobody has the grant: our turn comes after those that rank before us. @param {Pop} pop @param {number} grant */
  #open(pop, grant) {
    const isNews = grant > 0 ? grant >= pop.grant : pop.grant === 0 && pop.timer === null && !pop.isDue;
    if (!isNews || pop.isOpened || (pop.claimedAt && grant === pop.grant)) return;
    pop.grant = grant;
    this.#arm(pop, pop.rank * TURN_MS, () => this.#turn(pop));
  }

  /** Who popped never does so twice, whatever became of its word. @param {Pop} pop @param {Frame} frame */
  #granted(pop, frame) {
    const waitedMs = pop.claimedAt ? this.#since(pop.claimedAt) : Infinity;
    pop.grant = frame.grant;
    pop.claimedAt = null;
    if (pop.isOpened) this.#tellDone(pop);
    else if (frame.page === this.around.page() && waitedMs < pop.leaseMs) this.#ours(pop);
    else this.#arm(pop, pop.stealMs + pop.rank * STEAL_TURN_MS, () => this.#turn(pop));
  }

  /** @param {Pop} pop */
  #ours(pop) {
    const call = this.#poppable(pop);
    if (!call) return this.#forget(pop);
    if (!this.around.canPop()) return this.#pass(pop);
    pop.isOpened = true;
    this.around.pop(call, pop.grant);
    return this.#tellDone(pop);
  }

  /** @param {Pop} pop */
  #pass(pop) {
    this.around.send({ t: "pop.pass", call: pop.call, grant: pop.grant });
    this.around.passed();
    this.#arm(pop, pop.stealMs + pop.rank * STEAL_TURN_MS, () => this.#turn(pop));
  }

  /** Until the cloud knows it, others would take over. @param {Pop} pop */
  #tellDone(pop) {
    pop.toldOver = this.around.socket();
    this.around.send({ t: "pop.done", call: pop.call, grant: pop.grant });
    this.#arm(pop, REPEAT_MS, () => this.#tellDone(pop));
  }

  /** @param {Pop} pop */
  #turn(pop) {
    if (!pop.isListed) {
      pop.isDue = true;
      return;
    }
    if (!this.#poppable(pop)) {
      this.#forget(pop);
      return;
    }
    this.#claim(pop);
    this.#arm(pop, REPEAT_MS, () => this.#turn(pop));
  }

  /**
   * After a hang, or a time without a socket, the answer to our last claim may still have to be read. A new claim would make
   * it look fresh, so the first turn that could speak is left out. The time counts from before the claim: a page may hang
   * while it sends.
   * @param {Pop} pop
   */
  #claim(pop) {
    if (pop.claimedAt && this.#since(pop.claimedAt) >= pop.leaseMs) {
      if (this.around.socket()) pop.claimedAt = null;
      return;
    }
    const claimedAt = this.#mark();
    const isSent = this.around.canPop() && this.around.send({ t: "pop.claim", call: pop.call, grant: pop.grant });
    if (isSent) pop.claimedAt = claimedAt;
  }

  /** @param {Pop} pop @returns {Call|undefined} the call, while it may be popped */
  #poppable({ call }) {
    const entry = this.calls.get(call);
    const isFresh = entry && this.around.serverNow() - Date.parse(entry.started_at) <= FRESH_MS;
    return isFresh && POPPABLE.has(entry.leg) ? entry : undefined;
  }

  /** What is done stays known, so that no late frame begins it anew. @param {Pop} pop */
  #finish(pop) {
    pop.isDone = true;
    this.#disarm(pop);
  }

  /** @param {Pop} pop */
  #forget(pop) {
    this.#disarm(pop);
    this.pops.delete(pop.call);
  }

  /** @returns {Mark} */
  #mark() {
    const { env } = this.around;
    return { now: env.now(), ticks: env.ticks() };
  }

  /** The device's clock may be set back, and the other one may stand still while it sleeps. @param {Mark} mark @returns {number} ms */
  #since(mark) {
    const { now, ticks } = this.#mark();
    return Math.max(now - mark.now, ticks - mark.ticks);
  }

  /** @param {Pop} pop @param {number} ms @param {() => void} fn */
  #arm(pop, ms, fn) {
    this.#disarm(pop);
    pop.timer = this.around.env.setTimeout(() => {
      pop.timer = null;
      fn();
    }, ms);
  }

  /** @param {Pop} pop */
  #disarm(pop) {
    this.around.env.clearTimeout(pop.timer);
    pop.timer = null;
    pop.isDue = false;
  }
}
