/** Glue: what was judged of the call, and the form to judge it, on the review page. */

import { byId, make, say } from "./dom.js";
import { answerWord, cautions, QUESTIONS, standingWord, verdictWord } from "./judgement-words.js";
import { t, tError } from "./language.js";
import { clock, moment } from "./times.js";
import { categoryShort, level } from "./words.js";

const WHY_NOT = {
  still_live: t("通話が終わってから判断してください。"),
  own_call: t("ご自分が応対した通話は判断できません。"),
  not_yet_judged: t("監査担当者の判断の後に、意見を書けます。"),
};
const AT_FIELD = { judgement_reason_missing: "judge-reason", judgement_side_missing: "judge-side", judgement_too_long: "judge-reason" };

export class ReviewJudgement {
  /**
   * @param callId the call that is reviewed
   * @param api `{ read, send, callPath }` of api.js
   * @param sound where the reader is: `atMs`, `seek(ms)`, `listen((atMs) => …)`; whole again by `reload()`
   */
  constructor({ callId, api, sound }) {
    this.callId = callId;
    this.api = api;
    this.sound = sound;
    this.seen = 0;
    this.marks = new Map();
    if (byId("judgement") === null) return;
    this.prepareForm();
    this.load();
    // Who comes from the list of calls to be judged comes for this.
    if (location.hash === "#judgement") byId("tab-judgement")?.click();
  }

  get path() {
    return this.api.callPath(this.callId, "/judgements");
  }

  async load() {
    try {
      const { body } = await this.api.read(this.path);
      this.draw(body);
    } catch (error) {
      this.trouble(`${tError(error)} ${t("通信を確かめて、ページを読み込み直してください。")}`);
      say(byId("judge-standing"), t("判断を表示できません。"));
    }
  }

  prepareForm() {
    byId("judge-questions").replaceChildren(...QUESTIONS.map(question));
    const form = byId("judge-form");
    form.addEventListener("change", () => this.drawCautions());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
  }

  draw(view) {
    this.seen = view.seen;
    const stands = byId("judge-standing");
    stands.replaceChildren(
      make("p", { class: "judge-stands" }, [
        make("span", { class: "judge-verdict", "data-verdict": view.standing.verdict ?? "none", text: standingWord(view.standing) }),
      ]),
    );
    if (view.standing.differing) stands.append(make("p", { class: "judge-about", text: t("すでに判断した方のどちらかが、相手の理由を読んだうえで新しい判断を加えると、その判断になります。それまでは判断保留です。") }));
    byId("judge-earlier").replaceChildren(...view.judgements.map((one) => this.earlier(one, view.findings)));
    const whyNot = byId("judge-why-not");
    whyNot.hidden = view.may_judge;
    say(whyNot, WHY_NOT[view.why_not] ?? "");
    byId("judge-new").hidden = !view.may_judge;
    const mine = view.judgements.some((one) => one.mine);
    say(byId("judge-new-word"), view.judgements.length === 0 ? t("この通話を判断する") : mine ? t("新しい判断を加える") : t("意見を加える"));
    if (view.judgements.length === 0) byId("judge-new").open = true;
    this.drawFindings(view.findings);
  }

  earlier(one, findings) {
    const known = new Map(findings.map((finding) => [finding.finding_id, finding]));
    const answers = QUESTIONS.map((asked) => [asked.words, answerWord(asked, one.considered[asked.name])]).filter(([, word]) => word !== "");
    const marks = one.findings.filter((mark) => known.has(mark.finding_id)).map((mark) => `${mark.right ? "○" : "×"} ${clock(known.get(mark.finding_id).start_ms)} ${categoryShort(known.get(mark.finding_id).category)}`);
    return make("li", { class: "judge-one", "data-verdict": one.verdict }, [
      make("p", { class: "judge-head" }, [
        make("span", { class: "judge-verdict", "data-verdict": one.verdict, text: verdictWord(one.verdict) }),
        make("span", { class: "judge-about", text: [one.opinion === "first" ? t("最初の判断") : t("別の方の意見"), one.by_name || one.by, moment(one.at)].join(" ") }),
        one.second_wanted ? make("span", { class: "tag", text: t("別の意見を求める") }) : null,
      ]),
      make("p", { class: "judge-words", lang: "ja", text: one.reason }),
      one.callers_side ? make("p", { class: "judge-label", text: t("相手方の事情・言い分") }) : null,
      one.callers_side ? make("p", { class: "judge-words", lang: "ja", text: one.callers_side }) : null,
      answers.length > 0 ? make("ul", { class: "judge-answers" }, answers.map(([asked, word]) => make("li", { text: t("{question}: {answer}", { question: asked, answer: word }) }))) : null,
      marks.length > 0 ? make("p", { class: "judge-about", text: t("検知の正誤(○正しい ×誤り): {marks}", { marks: marks.join("  ") }) }) : null,
    ]);
  }

  drawFindings(findings) {
    byId("judge-findings").hidden = findings.length === 0;
    say(byId("judge-findings-count"), t("{n}件", { n: findings.length }));
    byId("judge-findings-list").replaceChildren(...findings.map((finding) => this.findingLine(finding)));
  }

