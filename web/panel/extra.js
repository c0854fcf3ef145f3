/**
 * What a page may add to a panel: `panel.use(…)` starts it with the client, and ends it when the panel lets go.
 *
 * @typedef {{panel: import("./index.js").RinglinePanel, client: import("../client/client.js").Client, root: ShadowRoot,
 *   words: typeof import("./texts/en.js").EXTRAS|undefined, locale: string,
 *   attempt: (act: () => Promise<unknown>) => Promise<void>}} Around
 *   `words`: in the panel's language, undefined where that is English; `attempt`: says on the panel why something failed
 * @typedef {(around: Around) => () => void} Extra  what it returns ends it
 */
export {};
