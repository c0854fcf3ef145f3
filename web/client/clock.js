const KEPT = 8;
const BEST = 3;
/** How far two honest measurements may lie apart beyond what their travel times explain. */
const SLACK_MS = 500;

/** The server's clock as seen from here: the median offset of the three quickest of the last eight exchanges. */
export class ServerClock {
  /** @param {() => number} now the device's clock, ms */
  constructor(now) {
    this.now = now;
    /** @type {{offset: number, rtt: number}[]} */
    this.samples = [];
  }

  /**
   * @param {string} nowAt the server's time in its answer
   * @param {number} askedMs device time when we asked
   */
  heard(nowAt, askedMs) {
    const at = Date.parse(nowAt);
    const rtt = this.now() - askedMs;
    if (Number.isNaN(at) || rtt < 0) return;
    const sample = { offset: at - (askedMs + rtt / 2), rtt };
    const jumped = this.samples.some((each) => Math.abs(each.offset - sample.offset) > (each.rtt + rtt) / 2 + SLACK_MS);
    // The device's clock was set: what was measured before is worth nothing.
    this.samples = jumped ? [sample] : [...this.samples.slice(1 - KEPT), sample];
  }

  /** @returns {number} ms to add to the device's clock */
  get offset() {
    const best = [...this.samples].sort((a, b) => a.rtt - b.rtt).slice(0, BEST);
    if (best.length < BEST) return best[0]?.offset ?? 0;
    best.sort((a, b) => a.offset - b.offset);
    return best[Math.floor(BEST / 2)].offset;
  }

  /** @returns {number} the server's time, ms since 1970 */
  serverNow() {
    return this.now() + this.offset;
  }
}
