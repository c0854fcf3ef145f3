/** The control API of the local stack: hands on the phones, and customers who call. */

/** @typedef {{state: string, with: string|null, calls: number}} Phone */
/** @typedef {{state: string}} Caller */
/** @typedef {{name: string, members: {station: string, paused: boolean, available: boolean, in_call: boolean}[],
 *   callers: {caller: string, number: string, waited_s: number}[]}} Queue */

export class Pbx {
  /** @param {string} base address of the control API */
  constructor(base) {
    this.base = base.replace(/\/$/, "");
  }

  /** @param {string} station @returns {Promise<Phone>} */
  phone(station) {
    return this.#ask(`/phones/${encodeURIComponent(station)}`);
  }

  /** @param {string} station @param {string} act @param {Record<string, string>} [more] */
  press(station, act, more = {}) {
    return this.#ask(`/phones/${encodeURIComponent(station)}`, { do: act, ...more });
  }

  /** @param {string} from @param {string} to @returns {Promise<{caller: string}>} */
  call(from, to) {
    return this.#ask("/callers", { from, to });
  }

  /** @param {string} caller @returns {Promise<Caller>} */
  caller(caller) {
    return this.#ask(`/callers/${encodeURIComponent(caller)}`);
  }

  /** @param {string} caller */
  hangUp(caller) {
    return this.#ask(`/callers/${encodeURIComponent(caller)}`, { do: "hangup" });
  }

  /** @param {string} name @returns {Promise<Queue>} */
  queue(name) {
    return this.#ask(`/queues/${encodeURIComponent(name)}`);
  }

  /** @param {string} path @param {Record<string, string>} [body] sent by POST when given @returns {Promise<any>} */
  async #ask(path, body) {
    const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch(this.base + path, body ? post : {});
    const text = await answer.text();
    const value = text ? JSON.parse(text) : {};
    if (!answer.ok) throw new Error(value?.error?.text ?? `The phone system said ${answer.status}.`);
    return value;
  }
}

/**
 * Ask now and again, gently: not while the tab is hidden, never twice at once, later after a failure.
 * @param {() => Promise<void>} ask
 * @param {number} everyMs
 * @returns {() => void} ask at once
 */
export function poll(ask, everyMs) {
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  let isBusy = false;
  let isWanted = false;
  const round = async () => {
    clearTimeout(timer);
    isWanted = isBusy;
    if (isBusy) return;
    isBusy = true;
    const isFine = document.hidden || (await ask().then(() => true, () => false));
    isBusy = false;
    timer = setTimeout(round, isWanted ? 100 : isFine ? everyMs : 3 * everyMs);
  };
  document.addEventListener("visibilitychange", round);
  void round();
  return round;
}
