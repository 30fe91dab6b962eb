/** Glue: the length of the call and of the deadlock against the office's limits; once a second, and nothing else with them. */

import { byId, say } from "./dom.js";
import { t } from "./language.js";
import { GaugeNote } from "./progress-note.js";
import { heldClock, stalemateClock } from "./state-progress.js";
import { clock } from "./times.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

export class Clocks {
  /** `onPassing`: told when a clock comes near its limit or passes it, for then the policy may allow something else. */
  constructor(onPassing) {
    this.onPassing = onPassing;
    this.standings = null; // of the last second; null until the server has said what the limits are
    this.held = new Gauge("elapsed");
    this.stalemate = new Gauge("stalemate");
  }

  tick(progress, call, nowMs, stalemateMs) {
    this.held.draw(heldClock(progress, call, nowMs));
    const stalemate = stalemateClock(progress, call, nowMs, stalemateMs);
    const none = stalemate.elapsedMs <= 0;
    byId("stalemate").classList.toggle("gauge-none", none);
    say(byId("stalemate"), none ? t("なし") : clock(stalemate.elapsedMs));
    this.stalemate.draw(none ? { ...stalemate, limitMs: null, standing: "within", share: 0 } : stalemate);
    if (progress.known) this.notice(call);
  }

  notice(call) {
    const now = [this.held, this.stalemate].map(({ standing }) => standing);
    const before = this.standings;
    this.standings = now;
    const changed = before === null || call.ended_at ? -1 : now.findIndex((standing, index) => standing !== before[index]);
    if (changed < 0) return;
    if (now[changed] !== "within") {
      const name = changed === 0 ? t("通話時間") : t("平行線の時間");
      say(byId("polite"), t("{name}:{word}", { name, word: standingWord(now[changed]) }));
    }
    this.onPassing();
  }
}

class Gauge {
  constructor(name) {
    this.name = name;
    this.root = byId(`${name}-gauge`);
    this.bar = this.root.querySelector(".clock-bar");
    this.fill = this.root.querySelector(".clock-fill");
    this.standing = "within";
    this.note = new GaugeNote(byId(`${name}-open`), byId(`${name}-note`), { onFocus: true });
  }

  draw({ kind, elapsedMs, limitMs, clause, share, standing }) {
    byId(this.name).classList.toggle("gauge-hours", elapsedMs >= HOUR_MS);
    const limited = limitMs !== null;
    say(byId(`${this.name}-limit`), limited ? t("/ {n}分", { n: Math.round(limitMs / MINUTE_MS) }) : "");
    this.standing = standing;
    this.root.dataset.standing = standing;
    this.bar.toggleAttribute("hidden", !limited);
    const width = String(Math.floor(share * 100));
    if (this.fill.getAttribute("width") !== width) this.fill.setAttribute("width", width);
    say(byId(`${this.name}-word`), standingWord(standing));
    this.drawNote(limited ? noteOf(kind, limitMs, clause) : "");
  }

  drawNote(text) {
    const button = byId(`${this.name}-open`);
    if (text === "" && this.note.isOpen) this.note.show(false);
    button.hidden = text === "";
    if (button.title !== text) {
      button.title = text;
      button.setAttribute("aria-label", text);
    }
    say(byId(`${this.name}-note`), text);
  }
}

function standingWord(standing) {
  return standing === "over" ? t("目安を超過") : standing === "soon" ? t("まもなく") : "";
}

function noteOf(kind, limitMs, clause) {
  const minutes = Math.round(limitMs / MINUTE_MS);
  const about = ABOUT[kind]?.(minutes) ?? "";
  return clause ? t("{about}方針:{clause}", { about, clause }) : about;
}

const ABOUT = {
  held: (n) => t("通話時間の目安は{n}分です。", { n }),
  held_after_abuse: (n) => t("暴言などが繰り返された通話の目安は{n}分です。", { n }),
  stalemate: (n) => t("話が平行線になってからの目安は{n}分です。", { n }),
};
