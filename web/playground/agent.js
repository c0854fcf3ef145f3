import { el, plain } from "/panel/dom.js";
import "/panel/index.js";
import { clientOf, complain, nameOf, playground } from "./users.js";

/** One agent's page, as in a hosted web app: `agent.html?user=anna`. */

const KEPT = 12;

/** @param {import("../client/store.js").StationEvent} event */
function log(event) {
  const who = plain(event.entry?.remote.name) || plain(event.entry?.remote.number);
  const words = [event.event.replaceAll("_", " "), who, event.cause && `(${event.cause})`, event.by && `by ${event.by.replaceAll("_", " ")}`];
  const line = el("li", {}, el("time", {}, new Date(event.at).toLocaleTimeString()), " ", el("bdi", {}, words.filter(Boolean).join(" ")));
  const list = document.getElementById("log");
  list?.prepend(line);
  while (list && list.children.length > KEPT) list.lastElementChild?.remove();
}

/** @param {import("../client/store.js").StationEvent} event the record of the caller opens while it rings */
function openRecord(event) {
  const remote = event.entry?.remote;
  const title = document.getElementById("record-title");
  const why = document.getElementById("record-why");
  if (title) title.textContent = plain(remote?.name) || plain(remote?.number) || "Unknown caller";
  if (why) why.textContent = `${plain(remote?.number)} called ${plain(event.entry?.queue) || plain(event.entry?.dialed)}.`;
}

async function start() {
  const stack = await playground();
  const wanted = new URLSearchParams(location.search).get("user") ?? stack.users[0]?.user;
  const user = stack.users.find((each) => each.user === wanted);
  if (!user) throw new Error(`There is no user “${plain(wanted)}” here.`);
  document.title = `${nameOf(user)}: customer desk`;
  const client = clientOf(stack, user);
  const panel = /** @type {import("../panel/index.js").RinglinePanel} */ (document.createElement("ringline-panel"));
  panel.client = client;
  document.getElementById("panel")?.append(panel);
  client.on("ringing", openRecord);
  client.on("event", log);
  await client.connect();
}

start().catch(complain);
