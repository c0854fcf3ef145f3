import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import test from "node:test";
import { fill } from "./dom.js";
import { TEXT, addTexts, locale, speak } from "./texts.js";
import * as en from "./texts/en.js";

const FOLDER = new URL("./texts/", import.meta.url);

/** @param {unknown} table @param {string} at @returns {string[]} paths of all texts, each with the gaps it has */
function shape(table, at = "") {
  if (typeof table === "string") return [`${at} ${[...table.matchAll(/\{\d\}/g)].map(String).sort()}`];
  return Object.entries(/** @type {object} */ (table)).flatMap(([key, value]) => shape(value, `${at}.${key}`));
}

for (const file of readdirSync(FOLDER)) {
  test(`${file} has every text of English, with the same gaps, and none besides`, async () => {
    const table = await import(new URL(file, FOLDER).href);
    assert.deepEqual(shape({ ...table }).sort(), shape({ ...en }).sort());
  });
}

test("the first wanted language that there are texts in is spoken, written as the region does", async () => {
  const de = await import("./texts/de.js");
  assert.equal(speak(["fr", undefined, "de-AT", "en-GB"]), "en");
  addTexts("de", de);
  assert.equal(speak(["fr", undefined, "de-AT", "en-GB"]), "de");
  assert.deepEqual([TEXT.verb.answer, locale], ["Annehmen", "de-AT"]);
  assert.equal(speak([null, "en", "de-AT", "en-GB"]), "en");
  assert.deepEqual([TEXT.verb.answer, locale], ["Answer", "en-GB"]);
  assert.equal(speak(["__proto__", ""]), "en");
});

test("a gap that nothing fills is empty", () => {
  assert.equal(fill("{0} and {1}", "$&"), "$& and ");
});
