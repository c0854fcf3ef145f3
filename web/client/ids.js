/** Ids that a page makes: 26 characters, sorted by time, no vowel traps (the ULID alphabet). */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/**
 * @param {number} nowMs
 * @param {(bytes: Uint8Array<ArrayBuffer>) => Uint8Array} [fill] source of randomness
 * @returns {string} 10 characters of time, 16 of chance
 */
export function newId(nowMs, fill = (bytes) => crypto.getRandomValues(bytes)) {
  let time = "";
  for (let rest = Math.floor(nowMs), i = 0; i < 10; i += 1, rest = Math.floor(rest / 32)) {
    time = ALPHABET[rest % 32] + time;
  }
  return time + Array.from(fill(new Uint8Array(16)), (byte) => ALPHABET[byte % 32]).join("");
}
