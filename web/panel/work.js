import { ActionButton } from "./button.js";
import { el, phrase, plain } from "./dom.js";
import { TEXT } from "./texts.js";
import { duration } from "./view.js";

/** @typedef {import("../client/contract.js").WorkItem} WorkItem */

/** @param {WorkItem|undefined} item @returns {string} what people call it */
export function workName(item) {
  return plain(item?.label) || plain(item?.channel) || plain(item?.work);
}

/** One e-mail, chat or task that keeps calls away. */
class WorkLine {
  /** @param {WorkItem} item @param {(work: string) => void} end @param {() => number} now */
  constructor(item, end, now) {
    this.item = item;
    this.name = el("span", { class: "fill" });
    this.left = el("span", { class: "timer", role: "timer", "aria-live": "off" });
    this.end = new ActionButton(TEXT.endWork, "plain", () => end(item.work), now);
    this.node = el("li", { class: "line" }, el("span", { class: "icon", "aria-hidden": "true" }, "✉"), this.name, this.left, this.end.node);
  }

  /** @param {WorkItem} item @param {boolean} isLive @param {boolean} busy */
  draw(item, isLive, busy) {
    this.item = item;
    phrase(this.name, "{0}", workName(item));
    this.end.draw({ allowed: isLive, busy, why: TEXT.offline });
    this.end.node.setAttribute("aria-label", `${TEXT.endWork}: ${workName(item)}`);
  }

  /** @param {number} nowMs server time */
  tick(nowMs) {
    phrase(this.left, TEXT.left, duration(Date.parse(this.item.lease_until_at) - nowMs));
  }
}

/** The open work, each with the time that is left of its lease. */
export class WorkTray {
  /** @param {(work: string) => void} end @param {() => number} now */
  constructor(end, now) {
    this.make = (/** @type {WorkItem} */ item) => new WorkLine(item, end, now);
    /** @type {Map<string, WorkLine>} */
    this.lines = new Map();
    this.node = el("ul", { class: "tray", "aria-label": TEXT.work });
  }

  /** @param {WorkItem[]} items @param {boolean} isLive @param {boolean} busy */
  draw(items, isLive, busy) {
    const open = new Map(items.map((item) => [item.work, item]));
    for (const [work, line] of this.lines) {
      if (open.has(work)) continue;
      line.node.remove();
      this.lines.delete(work);
    }
    for (const [work, item] of open) {
      const line = this.lines.get(work) ?? this.make(item);
      this.lines.set(work, line);
      if (!line.node.isConnected) this.node.append(line.node);
      line.draw(item, isLive, busy);
    }
  }

  /** @param {number} nowMs */
  tick(nowMs) {
    for (const line of this.lines.values()) line.tick(nowMs);
  }

  /** Take the agent to the item that blocks. */
  focus() {
    const [line] = this.lines.values();
    line?.end.node.focus();
  }
}
