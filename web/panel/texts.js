/**
 * The words in force: one language per page. English comes with the panel; another one is a table that the app passes in.
 *
 * @typedef {Pick<typeof import("./texts/en.js"), "TEXT"|"BANNER"|"SAID"> & Partial<typeof import("./texts/en.js")>} Texts
 */
import * as en from "./texts/en.js";

/** @type {Map<string, Texts>} by language */
const tables = new Map([["en", { TEXT: en.TEXT, BANNER: en.BANNER, SAID: en.SAID }]]);

export let { TEXT, BANNER, SAID } = en;
/** The texts of the modules that a page adds; without them each has its own English. @type {typeof en.EXTRAS|undefined} */
export let EXTRAS;
/** What times are written by. */
export let locale = "en";

/**
 * Make another language known; panels put on the page afterwards use it.
 * @param {string} language such as `de`
 * @param {Texts} table what `web/panel/texts/<language>.js` exports
 */
export function addTexts(language, table) {
  tables.set(language, table);
}

/**
 * Take the first language that there are texts in.
 * @param {(string|null|undefined)[]} wanted language tags, such as `de-AT`, best first
 * @returns {string} the language taken
 */
export function speak(wanted) {
  const languages = wanted.map((tag) => tag?.split("-")[0].toLowerCase() ?? "");
  const language = languages.find((each) => tables.has(each)) ?? "en";
  // Where the page says only `en`, the browser may know better how times are written: `en-GB`.
  locale = wanted.find((tag, index) => languages[index] === language && tag?.includes("-")) ?? language;
  ({ TEXT, BANNER, SAID, EXTRAS } = /** @type {Texts} */ (tables.get(language)));
  return language;
}
