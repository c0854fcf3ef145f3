import { el, plain, say, set, show } from "../panel/dom.js";
import { watch } from "../client/board.js";
import { act } from "./actions.js";
import { AgentTable } from "./agents.js";
import { Confirm } from "./confirm.js";
import { QueueTable } from "./queues.js";
import { Strip } from "./strip.js";
import { TEXT, fill } from "./texts.js";
import { STALE_MS, isStale, nameOf, queuesOf, rowsOf, summaryOf } from "./view.js";

/**
 * @typedef {import("../client/board.js").SiteBoard} SiteBoard
 * @typedef {import("../client/client.js").Client} Client
 */

const TICK_MS = 1000;

/** The wallboard in an element of the page. */
export class Wallboard {
  /** @param {Client} client of a supervisor or an admin; connected, or soon */
  constructor(client) {
    this.client = client;
    /** @type {SiteBoard[]|null} null before the cloud said which sites there are */
    this.boards = null;
    /** When that was, by the server's clock: the first board takes a moment. */
    this.knownMs = 0;
    this.isDue = false;
    this.strip = new Strip();
    this.queues = new QueueTable();
    const now = () => client.env.now();
    this.agents = new AgentTable((action, row) => this.#act(action, row), now, () => this.#draw());
    this.confirm = new Confirm();
    this.stamp = el("p", { class: "stamp" });
    this.trouble = el("p", { class: "trouble", role: "status" });
    this.empty = el("p", { class: "empty" });
    this.said = el("p", { class: "said", role: "status" });
    this.node = el("div", { class: "wallboard" });
    this.node.append(this.stamp, this.trouble, this.strip.node, this.queues.node, this.said, this.agents.node);
    this.node.append(this.empty, this.confirm.node);
  }

  /** Begin to look. @returns {() => void} end it */
  start() {
    const { env } = this.client;
    const stop = watch(this.client, (boards) => {
      if (!this.boards) this.knownMs = this.client.serverNow();
      this.boards = boards;
      this.#redraw();
    });
    const offs = [
      stop,
      this.client.on("change", () => this.#redraw()),
      this.client.on("socket", () => this.#redraw()),
      this.client.on("notice", ({ text }) => say(this.said, plain(text))),
    ];
    /** @type {unknown} */
    let timer = null;
    const tick = () => {
      this.#redraw();
      timer = env.setTimeout(tick, TICK_MS);
    };
    tick();
    return () => {
      for (const off of offs) off();
      env.clearTimeout(timer);
    };
  }

  /** However many frames come, it is drawn once per picture of the screen, and not at all while nobody sees it. */
  #redraw() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      this.#draw();
    });
  }

  #draw() {
    const boards = this.boards ?? [];
    const nowMs = this.client.serverNow();
    const { isLive } = this.client.session;
    const rows = rowsOf(boards, nowMs, isLive);
    const queues = queuesOf(boards, nowMs, isLive);
    const hasSites = boards.length > 1;
    const old = boards.filter((board) => isStale(board, nowMs));
    this.strip.draw(summaryOf(rows, queues), nowMs, !isLive || old.length > 0);
    this.queues.draw(queues, nowMs, hasSites);
    this.agents.draw(rows, nowMs, hasSites);
    const times = boards.map(({ at }) => (at ? Date.parse(at) : NaN)).filter((ms) => !Number.isNaN(ms));
    const first = times.length ? Math.min(...times) : null;
    const before = isLive ? TEXT.waits : TEXT.connecting;
    say(this.stamp, first === null ? before : fill(TEXT.asOf, new Date(first).toLocaleTimeString()));
    say(this.trouble, this.#troubles(old, nowMs, isLive));
    show(this.trouble, this.trouble.textContent !== "");
    this.#drawEmpty(rows.length, isLive);
    set(this.node, "data-stale", String(!isLive || old.length > 0));
  }

  /** @param {SiteBoard[]} old @param {number} nowMs @param {boolean} isLive @returns {string} what is wrong, in the worst's words */
  #troubles(old, nowMs, isLive) {
    if (!isLive) return this.boards ? TEXT.lost : "";
    const isEarly = nowMs - this.knownMs < STALE_MS;
    return old
      .filter(({ at, status }) => at !== null || status?.edge === "down" || !isEarly)
      .map(({ site, at, status }) => {
        if (status?.edge === "down") return fill(TEXT.edgeDown, plain(site));
        return at ? fill(TEXT.noNews, plain(site), new Date(at).toLocaleTimeString()) : fill(TEXT.never, plain(site));
      })
      .join(". ");
  }

  /** @param {number} rows @param {boolean} isLive */
  #drawEmpty(rows, isLive) {
    const { roles } = this.client.state;
    const mayLook = roles.includes("supervisor") || roles.includes("admin");
    const isKnown = this.boards !== null && this.boards.some(({ at }) => at !== null);
    let text = "";
    if (isLive && !mayLook) text = TEXT.notYours;
    else if (this.boards?.length === 0) text = TEXT.noSites;
    else if (isKnown && rows === 0) text = TEXT.empty;
    say(this.empty, text);
    show(this.empty, text !== "");
  }

  /** @param {import("./actions.js").Action} action @param {import("./view.js").Row} row */
  async #act(action, row) {
    const name = plain(nameOf(row));
    if (action === "log_off" && !(await this.confirm.ask(fill(TEXT.confirm, name)))) return;
    const board = this.boards?.find(({ site }) => site === row.site);
    const isOther = board?.stations.find(({ station }) => station === row.station)?.agent !== row.agent;
    if (isOther) return say(this.said, fill(TEXT.failed, name, TEXT.changed));
    say(this.said, "");
    const why = await act(this.client, action, row);
    say(this.said, why ? fill(TEXT.failed, name, plain(why)) : fill(TEXT.done, name, TEXT.action[action].toLowerCase()));
  }
}
