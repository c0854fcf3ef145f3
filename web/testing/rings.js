import { LEASE_MS, STEAL_MS, claimed, finished, isPassed, passed, ranked } from "./poprule.js";

/**
 * A model of whole rings: the real `Pops` of several pages, the cloud's rule, and a bad network between them. Pages hang
 * (also in the middle of a claim), freeze and thaw, die, reload, lose their sockets, refuse; clocks are wrong and are set;
 * frames overtake each other. Time is an event queue; a ring is made from its number alone, so that a failure can be
 * looked at again.
 *
 * @typedef {import("../client/contract.js").Frame} Frame
 * @typedef {typeof import("../client/pop.js").Pops} PopsClass
 * @typedef {'once'|'double'|'missed'|'nobody'|'died popping'|'cut popping'} Ending
 *   `nobody`: no page lived that could; `died popping` and `cut popping`: not once, and a page died, or lost its socket,
 *   between its pop and its word of it
 * @typedef {typeof USUAL} World
 */

/** What may go wrong, and how often; ms one way. */
export const USUAL = {
  hopMs: [20, 150],
  tail: [0.05, 800],
  leaseMs: LEASE_MS,
  /** The store's write comes after its read, and only if nothing was written between. */
  writeMs: 40,
  hidden: 0.5,
  hangs: 0.25,
  hangsClaiming: 0.05,
  freezes: 0.15,
  /** A page that freezes closes its socket, unless its browser did not say so. */
  freezesUnsaid: 0.5,
  dies: 0.15,
  diesPopping: 0.05,
  reloads: 0.05,
  cuts: 0.1,
  unwilling: 0.1,
  /** How often a page that hung runs its timers before it reads what came meanwhile. */
  timersFirst: 0.2,
  clockErrorMs: 1000,
  clockSet: 0.1,
};
const CALL = "c-1";
/** A call that rings for longer pops nowhere. */
const END_MS = 30_000;
const FAULTS_UNTIL_MS = 2500;
const RECONNECT_MS = 600;
const BEGIN_MS = Date.parse("2026-11-24T08:00:00.000Z");

/** @param {number} seed @returns {() => number} numbers of [0, 1), the same for the same seed */
function chances(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One alerting call: the cloud, its agent's pages, and the network between them. */
export class Ring {
  /** @param {number} seed @param {World} world @param {PopsClass} Pops */
  constructor(seed, world, Pops) {
    this.chance = chances(seed);
    this.world = world;
    this.Pops = Pops;
    this.now = 0;
    /** @type {import("./poprule.js").Held|null} */
    this.held = null;
    /** @type {string[]} */
    this.popped = [];
    this.diedPopping = false;
    this.cutPopping = false;
    /** @type {{at: number, order: number, happens: () => void}[]} */
    this.queue = [];
    this.order = 0;
    /** @type {Map<string, Page>} by page id; a reload puts the new page in the old one's place */
    this.pages = new Map();
    /** @type {Map<string, import("./poprule.js").Candidate>} what the cloud knows, by socket */
    this.sockets = new Map();
  }

  /** @returns {Ending} */
  run() {
    const count = 2 + Math.floor(this.chance() * 4);
    for (let number = 0; number < count; number += 1) this.#joins(new Page(this, `p-${number}`));
    this.#tell();
    for (const page of this.pages.values()) page.suffer();
    for (const page of this.pages.values()) this.after(this.hop(), () => page.reads({ t: "station" }, page.line));
    while (this.queue.length) {
      const next = this.#earliest();
      if (next.at > END_MS) break;
      this.now = next.at;
      next.happens();
    }
    return this.#ending();
  }

  /** @returns {Ending} */
  #ending() {
    if (this.popped.length === 1) return "once";
    if (this.diedPopping) return "died popping";
    if (this.popped.length > 1) return this.cutPopping ? "cut popping" : "double";
    return [...this.pages.values()].some((page) => page.couldPop) ? "missed" : "nobody";
  }

  #earliest() {
    const { queue } = this;
    let best = 0;
    for (let i = 1; i < queue.length; i += 1) {
      const earlier = queue[i].at - queue[best].at || queue[i].order - queue[best].order;
      if (earlier < 0) best = i;
    }
    return queue.splice(best, 1)[0];
  }

  /** @param {number} ms @param {() => void} happens */
  after(ms, happens) {
    this.queue.push({ at: this.now + ms, order: (this.order += 1), happens });
  }

  /** @param {number} ms @returns {number} up to that */
  upTo(ms) {
    return this.chance() * ms;
  }

  /** @returns {number} */
  hop() {
    const { hopMs, tail } = this.world;
    const longest = this.chance() < tail[0] ? tail[1] : hopMs[1];
    return hopMs[0] + this.upTo(longest - hopMs[0]);
  }

  /** @param {Page} page */
  #joins(page) {
    this.pages.set(page.id, page);
    this.sockets.set(page.line, { page: page.id, canPop: page.canPop, openedMs: this.now });
  }

  /** A page says hello: it hears how things stand. @param {Page} page */
  hello(page) {
    const { line } = page;
    this.after(this.hop(), () => {
      if (page.line !== line) return;
      this.#joins(page);
      this.after(this.hop(), () => page.reads({ t: "station" }, line));
      this.#tell(line);
    });
  }

  /** @param {string} line a socket that ended; the cloud may hear of it late, or never */
  gone(line) {
    if (this.chance() < 0.9) this.after(this.hop(), () => this.sockets.delete(line));
  }

  /** @param {Page} page @param {string} line @param {Frame} frame what that page said */
  hears(page, line, frame) {
    const read = this.held;
    const nowMs = BEGIN_MS + this.now + (this.chance() - 0.5) * 20;
    const after = this.#after(page, frame, nowMs);
    if (frame.t === "pop.pass") this.#unwilling(page.id);
    this.after(this.upTo(this.world.writeMs), () => {
      if (after && this.held === read) this.held = after;
      if (this.sockets.has(line)) this.#tell();
    });
  }

  /** @param {string} id */
  #unwilling(id) {
    for (const [line, known] of this.sockets) if (known.page === id) this.sockets.set(line, { ...known, canPop: false });
  }

  /** @param {Page} page @param {Frame} frame @param {number} nowMs */
  #after(page, frame, nowMs) {
    switch (frame.t) {
      case "pop.claim":
        return claimed(this.held, page.id, frame.grant, nowMs);
      case "pop.done":
        return finished(this.held, frame.grant);
      case "pop.pass":
        return passed(this.held, page.id, frame.grant);
      default:
        return null;
    }
  }

  /** @param {string} [only] socket */
  #tell(only) {
    const { held } = this;
    const holder = held && !isPassed(held) ? held.page : null;
    const state = { t: "pop", call: CALL, grant: held?.grant ?? 0, page: holder, done: held?.done ?? false };
    const order = ranked([...this.sockets.values()]);
    for (const [line, { page }] of this.sockets) {
      if (only !== undefined && line !== only) continue;
      const frame = { ...state, rank: order.indexOf(page), lease_ms: this.world.leaseMs, steal_ms: STEAL_MS };
      this.after(this.hop(), () => this.pages.get(page)?.reads(frame, line));
    }
  }
}

