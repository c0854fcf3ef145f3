import assert from "node:assert/strict";
import test from "node:test";
import { hearing } from "./hearing.js";
import { fill } from "./dom.js";

/** @param {string} call @param {string} leg @param {object} [fields] @returns {any} */
const callOf = (call, leg, fields = {}) => ({ call, leg, consult_of: null, remote: { number: "+49301", name: "Erika", presentation: "allowed" }, ...fields });
const ben = { consult_of: "c-1", remote: { number: "1002", name: "Ben", presentation: "allowed" } };

for (const [mine, his, words] of [
  ["hold", "connected", "You and Ben hear each other. Erika hears music."],
  ["connected", "hold", "You and Erika hear each other. Ben hears music."],
  ["connected", "connected", "You, Erika and Ben hear each other."],
  ["hold", "hold", "Nobody hears you. Erika and Ben hear music."],
  ["hold", "initiated", "Ben is being called. Erika hears music."],
  ["hold", "alerting", "Ben is being called. Erika hears music."],
  ["connected", "queued", "You and Erika hear each other. Ben is being called."],
  ["hold", "fail", "Ben was not reached. Erika hears music."],
  ["connected", "fail", "You and Erika hear each other. Ben was not reached."],
]) {
  test(`caller ${mine}, colleague ${his}: ${words}`, () => {
    const caller = callOf("c-1", mine);
    const told = hearing(caller, [caller, callOf("c-2", his, ben)]);
    assert.equal(told && fill(...told), words);
  });
}

test("a conference names everybody who hears, the caller by name", () => {
  const parties = [
    { number: "+49301", station: null, leg: /** @type {const} */ ("connected") },
    { number: "1002", station: "1002", leg: /** @type {const} */ ("connected") },
    { number: null, station: null, leg: /** @type {const} */ ("connected") },
    { number: "1003", station: "1003", leg: /** @type {const} */ ("alerting") },
  ];
  const told = hearing(callOf("c-1", "connected", { parties }), []);
  assert.equal(told && fill(...told), "You, Erika, 1002, and Unknown number hear each other.");
});

test("a call for two says nothing, and two calls that have nothing to do with each other do not either", () => {
  const first = callOf("c-1", "hold", { parties: [{ number: "+49301", station: null, leg: "connected" }] });
  assert.equal(hearing(first, [first, callOf("c-2", "connected")]), null);
  assert.equal(hearing(callOf("c-1", "hold"), []), null);
});
