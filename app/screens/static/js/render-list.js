/** Glue: rows of calls, updated in place. */

import { arrange, byId, icon, make, say, shape } from "./dom.js";
import { t } from "./language.js";
import { clock, moment } from "./times.js";
import { level, words } from "./words.js";

export class CallRows {
  constructor(bodyId, live) {
    this.body = byId(bodyId);
    this.live = live;
    this.rows = new Map();
  }

  draw(calls, now) {
    const rows = calls.map((call) => this.row(call, now));
    const ids = new Set(calls.map((call) => call.call_id));
    for (const id of [...this.rows.keys()]) if (!ids.has(id)) this.rows.delete(id);
    arrange(this.body, rows);
  }

  row(call, now) {
    const row = this.rows.get(call.call_id) ?? this.newRow(call);
    this.rows.set(call.call_id, row);
    const shown = this.live ? call.level : call.top_level;
    row.root.dataset.level = String(shown);
    shape(row.use, `level-${shown}`);
    say(row.level, level(shown).label);
    say(row.outcome, shown === 0 && call.outcome === "ordinary" ? "" : (words.outcomes[call.outcome] ?? ""));
    row.help.hidden = !call.help_requested;
    row.held.hidden = !call.held;
    row.root.toggleAttribute("data-help", this.live && call.help_requested);
    say(row.elapsed, clock(this.live ? now - Date.parse(call.started_at) : call.duration_ms));
    say(row.warnings, t("{n}回", { n: call.warnings_spoken }));
    row.words.lang = call.last_words ? "ja" : document.documentElement.lang;
    say(row.words, call.last_words ? `「${call.last_words}」` : t("まだ発言はありません"));
    return row.root;
  }

  /** The way to hear and read an ended call again, for who looks at calls afterwards. */
  review(href) {
    if (this.live || byId("calls").dataset.role === "operator") return null;
    return make("a", { class: "button button-secondary call-review", href: `${href}/review`, text: t("振り返る") });
  }

  newRow(call) {
    const svg = icon("level-0");
    const row = {
      use: svg.querySelector("use"),
      level: make("span"),
      outcome: make("span", { class: "call-outcome" }),
      help: make("span", { class: "tag call-help", text: this.live ? t("応援要請中") : t("応援要請あり") }),
      held: make("span", { class: "tag call-held", text: t("保全中") }),
      elapsed: make("span", { class: "number" }),
      warnings: make("span", { class: "number" }),
      words: make("span", { class: "call-words" }),
    };
    const href = `/calls/${encodeURIComponent(call.call_id)}`;
    row.root = make("tr", { "data-call-id": call.call_id }, [
      make("td", {}, [
        make("a", { class: "call-state", href }, [svg, make("span", {}, [row.level, row.outcome])]),
      ]),
      make("td", {}, [make("span", { class: "call-section", text: call.section || t("課の指定なし") }), make("span", { text: call.operator || t("職員の指定なし") })]),
      make("td", { class: "number", text: call.caller_number || t("番号非通知") }),
      make("td", { class: "number", text: moment(call.started_at) }),
      make("td", {}, [row.elapsed]),
      make("td", {}, [row.warnings]),
      make("td", {}, [make("div", { class: "call-cell" }, [make("div", { class: "call-last" }, [row.help, row.held, row.words]), this.review(href)])]),
    ]);
    return row;
  }
}
