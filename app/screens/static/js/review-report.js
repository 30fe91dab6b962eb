/** Glue: the incident report on the review page: how it stands, and the sentences that it quotes. */

import { byId, make, say } from "./dom.js";
import { t, tError } from "./language.js";
import { clock } from "./times.js";

const STATES = {
  draft: t("下書き"),
  submitted: t("提出済み"),
  returned: t("差戻し"),
  approved: t("承認済み"),
};

export class ReviewReport {
  /**
   * @param callId the call that is reviewed
   * @param api `{ read, send, callPath }` of api.js
   * @param sound where the reader is: `atMs`, `seek(ms)`, `listen((atMs) => …)`; whole again by `reload()`
   */
  constructor({ callId, api, sound }) {
    this.callId = callId;
    this.api = api;
    this.sound = sound;
    if (byId("review-report")) this.load();
  }

  async load() {
    try {
      const { body } = await this.api.read(this.api.callPath(this.callId, "/report"));
      if (body.report === null) this.offer();
      else await this.draw(body.report);
    } catch (error) {
      say(byId("review-report-state"), tError(error) || t("報告書を読み込めませんでした。ページを読み込み直してください。"));
    }
  }

  offer() {
    say(byId("review-report-state"), t("この通話の報告書はまだありません。"));
    const form = byId("review-report-begin");
    form.action = `/calls/${encodeURIComponent(this.callId)}/report`;
    form.hidden = false;
  }

  async draw(report) {
    say(byId("review-report-state"), t("報告書 {number}(第{n}版):{state}", { number: report.number, n: report.version, state: STATES[report.state] ?? report.state }));
    const link = byId("review-report-open");
    link.href = `/reports/${report.report_id}`;
    link.hidden = false;
    const { body } = await this.api.read(`/v1/reports/${report.report_id}`);
    const quoted = body.quotes.filter((one) => one.chosen);
    byId("review-report-quotes").replaceChildren(
      ...quoted.map((one) =>
        make("li", {}, [
          make("button", { class: "button-plain", type: "button", text: t("{at} から聞く", { at: clock(one.start_ms) }), on: { click: () => this.sound.seek(one.start_ms) } }),
          make("span", { lang: "ja", text: ` 「${one.text}」` }),
        ]),
      ),
    );
  }
}
