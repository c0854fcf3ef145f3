/**
 * The few lines that stand in for a framework. Text goes in as text only: there is no way here to add markup.
 *
 * @typedef {Record<string, string|boolean|((event: any) => void)>} Attributes
 */

/**
 * Make an element.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} [attributes] functions are listeners
 * @param {...(Node|string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (typeof value === "boolean") node.toggleAttribute(name, value);
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/**
 * Write only what changed, so that screen readers and selections stay calm.
 * @param {Node} node
 * @param {string} text
 */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {string} text with gaps such as `{0}` @param {...string} values */
export function fill(text, ...values) {
  return text.replace(/\{(\d)\}/g, (_, index) => values[Number(index)] ?? "");
}

/**
 * Say a text whose gaps strangers fill: each name keeps its own direction.
 * @param {Element} node
 * @param {string} text with gaps such as `{0}`
 * @param {...string} names
 */
export function phrase(node, text, ...names) {
  if (node.textContent === fill(text, ...names)) return;
  const parts = text.split(/\{(\d)\}/);
  node.replaceChildren(...parts.map((part, index) => (index % 2 ? el("bdi", {}, names[Number(part)] ?? "") : part)));
}

/** @param {Element} node @param {string} name @param {string} value */
export function set(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** @param {HTMLElement} node @param {boolean} isShown */
export function show(node, isShown) {
  if (node.hidden === isShown) node.hidden = !isShown;
}

/** Control characters, and those that turn the direction of the text around them. */
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
const LONGEST = 120;

/** @param {unknown} text what a colleague wrote @returns {string} all of it, in its lines, without what cannot be seen */
export function prose(text) {
  return typeof text === "string" ? text.split("\n").map((line) => line.replace(UNSEEN, "")).join("\n").trim() : "";
}

/** @param {unknown} text what a stranger wrote @returns {string} one harmless line of it */
export function plain(text) {
  const clean = typeof text === "string" ? text.replace(UNSEEN, "").trim() : "";
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST - 1)}…` : clean;
}
