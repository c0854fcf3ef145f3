import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "../testing/world.js";
import { createClient } from "./index.js";

const SINCE = "2026-11-24T07:00:00.000Z";
const BASE = 2 ** 32;

/** @param {number} rev @param {...string} events numbered from 1 @returns {any} what `station` and `welcome` share */
function truth(rev, ...events) {
  const recent = events.map((event, index) => ({ n: BASE + index + 1, event, call: "c-1", at: SINCE }));
  const doc = { station: "1001", in_service: true, agent: { state: "ready" }, calls: [], can: [], wrap_up: [], recent };
  return { station: "1001", rev, doc, desk: { agent: "anna", name: "Anna Ek", since_at: SINCE, pages: 1 } };
}

/** @param {World} world @param {any} what @returns {any} */
const station = (world, what) => ({ t: "station", now_at: world.at(), ...what });

test("hello after a break says what the page has, and each transition is raised once over any number of breaks", async () => {
  const world = new World();
  await world.live(truth(1));
  world.socket.says(station(world, truth(2, "ringing")));
  for (const events of [["ringing", "answered"], ["ringing", "answered"], ["ringing", "answered", "held", "resumed"]]) {
    world.socket.cut();
    await world.pass(1000);
    world.socket.open();
    world.socket.says(world.welcome(truth(events.length + 1, ...events)));
  }
  assert.deepEqual(world.events, ["ringing", "answered", "held", "resumed"]);
  const { station: at, rev, n } = world.socket.sent[0];
  assert.deepEqual({ at, rev, n }, { at: "1001", rev: 3, n: BASE + 2 });
});

test("documents that come before the welcome count, and an older welcome takes nothing back", async () => {
  const world = new World();
  void world.client.connect();
  await world.settle();
  world.socket.open();
  world.socket.says(station(world, truth(7)));
  world.socket.says(world.welcome(truth(6)));
  world.socket.says(station(world, truth(8, "ringing")));
  assert.equal(world.client.state.rev, 8);
  assert.deepEqual(world.events, ["ringing"]);
});

test("a beat carries station and revision when logged on, and neither when not", async () => {
  const on = new World();
  await on.live(truth(4));
  await on.pass(30_000);
  assert.deepEqual(on.socket.ofType("beat"), [{ t: "beat", station: "1001", rev: 4 }]);
  const off = new World();
  await off.live();
  await off.pass(30_000);
  assert.deepEqual(off.socket.ofType("beat"), [{ t: "beat" }]);
});

