import { createClient } from "/client/index.js";

/**
 * A page that pops, and tells the test so through the bindings `popped` and `lived`. `window.onSent` and `window.onRead`
 * let a test do something in the middle; what `onRead` answers `false` to is not read.
 */
window.WebSocket = class extends WebSocket {
  set onmessage(read) {
    super.onmessage = (message) => window.onRead?.(JSON.parse(message.data)) !== false && read(message);
  }
  send(text) {
    super.send(text);
    window.onSent?.(JSON.parse(text));
  }
};
window.events = [];
window.states = [];
window.persisted = [];
addEventListener("pageshow", ({ persisted }) => window.persisted.push(persisted));

const given = new URLSearchParams(location.hash.slice(1));
const client = (window.client = createClient({
  api: given.get("api") ?? new URL("/api", location.href).href,
  getToken: () => given.get("token") ?? "token",
}));
client.on("pop", ({ call, grant }) => window.popped?.(JSON.stringify({ call, grant, page: client.page })));
client.on("event", ({ event }) => window.events.push(event));
client.on("socket", ({ state }) => window.states.push(state));
client.connect().catch(() => undefined);

const area = document.getElementById("note");
area.addEventListener("input", () => client.note("i-typed").set(area.value));
client.on("note", (note) => note.interaction === "i-typed" && document.activeElement !== area && (area.value = note.text));
