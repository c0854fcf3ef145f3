/**
 * Keys that work anywhere on the page, always with Alt+Shift, read by place on the keyboard. Hanging up from outside the
 * panel needs a second press within two seconds.
 *
 * @typedef {{answer: () => void, drop: () => void, hold: () => void, ready: () => void, dial: () => void,
 *   owns: (event: Event) => boolean}} Targets
 */

const AGAIN_MS = 2_000;

/** @param {Targets} targets @returns {(event: KeyboardEvent) => void} a listener for `keydown` */
export function shortcuts(targets) {
  let dropPressedMs = -Infinity;
  const drop = (/** @type {KeyboardEvent} */ event) => {
    const isAgain = event.timeStamp - dropPressedMs < AGAIN_MS;
    dropPressedMs = event.timeStamp;
    if (isAgain || targets.owns(event)) targets.drop();
  };
  /** @type {Record<string, (event: KeyboardEvent) => void>} */
  const keys = { KeyA: targets.answer, KeyX: drop, KeyH: targets.hold, KeyR: targets.ready, KeyD: targets.dial };
  return (event) => {
    const act = event.altKey && event.shiftKey && !event.repeat ? keys[event.code] : undefined;
    if (!act) return;
    event.preventDefault();
    act(event);
  };
}
