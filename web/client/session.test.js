import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "../testing/world.js";

const MINUTE_MS = 60_000;

/** A world whose page is live. @param {any} [welcome] */
async function live(welcome) {
  const world = new World();
  await world.live(welcome);
  return world;
}

test("a page goes from ticket over socket and hello to live", async () => {
  const world = await live();
  assert.deepEqual(world.states, ["authorizing", "connecting", "syncing", "live"]);
  const [hello] = world.socket.sent;
  assert.deepEqual(
    { ...hello },
    { t: "hello", v: 1, page: "p-1", client: hello.client, visible: false, focused: false, can_pop: true, label: "A page" },
  );
});

for (const [status, state] of /** @type {[number, string][]} */ ([[403, "closed"], [426, "closed"], [429, "retrying"], [500, "retrying"]])) {
  test(`a ticket refused with ${status} leads to ${state}`, async () => {
    const world = new World();
    world.ticketAnswer = { status };
    world.client.connect().catch(() => undefined);
    await world.settle();
    assert.equal(world.state, state);
  });
}

test("a ticket that asks to wait is waited for, and the jitter comes on top", async () => {
  const world = new World();
  world.ticketAnswer = { status: 429, retryAfter: "7" };
  void world.client.connect();
  await world.settle();
  assert.equal(world.client.state.socket.retryInMs, 7125);
});

test("a ticket that never comes is given up after ten seconds", async () => {
  const world = new World();
  world.ticketAnswer = "hangs";
  void world.client.connect();
  await world.pass(10_000);
  assert.equal(world.state, "retrying");
});

test("a socket that never opens, or is never welcomed, is given up after ten seconds", async () => {
  const world = new World();
  void world.client.connect();
  await world.pass(10_000);
  assert.equal(world.state, "retrying");
  await world.pass(200);
  world.socket.open();
  await world.pass(10_000);
  assert.equal(world.state, "retrying");
  assert.equal(world.sockets.length, 2);
});

