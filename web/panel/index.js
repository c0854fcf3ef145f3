import { callsOf } from "../client/store.js";
import { AgentBar } from "./agentbar.js";
import { ActionButton } from "./button.js";
import { CallCard } from "./card.js";
import { el, plain, say, set, show } from "./dom.js";
import { toldOf } from "./handed.js";
import { guardLeaving } from "./leaving.js";
import { NoteList } from "./notes.js";
import { Speech } from "./speech.js";
import { shortcuts } from "./shortcuts.js";
import { STYLE } from "./style.js";
import { EXTRAS, SAID, TEXT, locale, speak } from "./texts.js";
import { WorkTray } from "./work.js";
import { QUIET_MS, agentState, banner, blockOf, isConnected, stationCan } from "./view.js";

/**
 * @typedef {import("../client/client.js").Client} Client
 * @typedef {import("../client/store.js").StationEvent} StationEvent
 */

/**
 * `<ringline-panel>`: the agent's telephone. Give it a client; it draws and asks, and never takes the focus.
 * Attributes, read when it is put on the page: `shortcuts="off"` leaves the keyboard alone, `label` names it for screen
 * readers where there are several. `locale` chooses the language, at any time.
 */
export class RinglinePanel extends HTMLElement {
  /** @type {Client|null} */
  #client = null;
  /** @type {(() => void)[]} */
  #offs = [];
  /** @type {Map<string, CallCard>} */
  #cards = new Map();
  /** When the socket was last alive, by the device's clock. */
  #aliveMs = Date.now();
  /** @type {string} */
  #trouble = "";
  /** @type {Record<string, string>} the shortcuts in force, by verb */
  #keys = {};
  /** @type {import("./extra.js").Extra[]} */
  #extras = [];
  /** What it is drawn in. */
  #locale = "";