test("a command is one frame with an id, the verb, its arguments and eight seconds to start", async () => {
  const world = new World();
  await world.live(truth(1));
  const done = world.client.command("transfer", { call: "c-1", to: "1002", t: "hello", verb: "drop" });
  const [frame] = world.socket.ofType("command");
  assert.match(frame.id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  assert.deepEqual(frame, { t: "command", id: frame.id, verb: "transfer", call: "c-1", to: "1002", ttl_ms: 8000 });
  world.socket.says({ t: "result", id: frame.id, stage: "sent" });
  world.socket.says({ t: "result", id: frame.id, stage: "confirmed", already: true });
  assert.deepEqual({ ...(await done) }, { id: frame.id, verb: "transfer", call: "c-1", stage: "confirmed", already: true, error: null });
});

test("a command that nobody answers ends after its time to start and to be proved, and the socket has to prove itself", async () => {
  const world = new World();
  await world.live({ ...truth(1), heartbeat_s: 600 });
  const failed = assert.rejects(world.client.command("hold", { call: "c-1", ttl_ms: 3000 }), { code: "timeout" });
  await world.pass(15_000);
  await failed;
  await world.pass(250);
  assert.equal(world.socket.ofType("beat").length, 1);
});

/** The socket is cut, and its successor live `ms` later. @param {World} world @param {number} ms */
async function cutFor(world, ms) {
  world.ticketAnswer = "fails";
  world.socket.cut();
  await world.pass(ms);
  world.ticketAnswer = { status: 201 };
  world.client.retry();
  await world.pass(250);
  world.socket.open();
  world.socket.says(world.welcome(truth(1)));
}

test("a command without an end is said again over the next socket, under its id and with what is left of its time", async () => {
  const world = new World();
  await world.live(truth(1));
  const done = world.client.command("transfer", { call: "c-1", to: "1002" });
  const [asked] = world.socket.ofType("command");
  world.socket.says({ t: "result", id: asked.id, stage: "sent" });
  await cutFor(world, 2000);
  assert.deepEqual(world.socket.ofType("command"), [{ ...asked, ttl_ms: 5750 }]);
  world.socket.says({ t: "result", id: asked.id, stage: "confirmed" });
  assert.equal((await done).stage, "confirmed");
  await cutFor(world, 0);
  assert.deepEqual(world.socket.ofType("command"), []);
});

for (const [clock, field] of /** @type {const} */ ([["the steady clock", "nowMs"], ["the device's clock", "setMs"]])) {
  test(`a command is not said again once its time to start is over by ${clock}`, async () => {
    const world = new World();
    await world.live(truth(1));
    const lost = world.client.command("drop", { call: "c-1" });
    world[field] += 7800;
    await cutFor(world, 0);
    assert.deepEqual(world.socket.ofType("command"), []);
    const failed = assert.rejects(lost, { code: "timeout" });
    await world.pass(20_000);
    await failed;
  });
}

test("what was refused for want of a socket is never sent", async () => {
  const world = new World();
  await world.live(truth(1));
  world.ticketAnswer = "fails";
  world.socket.cut();
  await assert.rejects(world.client.command("drop", { call: "c-1" }), { code: "offline" });
  await cutFor(world, 0);
  assert.deepEqual(world.socket.ofType("command"), []);
});

test("a decision and a work item are said again as they were", async () => {
  const world = new World();
  await world.live(truth(1));
  world.client.wrapUpDone({ interaction: "i-1", nothing_to_note: true }).catch(() => undefined);
  world.client.work("end", { work: "w-1" }).catch(() => undefined);
  const asked = world.socket.sent.filter(({ t }) => t === "wrap_up.done" || t === "work.end");
  await cutFor(world, 0);
  assert.deepEqual(world.socket.sent.filter(({ t }) => t === "wrap_up.done" || t === "work.end"), asked);
});

test("the agent's pages are listed, and this one is marked", async () => {
  const world = new World();
  await world.live(truth(1));
  const asked = world.client.pages();
  const [{ id }] = world.socket.ofType("pages");
  const page = { label: "Orders", focused: false, visible: true, can_pop: true, since_at: world.at() };
  world.socket.says({ t: "pages", id, pages: [{ ...page, page: "p-2" }, { ...page, page: "p-1" }] });
  assert.deepEqual((await asked).map((each) => [each.page, each.isThis]), [["p-2", false], ["p-1", true]]);
  world.socket.cut();
  await assert.rejects(world.client.pages(), { code: "offline" });
});

test("a command that is too long for a frame is refused before it could end the socket", async () => {
  const world = new World();
  await world.live({ ...truth(1), limits: { frame_bytes: 1000 } });
  await assert.rejects(world.client.command("attach", { call: "c-1", data: { text: "ü".repeat(500) } }), { code: "too_large" });
  assert.deepEqual(world.socket.ofType("command"), []);
  assert.equal(world.state, "live");
});

test("an error with a ref ends that command; one without is a notice", async () => {
  const world = new World();
  /** @type {any[]} */
  const notices = [];
  world.client.on("notice", (notice) => notices.push(notice));
  await world.live(truth(1));
  const done = world.client.command("drop", { call: "c-1" });
  const [{ id }] = world.socket.ofType("command");
  world.socket.says({ t: "error", ref: id, code: "forbidden", text: "That is not your phone." });
  await assert.rejects(done, { code: "forbidden" });
  world.socket.says({ t: "error", code: "rate_limited", text: "Too fast." });
  world.socket.says({ t: "notice", level: "info", code: "taken_over", text: "Ben took over." });
  assert.deepEqual(notices.map(({ level, code }) => [level, code]), [["error", "rate_limited"], ["info", "taken_over"]]);
});

test("a handler that throws stops nobody else", async (t) => {
  t.mock.method(console, "error", () => undefined);
  const world = new World();
  world.client.on("ringing", () => {
    throw new Error("the hosted app's own mistake");
  });
  await world.live(truth(1));
  world.socket.says(station(world, truth(2, "ringing")));
  assert.deepEqual(world.events, ["ringing"]);
});

test("the server's clock is taken from welcome and answered beats", async () => {
  const world = new World();
  await world.live({ now_at: world.at(420_000) });
  assert.equal(world.client.serverNow() - world.nowMs, 420_000);
});

test("connect resolves when live, and rejects with the reason when a person or an upgrade is needed", async () => {
  const fine = new World();
  const connected = fine.client.connect();
  await fine.settle();
  fine.socket.open();
  fine.socket.says(fine.welcome(truth(3)));
  assert.equal((await connected).rev, 3);
  for (const [status, code] of /** @type {[number, string][]} */ ([[401, "not_authorized"], [403, "forbidden"], [426, "version_unsupported"]])) {
    const world = new World();
    world.ticketAnswer = { status };
    await assert.rejects(world.client.connect(), { code });
  }
});

test("the cloud is told when the page had the focus last, by the server's clock", async () => {
  const world = new World();
  let hasFocus = true;
  const page = Object.assign(new EventTarget(), { visibilityState: "visible", hasFocus: () => hasFocus });
  Object.assign(world.client.env, { window: new EventTarget(), document: page });
  await world.live({ ...truth(1), heartbeat_s: 600, now_at: world.at(60_000) });
  await world.pass(5000);
  hasFocus = false;
  world.client.env.window?.dispatchEvent(new Event("blur"));
  await world.pass(1000);
  page.dispatchEvent(new Event("visibilitychange"));
  await world.pass(1000);
  const told = { t: "page", visible: true, focused: false, can_pop: true, last_input_at: world.at(60_000 - 2000) };
  assert.deepEqual(world.socket.ofType("page"), [told, told]);
  world.client.close();
});

test("what is remembered of contexts is bounded", async () => {
  const world = new World();
  await world.live(truth(1));
  for (let i = 0; i < 30; i += 1) world.socket.says({ t: "context", interaction: `i-${i}`, notes: [] });
  assert.deepEqual(Object.keys(world.client.state.context), Array.from({ length: 8 }, (_, i) => `i-${22 + i}`));
});

test("the client of an API is made once, goes by the newest options, and others have their own", async () => {
  const world = new World();
  const { options } = world.client;
  const again = createClient({ ...options, api: "https://cti.example/api", getToken: () => "newer", label: "Renamed" });
  assert.equal(again, world.client);
  assert.notEqual(createClient({ ...options, page: "p-2" }), world.client);
  assert.notEqual(createClient({ ...options, api: "https://other.example" }), world.client);
  assert.notEqual(new World().client, world.client);
  await world.live();
  assert.equal(world.socket.sent[0].label, "Renamed");
  assert.deepEqual(world.asked, []);
});

test("destroyed, a client leaves no timer, socket or handler, knows nothing, and can begin anew", async () => {
  const world = new World();
  let heard = 0;
  world.client.on("ringing", () => (heard += 1));
  await world.live(truth(1));
  const pending = assert.rejects(world.client.command("drop", { call: "c-1" }), { code: "offline" });
  world.client.destroy();
  await pending;
  assert.deepEqual([world.timers.size, world.socket.closedWith, world.client.state.doc, world.client.state.agent], [0, 1000, null, null]);
  await world.live(truth(1));
  world.socket.says(station(world, truth(2, "ringing")));
  assert.deepEqual([world.client.state.rev, heard], [2, 0]);
});

test("fifty times made, connected and destroyed at once, there is one socket at the end", async () => {
  const world = new World();
  for (let i = 0; i < 50; i += 1) {
    const client = createClient(world.client.options);
    client.connect().catch(() => undefined);
    client.destroy();
  }
  await world.live();
  assert.deepEqual([world.sockets.length, world.tickets, world.state], [1, 1, "live"]);
});
