import { createClient } from "/client/index.js";
import { directory, missedCalls } from "/panel/extras.js";
import "/panel/index.js";

window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective + " " + event.sample));

const timing = { firstRetryMs: 50, capRetryMs: 400, beatMs: 400, suspectMs: 300, kickMs: 20, drainMs: 100 };
const asked = JSON.parse(new URLSearchParams(location.search).get("timing") ?? "{}");
const client = createClient({
  api: new URL("/api", location.href).href,
  getToken: ({ reason }) => (window.tokens ??= []).push(reason) && "token",
  timing: { ...timing, ...asked },
});
window.client = client;
window.events = [];
window.sockets = [];
client.on("event", (event) => window.events.push(event.event));
client.on("socket", (status) => window.sockets.push(status.state));
const panel = document.getElementById("panel");
panel.use(directory(), missedCalls());
panel.client = client;
client.connect().catch(() => undefined);
