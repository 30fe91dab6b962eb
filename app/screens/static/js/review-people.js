/** Glue: who looked at the call, heard it, took it away or saw what is covered, out of the trail. */

import { byId, make, say } from "./dom.js";
import { locale, t, tError } from "./language.js";
import { JAPAN } from "./times.js";

const WHEN = new Intl.DateTimeFormat(locale, { ...JAPAN, dateStyle: "medium", timeStyle: "medium" });
const AT_FIRST = 20;
const LOOKS = new Set([
  ...["call.seen", "findings.seen", "events.followed", "review.seen", "recording.heard", "judgements.seen", "report.seen", "trial.seen"],
  ...["call.number_read", "call.unmasked", "call.covered", "report.exported", "export.made", "export.fetched", "person.exported"],
]);

export class ReviewPeople {
  /**
   * @param callId the call that is reviewed
   * @param api `{ read, callPath }` of api.js
   */
  constructor({ callId, api }) {
    this.callId = callId;
    this.api = api;
    this.shown = AT_FIRST;
    if (byId("people-table") === null) return;
    this.roles = JSON.parse(byId("roles").textContent);
    byId("people-more").addEventListener("click", () => this.showMore());
    byId("side-records").addEventListener("shown", () => this.load());
    if (!byId("side-records").hidden) this.load();
  }

  async load() {
    try {
      const { body } = await this.api.read(this.api.callPath(this.callId, "/trail"));
      this.links = body.links.filter((link) => LOOKS.has(link.kind));
      byId("people-trouble").hidden = true;
      this.draw();
    } catch (error) {
      say(byId("people-word"), "");
      say(byId("people-trouble"), `${tError(error)} ${t("通信を確かめて、ページを読み込み直してください。")}`);
      byId("people-trouble").hidden = false;
    }
  }

  draw() {
    const left = this.links.length - this.shown;
    byId("people-rows").replaceChildren(...this.links.slice(0, this.shown).map((link) => this.row(link)));
    byId("people-table").hidden = this.links.length === 0;
    byId("people-more").hidden = left <= 0;
    say(byId("people-more"), t("残りの{n}件も表示", { n: left }));
    say(byId("people-word"), this.links.length === 0 ? t("まだだれも見ていません。") : t("{n}件", { n: this.links.length }));
  }

  showMore() {
    const next = this.shown;
    this.shown = this.links.length;
    this.draw();
    const row = byId("people-rows").children[next];
    row.tabIndex = -1;
    row.focus();
  }

  row({ at, by, role, kind, label, known }) {
    const who = by ? [make("span", { text: by }), make("span", { class: "people-role", text: this.roles[role] ?? role })] : [t("(サーバー)")];
    return make("tr", {}, [make("td", { text: WHEN.format(new Date(at)) }), make("td", {}, who), make("td", { text: known ? t(label) : `${t(label)} ${kind}` })]);
  }
}
