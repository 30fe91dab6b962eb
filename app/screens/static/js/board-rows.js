/** Glue: one row for each call, drawn in place. What stands outside of the window is drawn without its clocks. */

import { stalemateOf, overdue } from "./board-order.js";
import { icon, make, say, shape } from "./dom.js";
import { t } from "./language.js";
import { clock } from "./times.js";
import { categoryShort, level, words } from "./words.js";

/** Fetch a little more than is seen, so that a row is complete when it is scrolled in. */
const MARGIN = "200px 0px";

export class BoardRows {
  constructor(body) {
    this.body = body;
    this.rows = new Map();
    this.visible = new Set();
    this.current = null; // the id of the row that the tab key reaches
    this.watch = new IntersectionObserver((entries) => this.seen(entries), { root: body.parentElement, rootMargin: MARGIN });
  }

  /** Show `shown` (rows of the board, in order); draw those that differ from `before`, or all `visible` ones. */
  draw(shown, before, { nowMs, board, clocks }) {
    const ids = new Set(shown.map((row) => row.id));
    for (const [id, drawn] of this.rows) {
      if (ids.has(id)) continue;
      this.watch.unobserve(drawn.root);
      this.visible.delete(id);
      this.rows.delete(id);
    }
    if (!ids.has(this.current)) this.current = shown[0]?.id ?? null;
    const elements = shown.map((row) => {
      const known = this.rows.get(row.id);
      const drawn = known ?? this.make(row);
      if (!known || before?.get(row.id) !== row) this.fill(drawn, row, board);
      if (!known || before?.get(row.id) !== row || (clocks && this.visible.has(row.id))) this.tick(drawn, row, nowMs, board);
      const tab = row.id === this.current ? 0 : -1;
      if (drawn.root.tabIndex !== tab) drawn.root.tabIndex = tab;
      return drawn.root;
    });
    this.arrange(elements);
  }

  /** Move only what is out of place, so that focus and scrolling stay. */
  arrange(elements) {
    const wanted = new Set(elements);
    for (const child of [...this.body.children]) if (!wanted.has(child)) child.remove();
    const focused = document.activeElement;
    let next = this.body.firstElementChild;
    for (const element of elements) {
      if (element === next) next = next.nextElementSibling;
      else this.body.insertBefore(element, next);
    }
    if (focused !== document.activeElement && this.body.contains(focused)) focused.focus({ preventScroll: true });
  }

  seen(entries) {
    for (const entry of entries) {
      const id = entry.target.dataset.callId;
      if (entry.isIntersecting) this.visible.add(id);
      else {
        this.visible.delete(id);
        const drawn = this.rows.get(id);
        if (drawn) this.hush(drawn);
      }
    }
    this.onSeen?.();
  }

  /** Show the words of a sentence that is still being spoken; an empty text takes them away again. */
  saying(id, text) {
    const drawn = this.rows.get(id);
    if (!drawn) return;
    if (text === "") return this.hush(drawn);
    drawn.root.toggleAttribute("data-speaking", true);
    say(drawn.words, `「${text}…`);
  }

  hush(drawn) {
    if (!drawn.root.hasAttribute("data-speaking")) return;
    drawn.root.removeAttribute("data-speaking");
    say(drawn.words, drawn.said);
  }

  make(row) {
    const svg = icon("level-0");
    const drawn = {
      use: svg.querySelector("use"),
      said: "",
      level: make("a", { class: "board-open", href: `/calls/${encodeURIComponent(row.id)}`, tabindex: "-1" }),
      what: cell("board-what"),
      words: cell("board-words", "ja"),
      minutes: cell("board-minutes number"),
      stalemate: cell("board-stalemate number"),
      warnings: cell("board-warnings number"),
      operator: cell("board-operator"),
      help: make("span", { class: "board-help-word" }),
      wait: make("span", { class: "number" }),
      reason: make("span", { class: "visually-hidden", lang: "ja" }),
      joined: cell("board-joined"),
    };
    drawn.root = make("div", { class: "board-row", role: "row", tabindex: "-1", "data-call-id": row.id }, [
      make("div", { role: "gridcell", class: "board-level" }, [svg, drawn.level]),
      drawn.what,
      drawn.words,
      drawn.minutes,
      drawn.stalemate,
      drawn.warnings,
      drawn.operator,
      make("div", { role: "gridcell", class: "board-help" }, [drawn.help, drawn.wait, drawn.reason]),
      drawn.joined,
    ]);
    this.rows.set(row.id, drawn);
    this.watch.observe(drawn.root);
    return drawn;
  }

