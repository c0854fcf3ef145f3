import { el, say, set } from "../panel/dom.js";
import { since } from "../panel/view.js";
import { TEXT } from "./texts.js";

/** @typedef {keyof typeof TEXT.tile} Tile */

const TILES = /** @type {Tile[]} */ (Object.keys(TEXT.tile));
/** Tiles that ask for somebody when they are not zero. */
const ALARMS = new Set(["waiting", "page_lost", "offline"]);

/** The numbers on top. */
export class Strip {
  constructor() {
    /** @type {Map<Tile, {tile: HTMLElement, value: HTMLElement}>} */
    this.tiles = new Map();
    this.node = el("dl", { class: "strip" });
    for (const name of TILES) {
      const value = el("dd", {});
      const tile = el("div", { class: "tile", "data-tile": name }, el("dt", {}, TEXT.tile[name]), value);
      this.tiles.set(name, { tile, value });
      this.node.append(tile);
    }
  }

  /** @param {import("./view.js").Summary} summary @param {number} nowMs @param {boolean} isOld */
  draw(summary, nowMs, isOld) {
    for (const [name, { tile, value }] of this.tiles) {
      const shown = name === "longest" ? since(summary.longestAt, nowMs) || TEXT.none : String(summary[name]);
      say(value, shown);
      set(tile, "data-alarm", String(ALARMS.has(name) && shown !== "0"));
    }
    set(this.node, "data-stale", String(isOld));
  }
}
