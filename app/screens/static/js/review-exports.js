/** Glue: a call as a file that leaves the office: made, fetched once, and what was made before. */

import { byId, make, say } from "./dom.js";
import { t, tError } from "./language.js";
import { moment } from "./times.js";

const MAKING_MS = 120_000; // an hour of sound is signed
const KINDS = { vcon: t("署名付きの記録(vCon)"), disclosure: t("開示用の写し") };

export class ReviewExports {
  /**
   * @param callId the call that is reviewed
   * @param api `{ read, send, callPath }` of api.js
   */
  constructor({ callId, api }) {
    this.callId = callId;
    this.api = api;
    if (byId("exports-form") === null) return;
    byId("exports-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.make();
    });
    this.load();
  }

  async load() {
    try {
      const { body } = await this.api.read(this.api.callPath(this.callId, "/exports"));
      byId("exports-list").replaceChildren(...body.exports.map((one) => this.row(one)));
    } catch (error) {
      this.trouble(tError(error));
    }
  }

  async make() {
    const button = byId("exports-form").querySelector("button");
    const wanted = { sound: byId("exports-sound").checked };
    byId("exports-trouble").hidden = true;
    button.disabled = true;
    say(byId("exports-word"), t("書き出しています…"));
    try {
      await this.api.send("POST", this.api.callPath(this.callId, "/vcon"), wanted, { attempts: 1, timeoutMs: MAKING_MS });
      say(byId("exports-word"), t("書き出しました。「受け取る」を押してください。"));
      await this.load();
      byId("exports-list").querySelector("a")?.focus();
    } catch (error) {
      say(byId("exports-word"), "");
      this.trouble(tError(error));
    } finally {
      button.disabled = false;
    }
  }

  row(one) {
    const what = [KINDS[one.kind] ?? one.kind, one.covered ? t("個人の情報を伏せたもの") : t("伏せていないもの"), one.sound ? t("録音を含む") : t("録音を含まない")].join("・");
    const rows = [
      make("p", { text: what }),
      make("p", { class: "records-about", text: t("{at} {name} が作成", { at: moment(one.made_at), name: one.by }) }),
    ];
    const waits = one.fetched_at === null && new Date(one.expires_at) > new Date();
    if (one.fetched_at !== null) rows.push(make("p", { class: "records-about", text: t("{at} 受け取り済み", { at: moment(one.fetched_at) }) }));
    else if (!waits) rows.push(make("p", { class: "records-about", text: t("受け取られないまま期限が過ぎ、削除されました") }));
    else if (one.export_id !== null) rows.push(this.fetching(one));
    return make("li", { class: "records-hold" }, rows);
  }

  /** The one link to a file that waits. Once it was followed the file is gone, so the list is read again. */
  fetching(one) {
    const link = make("a", { class: "button", href: `/v1/exports/${encodeURIComponent(one.export_id)}`, download: one.file_name, text: t("受け取る") });
    link.addEventListener("click", () => setTimeout(() => this.load(), 2_000), { once: true });
    return make("p", {}, [link, make("span", { class: "records-about", text: ` ${t("{at}まで、1回だけ", { at: moment(one.expires_at) })}` })]);
  }

  trouble(text) {
    byId("exports-trouble").hidden = false;
    say(byId("exports-trouble"), text);
  }
}
