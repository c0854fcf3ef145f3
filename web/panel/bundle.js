/** Client and panel in one. */
export * from "../client/index.js";
export { RinglinePanel } from "./index.js";
export { addTexts } from "./texts.js";
