import { LEASE_MS, STEAL_MS, claimed, finished, isPassed, passed, ranked } from "./poprule.js";
import { BEGIN_MS, CALL, RingPage } from "./ringpage.js";

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
/** A call that rings for longer pops nowhere. */
const END_MS = 30_000;

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
    /** @type {Map<string, RingPage>} by page id; a reload puts the new page in the old one's place */
    this.pages = new Map();
    /** @type {Map<string, import("./poprule.js").Candidate>} what the cloud knows, by socket */
    this.sockets = new Map();
  }

  /** @returns {Ending} */
  run() {
    const count = 2 + Math.floor(this.chance() * 4);
    for (let number = 0; number < count; number += 1) this.#joins(new RingPage(this, `p-${number}`));
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

  /** @param {RingPage} page */
  #joins(page) {
    this.pages.set(page.id, page);
    this.sockets.set(page.line, { page: page.id, canPop: page.canPop, openedMs: this.now });
  }

  /** A page says hello: it hears how things stand. @param {RingPage} page */
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

  /** @param {RingPage} page @param {string} line @param {Frame} frame what that page said */
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

  /** @param {RingPage} page @param {Frame} frame @param {number} nowMs */
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
