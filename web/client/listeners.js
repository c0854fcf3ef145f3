/** Who listens to what. An exception in a listener is reported and stops nothing. */
export class Listeners {
  constructor() {
    /** @type {Map<string, Set<(detail: any) => void>>} */
    this.byName = new Map();
  }

  /** @param {string} name @param {(detail: any) => void} fn @returns {() => void} stop listening */
  add(name, fn) {
    const fns = this.byName.get(name) ?? new Set();
    this.byName.set(name, fns.add(fn));
    return () => void fns.delete(fn);
  }

  /** @param {string} name @param {unknown} detail */
  tell(name, detail) {
    for (const fn of [...(this.byName.get(name) ?? [])]) {
      try {
        fn(detail);
      } catch (error) {
        console.error(`ringline: a handler of "${name}" failed`, error);
      }
    }
  }

  clear() {
    this.byName.clear();
  }
}
