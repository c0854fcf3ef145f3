import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "../testing/world.js";
import { Boards, watch } from "./board.js";

const AT = Date.parse("2026-11-24T08:00:00.000Z");
/** @param {number} [seconds] */
const at = (seconds = 0) => new Date(AT + seconds * 1000).toISOString();

/** @param {string} number @param {string} [state] @returns {any} */
const station = (number, state = "ready") => ({ station: number, agent: `a-${number}`, state });

/** @param {any} [more] @returns {any} */
function board(more) {
  const empty = { stations: [], queues: [], gone: [], closed: [] };
  return { t: "board", site: "hq", whole: true, at: at(), part: 1, parts: 1, ...empty, ...more };
}

/** @param {Boards} boards */
const shown = (boards) => boards.all.map(({ stations }) => stations.map(({ station: number, state }) => `${number} ${state}`));

test("a whole board replaces, a change changes, and who left is taken off", () => {
  const boards = new Boards();
  boards.take(board({ stations: [station("1001"), station("1002")], queues: [{ queue: "support", waiting: 1 }] }));
  boards.take(board({ whole: false, at: at(1), stations: [station("1001", "busy")], gone: ["1002"], closed: ["support"] }));
  assert.deepEqual(shown(boards), [["1001 busy"]]);
  assert.deepEqual(boards.all[0].queues, []);
  assert.equal(boards.all[0].at, at(1));
  boards.take(board({ at: at(2), stations: [station("1003")] }));
  assert.deepEqual(shown(boards), [["1003 ready"]]);
});

test("a whole board in parts is shown when all are there, in any order", () => {
  const boards = new Boards();
  boards.take(board({ stations: [station("1009")] }));
  assert.equal(boards.take(board({ at: at(1), part: 2, parts: 2, stations: [station("1002")] })), false);
  assert.deepEqual(shown(boards), [["1009 ready"]]);
  assert.equal(boards.take(board({ at: at(1), part: 1, parts: 2, stations: [station("1001")] })), true);
  assert.deepEqual(shown(boards).flat().sort(), ["1001 ready", "1002 ready"]);
});

test("what is older than what is shown, and changes to nothing, are dropped", () => {
  const boards = new Boards();
  assert.equal(boards.take(board({ whole: false, stations: [station("1001")] })), false);
  boards.take(board({ at: at(2), stations: [station("1001")] }));
  assert.equal(boards.take(board({ at: at(1), stations: [] })), false);
  assert.equal(boards.take(board({ at: at(1), whole: false, gone: ["1001"] })), false);
  assert.equal(boards.take(board({ at: "soon", whole: false, gone: ["1001"] })), false);
  assert.deepEqual(shown(boards), [["1001 ready"]]);
});

test("a clock that was set back by more than a minute does not stop the board", () => {
  const boards = new Boards();
  boards.take(board({ at: at(3600), stations: [station("1001")] }));
  assert.equal(boards.take(board({ at: at(10), whole: false, gone: ["1001"] })), false);
  boards.take(board({ at: at(10), stations: [station("1002")] }));
  boards.take(board({ at: at(11), whole: false, stations: [station("1003")] }));
  assert.deepEqual(shown(boards), [["1002 ready", "1003 ready"]]);
});

test("a site that is watched no more is forgotten, one without a board has no time", () => {
  const boards = new Boards();
  boards.take(board({ stations: [station("1001")] }));
  const lab = { id: "lab", edge: "down", pbx: "down", tz: "UTC" };
  boards.watching([/** @type {any} */ (lab)]);
  assert.deepEqual(boards.all, [{ site: "lab", at: null, status: lab, stations: [], queues: [] }]);
});

test("a watch is asked for on every socket and prolonged on it until it ends", async () => {
  const world = new World();
  /** @type {any[]} */
  const told = [];
  const stop = watch(world.client, (boards) => told.push(boards));
  await world.live({ roles: ["supervisor"] });
  assert.deepEqual(world.socket.ofType("watch"), [{ t: "watch", on: true }]);
  world.socket.says({ t: "watching", until_at: world.at(90_000), sites: [{ id: "hq", edge: "up", pbx: "up", tz: "UTC" }] });
  world.socket.says(board({ stations: [station("1001")] }));
  assert.deepEqual(told.map(([site]) => site.stations.length), [0, 1]);
  const first = world.socket;
  const beats = world.client.on("socket", () => undefined);
  for (let second = 0; second < 50; second += 1) {
    await world.pass(1000);
    if (first.ofType("beat").length) first.says({ t: "beat", now_at: world.at(), rev: null, site: null });
  }
  beats();
  assert.equal(first.ofType("watch").length, 2);
  first.cut();
  await world.pass(1000);
  assert.notEqual(world.socket, first);
  world.socket.open();
  world.socket.says(world.welcome());
  assert.deepEqual(world.socket.ofType("watch"), [{ t: "watch", on: true }]);
  stop();
  assert.deepEqual(world.socket.ofType("watch").at(-1), { t: "watch", on: false });
  world.socket.says(board({ at: at(9) }));
  assert.equal(told.length, 2);
});

test("a page that only looks says so in its hello", async () => {
  const world = new World({ onlyLooks: true });
  await world.live();
  const [hello] = world.socket.ofType("hello");
  assert.equal(hello.only_looks, true);
});
