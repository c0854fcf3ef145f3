import { el, plain } from "/panel/dom.js";
import { attention, clickToDial, directory, missedCalls } from "/panel/extras.js";
import { addTexts } from "/panel/texts.js";
import "/panel/index.js";
import { clientOf, complain, nameOf, playground } from "./users.js";

/** One agent's page, as in a hosted web app: `agent.html?user=anna`, with `&locale=de` in German. */

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

/** @param {{entry: import("../client/contract.js").Call}} pop the record of the caller opens in one of the agent's pages */
function openRecord({ entry }) {
  const { remote } = entry;
  const title = document.getElementById("record-title");
  const why = document.getElementById("record-why");
  if (title) title.textContent = plain(remote?.name) || plain(remote?.number) || "Unknown caller";
  if (why) why.textContent = `${plain(remote?.number)} called ${plain(entry.queue) || plain(entry.dialed)}.`;
}

async function start() {
  const stack = await playground();
  const asked = new URLSearchParams(location.search);
  const wanted = asked.get("user") ?? stack.users[0]?.user;
  const user = stack.users.find((each) => each.user === wanted);
  if (!user) throw new Error(`There is no user “${plain(wanted)}” here.`);
  document.title = `${nameOf(user)}: customer desk`;
  const client = clientOf(stack, user);
  const panel = /** @type {import("../panel/index.js").RinglinePanel} */ (document.createElement("ringline-panel"));
  panel.use(directory(), missedCalls(), clickToDial(), attention({ notify: { when: "hidden", content: "name" }, ring: {} }));
  addTexts("de", await import("/panel/texts/de.js"));
  panel.setAttribute("locale", asked.get("locale") ?? "en");
  panel.client = client;
  document.getElementById("panel")?.append(panel);
  client.on("pop", openRecord);
  client.on("event", log);
  await client.connect();
}

start().catch(complain);
