import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "../testing/world.js";

const SINCE = "2026-11-24T07:00:00.000Z";

/** @param {World} world @param {number} rev @param {any[]} calls @param {string[]} [drafts] @returns {any} what `station`
    and `welcome` share */
function truth(world, rev, calls, drafts = []) {
  const doc = { station: "1001", in_service: true, agent: { state: "busy" }, calls, can: [], wrap_up: [], recent: [] };
  const desk = { agent: "anna", name: "Anna Ek", since_at: SINCE, pages: 1, drafts };
  return { station: "1001", rev, doc, desk, now_at: world.at() };
}

/** @param {any} [more] @returns {any} */
const call = (more) => ({ call: "c-1", interaction: "i-1", leg: "connected", remote: { name: "Erika", number: "+44" }, ...more });

/** @param {World} world */
const puts = (world) => world.socket.ofType("note.put");

/** The cloud stored what was put last. @param {World} world @param {any} [more] */
function stores(world, more) {
  const { interaction, base, text, fields, draft } = puts(world).at(-1) ?? {};
  world.socket.says({ ...view(world, { interaction, text, fields, draft, rev: base + 1 }), t: "note", ...more });
}

/** @param {World} world @param {any} more @returns {any} a note of Anna's as the cloud shows it */
const view = (world, more) => ({
  note: "n-1", interaction: "i-1", rev: 1, author: "anna", text: "", fields: {}, draft: true, at: world.at(), ...more,
});

/** @param {World} world @param {any} current */
const refuses = (world, current) =>
  world.socket.says({ t: "error", ref: puts(world).at(-1)?.id, code: "note_conflict", text: "Changed.", current });

/** Anna's page in a call. @param {World} [world] */
async function talking(world = new World()) {
  await world.live({ ...truth(world, 1, [call()]), heartbeat_s: 600 });
  return { world, note: world.client.note("i-1") };
}

/** @param {World} world @param {string} key @returns {Promise<any>} what the device keeps of it */
const onDevice = async (world, key = "") => (await world.drafts.all(`https://cti.example/api/|anna|${key}`))[0];

test("what is typed is sent once the typing stops, and is saved only when the cloud says so", async () => {
  const { world, note } = await talking();
  note.set("W");
  await world.pass(700);
  note.set("Wants");
  await world.pass(799);
  assert.deepEqual([puts(world).length, note.status], [0, "saving"]);
  await world.pass(1);
  const { t, interaction, base, text, fields, draft } = puts(world)[0];
  assert.deepEqual([t, interaction, base, text, fields, draft], ["note.put", "i-1", 0, "Wants", {}, true]);
  assert.equal(note.status, "saving");
  stores(world);
  assert.deepEqual([note.status, note.rev, note.savedMs], ["saved", 1, world.nowMs]);
});

test("who types on and on is saved every five seconds at the latest", async () => {
  const { world, note } = await talking();
  for (let i = 1; i <= 12; i += 1) {
    note.set("x".repeat(i));
    await world.pass(500);
  }
  assert.deepEqual(puts(world).map(({ text }) => text.length), [10]);
});

test("who comes back to a saved note is saved once the typing stops, as before", async () => {
  const { world, note } = await talking();
  note.set("one");
  await world.pass(800);
  stores(world);
  await world.pass(60_000);
  note.set("one two");
  await world.pass(799);
  assert.equal(puts(world).length, 1);
  await world.pass(1);
  assert.equal(puts(world).length, 2);
});

test("it is on the device at most 50 ms after a change, and no longer there once the cloud has it", async () => {
  const { world, note } = await talking();
  note.set("Wants");
  note.setField("topic", "refund");
  await world.pass(50);
  const { text, fields, about } = await onDevice(world);
  assert.deepEqual([text, fields, about], ["Wants", { topic: "refund" }, "Erika"]);
  note.flush();
  stores(world);
  await world.settle();
  assert.equal(await onDevice(world), undefined);
});

test("while one revision is on its way the next one waits, and follows with the new base", async () => {
  const { world, note } = await talking();
  note.set("one");
  note.flush();
  note.set("one two");
  await world.pass(2000);
  assert.equal(puts(world).length, 1);
  stores(world);
  assert.deepEqual(puts(world).map(({ base, text }) => [base, text]), [[0, "one"], [1, "one two"]]);
  assert.equal(note.status, "saving");
  stores(world);
  assert.equal(note.status, "saved");
});

