import { createClient } from "/panel/bundle.js";
import { directory, missedCalls } from "/panel/extras.js";

// Your own: the signed-in user's OIDC id token. The local stack hands out demo tokens instead.
async function getToken() {
  const { users } = await (await fetch("/playground.json")).json();
  return users[0].token;
}

const client = createClient({ api: "/api", getToken });
const panel = document.querySelector("ringline-panel");
panel.use(directory(), missedCalls());
panel.client = client;

client.on("pop", ({ entry }) => {
  document.querySelector("#customer").textContent = `${entry.remote.name ?? entry.remote.number} calls ${entry.queue}.`;
});

document.querySelector("#call").addEventListener("click", async () => {
  const outcome = document.querySelector("#outcome");
  try {
    await client.command("place", { to: "+442079460958" });
    outcome.textContent = "It rings there.";
  } catch (error) {
    outcome.textContent = error.message;
  }
});

client.connect().catch((error) => console.warn(error.message));
