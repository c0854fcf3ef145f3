import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "./backoff.js";
import { ServerClock } from "./clock.js";
import { Commands } from "./commands.js";
import { newId } from "./ids.js";

test("ids are 26 characters that sort by time and do not repeat", () => {
  const early = newId(1000);
  assert.match(early, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  assert.ok(early < newId(2000));
  assert.equal(new Set(Array.from({ length: 1000 }, () => newId(1))).size, 1000);
});

test("waits double up to the cap, are jittered, and begin anew after a success", () => {
  const backoff = new Backoff({ firstMs: 250, capMs: 15_000 }, () => 1);
  const waits = Array.from({ length: 8 }, () => backoff.next());
  assert.deepEqual(waits, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  backoff.reset();
  assert.equal(backoff.next(), 250);
  assert.equal(new Backoff({ firstMs: 250, capMs: 15_000 }, () => 0).next(), 0);
});

test("the server's clock is the median of the quickest answers", () => {
  let now = 0;
  const clock = new ServerClock(() => now);
  for (const [took, off] of [[10, 5000], [2000, 5900], [20, 5002], [30, 4998]]) {
    const asked = now;
    now += took;
    clock.heard(new Date(asked + took / 2 + off).toISOString(), asked);
  }
  assert.equal(clock.offset, 5000);
  clock.heard("no time", now);
  assert.equal(clock.offset, 5000);
});

test("one slow answer beside a quick one does not move the clock", () => {
  let now = 0;
  const clock = new ServerClock(() => now);
  clock.heard(new Date(5000).toISOString(), 0);
  now = 2000;
  clock.heard(new Date(6900).toISOString(), 0);
  assert.equal(clock.offset, 5000);
});

test("a device's clock that is set anew is followed at the next answer", () => {
  let now = 0;
  const clock = new ServerClock(() => now);
  for (let i = 0; i < 4; i += 1) clock.heard(new Date(now + 100).toISOString(), now);
  now = -86_400_000;
  clock.heard(new Date(50).toISOString(), now);
  assert.equal(clock.offset, 86_400_050);
});

/** A `Commands` whose timers are run by hand. */
function commands() {
  /** @type {(() => void)[]} */
  const timers = [];
  /** @type {string[]} */
  const stages = [];
  const clocks = { now: () => 0, ticks: () => 0 };
  const timing = { ...clocks, setTimeout: (/** @type {() => void} */ fn) => timers.push(fn), clearTimeout: () => undefined };
  const all = new Commands(timing, (state) => stages.push(state.stage));
  return { all, timers, stages };
}

const DROP = { verb: "drop", ttlMs: 8000, frame: { t: "command", id: "a", verb: "drop", call: "c-1", ttl_ms: 8000 } };

test("a command is confirmed once, with already, and later stages change nothing", async () => {
  const { all, stages } = commands();
  const done = all.track(DROP);
  all.heard({ id: "a", stage: "sent" });
  all.heard({ id: "a", stage: "sent" });
  all.heard({ id: "a", stage: "confirmed", already: true });
  all.heard({ id: "a", stage: "failed" });
  assert.equal((await done).already, true);
  assert.deepEqual(stages, ["pending", "sent", "confirmed"]);
  assert.deepEqual(all.pending, []);
});

test("an id that is pending already keeps its one outcome", async () => {
  const { all, stages } = commands();
  const [first, second] = [all.track(DROP), all.track(DROP)];
  all.heard({ id: "a", stage: "confirmed" });
  assert.equal(await first, await second);
  assert.deepEqual(stages, ["pending", "confirmed"]);
});

test("a stage of somebody else's command changes nothing", () => {
  const { all, stages } = commands();
  all.heard({ id: "unknown", stage: "confirmed" });
  assert.deepEqual(stages, []);
});

test("a failure carries the contract's code", async () => {
  const { all } = commands();
  const done = all.track(DROP);
  all.heard({ id: "a", stage: "failed", error: { code: "edge_offline", text: "The site is offline." } });
  await assert.rejects(done, { code: "edge_offline", message: "The site is offline." });
});

test("expired and unanswered commands say so", async () => {
  const { all, timers } = commands();
  const late = all.track(DROP);
  all.heard({ id: "a", stage: "expired" });
  await assert.rejects(late, { code: "expired" });
  const lost = all.track({ ...DROP, frame: { ...DROP.frame, id: "b" } });
  timers.at(-1)?.();
  await assert.rejects(lost, { code: "timeout" });
});
