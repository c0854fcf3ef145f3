/** Full-jitter back-off: 0.25 s doubling to 15 s, each wait drawn between zero and the step. */
export class Backoff {
  /**
   * @param {{firstMs: number, capMs: number}} steps
   * @param {() => number} random in [0, 1)
   */
  constructor({ firstMs, capMs }, random) {
    this.firstMs = firstMs;
    this.capMs = capMs;
    this.random = random;
    this.tries = 0;
  }

  /** @returns {number} milliseconds to wait before the next try */
  next() {
    const step = Math.min(this.capMs, this.firstMs * 2 ** this.tries);
    this.tries += 1;
    return Math.round(step * this.random());
  }

  /** The last try was a success: begin anew. */
  reset() {
    this.tries = 0;
  }
}
