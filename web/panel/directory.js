import { read } from "../client/api.js";
import { el, fill, plain, say, set } from "./dom.js";
import { dress } from "./extra.js";
import { EXTRAS } from "./texts/en.js";

/**
 * Colleagues to choose from, in every field of the panel that takes a number. The pattern is the combobox with a list
 * box of W3C's ARIA Authoring Practices; what is typed may always be a number of its own.
 *
 * @typedef {{agent: string, name: string, station: string|null, site: string, team: string, state: string,
 *   since_at: string|null, on_call: boolean}} Colleague
 * @typedef {import("./extra.js").Around} Around
 */

const PAUSE_MS = 200;
const SHAPE = /** @type {Record<string, string>} */ ({ ready: "✓", busy: "☎", not_ready: "❚❚", wrap_up: "✎", logged_off: "○" });
const SHEET = `
.dial { position: relative; }
.found { flex: 1 0 100%; list-style: none; margin: 0; padding: 4px; max-block-size: 200px; overflow: auto; border: 1px solid var(--dim); border-radius: 8px; background: var(--field); }
.dial .found { position: absolute; inset-block-start: 100%; inset-inline: 12px; z-index: 1; box-shadow: 0 6px 16px rgb(0 0 0 / .25); }
.found:empty { display: none; }
.found li { display: grid; grid-template-columns: 1.5em minmax(0, 1fr) auto; gap: 0 6px; padding: 5px 6px; border-radius: 6px; cursor: pointer; }
.found li[aria-selected=true] { outline: 2px solid var(--focus); outline-offset: -2px; background: var(--talk-band); }
.found li[aria-disabled=true] { color: var(--dim); cursor: not-allowed; }
.found :is(.fill, .dim) { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.found .fill { font-weight: 600; }
.found .dim { grid-column: 2 / 4; color: var(--dim); font-size: 13px; }
[data-state=ready] > .shape { color: var(--ready); } [data-state=busy] > .shape { color: var(--talk); }
@media (forced-colors: active) { .found li[aria-selected=true] { forced-color-adjust: none; background: Highlight; color: HighlightText; outline-color: HighlightText; }
  .found li[aria-selected=true] :is(.shape, .dim) { color: inherit; } }
`;

/** @returns {import("./extra.js").Extra} */
export function directory() {
  return (around) => {
    const words = (around.words ?? EXTRAS).directory;
    const boxes = /** @type {WeakMap<HTMLInputElement, Combobox>} */ (new WeakMap());
    const leave = new AbortController();
    const undress = dress(around.root, SHEET);
    const fields = () => /** @type {NodeListOf<HTMLInputElement>} */ (around.root.querySelectorAll("input[data-to]"));
    // The fields of a call come with its card, so they are looked for whenever something is about to be typed.
    const meet = () => {
      for (const input of fields()) if (!boxes.has(input)) boxes.set(input, new Combobox(input, around, words, leave.signal));
    };
    around.root.addEventListener("focusin", meet, { signal: leave.signal });
    meet();
    return () => {
      leave.abort();
      for (const input of fields()) boxes.get(input)?.leave();
      undress();
    };
  };
}

let boxes = 0;

