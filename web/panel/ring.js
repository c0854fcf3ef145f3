/**
 * A ring tone: the app's file, or one made here. A browser lets nobody ring before the user has clicked somewhere, so
 * `unlock` is called from a click.
 *
 * @typedef {{src?: string, volume?: number}} RingOptions  `volume`: 0 to 1
 */

const PERIOD_MS = 3_000;
/** Begin and length of the two strokes of a period, s; a soft third, which carries through an office. */
const STROKES = [[0, 0.4], [0.6, 0.4]];
const TONES_HZ = [440, 554];

export class Ring {
  /** @param {RingOptions} options */
  constructor({ src, volume = 0.3 }) {
    this.volume = volume;
    /** @type {HTMLAudioElement|null} */
    this.file = src ? Object.assign(new Audio(src), { volume, preload: "auto" }) : null;
    /** @type {AudioContext|null} */
    this.audio = null;
    /** @type {ReturnType<typeof setInterval>|undefined} */
    this.timer = undefined;
    this.isOn = false;
    this.isRinging = false;
    this.isOnce = false;
  }

  /** From a click: may ring from now on, and does if it should already. */
  unlock() {
    if (this.isOn) return;
    this.isOn = true;
    if (!this.file) {
      this.audio = new AudioContext();
      void this.audio.resume();
    }
    if (this.isRinging) this.#begin();
  }

  /** @param {boolean} [isOnce] one stroke only, for somebody who is talking */
  start(isOnce = false) {
    if (this.isRinging) return;
    this.isRinging = true;
    this.isOnce = isOnce;
    if (this.isOn) this.#begin();
  }

  stop() {
    this.isRinging = false;
    clearInterval(this.timer);
    this.file?.pause();
    if (this.file) this.file.currentTime = 0;
    this.gain?.disconnect();
  }

  #begin() {
    // A file that cannot be played is no reason to stay silent.
    if (this.file) this.file.loop = !this.isOnce;
    if (this.file) return void this.file.play().catch((error) => error.name !== "AbortError" && this.#fallBack());
    this.#stroke();
    if (!this.isOnce) this.timer = setInterval(() => this.#stroke(), PERIOD_MS);
  }

  #fallBack() {
    this.file = null;
    this.audio ??= new AudioContext();
    if (this.isRinging) this.#begin();
  }

  #stroke() {
    const { audio } = this;
    if (!audio) return;
    this.gain = new GainNode(audio, { gain: 0 });
    this.gain.connect(audio.destination);
    for (const [begin, length] of STROKES) {
      const from = audio.currentTime + begin;
      this.gain.gain.setValueAtTime(0, from);
      this.gain.gain.linearRampToValueAtTime(this.volume / TONES_HZ.length, from + 0.03);
      this.gain.gain.linearRampToValueAtTime(0, from + length);
      for (const frequency of TONES_HZ) {
        const tone = new OscillatorNode(audio, { frequency });
        tone.connect(this.gain);
        tone.start(from);
        tone.stop(from + length);
      }
    }
  }

  /** Never again. */
  close() {
    this.stop();
    void this.audio?.close();
  }
}
