/** Adapter: two short calm tones and a notification of the desktop, for who has switched them on. */

const SOUND = "mimamori.board.sound";
const DESKTOP = "mimamori.board.desktop";
const NOTES_HZ = { help: [523.25, 659.25], stop: [659.25, 440] };
const NOTE_S = 0.22;
const LOUDNESS = 0.12;

function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage is blocked: then nothing is remembered
  }
}

function store(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // As above.
  }
}

export class Tones {
  constructor(onChange) {
    this.onChange = onChange;
    this.context = null;
    this.wanted = stored(SOUND) === "on";
    this.played = 0;
    if (this.wanted) {
      // Browsers give no sound before the first click or key on the page.
      const wake = () => this.wanted && this.#start();
      document.addEventListener("pointerdown", wake, { once: true });
      document.addEventListener("keydown", wake, { once: true });
    }
  }

  /** "off", "on", or "waiting" for the first click. */
  get state() {
    if (!this.wanted) return "off";
    return this.context?.state === "running" ? "on" : "waiting";
  }

  async toggle() {
    this.wanted = !this.wanted;
    store(SOUND, this.wanted ? "on" : "off");
    if (this.wanted) await this.#start();
    this.onChange();
  }

  async test() {
    await this.#start();
    this.play("help");
  }

  async #start() {
    this.context ??= new AudioContext();
    this.context.onstatechange = () => this.onChange();
    await this.context.resume();
    this.onChange();
  }

  play(kind) {
    if (this.context?.state !== "running") return;
    this.played += 1;
    NOTES_HZ[kind].forEach((hz, index) => {
      const from = this.context.currentTime + index * NOTE_S;
      const tone = new OscillatorNode(this.context, { type: "sine", frequency: hz });
      const volume = new GainNode(this.context, { gain: 0 });
      volume.gain.setValueAtTime(0, from);
      volume.gain.linearRampToValueAtTime(LOUDNESS, from + 0.02);
      volume.gain.linearRampToValueAtTime(0, from + NOTE_S);
      tone.connect(volume).connect(this.context.destination);
      tone.start(from);
      tone.stop(from + NOTE_S + 0.05);
    });
  }
}

export class DesktopNotes {
  constructor(onChange) {
    this.onChange = onChange;
    this.wanted = stored(DESKTOP) === "on";
    this.shown = 0;
  }

  /** "missing" (no TLS, or no such thing), "denied", "ask", "off" or "on". */
  get state() {
    if (!("Notification" in window) || !window.isSecureContext) return "missing";
    if (Notification.permission === "denied") return "denied";
    if (Notification.permission !== "granted") return "ask";
    return this.wanted ? "on" : "off";
  }

  async toggle() {
    if (this.state === "ask") {
      this.wanted = (await Notification.requestPermission()) === "granted";
    } else if (this.state === "on" || this.state === "off") {
      this.wanted = !this.wanted;
    }
    store(DESKTOP, this.wanted ? "on" : "off");
    this.onChange();
  }

  /** `tag` lets the desktop replace one that is told twice. */
  show(title, body, tag, onClick) {
    if (this.state !== "on") return;
    this.shown += 1;
    const note = new Notification(title, { body, tag, icon: "/static/icon.svg", lang: document.documentElement.lang });
    note.onclick = () => {
      window.focus();
      note.close();
      onClick();
    };
  }
}
