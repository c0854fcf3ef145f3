import { browserDrafts } from "./drafts.js";

/**
 * What the client needs from its surroundings; tests put their own in.
 *
 * @typedef {{
 *   WebSocket: new (url: string) => WebSocket,
 *   fetch: (url: string, init: RequestInit) => Promise<Response>,
 *   now: () => number,
 *   ticks: () => number,
 *   random: () => number,
 *   setTimeout: (fn: () => void, ms: number) => unknown,
 *   clearTimeout: (timer: any) => void,
 *   window: EventTarget|null,
 *   document: Document|null,
 *   storage: Storage|null,
 *   drafts: import("./drafts.js").Drafts,
 * }} Env
 *   `now`: the device's clock, ms since 1970; `ticks`: ms by a clock that nobody sets
 */

/** @returns {Env} the browser's own */
export function browserEnv() {
  return {
    WebSocket,
    fetch: (url, init) => fetch(url, init),
    now: () => Date.now(),
    ticks: () => performance.now(),
    random: () => Math.random(),
    setTimeout: (fn, ms) => setTimeout(fn, ms),
    clearTimeout: (timer) => clearTimeout(timer),
    window,
    document,
    storage: tabStorage(),
    drafts: browserDrafts(),
  };
}

/** Reading `sessionStorage` throws where the browser blocks site data. */
function tabStorage() {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}
