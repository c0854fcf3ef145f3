import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "../testing/world.js";
import { addressOf, open } from "./opening.js";

const SINCE = "2026-11-24T07:00:00.000Z";
const ME = "p-1";

/** @param {World} world @param {number} rev @param {any[]} calls @returns {any} what `station` and `welcome` share */
function truth(world, rev, calls) {
  const doc = { station: "1001", in_service: true, agent: { state: "ready" }, calls, can: [], wrap_up: [], recent: [] };
  return { station: "1001", rev, doc, desk: { agent: "anna", name: "Anna Ek", since_at: SINCE, pages: 3 }, now_at: world.at() };
}

/** @param {World} world @param {Record<string, any>} [more] @returns {any} */
const call = (world, more) => ({ call: "c-1", interaction: "i-1", leg: "alerting", started_at: world.at(), remote: {}, ...more });

/** @param {Record<string, any>} [more] @returns {any} */
const pop = (more) => ({ t: "pop", call: "c-1", rank: 0, grant: 0, page: null, done: false, lease_ms: 1200, steal_ms: 1800, ...more });

/** @param {World} world */
const said = (world) => world.socket.sent.filter(({ t = "" }) => t.startsWith("pop.")).map(({ t = "", grant }) => `${t.slice(4)} ${grant}`);

/** A page of Anna's at which a call alerts. @param {any} [options] @param {Record<string, any>} [entry] */
async function ringing(options, entry) {
  const world = new World(options);
  /** @type {any[]} */
  const popped = [];
  world.client.on("pop", (detail) => popped.push(detail));
  await world.live({ ...truth(world, 1, []), heartbeat_s: 600 });
  world.socket.says({ t: "station", ...truth(world, 2, [call(world, entry)]) });
  return { world, popped, hears: (/** @type {any} */ more) => world.socket.says(pop(more)) };
}

for (const [rank, ms] of [[0, 0], [1, 350], [3, 1050]]) {
  test(`the page of rank ${rank} claims after ${ms} ms, and again each second without an answer`, async () => {
    const { world, hears } = await ringing();
    hears({ rank });
    await world.pass(ms - 1);
    assert.deepEqual(said(world), []);
    await world.pass(1);
    assert.deepEqual(said(world), ["claim 0"]);
    await world.pass(2000);
    assert.deepEqual(said(world), ["claim 0", "claim 0", "claim 0"]);
  });
}

test("the page that is granted pops once, and says that it is done until the cloud knows it", async () => {
  const { world, popped, hears } = await ringing();
  hears({});
  await world.pass(0);
  hears({ grant: 1, page: ME });
  hears({ grant: 1, page: ME });
  assert.deepEqual(popped.map(({ call: id, interaction, grant, url, opened }) => ({ id, interaction, grant, url, opened })), [
    { id: "c-1", interaction: "i-1", grant: 1, url: null, opened: false },
  ]);
  await world.pass(2000);
  assert.deepEqual(said(world), ["claim 0", "done 1", "done 1", "done 1"]);
  hears({ grant: 1, page: ME, done: true });
  await world.pass(20_000);
  assert.deepEqual([popped.length, said(world).length], [1, 4]);
});

test("a page that is not granted says nothing while the other one pops", async () => {
  const { world, popped, hears } = await ringing();
  hears({ rank: 1 });
  hears({ rank: 1, grant: 1, page: "p-2" });
  await world.pass(1500);
  hears({ rank: 1, grant: 1, page: "p-2", done: true });
  hears({ rank: 1 });
  await world.pass(20_000);
  assert.deepEqual([popped, said(world)], [[], []]);
});

for (const [rank, ms] of [[0, 1800], [2, 2200]]) {
  test(`the page of rank ${rank} takes over ${ms} ms after a grant whose page says nothing more`, async () => {
    const { world, popped, hears } = await ringing();
    hears({ rank, grant: 1, page: "p-2" });
    await world.pass(ms - 1);
    assert.deepEqual(said(world), []);
    await world.pass(1);
    assert.deepEqual(said(world), ["claim 1"]);
    hears({ rank, grant: 2, page: ME });
    assert.deepEqual([popped.length, said(world)], [1, ["claim 1", "done 2"]]);
  });
}

for (const clock of ["the device's clock", "the steady clock"]) {
  test(`a grant read too late by ${clock} is not acted on, and its page goes on like the others`, async () => {
    const { world, popped, hears } = await ringing();
    hears({});
    await world.pass(0);
    // A page that hangs runs no timers; they come after it, and after what the network brought meanwhile.
    if (clock === "the steady clock") world.nowMs += 1200;
    else world.setMs += 1200;
    hears({ grant: 1, page: ME });
    assert.deepEqual(popped, []);
    await world.pass(1799);
    assert.deepEqual(said(world), ["claim 0"]);
    await world.pass(1);
    assert.deepEqual(said(world), ["claim 0", "claim 1"]);
  });
}