test("a finished note is sent at once, and a change makes it a draft again", async () => {
  const { world, note } = await talking();
  note.set("Wants");
  note.save();
  assert.deepEqual(puts(world).map(({ draft }) => draft), [false]);
  stores(world);
  assert.deepEqual([note.isOpen, world.client.openNotes], [false, []]);
  note.set("Wants more");
  note.flush();
  assert.equal(puts(world).at(-1)?.draft, true);
  assert.deepEqual(world.client.openNotes, [note]);
});

test("the end of a call, and a command, save at once", async () => {
  const { world, note } = await talking();
  note.set("Wants");
  world.client.command("hold", { call: "c-1" }).catch(() => undefined);
  assert.deepEqual(world.socket.sent.slice(-2).map(({ t }) => t), ["note.put", "command"]);
  stores(world);
  note.set("Wants more");
  world.socket.says({ t: "station", ...truth(world, 2, []) });
  assert.equal(puts(world).at(-1)?.text, "Wants more");
  assert.deepEqual(world.client.openNotes, [note]);
});

test("without a socket the note is kept on this device and goes out with the next one, under the same id", async () => {
  const { world, note } = await talking();
  note.set("Wants");
  note.flush();
  const { id } = puts(world)[0];
  world.socket.cut();
  note.set("Wants a refund");
  await world.pass(900);
  assert.equal(note.status, "offline");
  await world.pass(20_000);
  world.socket.open();
  world.socket.says(world.welcome({ ...truth(world, 1, [call()]), heartbeat_s: 600 }));
  await world.settle();
  assert.deepEqual(puts(world).map((put) => [put.id, put.text]), [[id, "Wants"]]);
  stores(world);
  assert.equal(puts(world).at(-1)?.text, "Wants a refund");
  stores(world);
  assert.equal(note.status, "saved");
});

test("without an answer the same frame is sent again", async () => {
  const { world, note } = await talking();
  note.set("Wants");
  note.flush();
  await world.pass(8000);
  const [first, second] = puts(world);
  assert.deepEqual(second, first);
});

test("a note is about the customer while a colleague is consulted", async () => {
  const { world, note } = await talking();
  const consulted = call({ call: "c-2", consult_of: "c-1", remote: { number: "1003" } });
  world.socket.says({ ...truth(world, 2, [call({ leg: "held" }), consulted]), t: "station" });
  assert.equal(note.about, "Erika");
});

test("a reload brings back what was not saved, and the cloud gets it", async () => {
  const { world: before, note: typed } = await talking();
  typed.set("Wants a refund");
  await before.pass(50);
  const after = new World({}, before.drafts);
  await talking(after);
  const note = after.client.note("i-1");
  assert.deepEqual([note.text, note.about], ["Wants a refund", "Erika"]);
  assert.deepEqual(puts(after).map(({ base, text }) => [base, text]), [[0, "Wants a refund"]]);
});

test("a reload while a revision was on its way repeats it, so that it is no conflict with itself", async () => {
  const { world: before, note: typed } = await talking();
  typed.set("Wants");
  typed.flush();
  typed.set("Wants a refund");
  await before.pass(50);
  const after = new World({}, before.drafts);
  const { note } = await talking(after);
  assert.deepEqual(puts(after)[0], puts(before)[0]);
  stores(after);
  stores(after);
  assert.deepEqual([note.text, note.rev, note.status], ["Wants a refund", 2, "saved"]);
});

test("drafts of somebody else who used this device are not brought back", async () => {
  const { world: before, note: typed } = await talking();
  typed.set("of Anna");
  await before.pass(50);
  const after = new World({}, before.drafts);
  await after.live({ agent: "ben" });
  assert.deepEqual([after.client.note("i-1").text, puts(after)], ["", []]);
});

test("a page that opens in a call asks for the notes, and shows its agent's own", async () => {
  const world = new World();
  const calls = [call(), call({ call: "c-2", interaction: "i-2", leg: "alerting" })];
  await world.live({ ...truth(world, 1, calls, ["i-1", "i-0"]), heartbeat_s: 600 });
  assert.deepEqual(world.socket.ofType("context"), ["i-1", "i-0"].map((interaction) => ({ t: "context", interaction })));
  const notes = [view(world, { text: "of Anna", rev: 4 }), view(world, { author: "ben", text: "of Ben", rev: 9 })];
  world.socket.says({ t: "context", interaction: "i-1", notes, data: {}, handover: null, previous: [], more: false });
  const note = world.client.note("i-1");
  assert.deepEqual([note.text, note.rev, note.status], ["of Anna", 4, "saved"]);
});

