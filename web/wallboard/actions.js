import { TEXT } from "./texts.js";

/**
 * What a supervisor does to a station: the HTTP API's routes, each audited there.
 *
 * @typedef {'break_gate'|'ready'|'not_ready'|'log_off'} Action
 * @typedef {{site: string, station: string}} Place
 */

/** @type {Record<Action, {path: string, body?: Record<string, string>}>} */
const ROUTES = {
  break_gate: { path: "break-gate" },
  ready: { path: "set-state", body: { state: "ready" } },
  not_ready: { path: "set-state", body: { state: "not_ready" } },
  log_off: { path: "log-off" },
};

/**
 * @param {import("../client/client.js").Client} client whose API and token are used
 * @param {Action} action
 * @param {Place} place
 * @returns {Promise<string>} empty when it was taken; else why not, in a sentence
 */
export async function act(client, action, { site, station }) {
  const { api, getToken } = client.options;
  const { path, body } = ROUTES[action];
  try {
    const url = `${api.replace(/\/$/, "")}/sites/${encodeURIComponent(site)}/stations/${encodeURIComponent(station)}/${path}`;
    const answer = await client.env.fetch(url, {
      method: "POST",
      headers: { Authorization: `Bearer ${await getToken({ reason: "connect" })}`, "Content-Type": "application/json" },
      body: body ? JSON.stringify(body) : undefined,
      cache: "no-store",
    });
    if (answer.ok) return "";
    return (await answer.json()).error?.text ?? TEXT.unreachable;
  } catch {
    return TEXT.unreachable;
  }
}
