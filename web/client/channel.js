/**
 * One WebSocket, from opening to its end. Says what it hears; decides nothing. After `close` it is silent.
 *
 * @typedef {import("./contract.js").Frame} Frame
 * @typedef {{opened: (channel: Channel) => void, heard: (frame: Frame, channel: Channel) => void,
 *   gone: (channel: Channel) => void}} Listener
 */

export class Channel {
  /**
   * @param {import("./env.js").Env} env
   * @param {string} url with its ticket
   * @param {Listener} listener
   */
  constructor(env, url, listener) {
    /** Whether its `welcome` came. */
    this.isWelcomed = false;
    this.openedMs = env.now();
    /** @type {Listener|null} */
    this.listener = listener;
    this.socket = new env.WebSocket(url);
    this.socket.onopen = () => {
      this.openedMs = env.now();
      this.listener?.opened(this);
    };
    this.socket.onmessage = (message) => this.#read(message.data);
    this.socket.onclose = () => this.#end();
  }

  /** @param {unknown} text anything; what is no JSON object is ignored */
  #read(text) {
    const frame = parse(text);
    if (frame) this.listener?.heard(frame, this);
  }

  #end() {
    const listener = this.listener;
    this.listener = null;
    listener?.gone(this);
  }

  /** @param {Frame} frame @returns {boolean} whether it was handed to the network */
  send(frame) {
    if (this.socket.readyState !== 1) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  /** @param {number} code 4000 page hidden for good, 4001 frozen, 4002 rotated, 1000 done */
  close(code) {
    this.listener = null;
    this.socket.close(code);
  }
}

/**
 * API Gateway's own error frame, which has no `t`: what became of the frame before it is unknown.
 * @param {Frame} frame
 */
export function isGatewayError(frame) {
  return frame.t === undefined && typeof frame.message === "string" && typeof frame.connectionId === "string";
}

/** @param {unknown} text @returns {Frame|null} */
function parse(text) {
  try {
    const value = JSON.parse(String(text));
    return value && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