test("what another page wrote is shown here while nothing is unsaved here", async () => {
  const { world, note } = await talking();
  world.socket.says({ t: "note", ...view(world, { text: "there", rev: 1 }) });
  world.socket.says({ t: "note", ...view(world, { text: "late", rev: 1 }) });
  assert.deepEqual([note.text, note.rev, note.status], ["there", 1, "saved"]);
});

test("of two pages that wrote at once both texts stay, ours first, until somebody looked", async () => {
  const { world, note } = await talking();
  note.set("ours");
  note.setField("topic", "a");
  note.flush();
  refuses(world, view(world, { text: "theirs", rev: 3, fields: { topic: "b", order: 7 } }));
  assert.equal(note.text, "ours\n\n--- From another page ---\ntheirs\ntopic: b\n--- End ---");
  assert.deepEqual([note.fields, note.status], [{ topic: "a", order: 7 }, "review"]);
  assert.deepEqual([puts(world).at(-1)?.base, puts(world).at(-1)?.text], [3, note.text]);
  stores(world);
  assert.deepEqual([note.status, note.isOpen], ["review", true]);
  note.set("ours and theirs");
  note.flush();
  stores(world);
  assert.equal(note.status, "saved");
});

test("another page's text while ours is unsaved is put together at once", async () => {
  const { world, note } = await talking();
  note.set("ours");
  world.socket.says({ t: "note", ...view(world, { text: "theirs", rev: 1 }) });
  assert.match(note.text, /^ours\n\n.*\ntheirs\n/);
  assert.equal(puts(world).at(-1)?.base, 1);
});

for (const [name, theirs] of [["the same text", "Wants a refund"], ["the beginning of ours", "Wants"]]) {
  test(`a conflict with ${name} is none`, async () => {
    const { world, note } = await talking();
    note.set("Wants a refund");
    note.save();
    refuses(world, view(world, { text: theirs, rev: 2 }));
    assert.deepEqual([note.text, note.status, note.draft], ["Wants a refund", "saving", false]);
    assert.deepEqual([puts(world).at(-1)?.base, puts(world).at(-1)?.draft], [2, false]);
  });
}

test("a note that the cloud no longer has is written anew", async () => {
  const { world, note } = await talking();
  world.socket.says({ t: "note", ...view(world, { text: "old", rev: 5 }) });
  note.set("new");
  note.flush();
  refuses(world, null);
  assert.deepEqual(puts(world).map(({ base }) => base), [5, 0]);
});

test("what the cloud refuses is not sent again until it is changed, and stays on the device", async () => {
  const { world, note } = await talking();
  note.set("Wants");
  note.flush();
  world.socket.says({ t: "error", ref: puts(world)[0].id, code: "forbidden", text: "You took no part." });
  await world.pass(30_000);
  assert.deepEqual([puts(world).length, note.status, (await onDevice(world)).text], [1, "review", "Wants"]);
  note.set("Wants more");
  await world.pass(800);
  assert.equal(puts(world).length, 2);
});

test("a refusal for load is waited out", async () => {
  const { world, note } = await talking();
  note.set("Wants");
  note.flush();
  world.socket.says({ t: "error", ref: puts(world)[0].id, code: "rate_limited", text: "Later." });
  assert.equal(note.status, "saving");
  await world.pass(8000);
  assert.equal(puts(world).length, 2);
});

for (const [size, count] of [[8192, 1], [8193, 0]]) {
  test(`a note of ${size * 2} bytes is ${count ? "sent" : "not sent, and says so"}`, async () => {
    const { world, note } = await talking();
    note.set("ä".repeat(size));
    note.flush();
    assert.deepEqual([puts(world).length, note.status], [count, count ? "saving" : "review"]);
  });
}

test("a note follows its interaction into the one that it merged into", async () => {
  const { world, note } = await talking();
  note.set("Wants");
  await world.pass(50);
  world.socket.says({ t: "station", ...truth(world, 2, [call({ interaction: "i-main", was: ["i-1"] })]) });
  assert.equal(world.client.note("i-main"), note);
  await world.pass(800);
  assert.equal(puts(world)[0].interaction, "i-main");
  assert.deepEqual([await onDevice(world, "i-1"), (await onDevice(world)).interaction], [undefined, "i-main"]);
});

test("an answer under the merged id is taken also when it comes before the document", async () => {
  const { world, note } = await talking();
  note.set("Wants");
  note.flush();
  stores(world, { interaction: "i-main" });
  assert.deepEqual([note.status, world.client.note("i-main")], ["saved", note]);
});
