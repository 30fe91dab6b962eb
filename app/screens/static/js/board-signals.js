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
    this.soundsUntil = { help: 0, stop: 0 };
  }

  /** "off", "on", or "waiting" for a click: browsers give no sound before, and may take it away later. */
  get state() {
    if (!this.wanted) return "off";
    return this.context?.state === "running" ? "on" : "waiting";
  }

  /** To be called at each click and key on the page. */
  wake() {
    if (this.state === "waiting") this.#start();
  }

  async toggle() {
    // Who presses 「画面を一度押すと鳴ります」 wants to hear, not to switch off.
    if (this.state === "waiting") return this.#start();
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
    // Several in the same moment sound as one: added up they would frighten.
    if (this.context.currentTime < this.soundsUntil[kind]) return;
    this.soundsUntil[kind] = this.context.currentTime + NOTES_HZ[kind].length * NOTE_S;
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
    this.unable = !("Notification" in window);
  }

  /** "missing" (no TLS), "unable" (no such thing), "denied", "ask", "off" or "on". */
  get state() {
    if (!window.isSecureContext) return "missing";
    if (this.unable) return "unable";
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
    let note;
    try {
      note = new Notification(title, { body, tag, icon: "/static/icon.svg", lang: document.documentElement.lang });
    } catch {
      // Browsers of tablets have the word, and the permission, but let no page show one.
      this.unable = true;
      this.onChange();
      return;
    }
    note.onclick = () => {
      window.focus();
      note.close();
      onClick();
    };
  }
}
