/**
 * The cloud's rule of who may pop, for models that run the real pages: `ringline_core/domain/pop.py` once more. That both
 * say the same is checked by `tests/contract/test_pop_rule.py`.
 *
 * @typedef {{page: string, canPop?: boolean, focused?: boolean, visible?: boolean, lastInputMs?: number, openedMs?: number}} Candidate
 * @typedef {{grant: number, page: string, grantedMs: number, done: boolean}} Held
 */

export const LEASE_MS = 1200;
export const STEAL_MS = 1800;

/** @param {Candidate[]} candidates @returns {string[]} best first, each page once */
export function ranked(candidates) {
  const newest = new Map();
  const inOrder = [...candidates].sort((a, b) => (a.openedMs ?? 0) - (b.openedMs ?? 0));
  for (const each of inOrder) newest.set(each.page, each);
  return [...newest.values()].sort((a, b) => compared(worse(a), worse(b))).map(({ page }) => page);
}

/** @param {Candidate} each @returns {(number|string)[]} */
function worse({ page, canPop = true, focused = false, visible = false, lastInputMs = 0, openedMs = 0 }) {
  return [Number(!canPop), Number(!focused), Number(!visible), -lastInputMs, -openedMs, page];
}

/** @param {(number|string)[]} a @param {(number|string)[]} b */
function compared(a, b) {
  const at = a.findIndex((value, index) => value !== b[index]);
  if (at < 0) return 0;
  return a[at] < b[at] ? -1 : 1;
}

/** @param {Held|null} held */
export function isPassed(held) {
  return held !== null && held.grantedMs === 0 && !held.done;
}

/** @param {Held|null} held @param {string} page @param {number} asked @param {number} nowMs @returns {Held|null} */
export function claimed(held, page, asked, nowMs) {
  if (held === null) return asked === 0 ? { grant: 1, page, grantedMs: nowMs, done: false } : null;
  if (held.done || asked !== held.grant || nowMs - held.grantedMs < STEAL_MS) return null;
  return { grant: held.grant + 1, page, grantedMs: nowMs, done: false };
}

/** @param {Held|null} held @param {number} grant @returns {Held|null} */
export function finished(held, grant) {
  return held !== null && !held.done && held.grant === grant ? { ...held, done: true } : null;
}

/** @param {Held|null} held @param {string} page @param {number} grant @returns {Held|null} */
export function passed(held, page, grant) {
  if (held === null || held.done || isPassed(held) || held.page !== page || held.grant !== grant) return null;
  return { ...held, grantedMs: 0 };
}
