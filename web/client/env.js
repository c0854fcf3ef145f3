/**
 * What the client needs from its surroundings; tests put their own in.
 *
 * @typedef {{
 *   WebSocket: new (url: string) => WebSocket,
 *   fetch: (url: string, init: RequestInit) => Promise<Response>,
 *   now: () => number,
 *   random: () => number,
 *   setTimeout: (fn: () => void, ms: number) => unknown,
 *   clearTimeout: (timer: any) => void,
 *   window: EventTarget|null,
 *   document: Document|null,
 *   storage: Storage|null,
 * }} Env
 */

/** @returns {Env} the browser's own */
export function browserEnv() {
  return {
    WebSocket,
    fetch: (url, init) => fetch(url, init),
    now: () => Date.now(),
    random: () => Math.random(),
    setTimeout: (fn, ms) => setTimeout(fn, ms),
    clearTimeout: (timer) => clearTimeout(timer),
    window,
    document,
    storage: tabStorage(),
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
