/** Glue: the talk, line by line; follows its end until somebody scrolls up. */

import { drawMissed } from "./aids-missed-line.js";
import { withMarks } from "./aids-marks.js";
import { byId, make, say } from "./dom.js";
import { inEnglish, t } from "./language.js";
import { cut } from "./marks.js";
import { clock } from "./times.js";
import { category, categoryShort, doubts, gapReason, words } from "./words.js";

const WINDOW_LINES = 300;
const AT_END_PX = 32;

export class TranscriptView {
  constructor({ evidence = false } = {}) {
    this.evidence = evidence; // the auditor sees rule and score, nobody else
    this.scroll = byId("talk-scroll");
    this.list = byId("lines");
    this.following = true;
    this.unseen = 0;
    this.from = 0; // lines before it are kept in memory, not on the page
    this.shown = new Map(); // line -> element; a changed line is a new object
    this.lastTop = 0;
    this.marks = []; // moments that a person marked; no event of the call's state
    this.list.addEventListener("marks", (told) => this.mark(told.detail));
    this.scroll.addEventListener("scroll", () => this.scrolled());
    byId("latest").addEventListener("click", () => this.toEnd());
    byId("older").addEventListener("click", () => this.showOlder());
    new ResizeObserver(() => this.keepEnd()).observe(this.list);
    new ResizeObserver(() => this.keepEnd()).observe(this.scroll);
  }

  draw(state, before) {
    if (state.lines === before?.lines && state.alerts === before?.alerts && state.call === before?.call) return;
    this.state = state;
    const first = Math.max(0, state.lines.length - WINDOW_LINES);
    if (this.following) this.from = first;
    this.arrange(state, dismissedMarks(state.alerts), before);
    this.showEdges(state);
    if (this.following) this.keepEnd();
    else this.unseen += Math.max(0, whole(state.lines) - whole(before?.lines ?? state.lines));
    this.showLatest();
  }

  mark(marks) {
    this.marks = marks;
    if (!this.state) return;
    this.arrange(this.state, dismissedMarks(this.state.alerts), this.state);
    this.keepEnd();
  }

  arrange(state, dismissed, before) {
    const stale = state.alerts !== before?.alerts;
    const visible = withMarks(state.lines.slice(this.from), this.marks);
    const wanted = new Set(visible.map(keyOf));
    const old = new Map();
    for (const [line, element] of this.shown) {
      if (wanted.has(keyOf(line))) old.set(keyOf(line), { line, element });
      else element.remove();
    }
    const shown = new Map();
    let place = this.list.firstElementChild;
    for (const line of visible) {
      const was = old.get(keyOf(line));
      const keep = was && was.line === line && !(stale && line.findings?.length);
      const element = keep ? was.element : drawLine(line, dismissed, this.evidence);
      if (!keep && was) {
        if (place === was.element) place = place.nextElementSibling;
        was.element.remove();
      }
      if (element === place) place = place.nextElementSibling;
      else this.list.insertBefore(element, place);
      shown.set(line, element);
    }
    this.shown = shown;
  }

  showEdges(state) {
    const empty = byId("talk-empty");
    empty.hidden = state.lines.length > 0;
    say(empty, state.call?.ended_at ? t("この通話には、文字にできた発言がありません。") : t("電話がつながりました。お話が始まると、ここに文字で表示されます。"));
    byId("talk-older").hidden = this.from === 0;
    say(byId("older"), t("前の発言を表示(あと{n}件)", { n: this.from }));
    const end = byId("talk-end");
    end.hidden = !state.call?.ended_at;
    say(end, t("ここで通話は終了しました({at})", { at: clock(state.call?.duration_ms ?? 0) }));
  }

  scrolled() {
    const atEnd = this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight <= AT_END_PX;
    if (atEnd) {
      this.following = true;
      this.unseen = 0;
    } else if (this.scroll.scrollTop < this.lastTop - 1) this.following = false;
    this.lastTop = this.scroll.scrollTop;
    this.showLatest();
  }

  keepEnd() {
    if (!this.following) return;
    this.scroll.scrollTop = this.scroll.scrollHeight;
    this.lastTop = this.scroll.scrollTop;
  }

  toEnd() {
    this.following = true;
    this.unseen = 0;
    this.keepEnd();
    this.showLatest();
    this.scroll.focus({ preventScroll: true });
  }

  showOlder() {
    const height = this.scroll.scrollHeight - this.scroll.scrollTop;
    this.following = false;
    this.from = Math.max(0, this.from - WINDOW_LINES);
    this.arrange(this.state, dismissedMarks(this.state.alerts), this.state);
    this.showEdges(this.state);
    this.scroll.scrollTop = this.scroll.scrollHeight - height;
    this.lastTop = this.scroll.scrollTop;
    this.showLatest();
  }

  showLatest() {
    byId("latest").hidden = this.following;
    say(byId("latest-word"), this.unseen > 0 ? t("最新へ(新しい発言{n}件)", { n: this.unseen }) : t("最新へ"));
  }
}

/** How many lines are more than words so far. */
function whole(lines) {
  return lines.filter((line) => line.kind !== "partial").length;
}

