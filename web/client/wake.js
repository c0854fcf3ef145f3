/**
 * The page's life as the browser tells it: when to look at the socket again, when to let it go, and what to say of this
 * page to the server. A page in the back/forward cache or frozen keeps its socket open on the server and hears nothing,
 * so it is closed on the way out.
 *
 * @typedef {{kick: () => void, park: (code: number) => void, presence: () => void}} Reactions
 */

/**
 * Listen.
 * @param {import("./env.js").Env} env
 * @param {Reactions} reactions
 * @returns {() => void} stop listening
 */
export function watchPage(env, { kick, park, presence }) {
  const { window, document } = env;
  if (!window || !document) return () => undefined;
  const seen = () => {
    presence();
    if (document.visibilityState === "visible") kick();
  };
  /** @type {[EventTarget, string, () => void][]} */
  const wanted = [
    [window, "online", kick],
    [window, "pageshow", kick],
    [document, "resume", kick],
    [document, "visibilitychange", seen],
    [window, "focus", presence],
    [window, "blur", presence],
    [window, "pagehide", () => park(4000)],
    [document, "freeze", () => park(4001)],
  ];
  for (const [target, name, react] of wanted) target.addEventListener(name, react);
  return () => {
    for (const [target, name, react] of wanted) target.removeEventListener(name, react);
  };
}

/** @param {Document|null} document @returns {{visible: boolean, focused: boolean}} */
export function presenceOf(document) {
  return {
    visible: document?.visibilityState === "visible",
    focused: document?.hasFocus() ?? false,
  };
}
