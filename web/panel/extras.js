/** What a page may add to its panel: `panel.use(directory(), missedCalls(), …)`. */
export { directory } from "./directory.js";
export { missedCalls } from "./missed.js";
export { attention } from "./attention.js";
export { clickToDial } from "./dial.js";
