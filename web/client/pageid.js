import { newId } from "./ids.js";

/** A page's id outlives a reload, so that the cloud knows the page again. */
const KEY = "ringline.page";

/** @param {Storage|null} storage of the tab; null: the id is not kept @param {number} nowMs @returns {string} */
export function pageId(storage, nowMs) {
  return storage?.getItem(KEY) ?? newPageId(storage, nowMs);
}

/** @param {Storage|null} storage @param {number} nowMs @returns {string} */
export function newPageId(storage, nowMs) {
  const id = newId(nowMs);
  storage?.setItem(KEY, id);
  return id;
}
