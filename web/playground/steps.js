import { set } from "/panel/dom.js";

/**
 * The three first steps: each is ticked once it was done, and the next one stands out.
 *
 * @param {HTMLElement} list one item per step: get ready, be called, talk and hang up
 * @param {import("../client/client.js").Client} client the agent that the steps speak of
 */
export function followSteps(list, client) {
  let done = 0;
  const reach = (/** @type {number} */ step) => {
    done = Math.max(done, step);
    [...list.children].forEach((item, index) => {
      set(item, "data-done", String(index < done));
      if (index === done) set(item, "aria-current", "step");
      else item.removeAttribute("aria-current");
    });
  };
  client.on("change", (state) => {
    if (["ready", "busy"].includes(state.doc?.agent?.state ?? "")) reach(1);
  });
  client.on("ringing", () => reach(2));
  client.on("dropped", () => reach(3));
  reach(0);
}
