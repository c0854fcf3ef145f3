import { Commands } from "./commands.js";
import { ServerClock } from "./clock.js";
import { CLIENT, FRAME_BYTES, LABEL_LETTERS, PROTOCOL_VERSION, RinglineError } from "./contract.js";
import { closed, openPages, pick, sizeOf } from "./frames.js";
import { browserEnv } from "./env.js";
import { memoryDrafts } from "./drafts.js";
import { newId } from "./ids.js";
import { Listeners } from "./listeners.js";
import { Notes } from "./notes.js";
import { open } from "./opening.js";
import { newPageId, pageId } from "./pageid.js";
import { Pops } from "./pop.js";
import { Session, TIMING } from "./session.js";
import { Store, callsOf } from "./store.js";
import { presenceOf, watchPage } from "./wake.js";

/**
 * @typedef {import("./contract.js").Frame} Frame
 * @typedef {import("./options.js").ClientState} ClientState
 * @typedef {import("./options.js").ClientOptions} ClientOptions
 */

/** What is known before a welcome. */
const NOBODY = { agent: null, name: "", roles: [], site: null, capabilities: [], dispositions: {} };
const DEFAULT_TTL_MS = 8000;
const KEPT_CONTEXTS = 8;
const PRESENCE_MS = 1000;

/** One page of one agent. Made by `createClient`. */
export class Client {
  /** @param {ClientOptions} options */
  constructor(options) {
    this.options = { ...options };
    /** @type {import("./env.js").Env} */
    this.env = { ...(options.env?.WebSocket ? /** @type {any} */ ({}) : browserEnv()), ...options.env };
    this.env.ticks ??= this.env.now;
    this.env.drafts ??= memoryDrafts();
    this.page = options.page ?? pageId(this.env.storage, this.env.now());
    this.clock = new ServerClock(this.env.now);
    this.store = new Store();
    this.commands = new Commands(this.env, (state) => this.#staged(state));
    this.listeners = new Listeners();
    /** @type {Pick<ClientState, 'agent'|'name'|'roles'|'site'|'capabilities'|'dispositions'>} */
    this.welcome = NOBODY;
    this.frameBytes = FRAME_BYTES;
    /** @type {Map<string, Frame>} */
    this.contexts = new Map();
    /** @type {import("./contract.js").OpenPage[]} */
    this.openPages = [];
    /** @type {(() => void)|null} */
    this.unwatch = null;
    /** @type {unknown} */
    this.presenceTimer = null;
    this.isFocused = false;
    /** @type {string|null} when the page had the focus last, by the server's clock */
    this.usedAt = null;
    this.session = new Session(this.#sessionOptions());
    this.pops = new Pops(this.#aroundPops());
    this.notes = new Notes({
      env: this.env,
      api: options.api,
      agent: () => this.welcome.agent,
      isLive: () => this.session.isLive,
      send: (frame) => this.session.send(frame),
      newId: () => newId(this.env.now()),
      frameBytes: () => this.frameBytes,
      changed: (note) => this.#emit("note", note),
    });
  }

  /** @returns {import("./pop.js").Surroundings} */
  #aroundPops() {
    return {
      env: this.env,
      page: () => this.page,
      send: (frame) => this.session.send(frame),
      canPop: () => this.#canPop(),
      socket: () => this.session.line,
      serverNow: () => this.serverNow(),
      passed: () => this.#announcePresence(),
      pop: (call, grant) => {
        const opened = open(this.env, this.options.pop, call);
        this.#emit("pop", { call: call.call, interaction: call.interaction, grant, entry: call, ...opened });
      },
    };
  }

  /** @returns {import("./session.js").Options} */
  #sessionOptions() {
    return {
      api: this.options.api,
      env: this.env,
      timing: { ...TIMING, ...this.options.timing },
      getToken: (ask) => this.options.getToken(ask),
      hello: (replaces) => this.#hello(replaces),
      beat: () => ({ t: "beat", ...pick(this.store.position, ["station", "rev"]) }),
      heard: (frame, askedMs) => this.#heard(frame, askedMs),
      replaced: () => this.#renamePage(),
      status: (status) => {
        this.#emit("socket", status);
        this.#emit("change", this.state);
      },
    };
  }

  /** Connect and stay connected; resolves at the first `live`, rejects when a person or an upgrade is needed. */
  connect() {
    this.isFocused = presenceOf(this.env.document).focused;
    this.unwatch ??= watchPage(this.env, {
      kick: () => this.session.kick(),
      park: (code) => {
        this.notes.flush();
        this.session.park(code);
      },
      presence: () => this.#announcePresence(),
    });
    return new Promise((resolve, reject) => {
      const off = this.on("socket", ({ state, code }) => {
        // The document of the `welcome` that made it live is taken right after this.
        if (state === "live") queueMicrotask(() => resolve(this.state));
        else if (state === "closed") reject(closed(code));
        else if (state === "auth-required") reject(new RinglineError("not_authorized", "Sign in again."));
        else return;
        off();
      });
      this.session.open();
      if (this.session.isLive) {
        off();
        resolve(this.state);
      }
    });
  }

  /** Close the socket and stop listening to the browser. The desk stays logged on. */
  close() {
    this.unwatch?.();
    this.unwatch = null;
    this.env.clearTimeout(this.presenceTimer);
    this.presenceTimer = null;
    this.pops.close();
    this.notes.flush();
    this.notes.close();
    this.session.close();
  }

  /** Close, and forget handlers and everything known: nothing is left of it but the drafts. `connect` begins anew. */
  destroy() {
    this.close();
    this.listeners.clear();
    this.#forget();
    this.welcome = NOBODY;
  }

  /** What is known of an agent is nobody else's. */
  #forget() {
    this.commands.close();
    this.contexts.clear();
    this.store = new Store();
  }

