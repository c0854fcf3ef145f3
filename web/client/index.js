/** Ringline's page client: the whole public API of `web/client`. */
import { Client } from "./client.js";

export { RinglineError } from "./contract.js";
export { Client };

/**
 * Make a client; it does nothing until `connect()`.
 * @param {import("./client.js").ClientOptions} options `api`: base address of the HTTP API; `getToken`: gives the user's
 *   OIDC id token, asked again with `reason: 'rejected'` when the cloud refused it
 * @returns {Client}
 */
export function createClient(options) {
  return new Client(options);
}
