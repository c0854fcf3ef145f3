import { el } from "/panel/dom.js";
import { directory, missedCalls } from "/panel/extras.js";
import "/panel/index.js";
import { Customers } from "./customers.js";
import { Pbx } from "./pbx.js";
import { DeskPhone } from "./phone.js";
import { followSteps } from "./steps.js";
import { clientOf, complain, nameOf, playground } from "./users.js";

/** The playground: every agent's panel and desk phone side by side, and the customers above them. */

/**
 * One agent: the panel as in a hosted app, and the phone on the desk.
 * @param {import("./users.js").Playground} stack
 * @param {import("./users.js").User} user
 * @param {Pbx|null} pbx
 * @returns {{node: HTMLElement, client: import("../client/client.js").Client}}
 */
function agentCard(stack, user, pbx) {
  const client = clientOf(stack, user);
  const panel = /** @type {import("../panel/index.js").RinglinePanel} */ (document.createElement("ringline-panel"));
  panel.setAttribute("shortcuts", "off");
  panel.setAttribute("label", `Telephone of ${nameOf(user)}`);
  panel.use(directory(), missedCalls());
  panel.client = client;
  const phone = pbx && user.station ? new DeskPhone(pbx, user.station) : null;
  const own = el("a", { href: `/playground/agent.html?user=${encodeURIComponent(user.user)}`, target: "_blank" }, "own page ↗");
  const head = el("div", { class: "agent-head" }, el("h2", {}, nameOf(user)), own);
  client.on("event", () => phone?.refresh());
  client.connect().catch(complain);
  const node = el("article", { class: "card", "aria-label": nameOf(user), "data-user": user.user }, head, panel);
  if (phone) node.append(phone.node);
  return { node, client };
}

async function start() {
  const stack = await playground();
  const pbx = stack.pbx ? new Pbx(stack.pbx) : null;
  const cards = stack.users.filter((user) => user.station).map((user) => agentCard(stack, user, pbx));
  document.getElementById("agents")?.append(...cards.map((card) => card.node));
  const steps = document.getElementById("steps");
  if (steps && cards.length) followSteps(steps, cards[0].client);
  const customers = pbx && new Customers(pbx, complain);
  for (const { client } of cards) client.on("event", () => customers?.refresh());
  if (customers) document.getElementById("customers")?.append(...customers.nodes);
  else complain("This phone system has no control API: use its own phones.");
}

start().catch(complain);
