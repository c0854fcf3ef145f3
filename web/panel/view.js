/** From state to words: pure, so that every state can be checked without a browser. */
import { gateOf } from "../client/store.js";
import { fill, plain } from "./dom.js";
import { BANNER, TEXT, locale } from "./texts.js";

/**
 * @typedef {import("../client/client.js").ClientState} ClientState
 * @typedef {import("../client/contract.js").Call} Call
 * @typedef {{level: 'ok'|'quiet'|'warn'|'bad', text: string, canRetry: boolean}} Banner
 */

/** A break shorter than this is not worth a word. */
export const QUIET_MS = 2_000;
const LOST_MS = 6_000;

/** @param {number} ms @returns {string} `0:07`, `12:41`, `1:02:03` */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = String(s).padStart(2, "0");
  return h ? `${h}:${String(m).padStart(2, "0")}:${tail}` : `${m}:${tail}`;
}

/** @param {string|null|undefined} at @param {number} nowMs @returns {string} empty without a time */
export function since(at, nowMs) {
  return at ? duration(nowMs - Date.parse(at)) : "";
}

/** @param {number} ms @returns {string} wall clock */
export function clockTime(ms) {
  return new Date(ms).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
}

/** @param {ClientState} state @returns {keyof typeof TEXT.agent} */
export function agentState(state) {
  if (!state.desk) return "signed_out";
  const name = state.doc?.agent?.state ?? "unknown";
  return Object.hasOwn(TEXT.agent, name) ? name : "unknown";
}

/** @param {Call} call @returns {string} when the present part of the call began */
export function callBegan(call) {
  if (call.leg === "hold" && call.held_at) return call.held_at;
  return call.answered_at ?? call.started_at;
}

/** @param {Call} call @returns {{name: string, number: string}} what to show of the other side */
export function remoteOf(call) {
  const remote = call.remote ?? { number: null, name: null, presentation: "unknown" };
  const number = plain(remote.number) || (remote.presentation === "restricted" ? TEXT.withheld : TEXT.unknownNumber);
  const name = plain(remote.name);
  return name ? { name, number } : { name: number, number: "" };
}

/**
 * What Ready would wait for, and in which note it is decided; with work in the way there is none.
 * @param {ClientState} state
 * @returns {{text: string, interaction: string|null}|null} null when nothing blocks
 */
export function blockOf(state) {
  const agent = state.doc?.agent;
  if (agent?.state === "busy") return null;
  const owed = gateOf(state).find(({ needs }) => needs.length);
  if (owed) return { text: TEXT.owed, interaction: owed.interaction };
  const isWorking = agent?.reason === "ringline:work" && state.desk?.work?.length;
  return isWorking ? { text: TEXT.workBlocks, interaction: null } : null;
}

/** @param {ClientState} state @returns {Set<string>} what the station may do now */
export function stationCan(state) {
  if (!state.desk) return new Set(["log_on"]);
  return new Set(Array.isArray(state.doc?.can) ? state.doc.can : []);
}

/** Whether a command would be sent. @param {ClientState} state */
export function isConnected(state) {
  return state.socket.state === "live" || state.socket.state === "suspect";
}

/**
 * The one line that tells how things stand: the most severe trouble wins.
 * @param {ClientState} state
 * @param {number} lostMs how long there has been no live socket, 0 when there is one
 * @param {number} nowMs the device's clock
 * @returns {Banner}
 */
export function banner(state, lostMs, nowMs) {
  return socketBanner(state, lostMs, nowMs) ?? siteBanner(state) ?? { level: "ok", canRetry: false, text: calm(state) };
}

/** @param {ClientState} state @param {number} lostMs @param {number} nowMs @returns {Banner|null} */
function socketBanner(state, lostMs, nowMs) {
  const { state: socket, code } = state.socket;
  if (socket === "auth-required") return { level: "bad", text: BANNER.auth, canRetry: true };
  if (socket === "closed" && code) {
    const words = code === 4426 ? BANNER.tooOld : BANNER.closed;
    return { level: "bad", text: fill(words, String(code)), canRetry: false };
  }
  if (lostMs >= LOST_MS) return { level: "bad", text: fill(BANNER.lost, clockTime(nowMs - lostMs)), canRetry: true };
  if (lostMs >= QUIET_MS) return { level: "quiet", text: BANNER.reconnecting, canRetry: false };
  return null;
}

/** @param {ClientState} state @returns {Banner|null} */
function siteBanner(state) {
  if (state.site?.edge === "down") return { level: "bad", text: BANNER.edge, canRetry: false };
  if (state.site?.pbx === "down") return { level: "bad", text: BANNER.pbx, canRetry: false };
  if (state.doc && !state.doc.in_service) {
    return { level: "warn", text: fill(BANNER.phone, plain(state.station)), canRetry: false };
  }
  return null;
}

/** @param {ClientState} state */
function calm(state) {
  if (!isConnected(state)) return BANNER.reconnecting;
  return state.station ? fill(BANNER.ok, plain(state.station)) : BANNER.out;
}
