import { clientOf, complain, nameOf, playground } from "../playground/users.js";
import { plain } from "../panel/dom.js";
import { Wallboard } from "./wallboard.js";

/** The local stack's wallboard: `/wallboard/?user=sue`; without a user the first supervisor's. */

async function start() {
  const stack = await playground();
  const wanted = new URLSearchParams(location.search).get("user");
  const first = stack.users.find(({ roles }) => roles.includes("supervisor")) ?? stack.users[0];
  const user = wanted ? stack.users.find((each) => each.user === wanted) : first;
  if (!user) throw new Error(`There is no user “${plain(wanted)}” here.`);
  const who = document.getElementById("who");
  if (who) who.textContent = nameOf(user);
  const client = clientOf(stack, user, { onlyLooks: true });
  const board = new Wallboard(client);
  document.getElementById("wallboard")?.append(board.node);
  board.start();
  await client.connect();
}

start().catch(complain);
