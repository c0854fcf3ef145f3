import { read } from "../client/api.js";
import { el, fill, plain, say, show } from "./dom.js";
import { dress } from "./extra.js";
import { EXTRAS } from "./texts/en.js";

/**
 * Calls that rang here and that nobody took, each with one click to call back. The list is the cloud's; what is missed
 * while the page is open is there at once.
 *
 * @typedef {{call: string, interaction: string, began_at: string, number: string|null, name?: string|null, queue: string|null,
 *   returned: {at?: string}|null}} MissedCall
 * @typedef {import("./extra.js").Around} Around
 */

/** A call that came through a queue and that nobody took is `abandoned`, whoever's phone it rang. */
const OUTCOMES = ["missed", "abandoned"];
/** So many are shown unasked. */
const SHOWN = 3;
/** After a call ended, its record takes a moment to arrive. */
const RECORD_MS = 2_000;
const CHANGES = new Set(["missed", "dropped", "failed"]);
const SHEET = `
.missed { padding: 0 12px 8px; font-size: 13px; color: var(--dim); }
.missed ul { list-style: none; margin: 0; padding: 0; }
.missed li { display: flex; align-items: center; gap: 8px; min-height: 32px; font-variant-numeric: tabular-nums; }
.missed .who-called { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--text); }
.missed .action { min-height: 32px; padding: 0 8px; font-size: 13px; text-decoration: underline; }
`;

/** @returns {import("./extra.js").Extra} */
export function missedCalls() {
  return (around) => {
    const list = new MissedList(around, (around.words ?? EXTRAS).missed);
    const { client, root } = around;
    root.querySelector(".notes")?.before(list.node);
    const offs = [
      dress(root, SHEET),
      client.on("event", (event) => list.heard(event)),
      // Who is signed in is known right after the socket is live.
      client.on("socket", ({ state }) => state === "live" && queueMicrotask(() => void list.load())),
    ];
    void list.load();
    return () => {
      for (const off of offs) off();
      list.close();
    };
  };
}

class MissedList {
  /** @param {Around} around @param {typeof EXTRAS.missed} words */
  constructor(around, words) {
    this.around = around;
    this.words = words;
    /** @type {Map<string, MissedCall>} by call, newest first */
    this.calls = new Map();
    /** @type {(string|null)[]} by outcome: where to go on */
    this.next = OUTCOMES.map(() => null);
    this.isWhole = false;
    this.timer = /** @type {unknown} */ (null);
    this.leave = new AbortController();
    this.list = el("ul", { "aria-label": words.title });
    this.more = el("button", { type: "button", class: "action quiet", click: () => void this.#showMore() });
    this.node = el("div", { class: "missed" }, el("div", {}, words.title), this.list, this.more);
    this.#draw();
  }

  /** @param {import("../client/store.js").StationEvent} event */
  heard({ event, call, interaction, at, entry }) {
    if (event === "missed" && call && interaction) {
      const { number = null, name = null } = entry?.remote ?? {};
      const missed = { call, interaction, began_at: at, number, name, queue: entry?.queue ?? null, returned: null };
      this.calls = new Map([[call, missed], ...this.calls]);
      this.#draw();
    }
    if (!CHANGES.has(event)) return;
    const { env } = this.around.client;
    env.clearTimeout(this.timer);
    this.timer = env.setTimeout(() => void this.load(), RECORD_MS);
  }

  /** Read the newest anew. */
  async load() {
    await this.#read(OUTCOMES.map(() => ""));
  }

  /** @param {(string|null)[]} after by outcome: where the page before it ended, empty for the first, null where there is no more */
  async #read(after) {
    const { client } = this.around;
    const { agent } = client.state;
    if (!agent) return;
    const page = (/** @type {string} */ outcome, /** @type {number} */ index) => {
      const before = after[index];
      if (before === null) return { items: [], next: null };
      const query = new URLSearchParams({ outcome, agent, ...(before ? { before } : {}) });
      return read(client, `/calls?${query}`, this.leave.signal);
    };
    const listed = new Set(this.calls.keys());
    try {
      const pages = await Promise.all(OUTCOMES.map(page));
      // What was missed while the answer was on its way is not in it.
      const known = [...this.calls.values()].filter(({ call }) => after.some(Boolean) || !listed.has(call));
      /** @type {MissedCall[]} */
      const told = [...known, ...pages.flatMap(({ items }) => items ?? [])];
      told.sort((a, b) => Date.parse(b.began_at) - Date.parse(a.began_at));
      this.calls = new Map(told.map((each) => [each.call, each]));
      this.next = pages.map(({ next }) => next ?? null);
    } catch {
      // Not reached, or a cloud without such a list: what this page saw itself stays.
    }
    this.#draw();
  }

  async #showMore() {
    if (this.isWhole && this.next.some(Boolean)) await this.#read(this.next);
    this.isWhole = true;
    this.#draw();
  }

  #draw() {
    const all = [...this.calls.values()];
    const open = all.filter(({ returned }) => !returned);
    const shown = this.isWhole ? all : open.slice(0, SHOWN);
    this.list.replaceChildren(...shown.map((each) => this.#line(each)));
    const rest = all.length - shown.length;
    say(this.more, rest ? fill(this.words.more, String(rest)) : this.words.older);
    show(this.more, rest > 0 || (this.isWhole && this.next.some(Boolean)));
    show(this.node, all.length > 0);
  }

  /** @param {MissedCall} missed */
  #line({ interaction, began_at: beganAt, number, name, returned }) {
    const { words, around } = this;
    const who = plain(name) || plain(number) || words.unknown;
    const line = el("li", {}, el("span", {}, this.#clock(beganAt)), el("bdi", { class: "who-called" }, who));
    const back = () => {
      const { commands, doc } = around.client.state;
      if (commands.some(({ verb }) => verb === "place") || (doc && !doc.can.includes("place"))) return;
      void around.attempt(() => around.client.command("place", { to: number, interaction }));
    };
    const label = `${words.callBack}: ${who}`;
    if (returned) line.append(el("span", {}, fill(words.returned, this.#clock(returned.at))));
    else if (number) line.append(el("button", { type: "button", class: "action quiet", "aria-label": label, click: back }, words.callBack));
    return line;
  }

  /** @param {string|undefined} at @returns {string} the time, with the day when it is another one */
  #clock(at) {
    const moment = new Date(at ?? "");
    if (Number.isNaN(moment.getTime())) return "";
    const isToday = moment.toDateString() === new Date(this.around.client.serverNow()).toDateString();
    const day = isToday ? {} : /** @type {const} */ ({ day: "numeric", month: "numeric" });
    return moment.toLocaleString(this.around.locale, { ...day, hour: "2-digit", minute: "2-digit" });
  }

  /** Do nothing more. */
  close() {
    this.leave.abort();
    this.around.client.env.clearTimeout(this.timer);
    this.node.remove();
  }
}
