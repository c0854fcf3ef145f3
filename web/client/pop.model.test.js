import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { endings } from "../testing/rings.js";
import { Pops } from "./pop.js";

const RUNS = Number(process.env.RINGLINE_POP_RUNS ?? 20_000);
const SOURCE = await readFile(new URL("./pop.js", import.meta.url), "utf8");

test(`over ${RUNS} rings exactly one page pops while one lives`, () => {
  const { double, missed, once, failed, ...rest } = endings(Pops, {}, RUNS);
  assert.deepEqual({ double, missed }, { double: 0, missed: 0 }, `rings ${failed.slice(0, 5)}`);
  assert.ok(once > 0.9 * RUNS, JSON.stringify(rest));
  assert.ok(rest["cut popping"] < RUNS / 1000, JSON.stringify(rest));
});

for (const [name, world] of /** @type {[string, any][]} */ ([
  ["where nothing fails", { hangs: 0, hangsClaiming: 0, freezes: 0, dies: 0, diesPopping: 0, reloads: 0, cuts: 0 }],
  ["where every page hangs", { hangs: 1 }],
  ["where every page freezes", { freezes: 1 }],
  ["where every page loses its socket", { cuts: 1 }],
  ["where every page is hidden", { hidden: 1 }],
  ["where most may not pop", { unwilling: 0.8 }],
  ["where every clock is wrong and is set", { clockErrorMs: 600_000, clockSet: 1 }],
])) {
  test(`it holds ${name}`, () => {
    const { double, missed, failed } = endings(Pops, world, RUNS / 10);
    assert.deepEqual({ double, missed }, { double: 0, missed: 0 }, `rings ${failed.slice(0, 5)}`);
  });
}

/** Rules taken out of the page one by one: the model sees that each is needed. */
for (const [without, from, to, seen, world] of /** @type {[string, string, string, 'double'|'missed', any?][]} */ ([
  ["the lease", "waitedMs < pop.leaseMs", "pop.claimedAt !== undefined", "double"],
  ["the turn left out after a hang", "this.#since(pop.claimedAt) >= pop.leaseMs", "false", "double"],
  ["the memory of a claim while there is no socket", "if (isSent) pop.claimedAt = claimedAt;", "pop.claimedAt = isSent ? claimedAt : null;", "double"],
  ["the turn left out with a new socket", "if (this.around.socket()) pop.claimedAt", "pop.claimedAt", "double", { cuts: 1 }],
  ["counting from before the claim", "if (isSent) pop.claimedAt = claimedAt;", "if (isSent) pop.claimedAt = this.#mark();", "double"],
  ["the clock that nobody sets", "Math.max(now - mark.now, ticks - mark.ticks)", "now - mark.now", "double"],
  ["repeated claims", "this.#claim(pop);\n    this.#arm(pop, REPEAT_MS, () => this.#turn(pop));", "this.#claim(pop);", "missed"],
  ["taking over", "else this.#arm(pop, pop.stealMs + pop.rank * STEAL_TURN_MS, () => this.#turn(pop));", "", "missed"],
])) {
  test(`without ${without} it is ${seen}`, async () => {
    const broken = SOURCE.replace(from, to);
    assert.notEqual(broken, SOURCE, "the rule stands elsewhere now");
    const { Pops: Broken } = await import(`data:text/javascript,${encodeURIComponent(broken)}`);
    const ended = endings(Broken, world, 20_000);
    assert.ok(ended[seen] > 0, JSON.stringify(ended));
  });
}
