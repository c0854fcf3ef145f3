import assert from "node:assert/strict";
import { test } from "node:test";
import { isStale, queuesOf, reasonOf, rowsOf, sorted, summaryOf } from "./view.js";

const NOW = Date.parse("2026-11-24T08:00:00.000Z");
/** @param {number} seconds */
const ago = (seconds) => new Date(NOW - seconds * 1000).toISOString();

/** @param {any} [more] @returns {any} */
const station = (more) => ({
  station: "1001", agent: "anna", name: "Anna Ek", in_service: true, state: "ready", reason: null, pending: null,
  since_at: ago(60), pages: 1, work: 0, owes: 0, queues: ["support"], calls: [], ...more,
});

/** @param {any} [more] @returns {any} */
const board = (more) => ({ site: "hq", at: ago(1), status: null, stations: [], queues: [], ...more });

test("ten seconds without a word make a site's rows old, and a lost socket all of them", () => {
  const boards = [board({ stations: [station()] }), board({ site: "lab", at: ago(10.1), stations: [station()] })];
  assert.deepEqual(boards.map((each) => isStale(each, NOW)), [false, true]);
  assert.equal(isStale(board({ at: null }), NOW), true);
  assert.deepEqual(rowsOf(boards, NOW, true).map((row) => row.isStale), [false, true]);
  assert.deepEqual(rowsOf(boards, NOW, false).map((row) => row.isStale), [true, true]);
});

test("the summary counts who is logged on, and the longest wait of all queues", () => {
  const stations = [
    station(), station({ station: "1002", state: "busy", pages: 0 }), station({ station: "1003", state: "not_ready", in_service: false }),
    station({ station: "1004", agent: null, state: "logged_off", pages: 0 }), station({ station: "1005", state: "wrap_up" }),
  ];
  const queues = [
    { queue: "support", waiting: 2, longest_since_at: ago(30) },
    { queue: "sales", waiting: 1, longest_since_at: ago(90) },
    { queue: "vip", waiting: 0, longest_since_at: null },
  ];
  const boards = [board({ stations, queues })];
  const shown = queuesOf(boards, NOW, true);
  assert.deepEqual(shown.map((each) => [each.queue, each.ready, each.busy]), [["sales", 0, 0], ["support", 1, 1], ["vip", 0, 0]]);
  assert.deepEqual(summaryOf(rowsOf(boards, NOW, true), shown), {
    waiting: 3, longestAt: ago(90), ready: 1, busy: 1, wrap_up: 1, not_ready: 1, page_lost: 1, offline: 1,
  });
});

test("the reason says what else is wrong, once, and what follows a call", () => {
  const said = (/** @type {any} */ more) => reasonOf(rowsOf([board({ stations: [station(more)] })], NOW, true)[0]);
  assert.equal(said({}), "");
  assert.equal(said({ reason: "lunch" }), "lunch");
  assert.equal(said({ reason: "ringline:supervisor" }), "Set by a supervisor");
  assert.equal(said({ reason: "ringline:page_lost", pages: 0 }), "No page open");
  assert.equal(said({ in_service: false, pages: 0, reason: "lunch" }), "Phone offline · No page open · lunch");
  assert.equal(said({ state: "busy", pending: "not_ready" }), "then not ready");
});

test("every column sorts both ways, equal rows by name", () => {
  const boards = [board({ stations: [
    station({ station: "1003", name: "Cleo", state: "wrap_up", owes: 1, since_at: null }),
    station({ station: "1001", name: "anna", calls: [{}], reason: "lunch", work: 2, since_at: ago(5) }),
    station({ station: "1002", name: "Ben", pages: 0, since_at: ago(9) }),
  ] })];
  const names = (/** @type {any} */ column, isDown = false) =>
    sorted(rowsOf(boards, NOW, true), { column, isDown }).map((row) => row.name.charAt(0)).join("");
  assert.deepEqual(
    ["name", "state", "since", "reason", "calls", "work", "owes", "pages"].map((column) => names(column)),
    ["aBC", "CaB", "BaC", "aBC", "aBC", "aBC", "CaB", "BaC"],
  );
  assert.deepEqual([names("name", true), names("owes", true)], ["CBa", "aBC"]);
});
