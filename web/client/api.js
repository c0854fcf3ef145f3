import { RinglineError } from "./contract.js";

/**
 * Read from the HTTP API as the signed-in user; a token that is refused is asked for anew, once.
 * @param {import("./client.js").Client} client
 * @param {string} path with its query, such as `/calls?outcome=missed`
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 * @throws {RinglineError} with the API's code, or `offline` when it was not reached
 */
export async function read(client, path, signal) {
  const answer = await get(client, path, "connect", signal);
  return bodyOf(answer.status === 401 ? await get(client, path, "rejected", signal) : answer);
}

/** @param {import("./client.js").Client} client @param {string} path @param {'connect'|'rejected'} reason @param {AbortSignal} [signal] */
async function get({ options, env }, path, reason, signal) {
  const token = await options.getToken({ reason });
  if (!token) throw new RinglineError("not_authorized", "Sign in again.");
  const headers = { Authorization: `Bearer ${token}` };
  try {
    return await env.fetch(options.api.replace(/\/$/, "") + path, { headers, cache: "no-store", signal });
  } catch {
    throw new RinglineError("offline", "The server was not reached.");
  }
}

/** @param {Response} answer */
async function bodyOf(answer) {
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  const { code = "internal", text = "The server refused to answer." } = body.error ?? body;
  throw new RinglineError(String(code), String(text));
}
