/** Glue: how long the call is kept, why, and what holds it, on the review page. */

import { byId, make, say } from "./dom.js";
import { locale, t, tError } from "./language.js";
import { day, moment } from "./times.js";

const DATE = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "Asia/Tokyo" });
const KINDS = { ordinary: t("通常の通話"), incident: t("事案の通話"), report: t("報告書のある事案") };
const WHYS = {
  nothing_special: t("事案に当たるものがありません"),
  judged: t("「該当」と判断されました"),
  undecided: t("判断が保留されています"),
  report: t("事案報告書があります"),
  approved_report: t("承認された事案報告書があります"),
  level: t("打ち切り・通報の段階に達しました(「非該当」とは判断されていません)"),
  measure: t("対応制限のもとになった通話です"),
};
const AT_FIELD = { why_missing: "reason", why_refused: "reason", until_has_passed: "until" };

export class ReviewRecords {
  /**
   * @param callId the call that is reviewed
   * @param api `{ read, send, callPath }` of api.js
   * @param sound where the reader is: `atMs`, `seek(ms)`, `listen((atMs) => …)`; whole again by `reload()`
   */
  constructor({ callId, api, sound }) {
    this.callId = callId;
    this.api = api;
    this.sound = sound;
    if (byId("records") === null) return;
    byId("records-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.hold();
    });
    document.addEventListener("judged", () => this.load((kept) => this.drawFacts(kept)));
    this.load();
  }

  async load(draw = (kept) => this.draw(kept)) {
    try {
      const { body } = await this.api.read(this.api.callPath(this.callId, "/retention"));
      draw(body);
    } catch (error) {
      say(byId("records-word"), "");
      this.trouble(`${tError(error)} ${t("通信を確かめて、ページを読み込み直してください。")}`);
    }
  }

  draw(kept) {
    this.drawFacts(kept);
    byId("records-holds").replaceChildren(...kept.holds.map((hold) => this.holdRow(hold)));
    byId("records-new").hidden = !kept.may_hold;
  }

  /** What a judgement changes; forms that somebody fills in stay. */
  drawFacts(kept) {
    byId("records-trouble").hidden = true;
    const facts = [[t("種類"), KINDS[kept.kind] ?? kept.kind], [t("そうなる理由"), WHYS[kept.why] ?? kept.why]];
    if (kept.days !== null) facts.push([t("期間"), t("通話が終わってから{n}日", { n: kept.days })]);
    if (kept.sound_days !== null && kept.sound_days !== kept.days) facts.push([t("録音の期間"), t("通話が終わってから{n}日", { n: kept.sound_days })]);
    byId("records-facts").replaceChildren(...facts.flatMap(([name, value]) => [make("dt", { text: name }), make("dd", { text: value })]));
    say(byId("records-word"), fate(kept));
  }

  holdRow(hold) {
    const until = hold.until === null ? t("解除されるまで") : t("{day}まで", { day: day(hold.until) });
    const rows = [
      make("p", {}, [make("span", { class: hold.stands ? "records-held" : "tag", text: hold.stands ? t("保全中") : hold.lifted_at === null ? t("期間終了") : t("解除") }), ` ${until}`]),
      make("p", { class: "records-reason", lang: "ja", text: hold.reason }),
      make("p", { class: "records-about", text: t("{at} {name} が保全", { at: moment(hold.at), name: hold.by }) }),
    ];
    if (hold.lifted_at !== null) {
      rows.push(make("p", { class: "records-about", text: t("{at} {name} が解除", { at: moment(hold.lifted_at), name: hold.lifted_by }) }));
      rows.push(make("p", { class: "records-reason", lang: "ja", text: hold.lift_reason }));
    }
    if (hold.may_lift) rows.push(this.liftForm(hold));
    else if (hold.stands) rows.push(make("p", { class: "records-about", text: t("解除は、保全した人とは別の監督者か監査担当者が行います。") }));
    return make("li", { class: "records-hold", "data-stands": hold.stands ? "yes" : "no" }, rows);
  }

  liftForm(hold) {
    const id = `lift-${hold.hold_id}`;
    const reason = make("textarea", { id, rows: "2", maxlength: "300", required: true, lang: "ja", "aria-describedby": `${id}-error` });
    const error = make("p", { class: "error", id: `${id}-error`, hidden: true });
    const form = make("form", { novalidate: true }, [
      make("p", { class: "records-about", text: t("解除すると、保存期間を過ぎているときは次の夜に削除されます。削除は元に戻せません。") }),
      make("div", { class: "field" }, [make("label", { for: id, text: t("解除する理由") }), error, reason]),
      make("button", { class: "button button-secondary", type: "submit", text: t("保全を解除する") }),
    ]);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      await this.sent(form, `/holds/${hold.hold_id}/lift`, { reason: reason.value }, () => error);
    });
    return make("details", { class: "records-lift" }, [make("summary", { text: t("保全を解除する") }), form]);
  }

  async hold() {
    const form = byId("records-form");
    const body = { reason: byId("records-reason").value, until: byId("records-until").value || null };
    const done = await this.sent(form, "/holds", body, (code) => byId(`records-${AT_FIELD[code] ?? "reason"}-error`));
    if (done) form.reset();
  }

  /** Send a form once; what is refused is said beside its field, or above the forms. */
  async sent(form, rest, body, errorFor) {
    for (const error of form.querySelectorAll(".error")) error.hidden = true;
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await this.api.send("POST", this.api.callPath(this.callId, rest), body, { attempts: 1, timeoutMs: 15_000 });
    } catch (error) {
      if (Object.hasOwn(AT_FIELD, error.code)) {
        const place = errorFor(error.code);
        say(place, tError(error));
        place.hidden = false;
      } else {
        this.trouble(tError(error));
      }
      return false;
    } finally {
      button.disabled = false;
    }
    byId("records-new").open = false;
    await this.load();
    return true;
  }

  trouble(text) {
    say(byId("records-trouble"), text);
    byId("records-trouble").hidden = false;
  }
}

/** What becomes of the call, in one sentence. */
function fate(kept) {
  if (kept.going) return t("この通話は削除の途中です。");
  if (kept.held) return t("保全されているため、保存期間を過ぎても削除されません。");
  if (kept.due_at === null && kept.sound_due_at === null) return t("保存期間が決められていないため、自動では削除されません。期間は管理者が設定します。");
  const sentences = [];
  if (kept.sound_due_at !== null && kept.sound_due_at !== kept.due_at) sentences.push(t("録音は{day}以降に削除されます。", { day: DATE.format(new Date(kept.sound_due_at)) }));
  if (kept.due_at !== null) sentences.push(t("この通話は{day}以降に、録音、文字、判断や報告書とともに削除されます。", { day: DATE.format(new Date(kept.due_at)) }));
  return sentences.join(" ");
}
