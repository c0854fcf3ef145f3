/** Small readings of frames and of their sockets' ends. */
import { RinglineError } from "./contract.js";

/** @typedef {import("./contract.js").Frame} Frame */

/** @param {number|null} code @returns {RinglineError} */
export function closed(code) {
  if (code === null) return new RinglineError("offline", "This page closed its socket.");
  if (code === 4426) return new RinglineError("version_unsupported", "This page is too old: reload it.");
  return new RinglineError("forbidden", `The cloud refused this page (${code}).`);
}

/** @param {Frame} frame @returns {number} bytes on the wire */
export function sizeOf(frame) {
  return new TextEncoder().encode(JSON.stringify(frame)).length;
}

/** @param {any} from @param {string[]} names @returns {any} those fields of `from` that it has */
export function pick(from, names) {
  return Object.fromEntries(names.filter((name) => from?.[name] !== undefined).map((name) => [name, from[name]]));
}

/** @param {Frame} frame `pages` @param {string} own this page's id @returns {import("./contract.js").OpenPage[]} */
export function openPages({ pages }, own) {
  return pages.map((/** @type {any} */ page) => ({ ...page, isThis: page.page === own }));
}