  static observedAttributes = ["locale"];

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
  }

  #build() {
    const now = () => performance.now();
    this.speech = new Speech();
    this.agent = new AgentBar((verb, args) => this.#ask(verb, args), now);
    this.agent.ready.refused = () => this.#showWhatBlocks();
    this.health = el("span", { class: "health-text" });
    this.retry = el("button", { type: "button", class: "action plain", click: () => this.#client?.retry() }, TEXT.retry);
    this.banner = el("div", { class: "health", part: "banner", role: "status" }, this.health, this.retry);
    this.problem = el("div", { class: "problem", role: "alert" });
    this.dialInput = el("input", { type: "text", "data-to": true, inputmode: "tel", autocomplete: "off", "aria-label": TEXT.dialLabel, placeholder: TEXT.dialHint });
    this.dial = new ActionButton(TEXT.verb.place, "go", () => this.#place(), now);
    const place = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.dial?.node.click();
    };
    this.idle = el("div", { class: "idle" });
    this.calls = el("div", { class: "calls" }, this.idle);
    this.notes = new NoteList((what) => void this.#try(() => this.#client?.wrapUpDone(what)));
    this.work = new WorkTray((work) => void this.#try(() => this.#client?.work("end", { work })), now);
    this.shadowRoot?.replaceChildren(
      el(
        "section",
        { class: "panel" },
        this.agent.node,
        this.banner,
        el("form", { class: "row dial", submit: place }, this.dialInput, this.dial.node),
        this.problem,
        this.calls,
        this.work.node,
        this.notes.node,
        this.speech.alert,
        this.speech.status,
      ),
    );
  }

  /** The client that this panel shows; set it once, or to null to let go. */
  get client() {
    return this.#client;
  }

  set client(client) {
    this.#letGo();
    this.#client = client;
    if (client && this.isConnected) this.#follow(client);
  }

  attributeChangedCallback() {
    if (!this.#locale || !this.isConnected) return;
    this.#letGo();
    this.connectedCallback();
  }

  /** Add what the page wants besides. @param {...import("./extra.js").Extra} extras from `web/panel/extras.js` */
  use(...extras) {
    this.#extras.push(...extras);
    if (this.#offs.length && this.#client) this.#start(this.#client, extras);
  }

  /** @param {Client} client @param {import("./extra.js").Extra[]} extras */
  #start(client, extras) {
    const root = /** @type {ShadowRoot} */ (this.shadowRoot);
    const attempt = (/** @type {() => Promise<unknown>} */ act) => this.#try(act);
    for (const extra of extras) this.#offs.push(extra({ panel: this, client, root, words: EXTRAS, locale, attempt }));
  }

  connectedCallback() {
    const page = /** @type {HTMLElement|null} */ (this.closest("[lang]"))?.lang;
    const locale = speak([this.getAttribute("locale"), page, ...navigator.languages]);
    if (locale !== this.#locale) {
      this.#locale = locale;
      this.#cards.clear();
      this.#build();
    }
    if (this.#client && !this.#offs.length) this.#follow(this.#client);
  }

  disconnectedCallback() {
    this.#letGo();
  }

  /** @param {Client} client */
  #follow(client) {
    const onKey = shortcuts({
      answer: () => this.#press((card) => card.answer),
      drop: () => this.#press((card) => card.drop),
      hold: () => this.#press((card) => card.hold),
      ready: () => this.#toggleReady(),
      dial: () => this.dialInput?.focus(),
      owns: (event) => event.composedPath().includes(this),
    });
    const isOn = this.getAttribute("shortcuts") !== "off";
    if (isOn) document.addEventListener("keydown", onKey);
    this.#keys = isOn ? TEXT.keys : {};
    this.agent?.ready.setKeys(this.#keys.ready);
    this.dial?.setKeys(this.#keys.place);
    set(this.shadowRoot?.firstElementChild ?? this, "aria-label", this.getAttribute("label") ?? TEXT.panel);
    const ticker = setInterval(() => this.#tick(), 1000);
    this.#aliveMs = Date.now();
    this.#offs = [
      client.on("change", () => this.#draw()),
      client.on("event", (event) => this.#heard(event)),
      client.on("context", () => this.#draw()),
      client.on("command", () => this.#draw()),
      client.on("note", () => this.#drawNotes()),
      guardLeaving(client),
      client.on("notice", (notice) => this.#complain(plain(notice.text), notice.level)),
      () => clearInterval(ticker),
      () => document.removeEventListener("keydown", onKey),
    ];
    this.#draw();
    // After the panel itself is drawn: one of the app's own may throw.
    this.#start(client, this.#extras);
  }

  #letGo() {
    for (const off of this.#offs) off();
    this.#offs = [];
  }

  /** @param {StationEvent} event */
  #heard(event) {
    this.speech?.hear(event);
    if (event.event === "gate_tripped") this.#complain(SAID.tripped);
    this.dispatchEvent(new CustomEvent(`ringline:${event.event}`, { detail: event, bubbles: true, composed: true }));
    this.#draw();
  }

  /** @param {import("../client/contract.js").Verb} verb @param {Record<string, unknown>} [args] */
  #ask(verb, args) {
    return this.#try(() => this.#client?.command(verb, args));
  }

  /** @param {() => Promise<unknown>|undefined} act */
  async #try(act) {
    this.#complain("");
    try {
      await act();
    } catch (error) {
      this.#complain(reasonOf(error));
    }
  }

  /** @param {string} text @param {string} [level] `info` is no trouble, only news */
  #complain(text, level = "error") {
    this.#trouble = text;
    if (this.problem) set(this.problem, "data-level", level === "info" ? "info" : "error");
    this.#draw();
  }

  #place() {
    const to = this.dialInput?.value.trim();
    if (!to || !this.dialInput) return;
    this.dialInput.value = "";
    void this.#ask("place", { to });
  }

  /** The first card on which that button may be pressed. @param {(card: CallCard) => ActionButton} button */
  #press(button) {
    const buttons = [...this.#cards.values()].map(button);
    buttons.find((each) => each.isAllowed && !each.node.hidden)?.node.click();
  }

  #toggleReady() {
    if (!this.#client || !this.agent) return;
    const isReady = agentState(this.#client.state) === "ready";
    (isReady ? this.agent.notReady : this.agent.ready).node.click();
  }

  /** Ready was pressed in vain: say why, and take the agent to what is to be done. */
  #showWhatBlocks() {
    const state = this.#client?.state;
    const block = state && blockOf(state);
    if (!block || !isConnected(state)) return;
    this.#complain(block.text);
    if (block.interaction) this.notes?.focus(block.interaction);
    else this.work?.focus();
  }

  #draw() {
    const state = this.#client?.state;
    if (!state || !this.agent || !this.dial || !this.problem) return;
    const isLive = isConnected(state);
    if (isLive) this.#aliveMs = Date.now();
    const isPending = (/** @type {string} */ verb, /** @type {string|undefined} */ call) =>
      state.commands.some((each) => each.verb === verb && (call === undefined || each.call === call));
    set(this.shadowRoot?.firstElementChild ?? this, "data-live", String(isLive));
    this.agent.draw(state, isLive, (verb) => isPending(verb, undefined));
    const why = isLive ? TEXT.onPhone : TEXT.offline;
    this.dial.draw({ allowed: isLive && stationCan(state).has("place"), busy: isPending("place", undefined), why });
    say(this.problem, this.#trouble === TEXT.owed && !blockOf(state) ? "" : this.#trouble);
    this.#drawCalls(state, isLive, isPending);
    this.work?.draw(state.desk?.work ?? [], isLive, isPending("work.end", undefined));
    this.#drawNotes();
    this.#tick();
  }

  #drawNotes() {
    const client = this.#client;
    if (client) this.notes?.draw(client, callsOf(client.state.doc));
  }

  /**
   * @param {import("../client/client.js").ClientState} state
   * @param {boolean} isLive
   * @param {(verb: string, call: string) => boolean} isPending
   */
  #drawCalls(state, isLive, isPending) {
    const calls = callsOf(state.doc);
    const present = new Set(calls.map((call) => call.call));
    for (const [id, card] of this.#cards) {
      if (present.has(id)) continue;
      card.node.remove();
      this.#cards.delete(id);
    }
    for (const call of calls) {
      const card = this.#cards.get(call.call) ?? this.#newCard(call.call);
      card.draw(call, { isLive, isPending, calls, work: state.desk?.work, told: toldOf(call, state) });
    }
    if (!this.idle) return;
    show(this.idle, calls.length === 0);
    const isOut = agentState(state) === "signed_out";
    say(this.idle, isOut ? (isLive ? TEXT.idleOut : TEXT.idleLost) : TEXT.idle);
  }

  /** @param {string} id */
  #newCard(id) {
    const card = new CallCard((verb, args) => void this.#ask(verb, { call: id, ...args }), () => performance.now(), this.#keys);
    this.#cards.set(id, card);
    this.calls?.append(card.node);
    return card;
  }

  /** Once a second: what depends on the time is computed anew, never counted up. */
  #tick() {
    const client = this.#client;
    if (!client || !this.banner || !this.health || !this.retry) return;
    const state = client.state;
    const nowMs = client.serverNow();
    this.agent?.tick(state, nowMs);
    this.work?.tick(nowMs);
    for (const card of this.#cards.values()) card.tick(nowMs);
    const lostMs = isConnected(state) ? 0 : Date.now() - this.#aliveMs;
    const look = banner(state, lostMs, Date.now());
    set(this.shadowRoot?.firstElementChild ?? this, "data-stale", String(lostMs >= QUIET_MS));
    set(this.banner, "data-level", look.level);
    say(this.health, look.text);
    show(this.retry, look.canRetry);
  }
}

/** What this page refuses itself is said in its language; what the cloud says stays as it was sent. @param {unknown} error */
function reasonOf(error) {
  const { code = "", message } = /** @type {import("../client/contract.js").RinglineError} */ (error);
  /** @type {Record<string, string>} */
  const own = TEXT.errors;
  return own[code] ?? message;
}

if (!customElements.get("ringline-panel")) customElements.define("ringline-panel", RinglinePanel);