  /** Look at the socket now: prove it, or open a new one. */
  retry() {
    if (["auth-required", "closed"].includes(this.session.status.state)) this.session.open();
    else this.session.kick();
  }

  /** @returns {ClientState} all that is known now */
  get state() {
    return {
      socket: this.session.status,
      ...this.welcome,
      ...pick(this.store, ["station", "rev", "doc", "desk"]),
      commands: this.commands.pending,
      context: Object.fromEntries(this.contexts),
    };
  }

  /** @returns {number} the server's time in ms: what every timer is counted from */
  serverNow() {
    return this.clock.serverNow();
  }

  /**
   * Listen. Names: the contract's events (`ringing`, `answered`, `dropped`, …), `event` for all of them, `change`,
   * `pop`, `socket`, `command`, `context`, `note`, `notice`.
   * @param {string} name
   * @param {(detail: any) => void} fn its exceptions are reported and stop nothing
   * @returns {() => void} stop listening
   */
  on(name, fn) {
    return this.listeners.add(name, fn);
  }

  /**
   * The agent's note on an interaction. Change it with `set`, `setField`, and `save` when it is finished; it saves itself
   * meanwhile, and `note` is raised with it whenever it changes.
   * @param {string} interaction
   * @returns {import("./notes.js").Note}
   */
  note(interaction) {
    return this.notes.of(interaction);
  }

  /** @returns {import("./notes.js").Note[]} what the agent has still to finish, calls that are over included */
  get openNotes() {
    return this.notes.open;
  }

  /**
   * Ask the phone for something. Nothing is queued: without a live socket it is refused at once with `offline`.
   * @param {import("./contract.js").Verb} verb
   * @param {Record<string, unknown>} [args] the verb's arguments, `ttl_ms`, and `id` to repeat an earlier command
   * @returns {Promise<import("./commands.js").CommandState>} resolves when the PBX showed it (`already` when it was so before)
   * @throws {RinglineError} with the contract's error code, `expired`, `timeout`, `offline`, or `too_large`
   */
  command(verb, args = {}) {
    const ttl = typeof args.ttl_ms === "number" ? args.ttl_ms : DEFAULT_TTL_MS;
    return this.#ask({ ...args, t: "command", verb, ttl_ms: ttl }, verb, ttl);
  }

  /**
   * Decide what a call owed (docs/protocol.md 5, `wrap_up.done`); a note is decided by saving it.
   * @param {{interaction: string, nothing_to_note?: boolean, disposition?: string}} what
   */
  wrapUpDone(what) {
    return this.#ask({ ...what, t: "wrap_up.done" }, "wrap_up.done", DEFAULT_TTL_MS);
  }

  /**
   * Begin, prolong or end an e-mail, chat or task that keeps calls away (docs/protocol.md 5, `work.*`).
   * @param {'begin'|'touch'|'end'} step
   * @param {{work: string, channel?: string, label?: string, blocks?: string[], ttl_s?: number}} what
   */
  work(step, what) {
    return this.#ask({ ...what, t: `work.${step}` }, `work.${step}`, DEFAULT_TTL_MS);
  }

  /**
   * The pages that this agent has open, the one that would pop a call first.
   * @returns {Promise<import("./contract.js").OpenPage[]>}
   */
  async pages() {
    await this.#ask({ t: "pages" }, "pages", DEFAULT_TTL_MS);
    return this.openPages;
  }

