/**
 * Ask before the page goes while the cloud does not have all that was typed. The listener is there only as long, since a
 * page that has one does not enter every browser's back/forward cache.
 * @param {import("../client/client.js").Client} client
 * @returns {() => void} ask no more
 */
export function guardLeaving(client) {
  const ask = (/** @type {Event} */ event) => {
    if (navigator.userActivation?.hasBeenActive) event.preventDefault();
  };
  const quiet = () => removeEventListener("beforeunload", ask);
  const look = () => (client.openNotes.some(({ isDirty }) => isDirty) ? addEventListener("beforeunload", ask) : quiet());
  const off = client.on("note", look);
  look();
  return () => {
    off();
    quiet();
  };
}
