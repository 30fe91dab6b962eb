/** Adapter: where the reader is in the call, and the sound there; without a recording the place alone. */

export class Sound {
  /**
   * @param audio the element that plays
   * @param source where the recording is read; null where there is none
   */
  constructor(audio, source, durationMs) {
    this.audio = audio;
    this.durationMs = durationMs;
    this.hasSound = source !== null;
    this.failed = false;
    this.place = 0;
    this.volume = 1;
    this.heard = { caller: true, operator: true };
    this.gains = null;
    this.listeners = [];
    this.frame = null;
    /** Set by the page: reads the call again, for who has changed what may be read of it. */
    this.reload = async () => {};
    if (!this.hasSound) return;
    audio.preload = "none"; // who only reads has not heard the call, and the trail must not say so
    audio.preservesPitch = true;
    audio.src = source;
    for (const type of ["play", "pause", "seeked", "ended", "ratechange", "loadedmetadata"]) audio.addEventListener(type, () => this.tell());
    audio.addEventListener("play", () => this.follow());
    audio.addEventListener("error", () => {
      this.failed = true;
      this.hasSound = false;
      this.tell();
    });
  }

  get atMs() {
    if (!this.hasSound) return this.place;
    // Until the recording is open there – before it is first played, it is not – the place that was asked for counts.
    return this.audio.readyState === 0 || this.audio.seeking ? this.place : this.audio.currentTime * 1000;
  }

  get playing() {
    return this.hasSound && !this.audio.paused;
  }

  get speed() {
    return this.audio.playbackRate;
  }

  listen(listener) {
    this.listeners.push(listener);
  }

  tell() {
    const atMs = this.atMs;
    for (const listener of this.listeners) listener(atMs);
  }

  seek(ms) {
    this.place = Math.min(Math.max(0, ms), this.durationMs);
    if (this.hasSound) this.audio.currentTime = this.place / 1000;
    this.tell();
  }

  step(ms) {
    this.seek(this.atMs + ms);
  }

  async toggle() {
    if (!this.hasSound) return;
    if (this.playing) {
      this.audio.pause();
      return;
    }
    await this.open();
    await this.audio.play();
  }

  setSpeed(speed) {
    this.audio.playbackRate = speed;
    this.audio.defaultPlaybackRate = speed;
  }

  setVolume(volume) {
    this.volume = volume;
    this.audio.volume = volume;
    this.tell();
  }

  hear(track, wanted) {
    this.heard[track] = wanted;
    if (this.gains) this.gains[track].gain.value = wanted ? 1 : 0;
    this.tell();
  }

  /** Both tracks come over two channels; taken apart they can be heard alone, in both ears. Needs a press first. */
  async open() {
    if (this.gains) return;
    const context = new AudioContext();
    const splitter = context.createChannelSplitter(2);
    context.createMediaElementSource(this.audio).connect(splitter);
    this.gains = {};
    ["caller", "operator"].forEach((track, channel) => {
      const gain = context.createGain();
      gain.gain.value = this.heard[track] ? 1 : 0;
      splitter.connect(gain, channel);
      gain.connect(context.destination);
      this.gains[track] = gain;
    });
    await context.resume();
  }

  follow() {
    if (this.frame !== null) return;
    const next = () => {
      this.frame = null;
      this.tell();
      if (this.playing) this.follow();
    };
    this.frame = requestAnimationFrame(next);
  }
}