function keyOf(line) {
  if (line.kind === "missed") return `missed ${line.number}`;
  return line.kind === "gap" ? `gap ${line.track} ${line.start_ms} ${line.end_ms} ${line.reason}` : line.utterance_id;
}

/** "utterance category" of every false alarm: those words lose their mark but keep a trace of it. */
function dismissedMarks(alerts) {
  const marks = new Set();
  for (const alert of Object.values(alerts)) {
    if (alert.false_alarm) for (const id of alert.categories) marks.add(`${alert.utterance_id} ${id}`);
  }
  return marks;
}

function drawLine(line, dismissed, evidence) {
  if (line.kind === "partial") return drawPartial(line);
  if (line.kind === "missed") return drawMissed(line);
  return line.kind === "gap" ? drawGap(line) : drawUtterance(line, dismissed, evidence);
}

/** The list is no live region: a screen reader is not told words that may change with the next breath. */
function drawPartial(line) {
  return make("li", { class: `line line-${line.track} line-partial`, "data-utterance-id": line.utterance_id }, [
    drawHead(line, make("span", { class: "tag", text: words.hearing })),
    make("p", { class: "line-words", lang: "ja", text: line.text }),
  ]);
}

function drawHead(line, tag = null) {
  return make("p", { class: "line-head" }, [
    make("span", { text: words.tracks[line.track] ?? "" }),
    make("time", { class: "number", text: clock(line.start_ms) }),
    tag,
  ]);
}

function drawGap(gap) {
  if (gap.reason === "held") {
    const text = `${clock(gap.start_ms)}–${clock(gap.end_ms)} ${gapReason(gap.reason)}`;
    return make("li", { class: "line gap" }, [make("span", { text })]);
  }
  const who = words.tracks[gap.track] ?? "";
  const why = who ? t("{who}の声、{why}", { who, why: gapReason(gap.reason) }) : gapReason(gap.reason);
  const text = t("{from}–{to} 認識できませんでした({why})", { from: clock(gap.start_ms), to: clock(gap.end_ms), why });
  return make("li", { class: "line gap" }, [make("span", { text })]);
}

function drawUtterance(line, dismissed, evidence) {
  const isDismissed = (finding) => dismissed.has(`${line.utterance_id} ${finding.category}`);
  const { pieces, about } = cut(line.text, line.findings);
  const counted = line.findings.filter((finding) => !isDismissed(finding));
  const gravest = Math.max(0, ...counted.map((finding) => finding.severity));
  const unsure = line.doubts.length > 0;
  const body = make("span", { class: unsure ? "unsure" : null }, withLabels(pieces, isDismissed).map(drawPiece));
  const foot = [
    ...about.map((finding) => make("span", { class: "mark-tag", lang: finding.reason ? "ja" : null, text: finding.reason || category(finding.category) })),
    unsure ? make("span", { text: t("{mark}({why})", { mark: words.unsure, why: doubts(line.doubts) || t("ご確認ください") }) }) : null,
    ...(evidence ? line.findings.map((finding) => make("span", { class: "evidence", text: evidenceOf(finding) })) : []),
  ].filter(Boolean);
  return make(
    "li",
    {
      class: `line line-${line.track}${counted.length > 0 ? " line-found" : ""}`,
      "data-utterance-id": line.utterance_id,
      "data-level": counted.length > 0 ? String(gravest) : null,
    },
    [
      drawHead(line),
      make("p", { class: "line-words", lang: "ja" }, [body]),
      foot.length > 0 ? make("p", { class: "line-foot" }, foot) : null,
    ],
  );
}

function evidenceOf(finding) {
  const values = { quote: finding.quote, name: categoryShort(finding.category), rule: finding.rule, n: Math.round(finding.score * 100) };
  return t("「{quote}」 {name} / 規則 {rule} / 確からしさ {n}%", values);
}

/** Name each kind of conduct once, behind its last words: a name behind every mark would drown the sentence. */
function withLabels(pieces, isDismissed) {
  const named = pieces.map(({ text, findings }) => {
    const counted = findings.filter((finding) => !isDismissed(finding));
    const ids = [...new Set((counted.length > 0 ? counted : findings).map((finding) => finding.category))];
    return { text, findings, counted, label: ids.map(categoryShort).join(inEnglish ? ", " : "・") + (counted.length > 0 ? "" : `(${words.false_alarm})`) };
  });
  return named.map((piece, index) => ({ ...piece, last: !named.slice(index + 1).some((later) => later.findings.length > 0 && later.label === piece.label) }));
}

function drawPiece({ text, findings, counted, label, last }) {
  if (findings.length === 0) return document.createTextNode(text);
  return make("span", {}, [
    make("mark", {
      class: counted.length > 0 ? null : "dismissed",
      "data-level": counted.length > 0 ? String(Math.max(...counted.map((finding) => finding.severity))) : null,
      title: [...new Set(findings.map((finding) => finding.reason))].join("\n"),
      text,
    }),
    last ? make("span", { class: "mark-tag", lang: inEnglish ? "en" : null, text: label }) : null,
  ]);
}