/** A real `Pops`, in a page to which things happen. */
class Page {
  static lines = 0;

  /** @param {Ring} ring @param {string} id */
  constructor(ring, id) {
    this.ring = ring;
    this.id = id;
    this.lives = true;
    this.isFrozen = false;
    this.canPop = true;
    this.line = `s-${(Page.lines += 1)}`;
    this.isConnected = true;
    this.hangsUntil = 0;
    /** How far this page is ahead of the ring's time while it hangs in the middle of something. */
    this.aheadMs = 0;
    this.clockMs = (ring.chance() * 2 - 1) * ring.world.clockErrorMs;
    this.isPopping = false;
    /** @type {{isTimer: boolean, happens: () => void}[]} */
    this.waiting = [];
    this.pops = new ring.Pops(this.#surroundings());
  }

  /** @returns {any} */
  #surroundings() {
    const { ring } = this;
    return {
      env: {
        now: () => BEGIN_MS + ring.now + this.aheadMs + this.clockMs,
        ticks: () => ring.now + this.aheadMs,
        setTimeout: (/** @type {() => void} */ fn, /** @type {number} */ ms) => this.#timer(fn, ms),
        clearTimeout: (/** @type {any} */ timer) => timer && (timer.isOff = true),
      },
      page: () => this.id,
      canPop: () => this.canPop,
      socket: () => (this.isConnected ? this.line : null),
      serverNow: () => BEGIN_MS + ring.now + this.aheadMs,
      passed: () => undefined,
      send: (/** @type {Frame} */ frame) => this.#send(frame),
      pop: () => this.#pop(),
    };
  }

  /** Whether it should have popped: it is there, lets itself be used, and is connected. */
  get couldPop() {
    return this.lives && this.canPop && !this.isFrozen && this.isConnected;
  }

