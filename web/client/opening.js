/**
 * What a page does to pop a call: nothing by itself (the app listens to `pop`), go to an address, or open a window.
 *
 * @typedef {import("./contract.js").Call} Call
 * @typedef {{mode?: 'event'|'navigate'|'window', urlTemplate?: string, windowName?: string}} PopOptions
 *   `urlTemplate`: an address with `{call}`, `{interaction}`, `{number}`, `{name}`, `{queue}`, `{dialed}`, or `{data.key}`
 * @typedef {{url: string|null, opened: boolean}} Opened  `opened`: false when a window was blocked or nothing was to open
 */

const WINDOW = "ringline-pop";
const ALLOWED = new Set(["http:", "https:"]);

/**
 * @param {import("./env.js").Env} env
 * @param {PopOptions|undefined} options
 * @param {Call} call
 * @returns {Opened}
 */
export function open(env, options, call) {
  const url = options?.urlTemplate ? addressOf(options.urlTemplate, call, env.document?.baseURI) : null;
  const window = /** @type {Window|null} */ (env.window);
  if (!url || !window) return { url, opened: false };
  switch (options?.mode) {
    case "navigate":
      // The same address again would load the page anew and lose what was typed.
      if (window.location.href !== url) window.location.assign(url);
      return { url, opened: true };
    case "window":
      return { url, opened: window.open(url, options.windowName ?? WINDOW) !== null };
    default:
      return { url, opened: false };
  }
}

/**
 * Callers choose their names and numbers, so each is escaped, and only web addresses come out.
 * @param {string} template
 * @param {Call} call
 * @param {string} [base]
 * @returns {string|null} null when it is no web address
 */
export function addressOf(template, call, base) {
  const filled = template.replace(/\{([\w.-]+)\}/g, (_, name) => encodeURIComponent(valueOf(name, call)));
  const url = parsed(filled, base);
  return url && ALLOWED.has(url.protocol) ? url.href : null;
}

/** @param {string} address @param {string} [base] @returns {URL|null} */
function parsed(address, base) {
  try {
    return new URL(address, base);
  } catch {
    return null;
  }
}

/** @param {string} name @param {Call} call @returns {string} empty when there is none */
function valueOf(name, call) {
  const { number, name: caller } = call.remote ?? {};
  const { interaction, queue, dialed, data = {} } = call;
  /** @type {Record<string, unknown>} */
  const known = { call: call.call, interaction, number, name: caller, queue, dialed };
  const key = name.startsWith("data.") ? name.slice("data.".length) : null;
  const from = key === null ? known : data;
  const wanted = key ?? name;
  return Object.hasOwn(from, wanted) ? wellFormed(String(from[wanted] ?? "")) : "";
}

/** Half a character, which `encodeURIComponent` refuses, is replaced. @param {string} text */
function wellFormed(text) {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}
