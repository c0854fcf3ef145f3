/**
 * Click to dial: a click on a telephone link, or on anything with `data-ringline-phone`, puts the number into the panel's
 * field; with Alt it is dialled at once. One listener on the page; the page's own elements are not touched.
 */

const PHONES = 'a[href^="tel:" i], [data-ringline-phone]';
const FIELDS = "input, textarea, select, [contenteditable]:not([contenteditable=false])";

/**
 * @param {{within?: EventTarget}} [options] where clicks are heard, the document unless said otherwise
 * @returns {import("./extra.js").Extra}
 */
export function clickToDial({ within = document } = {}) {
  return ({ panel, client, attempt }) => {
    const leave = new AbortController();
    const clicked = (/** @type {Event} */ event) => {
      const click = /** @type {MouseEvent} */ (event);
      const phone = phoneOf(click);
      if (!phone || !mayDial(phone, click.altKey)) return;
      click.preventDefault();
      if (click.altKey) void attempt(() => client.command("place", { to: phone.number }));
      else if (panel.dialInput) fillIn(panel.dialInput, phone.number);
    };
    within.addEventListener("click", clicked, { signal: leave.signal });
    return () => leave.abort();
  };
}

/** @param {HTMLInputElement} field @param {string} number */
function fillIn(field, number) {
  field.value = number;
  field.focus();
  field.select();
}

/**
 * What was clicked, through shadow roots too. Clicks that mean something else to the browser stay the browser's.
 * @param {MouseEvent} event
 * @returns {{element: Element, number: string}|null}
 */
function phoneOf(event) {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return null;
  const path = event.composedPath().filter((each) => each instanceof Element);
  if (path.some((each) => each.matches(FIELDS))) return null;
  const element = path.find((each) => each.matches(PHONES));
  const number = element ? numberOf(element) : "";
  return element && number ? { element, number } : null;
}

/** @param {Element} element @returns {string} as it can be dialled; the cloud does the rest */
export function numberOf(element) {
  const given = element.getAttribute("data-ringline-phone") ?? telOf(element.getAttribute("href") ?? "");
  const written = given || (element.textContent ?? "");
  // "+49 (0)30": the zero is dialled inside the country only.
  return written.replace(/^(\s*\+.*?)\(0\)/, "$1").replace(/[^\d+*#]/g, "");
}

/** @param {string} href @returns {string} without the parameters of RFC 3966 */
function telOf(href) {
  const [number] = href.slice("tel:".length).split(/[;?]/);
  try {
    return decodeURIComponent(number);
  } catch {
    return number;
  }
}

/**
 * The app may say no, or do it in its own way, with `preventDefault()`.
 * @param {{element: Element, number: string}} phone
 * @param {boolean} atOnce
 */
function mayDial({ element, number }, atOnce) {
  const detail = { number, atOnce };
  return element.dispatchEvent(new CustomEvent("ringline:dial", { detail, bubbles: true, composed: true, cancelable: true }));
}
