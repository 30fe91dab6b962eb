/** Glue: a call's sound on the supervisor's screen: state, both tracks, their switches and meters, volume. */

import { byId, say } from "./dom.js";
import { t } from "./language.js";
import { SoundOfCall } from "./listen.js";

const TRACKS = ["caller", "operator"];
const VOLUME = "mimamori.volume";
const VOICE = 0.02; // quieter is the line's own noise
const VOICE_RESTS_MS = 1_000; // between two words nobody has fallen silent
const STEPS = [0.02, 0.06, 0.15, 0.35, 0.7];

export class SoundControls {
  constructor(callId, { onChanged = () => {}, onAlive = () => {} } = {}) {
    Object.assign(this, { callId, onChanged, onAlive });
    this.sound = null;
    this.state = "off";
    this.message = "";
    this.voiceAt = { caller: -Infinity, operator: -Infinity };
    for (const track of TRACKS) byId(`hear-${track}`).addEventListener("change", () => this.applySwitch(track));
    for (const press of ["pointerup", "keydown"]) document.addEventListener(press, () => this.sound?.wake());
    byId("volume").value = localStorage.getItem(VOLUME) ?? "100";
    byId("volume").addEventListener("input", () => this.applyVolume());
  }

  get on() {
    return this.sound !== null;
  }

  /** To be called in a click. */
  start() {
    if (this.on) return;
    const sound = new SoundOfCall(this.callId, {
      onState: (state, message) => this.sound === sound && this.become(state, message),
      onCounts: (counts) => this.sound === sound && this.count(counts),
    });
    this.sound = sound;
    for (const track of TRACKS) this.applySwitch(track);
    this.applyVolume();
    sound.start();
  }

  /** The sound only; who is at the call stays there. */
  stop() {
    const { sound } = this;
    this.sound = null;
    sound?.stop();
    this.become("off", "");
  }

  become(state, message) {
    this.state = state;
    this.message = message;
    if (state === "ended" || state === "refused") this.sound = null;
    for (const track of TRACKS) if (state !== "listening") this.meter(track, 0);
    this.onChanged();
  }

  applySwitch(track) {
    this.sound?.mute(track, !byId(`hear-${track}`).checked);
  }

  applyVolume() {
    const percent = Number(byId("volume").value);
    localStorage.setItem(VOLUME, String(percent));
    this.sound?.setVolume(percent / 100);
  }

  count(counts) {
    this.onAlive();
    byId("sound").dataset.received = counts.received.join(" ");
    say(byId("sound-behind"), t("約{ms}ミリ秒の遅れ", { ms: counts.behindMs }));
    counts.tracks.forEach((track, index) => this.meter(track, counts.peak[index]));
  }

  meter(track, peak) {
    const now = performance.now();
    if (peak >= VOICE) this.voiceAt[track] = now;
    const voice = peak >= VOICE || (this.state === "listening" && now - this.voiceAt[track] < VOICE_RESTS_MS);
    byId(`meter-${track}`).dataset.steps = String(STEPS.filter((step) => peak >= step).length);
    byId(`meter-${track}`).dataset.voice = String(voice);
    say(byId(`voice-${track}`), voice ? t("声あり") : t("静か"));
  }

  draw(there) {
    byId("sound").hidden = !there && !this.on;
    const place = byId("sound-state");
    place.dataset.state = this.state;
    say(place, this.stateWords(there));
    byId("sound-behind").hidden = this.state !== "listening";
    say(byId("sound-switch-word"), this.on ? t("音を止める") : t("音を聞く"));
  }

  stateWords(there) {
    if (this.state === "connecting") return t("音につないでいます…");
    if (this.state === "listening") return t("聞いています");
    if (this.message) return this.message; // silent, lost, ended or refused, and why
    return there ? t("音は止めています") : t("まだ加わっていません");
  }
}
