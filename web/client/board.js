/**
 * A supervisor's boards: who works where and who waits, as the sites' edges tell it (docs/protocol.md 5.7). Not part of the
 * client's bundle: import it beside it.
 *
 * @typedef {import("./contract.js").Frame} Frame
 * @typedef {import("./contract.js").Site} Site
 * @typedef {{leg: import("./contract.js").Leg, direction: string, queue: string|null, since_at: string}} BoardCall
 * @typedef {{station: string, agent: string|null, name: string, in_service: boolean,
 *   state: import("./contract.js").AgentState, reason: string|null, pending: string|null, since_at: string|null,
 *   pages: number, work: number, owes: number, queues: string[], calls: BoardCall[]}} BoardStation
 * @typedef {{queue: string, waiting: number, longest_since_at: string|null}} BoardQueue
 * @typedef {{site: string, at: string|null, status: Site|null, stations: BoardStation[], queues: BoardQueue[]}} SiteBoard
 *   `at`: the server's time that it is true of; null before the first board
 */

/** A watch ends after 90 s. */
const RENEW_MS = 45_000;
/** A whole board that is older than the last one by more than this is no late frame: a clock was set. */
const SET_MS = 60_000;

class SiteView {
  constructor() {
    this.at = -Infinity;
    /** @type {Map<string, BoardStation>} */
    this.stations = new Map();
    /** @type {Map<string, BoardQueue>} */
    this.queues = new Map();
    /** @type {{at: number, parts: Map<number, Frame>}} of a whole board, until all are there */
    this.coming = { at: -Infinity, parts: new Map() };
  }

  /** @param {Frame} frame @returns {boolean} whether it changed what is shown */
  take(frame) {
    const at = Date.parse(frame.at);
    if (frame.whole && this.at - at > SET_MS) this.at = this.coming.at = -Infinity;
    if (Number.isNaN(at) || at < this.at) return false;
    if (!frame.whole) {
      if (this.at === -Infinity) return false;
      this.#change(frame, at);
      return true;
    }
    if (at < this.coming.at) return false;
    if (at > this.coming.at) this.coming = { at, parts: new Map() };
    this.coming.parts.set(frame.part, frame);
    if (this.coming.parts.size < frame.parts) return false;
    this.stations.clear();
    this.queues.clear();
    for (const part of this.coming.parts.values()) this.#change(part, at);
    this.coming.parts.clear();
    return true;
  }

  /** @param {Frame} frame @param {number} at */
  #change({ stations = [], queues = [], gone = [], closed = [] }, at) {
    this.at = at;
    for (const station of gone) this.stations.delete(station);
    for (const queue of closed) this.queues.delete(queue);
    for (const each of stations) this.stations.set(each.station, each);
    for (const each of queues) this.queues.set(each.queue, each);
  }
}

/** The boards of all sites that are watched. Pure: frames in, boards out. */
export class Boards {
  constructor() {
    /** @type {Map<string, SiteView>} */
    this.views = new Map();
    /** @type {Map<string, Site>} */
    this.sites = new Map();
  }

  /** @param {Site[]} sites what `watching` says; boards of other sites are forgotten */
  watching(sites) {
    this.sites = new Map(sites.map((site) => [site.id, site]));
    for (const site of this.views.keys()) if (!this.sites.has(site)) this.views.delete(site);
  }

  /** @param {Frame} frame a `board` @returns {boolean} whether it changed what is shown */
  take(frame) {
    const view = this.views.get(frame.site) ?? new SiteView();
    this.views.set(frame.site, view);
    return view.take(frame);
  }

  /** @returns {SiteBoard[]} by site */
  get all() {
    const sites = [...new Set([...this.sites.keys(), ...this.views.keys()])].sort();
    return sites.map((site) => {
      const view = this.views.get(site);
      return {
        site,
        at: view && view.at > -Infinity ? new Date(view.at).toISOString() : null,
        status: this.sites.get(site) ?? null,
        stations: [...(view?.stations.values() ?? [])],
        queues: [...(view?.queues.values() ?? [])],
      };
    });
  }
}

/**
 * Look at the boards of the user's team (supervisor) or of all sites (admin), over every socket of the client.
 * @param {import("./client.js").Client} client
 * @param {(boards: SiteBoard[]) => void} handler told what is true now, after every change and every sign of life
 * @returns {() => void} look no more
 */
export function watch(client, handler) {
  const boards = new Boards();
  const { env, session } = client;
  /** @type {unknown} */
  let timer = null;
  /** @type {unknown} the socket that we asked on last */
  let asked = null;
  const ask = () => {
    env.clearTimeout(timer);
    asked = session.send({ t: "watch", on: true }) ? session.current : null;
    timer = env.setTimeout(ask, RENEW_MS);
  };
  const offs = [
    // A watch belongs to its socket, and sockets are changed before their end.
    client.on("change", () => session.isLive && session.current !== asked && ask()),
    client.on("watching", (frame) => {
      boards.watching(frame.sites);
      handler(boards.all);
    }),
    client.on("board", (frame) => boards.take(frame) && handler(boards.all)),
  ];
  if (session.isLive) ask();
  return () => {
    for (const off of offs) off();
    env.clearTimeout(timer);
    session.send({ t: "watch", on: false });
  };
}
