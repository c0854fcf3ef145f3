import { createClient } from "/client/index.js";

/** @typedef {{user: string, name?: string, station: string|null, roles: string[], token: string}} User */
/** @typedef {{api: string, pbx: string|null, users: User[]}} Playground */

/** @returns {Promise<Playground>} the demo users with fresh tokens, and where the phones are driven */
export async function playground() {
  const answer = await fetch("/playground.json", { cache: "no-store" });
  if (!answer.ok) throw new Error(`The local stack answered ${answer.status}.`);
  const { api = "/api", pbx = null, users } = await answer.json();
  return { api, pbx, users };
}

/**
 * A client for one demo user. Several share this tab, so each has a page id of its own, kept over a reload.
 * @param {Playground} stack
 * @param {User} user
 * @param {Partial<import("../client/client.js").ClientOptions>} [more]
 */
export function clientOf(stack, user, more = {}) {
  const key = `ringline.page.${user.user}`;
  const page = sessionStorage.getItem(key) ?? crypto.randomUUID();
  sessionStorage.setItem(key, page);
  const getToken = async (/** @type {{reason: string}} */ { reason }) =>
    reason === "connect" ? user.token : ((await playground()).users.find((each) => each.user === user.user)?.token ?? "");
  return createClient({ api: new URL(stack.api, location.href).href, getToken, page, label: document.title, ...more });
}

/** @param {User} user */
export function nameOf(user) {
  return user.name ?? user.user.charAt(0).toUpperCase() + user.user.slice(1);
}

/** @param {unknown} error shown to the one person at this machine */
export function complain(error) {
  const box = document.getElementById("trouble");
  if (!box) return;
  box.textContent = error instanceof Error ? error.message : String(error);
  box.hidden = box.textContent === "";
}
