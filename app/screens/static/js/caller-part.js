/** Glue: earlier calls of the same number, and the measures in force; what this call was about is written here. */

import { callPath, read, send, sendWhileLeaving } from "./api.js";
import { byId, icon, make, say } from "./dom.js";
import { t, tRefusal } from "./language.js";
import { afterReading, badgeOf, emptyBecause, measuresName, parted, unsaved, written } from "./state-caller.js";
import { day, moment } from "./times.js";
import { toast } from "./toast.js";
import { level, words } from "./words.js";

const KINDS = {
  time_limit: t("電話の時間を限る"),
  one_section: t("担当課を一つにする"),
  in_writing: t("書面のみで受ける"),
  several_persons: t("複数人で対応する"),
  by_a_superior: t("管理職が対応する"),
};
const EMPTY = {
  unknown: t("電話番号が分からないため、これまでのお電話は表示できません。"),
  first: t("この番号からのほかのお電話は、90日間にありません。"),
};

export class CallerPart {
  /** `context`: {callId, role, me, panels, page, showNumber}. */
  constructor(context) {
    this.context = context;
    this.writes = context.role === "operator" || context.role === "supervisor";
    this.saved = null; // what the server keeps of this call's matter
    this.saving = false;
    this.heardWhileSaving = false;
    this.rewritten = false; // somebody else has saved other words than those that stand in the fields
    this.drawn = "";
    byId("caller-matter")?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    byId("caller-matter")?.addEventListener("input", () => this.showSaving());
    byId("caller-write")?.addEventListener("click", () => byId("caller-matter-text").focus());
    byId("caller-whole")?.addEventListener("click", () => this.readNumber());
    byId("caller-again").addEventListener("click", () => this.read());
    // The next call opens by itself: what was being written about this one must not go with the page.
    window.addEventListener("pagehide", () => {
      // What a colleague has saved is written over by a press only, never by leaving.
      if (this.writes && !this.rewritten && unsaved(this.fields(), this.saved)) sendWhileLeaving("PUT", this.path("/matter"), written(this.fields()));
    });
  }

  path(rest) {
    return callPath(this.context.callId, rest);
  }

  /** Ask the server for everything: when the page opens, and after the line was lost. */
  async read() {
    await Promise.all([this.readCaller(), this.readMatter()]);
  }

  async readCaller() {
    try {
      const { body } = await read(this.path("/caller"));
      this.show(body);
    } catch {
      this.context.panels.present("caller", true);
      byId("caller-failed").hidden = false;
    }
  }

  async readMatter() {
    try {
      this.take((await read(this.path("/matter"))).body);
    } catch {
      // What stands in the fields stays; saving will say if it cannot be done.
    }
  }

  /** Take one event of the call, each once and in order. */
  hear({ type, data }) {
    if (type === "note" && data.kind === "matter_written") {
      if (this.saving) this.heardWhileSaving = true;
      else this.readMatter();
    }
    // Whoever has to call the police reads the whole number from then on.
    if (type === "level.changed" && data.level === 3) this.readCaller();
  }

  /** The panel changes only when the server is asked. */
  draw(_state, _before) {}

  show(told) {
    const { panels } = this.context;
    byId("caller-failed").hidden = true;
    if (told.number_is_whole) this.context.showNumber(told.number);
    panels.present("caller", true);
    const badge = badgeOf(told);
    panels.badge("caller", badge.kind === "measures" ? t("制限あり") : badge.kind === "calls" ? String(badge.calls) : "");
    const signature = JSON.stringify(told);
    if (signature === this.drawn) return; // what is being read stays where it is
    this.drawn = signature;
    const number = byId("caller-number");
    number.hidden = told.number === "";
    say(number, told.number);
    const whole = byId("caller-whole");
    if (whole) whole.hidden = told.number === "" || told.number_is_whole;
    say(byId("caller-sum"), told.known ? t("24時間で{day}回、90日で{quarter}回", { day: told.last_24_hours, quarter: told.last_90_days }) : "");
    byId("caller-same").hidden = !told.known;
    byId("caller-measures").hidden = told.measures.length === 0;
    byId("caller-measures").replaceChildren(...told.measures.map(drawMeasure));
    const empty = emptyBecause(told);
    byId("caller-empty").hidden = empty === null;
    say(byId("caller-empty"), empty ? EMPTY[empty] : "");
    const { latest, older } = parted(told.calls);
    byId("caller-calls").hidden = latest.length === 0;
    byId("caller-calls").replaceChildren(...latest.map(drawCall));
    byId("caller-older").hidden = older.length === 0;
    say(byId("caller-older-word"), t("さらに前のお電話 {n}件", { n: older.length }));
    byId("caller-older-calls").replaceChildren(...older.map(drawCall));
    const write = byId("caller-write");
    if (write) write.hidden = empty !== null && told.measures.length === 0; // the fields are in sight
    const propose = byId("caller-propose");
    if (propose) propose.hidden = !told.known;
    if (told.measures.length > 0) panels.offer("caller", measuresName(told.measures));
  }

  /** Whoever has to tell the police cannot wait for a level. Who asked, and when, is kept. */
  async readNumber() {
    try {
      const { number } = await send("POST", this.path("/caller/number"));
      say(byId("caller-number"), number);
      byId("caller-whole").hidden = true;
      this.context.showNumber(number);
    } catch (error) {
      toast(tRefusal(error, t("番号を表示できませんでした。もう一度お試しください。")));
    }
  }

