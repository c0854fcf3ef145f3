import { callsOf } from "../client/store.js";
import { el, fill, plain, say, show } from "./dom.js";
import { dress } from "./extra.js";
import { Ring } from "./ring.js";
import { EXTRAS } from "./texts/en.js";

/**
 * Ring and notify, on the page that pops and on no other, until the call is answered anywhere. Permission and sound are
 * asked for by a button in the panel, never unasked.
 *
 * @typedef {{when?: 'hidden'|'always', content?: 'masked'|'name'|'full'}} NotifyOptions
 *   `content`: what others may read on the screen; masked says only that a call comes
 * @typedef {{notify?: NotifyOptions, ring?: import("./ring.js").RingOptions}} AttentionOptions
 * @typedef {import("../client/contract.js").Call} Call
 */

/** That this user turned it on here before: then their next click anywhere will do. */
const KEPT = "ringline.ring";
const LOST_MS = 6_000;
const SHEET = `
.attention { display: flex; padding: 8px 12px 0; font-size: 13px; color: var(--dim); }
.attention .action { min-height: 32px; font-size: 13px; }
`;

/** @param {AttentionOptions} options @returns {import("./extra.js").Extra} */
export function attention(options) {
  return (around) => {
    const attends = new Attention(around, options);
    const { client, root } = around;
    root.querySelector(".dial")?.before(attends.node);
    const offs = [
      dress(root, SHEET),
      client.on("pop", ({ entry }) => attends.came(entry, callsOf(client.state.doc))),
      client.on("socket", ({ state }) => attends.heard(state === "live" || state === "suspect")),
      client.on("change", (state) => attends.keep(callsOf(state.doc))),
    ];
    return () => {
      for (const off of offs) off();
      attends.close();
    };
  };
}

class Attention {
  /** @param {import("./extra.js").Around} around @param {AttentionOptions} options */
  constructor({ words }, { notify, ring }) {
    this.words = (words ?? EXTRAS).attention;
    this.notify = notify && "Notification" in window ? notify : undefined;
    this.ring = ring ? new Ring(ring) : undefined;
    /** @type {Map<string, Notification|null>} what rings and popped here, by call */
    this.open = new Map();
    this.leave = new AbortController();
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.lost = undefined;
    this.button = el("button", { type: "button", class: "action plain", click: () => void this.#turnOn() });
    this.told = el("span", {});
    this.node = el("div", { class: "attention" }, this.button, this.told);
    if (this.ring && remembered()) {
      const click = () => this.#unlock();
      for (const name of ["pointerdown", "keydown"]) addEventListener(name, click, { once: true, signal: this.leave.signal });
    }
    this.#draw();
  }

  async #turnOn() {
    this.#unlock();
    if (this.#asksNotify) await Notification.requestPermission();
    this.#draw();
  }

  #unlock() {
    this.ring?.unlock();
    if (this.ring) remember();
    this.#draw();
  }

  get #asksNotify() {
    return this.notify !== undefined && Notification.permission === "default";
  }

  #draw() {
    const { words } = this;
    const wantsRing = this.ring !== undefined && !this.ring.isOn;
    const isBlocked = this.notify !== undefined && Notification.permission === "denied";
    say(this.button, wantsRing ? (this.#asksNotify ? words.turnOn : words.turnOnRing) : words.turnOnNotify);
    show(this.button, wantsRing || this.#asksNotify);
    say(this.told, isBlocked ? words.blocked : "");
    show(this.node, !this.button.hidden || isBlocked);
  }

  /** @param {Call} call it popped here @param {Call[]} calls all there are */
  came(call, calls) {
    if (call.leg !== "alerting") return;
    this.open.set(call.call, this.#tell(call));
    this.ring?.start(calls.some(({ leg }) => leg === "connected"));
  }

  /** @param {Call} call */
  #tell(call) {
    const { notify } = this;
    if (!notify || Notification.permission !== "granted") return null;
    if (notify.when !== "always" && !document.hidden) return null;
    const { title, body } = textOf(call, notify.content, this.words);
    const told = new Notification(title, { body, tag: call.call, requireInteraction: true, silent: this.ring !== undefined });
    told.onclick = () => {
      window.focus();
      told.close();
    };
    return told;
  }

  /** @param {Call[]} calls of the newest document: what does not ring any more is over, wherever it was answered */
  keep(calls) {
    const ringing = new Set(calls.filter(({ leg }) => leg === "alerting").map(({ call }) => call));
    for (const [call, told] of this.open) {
      if (ringing.has(call)) continue;
      told?.close();
      this.open.delete(call);
    }
    if (!this.open.size) this.ring?.stop();
  }

  /** What rang when the network went may long be over. @param {boolean} isLive */
  heard(isLive) {
    if (isLive) this.lost = void clearTimeout(this.lost);
    else this.lost ??= setTimeout(() => this.keep([]), LOST_MS);
  }

  /** Do nothing more. */
  close() {
    this.heard(true);
    this.leave.abort();
    this.keep([]);
    this.ring?.close();
    this.node.remove();
  }
}

/** @param {Call} call @param {NotifyOptions["content"]} content @param {typeof EXTRAS.attention} words */
function textOf({ remote, queue }, content, words) {
  const name = plain(remote?.name);
  const number = plain(remote?.number) || words.unknown;
  const rest = [name ? number : "", plain(queue)].filter(Boolean).join(" · ");
  if (content === "full") return { title: fill(words.from, name || number), body: rest };
  if (content === "name" && name) return { title: fill(words.from, name), body: "" };
  return { title: words.incoming, body: "" };
}

/** Reading `localStorage` throws where the browser blocks site data. */
function remembered() {
  try {
    return localStorage.getItem(KEPT) !== null;
  } catch {
    return false;
  }
}

function remember() {
  try {
    localStorage.setItem(KEPT, "on");
  } catch {
    // It is asked for again next time.
  }
}
