/** Pure: plays a call's tracks out of mu-law at 8 kHz, with a short store against unsteady arrival, and counts. */

const RATE_HZ = 8000;
const SAMPLES_PER_MS = 8;
const STORE = 8192; // samples of each track; a power of two
const BEGIN_MS = 120; // so much is stored before it sounds
const MOST_MS = 380; // more than that is behind: skip
const TELL_MS = 250;

/** The value of each mu-law code (ITU-T G.711), -1 to 1. */
const MULAW = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 0xff;
  const magnitude = (((bits & 15) * 8 + 132) << ((bits >> 4) & 7)) - 132;
  return (bits & 0x80 ? -magnitude : magnitude) / 32768;
});

class CallPlayer extends AudioWorkletProcessor {
  constructor({ processorOptions }) {
    super();
    const count = processorOptions.tracks;
    this.step = RATE_HZ / sampleRate;
    this.tracks = Array.from({ length: count }, () => new Float32Array(STORE));
    this.ends = new Array(count).fill(0); // where in the call each track's stored sound ends, in samples
    this.muted = new Array(count).fill(false);
    this.peak = new Array(count).fill(0);
    this.at = -1; // where in the call is played, in samples; -1: nothing came yet
    this.filling = true;
    this.ended = false;
    this.counts = { received: new Array(count).fill(0), played: 0, underruns: 0, skipped: 0 };
    this.untold = 0;
    this.port.onmessage = ({ data }) => this.hear(data);
  }

  hear(message) {
    if (message.type === "sound") this.store(message.track, message.positionMs * SAMPLES_PER_MS, message.mulaw);
    else if (message.type === "mute") this.muted[message.track] = message.muted;
    else if (message.type === "ended") this.ended = true;
  }

  store(track, position, mulaw) {
    if (!(track in this.tracks)) return;
    if (this.at < 0) {
      this.at = position;
      this.ends.fill(position);
    }
    const kept = this.tracks[track];
    if (Math.abs(position - this.ends[track]) >= STORE) this.restart(position);
    for (let missing = this.ends[track]; missing < position; missing += 1) kept[missing & (STORE - 1)] = 0;
    for (let i = 0; i < mulaw.length; i += 1) kept[(position + i) & (STORE - 1)] = MULAW[mulaw[i]];
    this.ends[track] = position + mulaw.length;
    this.counts.received[track] += mulaw.length;
  }

  /** The sound goes on somewhere else altogether: what is stored is of no use any more. */
  restart(position) {
    this.at = position;
    this.ends.fill(position);
    this.filling = true;
    for (const kept of this.tracks) kept.fill(0);
  }

  /** Samples that every track has stored and that were not played. */
  get waiting() {
    if (this.at < 0) return 0;
    let end = this.ends[0];
    for (let track = 1; track < this.ends.length; track += 1) end = Math.min(end, this.ends[track]);
    return end - this.at;
  }

  process(_inputs, [output]) {
    const frames = output[0].length;
    if (this.waiting > MOST_MS * SAMPLES_PER_MS) {
      const surplus = Math.floor(this.waiting - BEGIN_MS * SAMPLES_PER_MS);
      this.at += surplus;
      this.counts.skipped += surplus;
    }
    if (this.filling && (this.waiting >= BEGIN_MS * SAMPLES_PER_MS || (this.ended && this.waiting > 4))) this.filling = false;
    for (let frame = 0; frame < frames && !this.filling; frame += 1) {
      if (this.waiting <= 3) {
        this.filling = true;
        if (!this.ended) this.counts.underruns += 1;
        break;
      }
      const sample = this.mixed();
      for (const channel of output) channel[frame] = sample;
      this.at += this.step;
      this.counts.played += 1;
    }
    this.tell(frames);
    return !(this.ended && this.waiting <= 4);
  }

  /** Between two samples: the cubic through the four around (Catmull-Rom). */
  mixed() {
    const whole = Math.floor(this.at);
    const t = this.at - whole;
    let sum = 0;
    for (let track = 0; track < this.tracks.length; track += 1) {
      const kept = this.tracks[track];
      const a = kept[(whole - 1) & (STORE - 1)]; // written out: an array for each sample would be garbage
      const b = kept[whole & (STORE - 1)];
      const c = kept[(whole + 1) & (STORE - 1)];
      const d = kept[(whole + 2) & (STORE - 1)];
      const sample = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
      this.peak[track] = Math.max(this.peak[track], Math.abs(sample));
      if (!this.muted[track]) sum += sample;
    }
    return Math.max(-1, Math.min(1, sum));
  }

  tell(frames) {
    this.untold += frames;
    if (this.untold < (TELL_MS * sampleRate) / 1000 && !(this.ended && this.waiting <= 4)) return;
    this.untold = 0;
    this.port.postMessage({
      ...this.counts,
      received: [...this.counts.received],
      peak: [...this.peak],
      muted: [...this.muted],
      atMs: Math.round(this.at / SAMPLES_PER_MS),
      waitingMs: Math.max(0, Math.round(this.waiting / SAMPLES_PER_MS)),
    });
    this.peak.fill(0);
  }
}

registerProcessor("call-player", CallPlayer);
