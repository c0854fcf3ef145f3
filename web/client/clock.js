const KEPT = 8;
const BEST = 3;

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
    this.samples = [...this.samples.slice(1 - KEPT), { offset: at - (askedMs + rtt / 2), rtt }];
  }

  /** The device's clock jumped: what we measured before is worth nothing. */
  forget() {
    this.samples = [];
  }

  /** @returns {number} ms to add to the device's clock */
  get offset() {
    const best = [...this.samples].sort((a, b) => a.rtt - b.rtt).slice(0, BEST);
    best.sort((a, b) => a.offset - b.offset);
    return best.length ? best[Math.floor(best.length / 2)].offset : 0;
  }

  /** @returns {number} the server's time, ms since 1970 */
  serverNow() {
    return this.now() + this.offset;
  }
}
