/** Glue: the buttons and keys by which the call is heard again. */

import { byId, say } from "./dom.js";
import { listenToKeys } from "./keys.js";
import { t } from "./language.js";
import { TRACKS } from "./review-waves.js";
import { whyNoSound } from "./review-words.js";
import { clock } from "./times.js";
import { words } from "./words.js";

const STEP_MS = 5_000;

export class Player {
  /** @param onSeek told the milliseconds that a reader chose */
  constructor({ reviewed, sound, onSeek, onMuted }) {
    this.reviewed = reviewed;
    this.sound = sound;
    this.onSeek = onSeek;
    this.onMuted = onMuted;
    this.shown = "";
    const press = (id, action) => byId(id).addEventListener("click", action);
    press("play", () => this.toggle());
    press("back", () => this.step(-STEP_MS));
    press("on", () => this.step(STEP_MS));
    press("finding-before", () => this.toFinding(-1));
    press("finding-after", () => this.toFinding(1));
    byId("speed").addEventListener("change", (event) => sound.setSpeed(Number(event.target.value)));
    byId("volume").addEventListener("input", (event) => sound.setVolume(Number(event.target.value) / 100));
    for (const track of TRACKS) press(`mute-${track}`, () => this.mute(track));
    const help = byId("keys-help");
    press("keys-open", () => help.showModal());
    press("keys-close", () => help.close());
    listenToKeys(
      {
        Space: () => this.toggle(),
        KeyK: () => this.toggle(),
        KeyJ: () => this.step(-STEP_MS),
        KeyL: () => this.step(STEP_MS),
        ArrowLeft: () => this.step(-STEP_MS),
        ArrowRight: () => this.step(STEP_MS),
        KeyN: () => this.toFinding(1),
        KeyP: () => this.toFinding(-1),
      },
      { held: ["KeyJ", "KeyL", "ArrowLeft", "ArrowRight"] },
    );
    sound.listen(() => this.draw());
    this.draw();
  }

  async toggle() {
    try {
      await this.sound.toggle();
    } catch (error) {
      if (error.name !== "AbortError") say(byId("polite"), t("再生できませんでした。もう一度お試しください。"));
    }
  }

  step(ms) {
    this.onSeek(this.sound.atMs + ms);
  }

  toFinding(way) {
    const at = way > 0 ? this.reviewed.findingAfter(this.sound.atMs) : this.reviewed.findingBefore(this.sound.atMs);
    if (at === null) say(byId("polite"), way > 0 ? t("この先に、見つかった言葉はありません。") : t("この前に、見つかった言葉はありません。"));
    else this.onSeek(at);
  }

  mute(track) {
    this.sound.hear(track, !this.sound.heard[track]);
    this.onMuted();
  }

  /** Only what differs: this is asked at every frame. */
  draw() {
    const { sound } = this;
    const time = clock(sound.atMs);
    const now = [time, sound.playing, sound.hasSound, sound.failed, sound.heard.caller, sound.heard.operator].join();
    if (now === this.shown) return;
    this.shown = now;
    say(byId("time"), time);
    const play = byId("play");
    play.disabled = !sound.hasSound;
    byId("play-shape").setAttribute("href", sound.playing ? "#icon-pause" : "#icon-play");
    say(byId("play-word"), sound.playing ? t("止める") : t("再生"));
    for (const track of TRACKS) {
      const heard = sound.heard[track];
      const button = byId(`mute-${track}`);
      button.disabled = !sound.hasSound;
      button.setAttribute("aria-pressed", String(!heard));
      say(byId(`mute-${track}-word`), heard ? t("音あり") : t("消音中"));
      button.setAttribute("aria-label", heard ? t("{who}の音を消す", { who: words.tracks[track] }) : t("{who}の音を出す", { who: words.tracks[track] }));
    }
    for (const id of ["speed", "volume"]) byId(id).disabled = !sound.hasSound;
    if (sound.failed) this.tellWhy({ state: "failed" });
  }

  tellWhy(recording) {
    byId("review").dataset.silent = "";
    byId("no-sound").hidden = false;
    say(byId("no-sound"), whyNoSound(recording));
  }
}
