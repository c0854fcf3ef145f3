/** Who hears whom, in words, and what to do first to be heard: pure. */
import { plain } from "./dom.js";
import { TEXT, locale } from "./texts.js";
import { remoteOf } from "./view.js";
import { workName } from "./work.js";

/**
 * @typedef {import("../client/contract.js").Call} Call
 * @typedef {[text: string, ...names: string[]]} Phrase  a text and what fills its gaps
 */

/**
 * @param {Call} call the customer's
 * @param {Call[]} calls all of the station
 * @param {import("../client/contract.js").WorkItem[]} [work] what the agent has open
 * @returns {Phrase|null} null where the call's own state says it
 */
export function hearing(call, calls, work = []) {
  const aside = calls.find((each) => each.consult_of === call.call);
  const item = work.find((each) => each.work === call.conflict);
  if (isInWay(call)) return [TEXT.conflict, workName(item) || TEXT.work];
  if (aside) return consulting(call, aside);
  return call.leg === "initiated" && call.direction !== "inbound" ? [TEXT.ownFirst] : conference(call);
}

/** Whether it rings while the agent works on something else. @param {Call} call */
export function isInWay({ leg, conflict }) {
  return leg === "alerting" && Boolean(conflict);
}

/** @param {Call} call @param {Call} aside the colleague's @returns {Phrase} */
function consulting(call, aside) {
  const talks = TEXT.hears;
  const isHeld = call.leg === "hold";
  /** @type {Partial<Record<import("../client/contract.js").Leg, string>>} */
  const byLeg = isHeld
    ? { connected: talks.aside, hold: talks.nobody, fail: talks.failed }
    : { connected: talks.all, hold: talks.caller, fail: talks.callerFailed };
  const text = byLeg[aside.leg] ?? (isHeld ? talks.called : talks.callerCalled);
  return [text, remoteOf(call).name, remoteOf(aside).name];
}

/** @param {Call} call @returns {Phrase|null} */
function conference(call) {
  const others = (call.parties ?? []).filter(({ leg }) => leg === "connected");
  if (call.leg !== "connected" || others.length < 2) return null;
  const { number } = call.remote ?? {};
  const names = others.map((each) => {
    if (number && each.number === number) return remoteOf(call).name;
    return plain(each.number) || plain(each.station) || TEXT.unknownNumber;
  });
  // The list's own words, "and" or "und", go into the text; the names into its gaps, so that each keeps its direction.
  const gaps = names.map((_, index) => `{${index}}`);
  return [TEXT.hears.list.replace("{0}", new Intl.ListFormat(locale).format([TEXT.you, ...gaps])), ...names];
}
