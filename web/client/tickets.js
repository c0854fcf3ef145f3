/**
 * `POST {api}/tickets`: the only place where a refusal has a real HTTP status.
 *
 * @typedef {{kind: 'ticket', url: string} | {kind: 'token'} | {kind: 'final', code: number}
 *   | {kind: 'retry', afterMs: number}} TicketOutcome
 */

const CLOSED_FOR_GOOD = new Map([[403, 4403], [426, 4426]]);

/**
 * Ask for a ticket once.
 * @param {import("./env.js").Env} env
 * @param {string} api base address of the HTTP API
 * @param {string} token OIDC id token
 * @param {number} withinMs how long an answer may take; a network that swallows everything is as good as none
 * @returns {Promise<TicketOutcome>}
 */
export async function askTicket(env, api, token, withinMs) {
  const ender = new AbortController();
  const timer = env.setTimeout(() => ender.abort(), withinMs);
  try {
    const answer = await env.fetch(`${api.replace(/\/$/, "")}/tickets`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
      cache: "no-store",
      signal: ender.signal,
    });
    return await outcome(answer);
  } catch {
    return { kind: "retry", afterMs: 0 };
  } finally {
    env.clearTimeout(timer);
  }
}

/** @param {Response} answer @returns {Promise<TicketOutcome>} */
async function outcome(answer) {
  if (answer.status === 401) return { kind: "token" };
  const final = CLOSED_FOR_GOOD.get(answer.status);
  if (final) return { kind: "final", code: final };
  if (!answer.ok) return { kind: "retry", afterMs: 1000 * Number(answer.headers.get("Retry-After") ?? 0) || 0 };
  const body = await answer.json();
  return typeof body.url === "string" ? { kind: "ticket", url: body.url } : { kind: "retry", afterMs: 0 };
}