  fields() {
    return { matter: byId("caller-matter-text")?.value ?? "", answer: byId("caller-answer-text")?.value ?? "" };
  }

  /** Take what the server keeps of this call's matter. */
  take(fresh) {
    const { fields, kept } = afterReading(this.fields(), this.saved, fresh);
    this.rewritten = kept || (this.rewritten && unsaved(fields, fresh));
    this.saved = fresh;
    if (this.writes) {
      byId("caller-matter-text").value = fields.matter;
      byId("caller-answer-text").value = fields.answer;
    } else {
      byId("caller-written").hidden = fresh === null;
      byId("caller-unwritten").hidden = fresh !== null;
      say(byId("caller-written-matter"), fresh?.matter || t("記録なし"));
      say(byId("caller-written-answer"), fresh?.answer || t("記録なし"));
    }
    this.showSaving();
  }

  byWhom() {
    return this.saved ? t("記録済み {at} {name}", { at: moment(this.saved.at), name: this.saved.by }) : "";
  }

  /** While somebody writes: say whether it is kept, or that a colleague has written meanwhile. */
  showSaving() {
    if (this.saving) return;
    const open = this.writes && unsaved(this.fields(), this.saved);
    if (open && this.rewritten) this.tell(t("{name}さんが書き換えました。保存すると、お書きの内容に替わります。", { name: this.saved?.by ?? "" }), "");
    else this.tell(open ? t("まだ保存していません") : this.byWhom(), "");
  }

  async save() {
    if (this.saving) return;
    if (!unsaved(this.fields(), this.saved)) return this.tell(this.byWhom() || t("まだ何も書かれていません"), "");
    this.saving = true;
    this.tell(t("保存しています…"), "");
    const sent = written(this.fields());
    try {
      await send("PUT", this.path("/matter"), sent);
    } catch (error) {
      this.afterSaving();
      return this.tell(tRefusal(error, t("保存できませんでした。もう一度お試しください。")), "failed");
    }
    this.saved = { ...sent, by: this.context.me, at: new Date(this.context.nowMs()).toISOString() };
    this.rewritten = false;
    this.afterSaving();
    return this.showSaving();
  }

  /** What was written in the same moment may be a colleague's, and stand instead. */
  afterSaving() {
    this.saving = false;
    if (this.heardWhileSaving) this.readMatter();
    this.heardWhileSaving = false;
  }

  tell(text, outcome) {
    byId("caller-saved").dataset.outcome = outcome;
    say(byId("caller-saved"), text);
  }
}

function drawMeasure(measure) {
  const label = KINDS[measure.kind] ?? measure.label;
  const limit = measure.kind === "time_limit" ? t("{label}({n}分)", { label, n: measure.detail }) : t("{label}({detail})", { label, detail: measure.detail });
  const facts = [
    t("{day}まで", { day: day(measure.ends_on) }),
    t("承認 {name}", { name: measure.approved_by }),
    measure.office_wide ? t("庁内全体") : measure.section,
  ];
  return make("li", { class: "caller-measure" }, [
    make("p", { class: "caller-measure-kind" }, [make("span", { class: "tag", text: t("対応制限") }), make("span", { text: measure.detail ? limit : label })]),
    make("p", { class: "caller-measure-words", lang: "ja", text: `「${measure.words}」` }),
    make("p", { class: "caller-quiet", text: facts.filter(Boolean).join(" / ") }),
    measure.reason ? make("p", { class: "caller-quiet" }, [t("理由:"), make("span", { lang: "ja", text: measure.reason })]) : null,
    make("p", { class: "caller-quiet caller-clause", title: measure.clause }, [t("方針:"), make("span", { lang: "ja", text: measure.clause })]),
  ]);
}

function drawCall(call) {
  const when = make("time", { class: "number", datetime: call.started_at, text: moment(call.started_at) });
  const outcome = call.outcome === "ordinary" ? "" : (words.outcomes[call.outcome] ?? "");
  return make("li", { class: "caller-call", "data-level": String(call.top_level) }, [
    make("p", { class: "caller-call-head" }, [
      call.call_id ? make("a", { href: `/calls/${encodeURIComponent(call.call_id)}`, target: "_blank", rel: "noopener" }, [when, make("span", { class: "visually-hidden", text: t("の通話を別のタブで開く") })]) : when,
      make("span", { text: call.section || t("課の指定なし") }),
      make("span", { class: "caller-level" }, [icon(`level-${call.top_level}`), make("span", { text: level(call.top_level).label })]),
      outcome ? make("span", { text: outcome }) : null,
      call.live ? make("span", { class: "tag", text: t("通話中") }) : null,
    ]),
    ...drawMatter(call),
  ]);
}

function drawMatter({ matter, call_id: callId }) {
  if (!matter) return [make("p", { class: "caller-quiet", text: callId ? t("用件の記録なし") : t("用件の表示なし") })];
  const line = (label, text) =>
    make("p", { class: "caller-said" }, [make("span", { class: "caller-label", text: label }), make("span", { lang: "ja", text: text || "―" })]);
  return [line(t("ご用件"), matter.matter), line(t("お答え"), matter.answer)];
}