  /** Everything but what the clock changes. */
  fill(drawn, row, { warningLimit }) {
    const ended = row.endedMs !== null;
    drawn.root.dataset.level = String(row.level);
    drawn.root.toggleAttribute("data-ended", ended);
    drawn.root.toggleAttribute("data-help", row.help !== null);
    shape(drawn.use, ended ? "ended" : caring(row) ? "care" : `level-${row.level}`);
    say(drawn.level, ended ? t("通話終了") : levelWord(row));
    say(drawn.what, whatOf(row));
    drawn.what.title = drawn.what.textContent;
    drawn.said = row.words ? `「${row.words}」` : t("まだ発言はありません");
    drawn.root.removeAttribute("data-speaking");
    say(drawn.words, drawn.said);
    drawn.words.title = row.words;
    say(drawn.warnings, warningLimit ? `${row.warnings}/${warningLimit}` : String(row.warnings));
    drawn.warnings.toggleAttribute("data-some", row.warnings > 0);
    say(drawn.operator, row.name || t("職員の指定なし"));
    drawn.operator.title = row.operator;
    say(drawn.help, row.help ? t("応援要請") : "");
    say(drawn.reason, row.help?.text ?? "");
    drawn.help.parentElement.title = row.help ? [row.help.by, row.help.text].filter(Boolean).join(":") : "";
    const people = row.joined.map((person) => (person.listening ? t("{name}(聴取中)", { name: person.name }) : person.name));
    say(drawn.joined, people.join("、"));
    drawn.joined.title = drawn.joined.textContent;
  }

  /** What the clock changes: minutes of the call, of the stalemate, of the wait. */
  tick(drawn, row, nowMs, { limits }) {
    const untilMs = row.endedMs ?? nowMs;
    say(drawn.minutes, t("{n}分", { n: Math.max(0, Math.floor((untilMs - row.startedMs) / 60_000)) }));
    const stalemateMs = stalemateOf(row, nowMs);
    say(drawn.stalemate, stalemateMs > 0 ? clock(stalemateMs) : "―");
    const late = overdue(row, nowMs, limits);
    drawn.stalemate.toggleAttribute("data-over", late);
    drawn.stalemate.title = late ? t("目安の時間を超えています") : "";
    say(drawn.wait, row.help ? clock(nowMs - row.help.sinceMs) : "");
  }
}

/** What people said is Japanese on an English page too. */
function cell(name, lang = null) {
  return make("div", { role: "gridcell", class: name, lang });
}

function caring(row) {
  return row.welfare && row.level === 0;
}

export function levelWord(row) {
  return caring(row) ? t("配慮・支援") : level(row.level).label;
}

/** What the call is about: the gravest open alert, or what was judged of the talk as a whole. */
export function whatOf(row) {
  if (row.welfare && row.level === 0) return words.welfare;
  const top = row.alerts.reduce((best, alert) => (best && best.level >= alert.level ? best : alert), null);
  if (!top) return row.outcome === "ordinary" ? "" : (words.outcomes?.[row.outcome] ?? "");
  const others = new Set(row.alerts.flatMap((alert) => alert.categories)).size - 1;
  const first = categoryShort(top.categories[0]);
  return others > 0 ? t("{what} ほか{n}", { what: first, n: others }) : first;
}
