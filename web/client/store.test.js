import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "./store.js";

const SINCE = "2026-11-24T08:00:00.000Z";
const LATER = "2026-11-24T09:00:00.000Z";

/** @param {number} rev @param {number[]} ns @param {string} [since] @returns {any} */
function frame(rev, ns, since = SINCE) {
  const recent = ns.map((n) => ({ n, event: `e${n}`, call: null, at: since }));
  const doc = { station: "1001", in_service: true, calls: [], can: [], recent };
  return { station: "1001", rev, doc, desk: { agent: "anna", since_at: since }, now_at: since };
}

/** @param {string} now @returns {any} */
const off = (now) => ({ station: null, rev: null, doc: null, desk: null, now_at: now });

/** @param {Store} store @param {any[]} frames */
const raised = (store, ...frames) => frames.flatMap((each) => store.take(each).events.map((event) => event.n));

test("the first frame of a log-on raises nothing", () => {
  assert.deepEqual(raised(new Store(), frame(5, [1, 2])), []);
});

test("only a greater rev is applied and each transition is raised once, in order", () => {
  const store = new Store();
  const got = raised(store, frame(1, [1]), frame(3, [1, 3, 2]), frame(2, [1, 2]), frame(3, [1, 3, 2]), frame(4, [2, 3, 4]));
  assert.deepEqual(got, [2, 3, 4]);
  assert.equal(store.rev, 4);
});

test("a later log-on forgets rev and n and raises nothing", () => {
  const store = new Store();
  assert.deepEqual(raised(store, frame(9, [7]), frame(1, [2], LATER), frame(2, [2, 3], LATER)), [3]);
});

test("an earlier log-on is dropped", () => {
  const store = new Store();
  raised(store, frame(1, [1], LATER), frame(8, [9], SINCE));
  assert.equal(store.rev, 1);
});

test("a log-off that is later than the log-on is taken, an older one is not", () => {
  const store = new Store();
  raised(store, frame(1, [1], LATER), off(SINCE));
  assert.equal(store.station, "1001");
  raised(store, off("2026-11-24T10:00:00.000Z"));
  assert.equal(store.station, null);
});

test("a late frame of the ended log-on does not revive it", () => {
  const store = new Store();
  raised(store, frame(1, [1]), off(LATER), frame(2, [1, 2]));
  assert.equal(store.desk, null);
});

test("what the server says after a log-off counts, even of the same log-on", () => {
  const store = new Store();
  const later = { ...frame(2, [1, 2]), now_at: "2026-11-24T10:00:00.000Z" };
  assert.deepEqual(raised(store, frame(1, [1]), off(LATER), later), [2]);
  assert.equal(store.station, "1001");
});

test("any order and repetition of a run ends in the same state and raises a rising sequence", () => {
  const run = [1, 2, 3, 4, 5, 6].map((rev) => frame(rev, [rev - 2, rev - 1, rev].filter((n) => n > 0)));
  for (let seed = 1; seed <= 200; seed += 1) {
    const store = new Store();
    store.take(run[0]);
    const got = raised(store, ...shuffled([...run, ...run], seed));
    assert.equal(store.rev, 6);
    assert.deepEqual(got, [...new Set(got)].sort((a, b) => a - b));
  }
});

/** @template T @param {T[]} items @param {number} seed @returns {T[]} */
function shuffled(items, seed) {
  let state = seed;
  const next = () => (state = (state * 48271) % 2147483647);
  return items.map((item) => ({ item, key: next() })).sort((a, b) => a.key - b.key).map(({ item }) => item);
}
