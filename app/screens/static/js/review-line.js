/** Glue: one line of the transcript: who, when, the words with what was found in them, and why. */

import { make } from "./dom.js";
import { t } from "./language.js";
import { cut } from "./marks.js";
import { ExplanationView } from "./render-explanation.js";
import { clock } from "./times.js";
import { category, categoryShort, doubts, gapReason, level, words } from "./words.js";

const LONGEST_QUOTE = 18;

export class LineView {
  constructor({ row, place, count, models, open, onJump, onSize, onFocus }) {
    this.row = row;
    this.open = open;
    this.onSize = onSize;
    this.time = make("button", {
      class: "line-time number",
      type: "button",
      tabindex: "-1",
      text: clock(row.start_ms),
      "aria-label": t("{at}へ移る", { at: clock(row.start_ms) }),
      on: { click: () => onJump(row.start_ms), focus: onFocus },
    });
    const found = row.findings ?? [];
    const worst = Math.max(0, ...found.map((finding) => finding.severity));
    this.root = make(
      "div",
      {
        class: row.kind === "gap" ? "line line-gap" : `line line-${row.track}${found.length > 0 ? " line-found" : ""}`,
        role: "listitem",
        "aria-setsize": String(count),
        "aria-posinset": String(place + 1),
        "data-place": String(place),
        "data-level": found.length > 0 ? String(worst) : null,
      },
      row.kind === "gap" ? this.gap() : this.said(models, onJump),
    );
  }

  gap() {
    const { track, start_ms, end_ms, reason } = this.row;
    const why = gapReason(reason);
    const text = t("{from}–{to} 認識できませんでした({why})", { from: clock(start_ms), to: clock(end_ms), why });
    return [make("p", { class: "gap" }, [this.time, make("span", { text: t("{who}の声、{why}", { who: words.tracks[track] ?? track, why: text }) })])];
  }

  said(models, onJump) {
    const { row } = this;
    const unsure = row.doubts.length > 0 ? make("span", { class: "tag", text: words.unsure, title: doubts(row.doubts) }) : null;
    const model = row.model > 0 ? make("span", { class: "line-model", text: t("認識 {model}", { model: models[row.model]?.model ?? "" }) }) : null;
    const head = make("p", { class: "line-head" }, [this.time, make("span", { text: words.tracks[row.track] }), unsure, model]);
    const { pieces, about } = cut(row.text, row.findings);
    const text = make("p", {
      class: row.doubts.length > 0 ? "line-words unsure" : "line-words",
      lang: "ja",
      on: {
        click: () => {
          if (window.getSelection()?.isCollapsed ?? true) onJump(row.start_ms); // who selects words copies them
        },
      },
    });
    text.append(...pieces.map(marked));
    return [head, text, this.foot(about)];
  }

  foot(about) {
    if (this.row.findings.length === 0) return null;
    const whys = this.row.findings.map((finding) => this.why(finding));
    return make("div", { class: "line-foot" }, [
      ...about.map((finding) => make("span", { class: "mark-tag", "data-level": String(finding.severity), text: categoryShort(finding.category) })),
      ...whys,
    ]);
  }

  why(finding) {
    const view = new ExplanationView(`finding-${finding.number}`, { evidence: true });
    const name = t("{name}({level})", { name: category(finding.category), level: level(finding.severity).label });
    view.draw(finding.explanation ?? plain(finding), name);
    // Three findings in one line are told apart by their words.
    const quote = finding.quote.length > LONGEST_QUOTE ? `${finding.quote.slice(0, LONGEST_QUOTE)}…` : finding.quote;
    const label = t("{explain}:{name}「{quote}」", { explain: words.explain, name: categoryShort(finding.category), quote });
    view.button.textContent = label;
    view.button.setAttribute("aria-label", label);
    view.panel.classList.add("line-explain");
    view.turn(this.open.has(finding.number));
    view.button.addEventListener("click", () => {
      if (view.panel.hidden) this.open.delete(finding.number);
      else this.open.add(finding.number);
      this.onSize();
    });
    return make("div", { class: "line-why" }, [view.button, view.panel]);
  }

  setPresent(present) {
    this.root.classList.toggle("line-now", present);
    if (present) this.root.setAttribute("aria-current", "true");
    else this.root.removeAttribute("aria-current");
  }

  setSought(sought) {
    this.root.classList.toggle("line-sought", sought);
  }

  setTabStop(wanted) {
    this.time.tabIndex = wanted ? 0 : -1;
  }

  focus() {
    this.time.focus({ preventScroll: true });
  }
}

function marked({ text, findings }) {
  if (findings.length === 0) return document.createTextNode(text);
  const worst = findings.reduce((a, b) => (b.severity > a.severity ? b : a));
  return make("mark", { "data-level": String(worst.severity), text }, []);
}

/** Calls of earlier versions kept no explanation: what the finding itself says. */
function plain(finding) {
  return {
    text: finding.reason,
    parts: [
      { kind: "clause", label: t("方針の箇所"), lines: [finding.clause] },
      { kind: "versions", label: t("規則"), lines: [finding.rule] },
    ],
  };
}