  /** @param {Frame} args @param {string} verb @param {number} ttl */
  #ask(args, verb, ttl) {
    const id = typeof args.id === "string" ? args.id : newId(this.env.now());
    const frame = { ...args, id };
    if (sizeOf(frame) > this.frameBytes) {
      return Promise.reject(new RinglineError("too_large", "That is too long to send."));
    }
    this.notes.flush();
    if (!this.session.send(frame)) {
      return Promise.reject(new RinglineError("offline", "Not connected. Use the phone: nothing was sent."));
    }
    const outcome = this.commands.track({ verb, ttlMs: ttl, frame });
    this.#emit("change", this.state);
    return outcome;
  }

  /** @param {boolean} isReplacing @returns {Frame} */
  #hello(isReplacing) {
    return {
      t: "hello",
      v: PROTOCOL_VERSION,
      page: this.page,
      client: CLIENT,
      ...presenceOf(this.env.document),
      can_pop: this.#canPop(),
      label: [...(this.options.label ?? this.env.document?.title ?? "")].slice(0, LABEL_LETTERS).join(""),
      ...this.store.position,
      ...(isReplacing ? { replaces: this.page } : {}),
      only_looks: this.options.onlyLooks,
    };
  }

  /** @param {Frame} frame @param {number|null} askedMs when we asked for it; null when it came unasked */
  #heard(frame, askedMs) {
    if (askedMs !== null && frame.now_at && frame.t !== "station") this.clock.heard(frame.now_at, askedMs);
    switch (frame.t) {
      case "welcome":
        this.frameBytes = Number(frame.limits?.frame_bytes) || FRAME_BYTES;
        if (this.welcome.agent && this.welcome.agent !== frame.agent) this.#forget();
        this.welcome = pick(frame, ["agent", "name", "roles", "site", "capabilities", "dispositions"]);
        this.#take(frame);
        void this.notes.live();
        this.commands.repeat((said) => this.session.send(said));
        return this.#missedNotes();
      case "station":
        return this.#take(frame);
      case "beat":
        this.welcome = { ...this.welcome, site: frame.site ?? this.welcome.site };
        return this.#emit("change", this.state);
      case "result":
        this.commands.heard(/** @type {any} */ (frame));
        return this.#emit("change", this.state);
      case "error":
        return this.#refused(frame);
      case "context":
        return this.#context(frame);
      case "pop":
        return this.pops.heard(frame);
      case "note":
        return this.notes.heard(frame);
      case "pages":
        this.openPages = openPages(frame, this.page);
        return this.commands.heard({ id: frame.id, stage: "confirmed" });
      case "notice":
        return this.#emit("notice", frame);
      case "watching":
      case "board":
        return this.#emit(frame.t, frame);
      default:
        return undefined;
    }
  }

  /** @param {Frame} frame */
  #take(frame) {
    const { events } = this.store.take(/** @type {any} */ (frame));
    this.notes.keep(callsOf(this.store.doc));
    this.#emit("change", this.state);
    for (const event of events) {
      this.#emit(event.event, event);
      this.#emit("event", event);
    }
    this.pops.keep(callsOf(this.store.doc));
  }

  /** A page that opens in a call, or with a draft, was not there when its notes were told; of what rings they come. */
  #missedNotes() {
    const calls = callsOf(this.store.doc).filter(({ leg }) => leg !== "alerting");
    const wanted = new Set([...calls.map((call) => call.interaction), ...(this.store.desk?.drafts ?? [])]);
    for (const interaction of wanted) if (!this.contexts.has(interaction)) this.session.send({ t: "context", interaction });
  }

  /** What the app's function says; one that fails says no. */
  #canPop() {
    try {
      return this.options.canPop?.() ?? true;
    } catch (error) {
      console.error("ringline: canPop failed", error);
      return false;
    }
  }

  /** @param {import("./commands.js").CommandState} state when nothing was heard of it, the socket has to prove itself and the state is read anew */
  #staged(state) {
    if (state.error?.code === "timeout") this.session.kick();
    this.#emit("command", state);
  }

  /** @param {Frame} frame */
  #refused(frame) {
    const error = { code: String(frame.code), text: String(frame.text) };
    if (this.notes.refused(frame)) return;
    if (frame.ref) this.commands.refused(String(frame.ref), error);
    else this.#emit("notice", { t: "notice", level: "error", ...error });
    this.#emit("change", this.state);
  }

  /** @param {Frame} frame */
  #context(frame) {
    if (frame.interaction) this.contexts.set(String(frame.interaction), frame);
    for (const note of frame.notes ?? []) this.notes.heard(note);
    const [oldest] = this.contexts.keys();
    if (this.contexts.size > KEPT_CONTEXTS) this.contexts.delete(oldest);
    this.#emit("context", frame);
  }

  #announcePresence() {
    const { focused } = presenceOf(this.env.document);
    if (focused || this.isFocused) this.usedAt = new Date(this.serverNow()).toISOString();
    this.isFocused = focused;
    if (!focused) this.notes.flush();
    if (this.presenceTimer) return;
    this.presenceTimer = this.env.setTimeout(() => {
      this.presenceTimer = null;
      this.session.send({
        t: "page",
        ...presenceOf(this.env.document),
        can_pop: this.#canPop(),
        last_input_at: this.usedAt,
      });
    }, PRESENCE_MS);
  }

  /** Another page uses our id (a duplicated tab): take a new one instead of fighting for it. */
  #renamePage() {
    this.page = newPageId(this.options.page ? null : this.env.storage, this.env.now());
  }

  /** @param {string} name @param {unknown} detail */
  #emit(name, detail) {
    this.listeners.tell(name, detail);
  }
}
