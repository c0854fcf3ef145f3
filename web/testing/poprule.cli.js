/** One question a line, one answer a line: lets another language ask `poprule.js` what it says. */
import { createInterface } from "node:readline";
import * as rule from "./poprule.js";

/** @type {Record<string, (...args: any[]) => unknown>} */
const ASKED = { claimed: rule.claimed, finished: rule.finished, passed: rule.passed, ranked: rule.ranked };

for await (const line of createInterface({ input: process.stdin })) {
  const { rule: name, args } = JSON.parse(line);
  console.log(JSON.stringify(ASKED[name](...args)));
}