test("a clock that is set back does not make a late grant look fresh", async () => {
  const { world, popped, hears } = await ringing();
  hears({});
  await world.pass(0);
  world.nowMs += 1200;
  world.setMs -= 5000;
  hears({ grant: 1, page: ME });
  assert.deepEqual(popped, []);
});

test("after a hang the timer may run before the grant is read, and still nothing pops twice", async () => {
  const { world, popped, hears } = await ringing();
  hears({});
  await world.pass(0);
  world.nowMs += 4000;
  await world.pass(0);
  hears({ grant: 1, page: ME });
  hears({ grant: 2, page: "p-2" });
  hears({ grant: 2, page: "p-2", done: true });
  await world.pass(20_000);
  assert.deepEqual([popped, said(world)], [[], ["claim 0"]]);
});

test("a page may hang while it claims, and its grant is too late all the same", async () => {
  const { world, popped, hears } = await ringing();
  const send = world.socket.send.bind(world.socket);
  world.socket.send = (text) => {
    send(text);
    world.setMs += 1200;
  };
  hears({});
  await world.pass(0);
  hears({ grant: 1, page: ME });
  assert.deepEqual([popped, said(world)], [[], ["claim 0"]]);
});

test("a grant that was not asked for, as after a reload, is not acted on", async () => {
  const { popped, hears } = await ringing();
  hears({ grant: 1, page: ME });
  assert.deepEqual(popped, []);
});

test("who popped never does so again, though its word was lost and another page was granted", async () => {
  const { world, popped, hears } = await ringing();
  hears({});
  await world.pass(0);
  hears({ grant: 1, page: ME });
  hears({ grant: 2, page: "p-2" });
  hears({ grant: 2, page: null });
  await world.pass(1000);
  hears({ grant: 3, page: ME });
  await world.pass(5000);
  assert.equal(popped.length, 1);
  assert.equal(said(world).filter((each) => each.startsWith("claim")).length, 1);
});

test("a page whose app does not let it pop claims nothing, and passes on what it got", async () => {
  let may = true;
  const { world, popped, hears } = await ringing({ canPop: () => may });
  hears({});
  await world.pass(0);
  may = false;
  hears({ grant: 1, page: ME });
  hears({ grant: 1, page: null, rank: 2 });
  await world.pass(5000);
  assert.deepEqual([popped, said(world)], [[], ["claim 0", "pass 1"]]);
  assert.equal(world.socket.ofType("page")[0].can_pop, false);
});

test("after a pass the next page claims at once, and those after it in their turn", async () => {
  for (const [rank, ms] of [[0, 0], [1, 350]]) {
    const { world, hears } = await ringing();
    hears({ rank: 2, grant: 1, page: "p-2" });
    hears({ rank, grant: 1, page: null });
    await world.pass(ms);
    assert.deepEqual(said(world), ["claim 1"]);
  }
});

test("a pass that is told late begins nothing anew", async () => {
  const { world, hears } = await ringing();
  hears({ grant: 2, page: "p-2" });
  hears({ grant: 1, page: null });
  await world.pass(1799);
  assert.deepEqual(said(world), []);
});

test("a page whose call ends before the cloud knows of its pop stops telling", async () => {
  const { world, hears } = await ringing();
  hears({});
  await world.pass(0);
  hears({ grant: 1, page: ME });
  world.socket.says({ t: "station", ...truth(world, 3, []) });
  await world.pass(5000);
  assert.deepEqual(said(world), ["claim 0", "done 1"]);
});

test("a canPop that throws means no", async (t) => {
  t.mock.method(console, "error", () => undefined);
  const canPop = () => {
    throw new Error("the app's mistake");
  };
  const { world, hears } = await ringing({ canPop });
  hears({});
  await world.pass(3000);
  assert.deepEqual(said(world), []);
});

test("a rank that comes before the document waits for it", async () => {
  const world = new World();
  await world.live({ ...truth(world, 1, []), heartbeat_s: 600 });
  world.socket.says(pop());
  await world.pass(500);
  assert.deepEqual(said(world), []);
  world.socket.says({ t: "station", ...truth(world, 2, [call(world)]) });
  assert.deepEqual(said(world), ["claim 0"]);
});

test("a call that is over is neither claimed nor popped, whenever it ended", async () => {
  for (const beforeGrant of [false, true]) {
    const { world, popped, hears } = await ringing();
    hears({ rank: beforeGrant ? 0 : 1 });
    await world.pass(100);
    world.socket.says({ t: "station", ...truth(world, 3, []) });
    if (beforeGrant) hears({ grant: 1, page: ME });
    await world.pass(5000);
    assert.deepEqual([popped, said(world)], [[], beforeGrant ? ["claim 0"] : []]);
  }
});

