/** Glue: how many warnings, since when, and on request the proof of each: second, exact words, how it became known. */

import { byId, make, say } from "./dom.js";
import { t } from "./language.js";
import { moment } from "./progress-line.js";
import { GaugeNote } from "./progress-note.js";
import { sinceLastWarning } from "./state-progress.js";
import { clock } from "./times.js";
import { toast } from "./toast.js";

export class Warnings {
  constructor({ role }) {
    this.role = role;
    this.shown = "";
    this.progress = null;
    this.note = new GaugeNote(byId("warnings-open"), byId("proof"), { onOpen: () => this.drawProof() });
  }

  /** The operator learns at once that a warning counts, whichever way it became known. */
  told({ n, count, how }) {
    if (this.role !== "operator") return;
    // A message that can be undone is worth more than one that says what the strip says too.
    if (!byId("toast").hidden && !byId("toast-button").hidden) return;
    const number = { n: n ?? count };
    toast(how === "pressed" ? t("警告を記録しました({n}回目)", number) : t("警告を聞き取りました({n}回目)", number));
  }

  draw(progress, { call, warningLimit }) {
    this.progress = progress;
    const limit = progress.warningLimit ?? warningLimit;
    say(byId("warnings"), String(Math.max(call.warnings_spoken, progress.warnings.length)));
    say(byId("warnings-limit"), limit ? `/${limit}` : "");
    if (this.note.isOpen) this.drawProof();
  }

  tick(progress, call, nowMs) {
    const since = sinceLastWarning(progress.warnings, call, nowMs);
    say(byId("warnings-since"), since === null ? "" : t("前回から {time}", { time: clock(since) }));
  }

  drawProof() {
    const { warnings, asked, next } = this.progress;
    const signature = JSON.stringify([warnings, asked, next]);
    if (signature === this.shown) return;
    this.shown = signature;
    const held = byId("proof").contains(document.activeElement);
    const parts = [
      make("h2", { id: "proof-heading", text: t("警告の記録") }),
      warnings.length > 0
        ? make("ol", { class: "proof-list" }, warnings.map(drawWarning))
        : make("p", { text: t("この通話では、まだ警告をしていません。") }),
      asked.length > 0 ? make("h3", { text: t("警告の前のお願い({n}回)", { n: asked.length }) }) : null,
      asked.length > 0 ? make("ol", { class: "proof-list" }, asked.map(drawAsked)) : null,
      next?.text ? drawNext(next) : null,
    ];
    byId("proof").replaceChildren(...parts.filter(Boolean));
    if (held) byId("warnings-open").focus();
  }
}

function drawWarning({ n, at_ms, text, how, utterance_id, by, pressed_ms = null }) {
  const pressed = how === "pressed" || pressed_ms !== null;
  return make("li", {}, [
    make("p", { class: "proof-head" }, [
      make("span", { class: "proof-count", text: t("{n}回目", { n }) }),
      moment({ at_ms, utterance_id }),
      how === "pressed" ? null : make("span", { class: "tag", text: t("発言を確認") }),
      pressed ? make("span", { class: "tag", text: pressedWords(by) }) : null,
    ]),
    text ? make("p", { class: "proof-words", lang: "ja", text: `「${text}」` }) : make("p", { class: "proof-words", text: t("言葉は記録されていません") }),
  ]);
}

function pressedWords(by) {
  return by ? t("「言った」と記録({by})", { by }) : t("「言った」と記録");
}

function drawAsked({ at_ms, text, utterance_id }) {
  return make("li", {}, [make("p", { class: "proof-words" }, [moment({ at_ms, utterance_id }), make("span", { lang: "ja", text: `「${text}」` })])]);
}

function drawNext({ text, clause }) {
  return make("p", { class: "proof-next" }, [
    make("span", { lang: "ja", text }),
    clause ? make("span", { class: "proof-clause", text: t("方針:{clause}", { clause }) }) : null,
  ]);
}
