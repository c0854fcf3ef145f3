/**
 * What a page may add to a panel: `panel.use(…)` starts it with the client, and ends it when the panel lets go.
 *
 * @typedef {{panel: import("./index.js").RinglinePanel, client: import("../client/client.js").Client, root: ShadowRoot,
 *   words: typeof import("./texts/en.js").EXTRAS|undefined, locale: string,
 *   attempt: (act: () => Promise<unknown>) => Promise<void>}} Around
 *   `words`: in the panel's language, undefined where that is English; `attempt`: says on the panel why something failed
 * @typedef {(around: Around) => () => void} Extra  what it returns ends it
 */

/**
 * Add a sheet to the panel's looks.
 * @param {ShadowRoot} root
 * @param {string} css
 * @returns {() => void} take it off again
 */
export function dress(root, css) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets.push(sheet);
  return () => {
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter((each) => each !== sheet);
  };
}