  findingLine(finding) {
    const name = `finding-${finding.finding_id}`;
    const chosen = this.marks.get(finding.finding_id);
    const pick = (right) => () => {
      if (right === null) this.marks.delete(finding.finding_id);
      else this.marks.set(finding.finding_id, right);
    };
    const radio = (value, word) =>
      make("label", {}, [make("input", { type: "radio", name, checked: (chosen ?? null) === value, on: { change: pick(value) } }), ` ${word}`]);
    const about = [level(finding.severity).label, categoryShort(finding.category)].join(" ");
    return make("li", { class: "judge-finding" }, [
      make("div", {}, [
        make("button", { class: "button-plain number", type: "button", text: clock(finding.start_ms), "aria-label": t("{time}へ移動", { time: clock(finding.start_ms) }), on: { click: () => this.sound?.seek?.(finding.start_ms) } }),
        make("span", { text: ` ${about} ` }),
        make("span", { class: "judge-quote", lang: "ja", text: `「${finding.quote}」` }),
        make("code", { class: "judge-about", text: finding.rule }),
        finding.right === null ? null : make("span", { class: "judge-about", text: finding.right ? t("前の判断: 正しい") : t("前の判断: 誤り") }),
      ]),
      make("div", { class: "judge-pick", role: "radiogroup", "aria-label": t("{time}の検知の正誤", { time: clock(finding.start_ms) }) }, [radio(true, t("正しい")), radio(false, t("誤り")), radio(null, t("印なし"))]),
    ]);
  }

  entered() {
    const form = new FormData(byId("judge-form"));
    const considered = {};
    for (const { name } of QUESTIONS) if (form.get(name)) considered[name] = form.get(name);
    return {
      verdict: form.get("verdict"),
      reason: byId("judge-reason").value,
      callers_side: byId("judge-side").value,
      considered,
      findings: [...this.marks].map(([id, right]) => ({ finding_id: id, right })),
      second_wanted: byId("judge-second").checked,
      seen: this.seen,
    };
  }

  drawCautions() {
    const { verdict, considered } = this.entered();
    const told = cautions(verdict, considered);
    const list = byId("judge-cautions");
    if (list.dataset.told !== told.join()) list.replaceChildren(...told.map((text) => make("li", { class: "notice notice-warning", text })));
    list.dataset.told = told.join();
    say(byId("judge-side-optional"), verdict === "harassment" ? t("必須") : t("任意"));
  }

  async submit() {
    const entered = this.entered();
    this.trouble("");
    for (const id of ["judge-reason", "judge-side", "judge-verdict"]) fieldTrouble(id, "");
    if (entered.verdict === null) return fieldTrouble("judge-verdict", t("該当、非該当、判断保留のどれかを選んでください。"));
    if (entered.reason.trim() === "") return fieldTrouble("judge-reason", t("判断の理由を入力してください。"));
    if (entered.verdict === "harassment" && entered.callers_side.trim() === "") return fieldTrouble("judge-side", t("「該当」とするときは、相手方の事情・言い分も入力してください。"));
    const button = byId("judge-send");
    button.disabled = true;
    try {
      // Once only: a repeat whose first answer was lost would be refused as somebody else's judgement.
      const view = await this.api.send("POST", this.path, entered, { attempts: 1, timeoutMs: 15_000 });
      this.marks.clear();
      byId("judge-form").reset();
      this.drawCautions();
      this.draw(view);
      // How long the call is kept follows from what it was found to be.
      document.dispatchEvent(new Event("judged"));
      byId("judge-new").open = false;
      byId("judge-new").querySelector("summary").focus();
      byId("judge-standing").scrollIntoView({ block: "nearest" });
    } catch (error) {
      if (error.code in AT_FIELD) fieldTrouble(AT_FIELD[error.code], tError(error));
      else if (error.status === 0) this.trouble(t("サーバーから返事がありません。登録されたかどうかを、これまでの判断で確かめてください。入力した内容は残っています。"));
      else this.trouble(tError(error));
      // What came in meanwhile is shown beside what was entered, which stays.
      if (error.code === "judged_meanwhile" || error.status === 0) await this.load();
    } finally {
      button.disabled = false;
    }
  }

  trouble(text) {
    byId("judge-trouble").hidden = text === "";
    say(byId("judge-trouble"), text);
    if (text !== "") byId("judge-trouble").scrollIntoView({ block: "nearest" });
  }
}

function question({ name, words, answers }) {
  const radios = answers.map(([value, word]) => make("label", {}, [make("input", { type: "radio", name, value }), ` ${word}`]));
  return make("div", { class: "judge-question", role: "radiogroup", "aria-label": words }, [make("span", { text: words }), make("span", { class: "judge-pick" }, radios)]);
}

function fieldTrouble(id, text) {
  const error = byId(`${id}-error`);
  error.hidden = text === "";
  say(error, text);
  const field = byId(id);
  if (field !== null) field.setAttribute("aria-invalid", String(text !== ""));
  if (text !== "") (field ?? byId("judge-form").querySelector(`input[name="verdict"]`)).focus();
}