test("a call that was answered meanwhile is popped all the same", async () => {
  const { world, popped, hears } = await ringing();
  hears({});
  await world.pass(0);
  world.socket.says({ t: "station", ...truth(world, 3, [call(world, { leg: "connected" })]) });
  hears({ grant: 1, page: ME });
  assert.equal(popped.length, 1);
});

test("a call that has rung for more than thirty seconds is no news", async () => {
  const { world, hears } = await ringing({}, { started_at: "2026-11-24T07:59:29.000Z" });
  hears({});
  await world.pass(5000);
  assert.deepEqual(said(world), []);
});

test("a page without a socket claims when it has one again", async () => {
  const { world, popped, hears } = await ringing();
  world.socket.cut();
  await world.pass(300);
  world.socket.open();
  hears({});
  world.socket.says(world.welcome(truth(world, 2, [call(world)])));
  await world.pass(500);
  assert.deepEqual(said(world), ["claim 0"]);
  hears({ grant: 1, page: ME });
  assert.equal(popped.length, 1);
});

test("a grant that was heard of only over a new socket is not taken for the answer to a new claim", async () => {
  const { world, popped, hears } = await ringing();
  hears({});
  await world.pass(0);
  world.socket.cut();
  world.ticketAnswer = "fails";
  await world.pass(2500);
  world.ticketAnswer = { status: 201 };
  await world.pass(3000);
  world.socket.open();
  world.socket.says(world.welcome(truth(world, 2, [call(world)])));
  await world.pass(600);
  hears({ grant: 1, page: ME });
  assert.deepEqual([popped, said(world)], [[], []]);
});

test("a page whose socket ended before its pop was known says so again with the next one", async () => {
  const { world, hears } = await ringing();
  hears({});
  await world.pass(0);
  hears({ grant: 1, page: ME });
  world.socket.cut();
  await world.pass(200);
  world.socket.open();
  world.socket.says(world.welcome(truth(world, 2, [call(world)])));
  assert.deepEqual(said(world), ["done 1"]);
  world.socket.says({ t: "station", ...truth(world, 3, [call(world)]) });
  assert.deepEqual(said(world), ["done 1"]);
});

test("close ends all waiting", async () => {
  const { world, hears } = await ringing();
  hears({ rank: 2 });
  world.client.close();
  assert.equal(world.timers.size, 0);
});

test("what a caller chose to be called is escaped in an address, and only web addresses come out", () => {
  const entry = /** @type {any} */ ({ call: "c-1", interaction: "i-1", data: { id: "7/8", "a-b": true } });
  entry.remote = { number: "+44 20&x=1", name: "\ud800<b>" };
  const template = "https://crm.example/find?n={number}&who={name}&id={data.id}&{data.a-b}{queue}{data.toString}";
  assert.equal(addressOf(template, entry), "https://crm.example/find?n=%2B44%2020%26x%3D1&who=%EF%BF%BD%3Cb%3E&id=7%2F8&true");
  assert.equal(addressOf("/c/{call}", entry, "https://app.example/x"), "https://app.example/c/c-1");
  for (const bad of ["javascript:alert({call})", "{name}:x", "/relative/{call}"]) assert.equal(addressOf(bad, entry), null);
});

test("the page goes to the address, or opens the named window, or leaves both to the app", () => {
  /** @type {string[]} */
  const done = [];
  const location = { href: "https://app.example/c/c-1", assign: (/** @type {string} */ url) => done.push(`assign ${url}`) };
  const window = { location, open: (/** @type {string} */ url, /** @type {string} */ name) => (done.push(`${name} ${url}`), null) };
  const env = /** @type {any} */ ({ window, document: { baseURI: "https://app.example/" } });
  const entry = /** @type {any} */ ({ call: "c-1" });
  const to = (/** @type {any} */ options) => open(env, options, entry).opened;
  assert.equal(to({ mode: "navigate", urlTemplate: "/c/{call}" }), true);
  assert.deepEqual(done, [], "it is there already");
  assert.equal(to({ mode: "navigate", urlTemplate: "/d/{call}" }), true);
  assert.equal(to({ mode: "window", urlTemplate: "/d/{call}" }), false, "the browser blocked it");
  assert.equal(to({ mode: "window", urlTemplate: "/d/{call}", windowName: "crm" }), false);
  assert.equal(to({ urlTemplate: "/d/{call}" }), false);
  const url = "https://app.example/d/c-1";
  assert.deepEqual(done, [`assign ${url}`, `ringline-pop ${url}`, `crm ${url}`]);
});