test("waits are drawn between nothing and a step that doubles up to fifteen seconds", async () => {
  const world = new World();
  world.random = 0.999_999;
  world.ticketAnswer = "fails";
  void world.client.connect();
  const waits = [];
  for (let i = 0; i < 8; i += 1) {
    await world.settle();
    waits.push(world.client.state.socket.retryInMs);
    await world.pass(waits[i] ?? 0);
  }
  assert.deepEqual(waits, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
});

test("a socket that is cut as soon as it is welcomed does not begin the waits anew", async () => {
  const world = await live();
  const waits = [];
  for (let i = 0; i < 3; i += 1) {
    world.socket.cut();
    waits.push(world.client.state.socket.retryInMs);
    await world.pass(waits[i] ?? 0);
    world.socket.open();
    world.socket.says(world.welcome());
  }
  assert.deepEqual(waits, [125, 250, 500]);
  await world.pass(15_000);
  world.socket.cut();
  assert.equal(world.client.state.socket.retryInMs, 125);
});

test("beats go at the pace that the cloud asks for, each after the answer to the one before", async () => {
  const world = await live({ heartbeat_s: 20 });
  await world.pass(20_000);
  assert.equal(world.socket.ofType("beat").length, 1);
  world.socket.says({ t: "beat", now_at: world.at(), rev: null, site: null });
  await world.pass(19_999);
  assert.equal(world.socket.ofType("beat").length, 1);
  await world.pass(1);
  assert.equal(world.socket.ofType("beat").length, 2);
});

test("without an answer the socket is suspect after five seconds and replaced after two more", async () => {
  const world = await live();
  await world.pass(35_000);
  assert.equal(world.state, "suspect");
  assert.equal(world.socket.ofType("beat").length, 2);
  await world.pass(1999);
  assert.equal(world.state, "suspect");
  await world.pass(1);
  assert.equal(world.state, "retrying");
});

test("a late answer makes a suspect socket live again", async () => {
  const world = await live();
  await world.pass(36_000);
  world.socket.says({ t: "beat", now_at: world.at(), rev: null, site: null });
  assert.equal(world.state, "live");
});

test("a beat that nobody asked for says nothing about the clock", async () => {
  const world = await live();
  await world.pass(30_000);
  world.socket.says({ t: "beat", now_at: world.at(), rev: null, site: null });
  const measured = world.client.clock.samples;
  await world.pass(25_000);
  world.socket.says({ t: "beat", now_at: world.at(9000), rev: null, site: null });
  assert.deepEqual(world.client.clock.samples, measured);
});

/** Time passes and every beat is answered. @param {World} world @param {number} ms */
async function passAnswering(world, ms) {
  const end = world.nowMs + ms;
  while (world.nowMs < end) {
    await world.pass(Math.min(1000, end - world.nowMs));
    for (const socket of world.sockets) {
      if (socket.sent.at(-1)?.t === "beat") socket.says({ t: "beat", now_at: world.at(), rev: null, site: null });
    }
  }
}

/** A live page in the middle of its rotation: the successor is asked for. */
async function rotating() {
  const world = await live({ expires_at: new Date(Date.parse("2026-11-24T08:00:00Z") + 4 * MINUTE_MS).toISOString() });
  await passAnswering(world, 3 * MINUTE_MS);
  assert.equal(world.sockets.length, 2);
  const [old, next] = world.sockets;
  return { world, old, next };
}

test("rotation is planned between 1 h 35 and 1 h 55, and earlier when the socket's time is shorter", async () => {
  for (const [random, minute] of /** @type {[number, number][]} */ ([[0, 95], [0.999_999, 115]])) {
    const world = new World();
    world.random = random;
    await world.live();
    await passAnswering(world, (minute - 1) * MINUTE_MS);
    assert.equal(world.sockets.length, 1);
    await passAnswering(world, 1 * MINUTE_MS + 1000);
    assert.equal(world.sockets.length, 2);
  }
});

test("the old socket serves until the new one is welcomed, and two seconds longer for what is on its way", async () => {
  const { world, old, next } = await rotating();
  next.open();
  assert.equal(next.sent[0].replaces, "p-1");
  assert.equal(world.state, "live");
  assert.equal(old.closedWith, null);
  const done = world.client.command("log_on");
  const [command] = old.ofType("command");
  next.says(world.welcome());
  old.says({ t: "bye", code: 4409 });
  old.says({ t: "result", id: command.id, stage: "confirmed" });
  assert.equal((await done).stage, "confirmed");
  assert.equal(old.closedWith, null);
  await world.pass(2000);
  assert.equal(old.closedWith, 4002);
  assert.equal(world.state, "live");
  assert.ok(!world.states.includes("retrying"));
});

test("a bye for the replaced socket that comes before the welcome of its successor changes nothing", async () => {
  const { world, old, next } = await rotating();
  next.open();
  old.says({ t: "bye", code: 4409 });
  next.says(world.welcome());
  assert.equal(world.state, "live");
  assert.equal(world.client.page, "p-1");
});

test("a successor that fails leaves the old socket in service, and another one is tried", async () => {
  const { world, old, next } = await rotating();
  next.cut();
  assert.equal(world.state, "live");
  await passAnswering(world, 1000);
  assert.equal(world.sockets.length, 3);
  assert.equal(old.closedWith, null);
});

test("when the old socket ends in mid-rotation its successor takes over, and is given up if never welcomed", async () => {
  const { world, old } = await rotating();
  old.cut();
  assert.equal(world.state, "syncing");
  await world.pass(10_000);
  assert.equal(world.state, "retrying");
});

test("a page that is put aside closes every socket, the one that drains too", async () => {
  const { world, old, next } = await rotating();
  next.open();
  next.says(world.welcome());
  world.client.session.park(4000);
  assert.deepEqual([old.closedWith, next.closedWith], [4000, 4000]);
  assert.equal(world.state, "parked");
});

test("many wake-ups at once prove the socket once", async () => {
  const world = await live();
  for (let i = 0; i < 5; i += 1) world.client.session.kick();
  await world.pass(250);
  assert.equal(world.socket.ofType("beat").length, 1);
  await world.pass(2000);
  assert.equal(world.state, "suspect");
});

test("a wake-up ends the wait for the next try", async () => {
  const world = new World();
  world.ticketAnswer = { status: 503, retryAfter: "3600" };
  void world.client.connect();
  await world.settle();
  world.ticketAnswer = { status: 201 };
  world.client.session.kick();
  await world.pass(250);
  assert.equal(world.state, "connecting");
});

for (const code of [4403, 4426]) {
  test(`bye ${code} is final: no wake-up opens a socket again`, async () => {
    const world = await live();
    world.socket.says({ t: "bye", code });
    world.client.session.kick();
    await world.pass(10 * MINUTE_MS);
    assert.equal(world.state, "closed");
    assert.equal(world.sockets.length, 1);
  });
}

for (const code of [4429, 4503]) {
  test(`bye ${code} waits as long as it says, and the jitter on top`, async () => {
    const world = await live();
    world.socket.says({ t: "bye", code, retry_after_ms: 3000 });
    assert.equal(world.client.state.socket.retryInMs, 3125);
  });
}

test("bye 4409 makes a duplicated tab take an id of its own", async () => {
  const world = await live();
  world.socket.says({ t: "bye", code: 4409 });
  await world.pass(200);
  world.socket.open();
  assert.notEqual(world.socket.sent[0].page, "p-1");
});

test("bye 4401 gets one new token; when that is refused too a person is asked, without a loop", async () => {
  const world = await live();
  world.socket.says({ t: "bye", code: 4401 });
  await world.settle();
  world.socket.open();
  world.socket.says(world.welcome());
  assert.equal(world.state, "live");
  world.socket.says({ t: "bye", code: 4401 });
  await world.pass(10 * MINUTE_MS);
  assert.equal(world.state, "auth-required");
  assert.deepEqual(world.asked, ["connect", "rejected"]);
});

test("a page that needs a sign-in asks for a token again when somebody comes back, at most every 15 s", async () => {
  const world = new World();
  world.token = () => "";
  world.client.connect().catch(() => undefined);
  await world.settle();
  assert.equal(world.state, "auth-required");
  world.client.session.kick();
  await world.pass(1000);
  assert.equal(world.asked.length, 1);
  await world.pass(15_000);
  world.token = () => "token";
  world.client.session.kick();
  await world.pass(250);
  assert.equal(world.state, "connecting");
});

test("a token that cannot be got is a bad network at first and a sign-in that ended after three times", async () => {
  const world = new World();
  world.token = () => {
    throw new Error("no network");
  };
  world.client.connect().catch(() => undefined);
  await world.settle();
  assert.equal(world.state, "retrying");
  await world.pass(1000);
  assert.equal(world.state, "auth-required");
  const asked = world.asked.length;
  await world.pass(MINUTE_MS);
  assert.ok(world.asked.length - asked <= 4);
  world.token = () => "token";
  await world.pass(15_000);
  assert.equal(world.state, "connecting");
});

test("API Gateway's own error before the welcome is a failed hello; later it changes nothing", async () => {
  const error = { message: "Internal server error", connectionId: "x", requestId: "y" };
  const world = await live();
  world.socket.says(error);
  assert.equal(world.state, "live");
  world.socket.cut();
  await world.pass(200);
  world.socket.open();
  world.socket.says(error);
  assert.equal(world.state, "retrying");
});

test("a closed client opens nothing again by itself", async () => {
  const world = await live();
  world.client.close();
  world.client.session.kick();
  await world.pass(10 * MINUTE_MS);
  assert.equal(world.socket.closedWith, 1000);
  assert.equal(world.sockets.length, 1);
});
