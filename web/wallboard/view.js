/** From boards to what is shown: pure, so that every case can be checked without a browser. */
import { TEXT, fill } from "./texts.js";

/**
 * @typedef {import("../client/board.js").SiteBoard} SiteBoard
 * @typedef {import("../client/board.js").BoardStation} BoardStation
 * @typedef {BoardStation & {key: string, site: string, isStale: boolean}} Row
 * @typedef {'name'|'state'|'since'|'reason'|'calls'|'work'|'owes'|'pages'} Column
 * @typedef {{column: Column, isDown: boolean}} Order
 * @typedef {{waiting: number, longestAt: string|null, ready: number, busy: number, wrap_up: number, not_ready: number,
 *   page_lost: number, offline: number}} Summary
 * @typedef {{key: string, queue: string, site: string, waiting: number, longestAt: string|null, ready: number,
 *   busy: number, isStale: boolean}} QueueRow
 */

/** Without a word of a site for this long, what is shown of it is grey; its edge says something every 5 s. */
export const STALE_MS = 10_000;

/** What a supervisor should see first comes first. */
const URGENCY = ["wrap_up", "unknown", "not_ready", "busy", "ready", "logged_off"];

/** @param {SiteBoard} board @param {number} nowMs @returns {boolean} */
export function isStale(board, nowMs) {
  return board.at === null || nowMs - Date.parse(board.at) > STALE_MS;
}

/** @param {SiteBoard[]} boards @param {number} nowMs @param {boolean} isLive @returns {Row[]} */
export function rowsOf(boards, nowMs, isLive) {
  return boards.flatMap((board) => {
    const old = !isLive || isStale(board, nowMs);
    return board.stations.map((each) => ({ ...each, key: `${board.site}|${each.station}`, site: board.site, isStale: old }));
  });
}

/** @param {SiteBoard[]} boards @param {number} nowMs @param {boolean} isLive @returns {QueueRow[]} by queue, then site */
export function queuesOf(boards, nowMs, isLive) {
  const rows = boards.flatMap((board) => {
    const old = !isLive || isStale(board, nowMs);
    return board.queues.map(({ queue, waiting, longest_since_at: longestAt }) => {
      const members = board.stations.filter((each) => each.queues.includes(queue));
      const count = (/** @type {string} */ state) => members.filter((each) => each.state === state).length;
      const key = `${board.site}|${queue}`;
      return { key, queue, site: board.site, waiting, longestAt, ready: count("ready"), busy: count("busy"), isStale: old };
    });
  });
  return rows.sort((a, b) => a.queue.localeCompare(b.queue) || a.site.localeCompare(b.site));
}

/** @param {Row[]} rows @param {QueueRow[]} queues @returns {Summary} of those who are logged on */
export function summaryOf(rows, queues) {
  const here = rows.filter((row) => row.agent !== null);
  const count = (/** @type {(row: Row) => boolean} */ fits) => here.filter(fits).length;
  return {
    waiting: queues.reduce((sum, each) => sum + each.waiting, 0),
    longestAt: queues.map((each) => each.longestAt).reduce(earlier, null),
    ready: count((row) => row.state === "ready"),
    busy: count((row) => row.state === "busy"),
    wrap_up: count((row) => row.state === "wrap_up"),
    not_ready: count((row) => row.state === "not_ready"),
    page_lost: count(isPageLost),
    offline: count((row) => !row.in_service),
  };
}

/** @param {string|null} a @param {string|null} b */
function earlier(a, b) {
  if (a === null || b === null) return a ?? b;
  return Date.parse(b) < Date.parse(a) ? b : a;
}

/** @param {Row} row @returns {boolean} */
export function isPageLost(row) {
  return row.agent !== null && row.pages === 0;
}

/** @param {Row} row @returns {string} why the state is as it is, and what else is wrong */
export function reasonOf(row) {
  /** @type {Record<string, string>} */
  const holds = TEXT.holds;
  const own = row.reason === null ? "" : (holds[row.reason] ?? row.reason);
  const state = /** @type {keyof typeof TEXT.state} */ (row.pending);
  const pending = row.pending && TEXT.state[state] ? fill(TEXT.then, TEXT.state[state].toLowerCase()) : "";
  const words = [row.in_service ? "" : TEXT.offline, isPageLost(row) ? TEXT.pageLost : "", own, pending];
  return [...new Set(words.filter(Boolean))].join(" · ");
}

/** @param {Row} row @returns {string} who it is, or which phone */
export function nameOf(row) {
  return row.name || row.agent || `${TEXT.nobody} (${row.station})`;
}

/** @type {Record<Column, (row: Row) => string|number>} */
const VALUE = {
  name: (row) => nameOf(row).toLocaleLowerCase(),
  state: (row) => URGENCY.indexOf(row.state),
  since: (row) => (row.since_at ? Date.parse(row.since_at) : Infinity),
  reason: (row) => reasonOf(row).toLocaleLowerCase() || "\uffff",
  calls: (row) => -row.calls.length,
  work: (row) => -row.work,
  owes: (row) => -row.owes,
  pages: (row) => row.pages,
};

/** @param {Row[]} rows @param {Order} order @returns {Row[]} those who are equal by name, then station */
export function sorted(rows, { column, isDown }) {
  const value = VALUE[column];
  const sign = isDown ? -1 : 1;
  return [...rows].sort(
    (a, b) => sign * compare(value(a), value(b)) || compare(VALUE.name(a), VALUE.name(b)) || compare(a.key, b.key),
  );
}

/** @param {string|number} a @param {string|number} b @returns {number} */
function compare(a, b) {
  if (typeof a === "string" && typeof b === "string") return a.localeCompare(b);
  return a === b ? 0 : a < b ? -1 : 1;
}
