/** Glue: what the policy and the word lists said when the call was judged, to be read and kept years later. */

import { byId, make, say } from "./dom.js";
import { locale, t, tError } from "./language.js";
import { JAPAN } from "./times.js";

const WHEN = new Intl.DateTimeFormat(locale, { ...JAPAN, dateStyle: "medium", timeStyle: "medium" });
const KINDS = { policy: t("基本方針"), lexicons: t("検知ルールの語句"), software: t("Mimamoriの版"), clock: t("サーバーの時計") };
const CLOCKS = {
  synchronised: t("時刻合わせが働いていました(起動時)"),
  unsynchronised: t("時刻合わせが働いていませんでした(起動時)"),
  unknown: t("時刻合わせが働いていたか分かりません"),
};

export class ReviewBasis {
  /**
   * @param callId the call that is reviewed
   * @param api `{ read, callPath }` of api.js
   */
  constructor({ callId, api }) {
    this.callId = callId;
    this.api = api;
    byId("side-versions").addEventListener("shown", () => this.load());
    byId("basis-close").addEventListener("click", () => byId("basis-dialog").close());
    if (!byId("side-versions").hidden) this.load();
  }

  async load() {
    if (this.loaded) return;
    try {
      const { body } = await this.api.read(this.api.callPath(this.callId, "/basis"));
      this.loaded = true;
      byId("basis-rows").replaceChildren(...body.in_use.map((one) => this.row(one)));
      byId("basis-table").hidden = body.in_use.length === 0;
      say(byId("basis-word"), body.in_use.length === 0 ? t("この通話のころに何が使われていたかは、記録がありません。") : "");
    } catch (error) {
      say(byId("basis-word"), `${tError(error)} ${t("通信を確かめて、ページを読み込み直してください。")}`);
    }
  }

  row(one) {
    const version = one.kind === "clock" ? (CLOCKS[one.version] ?? one.version) : one.version;
    const acts = one.digest
      ? [
          make("button", { class: "button-plain", type: "button", text: t("読む"), "aria-label": t("{what}の内容を読む", { what: KINDS[one.kind] ?? one.kind }), on: { click: () => this.read(one) } }),
          make("a", { class: "button-plain", href: fileOf(one), download: true, text: t("保存"), "aria-label": t("{what}の内容をファイルに保存", { what: KINDS[one.kind] ?? one.kind }) }),
        ]
      : ["−"];
    return make("tr", { "data-kind": one.kind }, [
      make("td", { text: KINDS[one.kind] ?? one.kind }),
      make("td", { text: version }),
      make("td", { text: t("{at}から", { at: WHEN.format(new Date(one.since)) }) }),
      make("td", { class: "basis-acts" }, acts),
    ]);
  }

  async read(one) {
    say(byId("basis-title"), `${KINDS[one.kind] ?? one.kind} ${one.version}`);
    say(byId("basis-digest"), t("内容の指紋(SHA-256) {digest}", { digest: one.digest }));
    say(byId("basis-text"), t("読み込んでいます…"));
    byId("basis-file").href = fileOf(one);
    byId("basis-dialog").showModal();
    try {
      say(byId("basis-text"), (await this.api.read(`/v1/basis/${one.digest}`)).body.text);
    } catch (error) {
      say(byId("basis-text"), tError(error) || t("読み込めませんでした。もう一度お試しください。"));
    }
    byId("basis-text").scrollTop = 0;
  }
}

function fileOf(one) {
  return `/v1/basis/${one.digest}.txt`;
}
