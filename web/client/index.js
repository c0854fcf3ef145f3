/** Ringline's page client: the whole public API of `web/client`. */
import { Client } from "./client.js";

export { RinglineError } from "./contract.js";
export { Client };

/** @type {WeakMap<object, Map<string, Client>>} by surroundings, then by API and page id */
const made = new WeakMap();

/**
 * The page's client; it does nothing until `connect()`. Asked again for the same API it is the same one, which then goes
 * by the newer options: frameworks build components twice.
 * @param {import("./client.js").ClientOptions} options `api`: base address of the HTTP API; `getToken`: gives the user's
 *   OIDC id token, asked again with `reason: 'rejected'` when the cloud refused it
 * @returns {Client}
 */
export function createClient(options) {
  const around = options.env ?? globalThis;
  const clients = made.get(around) ?? new Map();
  made.set(around, clients);
  const key = JSON.stringify([options.api.replace(/\/$/, ""), options.page, options.onlyLooks === true]);
  const client = clients.get(key) ?? new Client(options);
  clients.set(key, client);
  Object.assign(client.options, options);
  return client;
}