  /** Decide what goes wrong here. */
  suffer() {
    const { ring } = this;
    const { world } = ring;
    const at = (/** @type {() => void} */ fault) => ring.after(ring.upTo(FAULTS_UNTIL_MS), fault);
    if (ring.chance() < world.hangs) at(() => this.#hang(500 + ring.upTo(6000)));
    if (ring.chance() < world.freezes) at(() => this.#freeze());
    if (ring.chance() < world.dies) at(() => this.#die());
    if (ring.chance() < world.reloads) at(() => this.#reload());
    if (ring.chance() < world.cuts) at(() => this.#cut(ring.upTo(3000)));
    if (ring.chance() < world.unwilling) at(() => void (this.canPop = false));
    if (ring.chance() < world.clockSet) at(() => void (this.clockMs += (ring.chance() * 2 - 1) * 3_600_000));
  }

  /** @param {number} ms */
  #hang(ms) {
    this.hangsUntil = Math.max(this.hangsUntil, this.ring.now + ms);
    this.ring.after(ms, () => this.#wake());
  }

  #wake() {
    if (this.isFrozen || !this.lives || this.ring.now < this.hangsUntil) return;
    const { waiting } = this;
    this.waiting = [];
    if (this.ring.chance() < this.ring.world.timersFirst) waiting.sort((a, b) => Number(b.isTimer) - Number(a.isTimer));
    for (const { isTimer, happens } of waiting) this.#happens(happens, isTimer);
  }

  #freeze() {
    if (!this.lives) return;
    this.isFrozen = true;
    const said = this.ring.chance() >= this.ring.world.freezesUnsaid;
    if (said) this.#disconnect();
    if (this.ring.chance() < 0.7) this.ring.after(500 + this.ring.upTo(8000), () => this.#thaw(said));
  }

  /** What came while frozen is lost with its socket; timers that are due run. @param {boolean} said */
  #thaw(said) {
    if (!this.lives) return;
    this.isFrozen = false;
    if (!said) this.#disconnect();
    this.waiting = this.waiting.filter(({ isTimer }) => isTimer);
    this.#wake();
    this.#reconnect(RECONNECT_MS);
  }

  #die() {
    this.lives = false;
    this.ring.diedPopping ||= this.isPopping;
    this.ring.gone(this.line);
  }

  /** The same page to the cloud, and a new one in all it knows. */
  #reload() {
    if (!this.lives || this.isFrozen) return;
    this.#die();
    const next = new Page(this.ring, this.id);
    next.isConnected = false;
    next.canPop = this.canPop;
    this.ring.pages.set(this.id, next);
    next.#reconnect(RECONNECT_MS);
  }

  /** @param {number} ms how long the network is gone */
  #cut(ms) {
    if (!this.lives || this.isFrozen) return;
    this.#disconnect();
    this.#reconnect(ms + RECONNECT_MS);
  }

  #disconnect() {
    this.ring.cutPopping ||= this.isPopping;
    this.isConnected = false;
    this.ring.gone(this.line);
  }

  /** @param {number} ms */
  #reconnect(ms) {
    this.ring.after(ms, () => {
      if (!this.lives || this.isFrozen || this.isConnected) return;
      this.line = `s-${(Page.lines += 1)}`;
      this.isConnected = true;
      this.ring.hello(this);
    });
  }

  /** @param {Frame} frame @param {string} line */
  reads(frame, line) {
    if (!this.isConnected || line !== this.line || this.isFrozen) return;
    this.#happens(() => (frame.t === "pop" ? this.pops.heard(frame) : this.pops.keep([/** @type {any} */ (ALERTING)])), false);
  }

  /** @param {() => void} fn @param {number} ms */
  #timer(fn, ms) {
    const { ring } = this;
    const timer = { isOff: false };
    const late = ring.chance() < ring.world.hidden ? ring.upTo(1000) : 0;
    ring.after(ms + late, () => this.#happens(() => timer.isOff || fn(), true));
    return timer;
  }

  /** @param {() => void} happens @param {boolean} isTimer */
  #happens(happens, isTimer) {
    if (!this.lives) return;
    if (this.isFrozen || this.ring.now < this.hangsUntil) this.waiting.push({ isTimer, happens });
    else {
      happens();
      this.aheadMs = 0;
    }
  }

  /** @param {Frame} frame @returns {boolean} */
  #send(frame) {
    if (!this.isConnected) return false;
    const { ring, line } = this;
    const { aheadMs } = this;
    ring.after(aheadMs + ring.hop(), () => {
      if (frame.t === "pop.done") this.isPopping = false;
      ring.hears(this, line, frame);
    });
    if (frame.t === "pop.claim" && ring.chance() < ring.world.hangsClaiming) {
      this.aheadMs += ring.upTo(3000);
      this.#hang(this.aheadMs);
    }
    return true;
  }

  #pop() {
    const { ring } = this;
    if (ring.chance() < ring.world.diesPopping) {
      ring.diedPopping = true;
      if (ring.chance() < 0.5) ring.popped.push(this.id);
      this.lives = false;
      this.isConnected = false;
      return;
    }
    this.isPopping = true;
    ring.cutPopping ||= !this.isConnected;
    ring.popped.push(this.id);
  }
}

const ALERTING = { call: CALL, interaction: "i-1", leg: "alerting", started_at: new Date(BEGIN_MS).toISOString() };

/**
 * @param {PopsClass} Pops
 * @param {Partial<World>} [world]
 * @param {number} [runs]
 * @returns {Record<Ending, number> & {failed: number[]}} how so many rings end; `failed`: numbers of the double and missed ones
 */
export function endings(Pops, world = {}, runs = 20_000) {
  const counted = { once: 0, double: 0, missed: 0, nobody: 0, "died popping": 0, "cut popping": 0, failed: /** @type {number[]} */ ([]) };
  for (let seed = 1; seed <= runs; seed += 1) {
    const ending = new Ring(seed, { ...USUAL, ...world }, Pops).run();
    counted[ending] += 1;
    if (ending === "double" || ending === "missed") counted.failed.push(seed);
  }
  return counted;
}
