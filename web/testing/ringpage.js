/**
 * A page of the model in `rings.js`: a real `Pops`, to which things happen.
 *
 * @typedef {import("../client/contract.js").Frame} Frame
 */

export const CALL = "c-1";
export const BEGIN_MS = Date.parse("2026-11-24T08:00:00.000Z");
const FAULTS_UNTIL_MS = 2500;
const RECONNECT_MS = 600;
const ALERTING = { call: CALL, interaction: "i-1", leg: "alerting", started_at: new Date(BEGIN_MS).toISOString() };

/** One page of the agent's. */
export class RingPage {
  static lines = 0;

  /** @param {import("./rings.js").Ring} ring @param {string} id */
  constructor(ring, id) {
    this.ring = ring;
    this.id = id;
    this.lives = true;
    this.isFrozen = false;
    this.canPop = true;
    this.line = `s-${(RingPage.lines += 1)}`;
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
    const next = new RingPage(this.ring, this.id);
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
      this.line = `s-${(RingPage.lines += 1)}`;
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