class Combobox {
  /** @param {HTMLInputElement} input @param {Around} around @param {typeof EXTRAS.directory} words @param {AbortSignal} signal */
  constructor(input, around, words, signal) {
    boxes += 1;
    this.input = input;
    this.around = around;
    this.words = words;
    /** @type {Colleague[]} */
    this.items = [];
    this.active = -1;
    /** @type {AbortController|null} the question on its way */
    this.asking = null;
    this.timer = /** @type {unknown} */ (null);
    const keepFocus = (/** @type {Event} */ event) => event.preventDefault();
    this.list = el("ul", { class: "found", role: "listbox", id: `found-${boxes}`, "aria-label": words.list, pointerdown: keepFocus });
    this.said = el("span", { class: "unseen", role: "status" });
    input.after(this.list, this.said);
    /** What makes the field a combobox. */
    this.traits = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id };
    for (const [name, value] of Object.entries(this.traits)) set(input, name, value);
    input.addEventListener("input", () => this.#later(), { signal });
    input.addEventListener("keydown", (event) => this.#key(event), { signal });
    input.addEventListener("focusout", () => this.#close(), { signal });
    input.form?.addEventListener("submit", () => this.#close(), { signal });
  }

  #later() {
    const { env } = this.around.client;
    env.clearTimeout(this.timer);
    this.asking?.abort();
    this.asking = null;
    if (this.input.value.trim()) this.timer = env.setTimeout(() => void this.#ask(), PAUSE_MS);
    else this.#close();
  }

  async #ask() {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    const query = new URLSearchParams({ q: this.input.value.trim() });
    try {
      const { items } = await read(this.around.client, `/colleagues?${query}`, asking.signal);
      if (asking === this.asking && !asking.signal.aborted) this.#show(Array.isArray(items) ? items : []);
    } catch {
      // Without a directory the field is one for numbers, as it is without this module.
      if (asking === this.asking) this.#close();
    }
  }

  /** @param {Colleague[]} items */
  #show(items) {
    this.items = items;
    this.active = -1;
    this.list.replaceChildren(...items.map((item, index) => this.#option(item, index)));
    say(this.said, items.length ? fill(this.words.found, String(items.length)) : this.words.none);
    this.#mark();
  }

  /** @param {Colleague} item @param {number} index */
  #option(item, index) {
    const state = item.on_call ? "busy" : item.state;
    /** @type {Record<string, string>} */
    const presence = this.words.presence;
    const about = [presence[state] ?? presence.unknown, plain(item.team), plain(item.site)].filter(Boolean).join(" · ");
    const id = `${this.list.id}-${index}`;
    return el(
      "li",
      { role: "option", id, "data-state": state, "aria-disabled": String(!item.station), click: () => this.#choose(index) },
      el("span", { class: "shape", "aria-hidden": "true" }, SHAPE[state] ?? "?"),
      el("bdi", { class: "fill" }, plain(item.name) || plain(item.agent)),
      el("bdi", {}, plain(item.station)),
      el("bdi", { class: "dim" }, about),
    );
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      this.items.length ? this.#move(step) : void this.#ask();
    } else if (event.key === "Escape" && this.items.length) {
      event.stopPropagation();
      this.#close();
    } else if (event.key === "Enter" && this.items.length) this.#enter(event);
  }

  /** A name is no number: with one typed, Enter goes to the first colleague and dials nothing yet. @param {KeyboardEvent} event */
  #enter(event) {
    const isName = /\p{L}/u.test(this.input.value);
    if (this.active < 0 && !isName) return;
    event.preventDefault();
    if (this.active < 0) this.#move(1);
    else this.#choose(this.active);
  }

  /** @param {number} step */
  #move(step) {
    const { length } = this.items;
    this.active = this.active < 0 && step < 0 ? length - 1 : (this.active + step + length) % length;
    this.#mark();
    this.list.children[this.active].scrollIntoView({ block: "nearest" });
  }

  #mark() {
    [...this.list.children].forEach((option, index) => set(option, "aria-selected", String(index === this.active)));
    set(this.input, "aria-expanded", String(this.items.length > 0));
    set(this.input, "aria-activedescendant", this.active < 0 ? "" : this.list.children[this.active].id);
  }

  /** @param {number} index */
  #choose(index) {
    const { station, name } = this.items[index];
    if (!station) return;
    this.input.value = station;
    this.#close();
    say(this.said, `${plain(name)}, ${plain(station)}`);
  }

  #close() {
    this.around.client.env.clearTimeout(this.timer);
    this.asking?.abort();
    this.#show([]);
    say(this.said, "");
  }

  /** The field is one for numbers only again. */
  leave() {
    this.#close();
    this.list.remove();
    this.said.remove();
    for (const name of [...Object.keys(this.traits), "aria-activedescendant"]) this.input.removeAttribute(name);
  }
}
