/** Glue: covered words made readable, with a reason, on the review page. */

import { byId, make, say } from "./dom.js";
import { t, tError } from "./language.js";
import { clock, moment, spoken } from "./times.js";

const TICK_MS = 1_000;
const SHORTEST_REASON = 5;
const SOON_MS = 60_000;

export class ReviewUnmask {
  /**
   * @param callId the call that is reviewed
   * @param api `{ read, send, callPath }` of api.js
   * @param sound where the reader is: `atMs`, `seek(ms)`, `listen((atMs) => …)`; whole again by `reload()`
   */
  constructor({ callId, api, sound }) {
    this.path = api.callPath(callId, "/unmask");
    this.api = api;
    this.sound = sound;
    this.told = null;
    this.endsAt = null; // by this browser's clock, which may be wrong: counted from the server's answer
    this.warned = false;
    this.dialog = byId("unmask-dialog");
    byId("unmask-open").addEventListener("click", () => this.ask());
    byId("unmask-cancel").addEventListener("click", () => this.dialog.close());
    byId("unmask-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.uncover();
    });
    byId("unmask-cover").addEventListener("click", () => this.cover());
    byId("unmask-who-open").addEventListener("click", () => byId("unmask-who").showModal());
    byId("unmask-who-close").addEventListener("click", () => byId("unmask-who").close());
    document.addEventListener("visibilitychange", () => document.hidden || this.tick());
    setInterval(() => this.tick(), TICK_MS);
    this.open();
  }

  async read() {
    const { body, serverNow } = await this.api.read(this.path);
    this.take(body, serverNow);
  }

  async open() {
    try {
      await this.read();
    } catch (error) {
      byId("unmask").hidden = false;
      say(byId("unmask-said"), tError(error));
    }
  }

  /** Take what the server says; `until` is counted from its own clock. */
  take(told, serverNow) {
    this.told = told;
    const leftMs = Math.min(Date.parse(told.until ?? "") - serverNow, told.minutes * 60_000); // the Date header is up to a second behind
    this.endsAt = told.until === null ? null : Date.now() + leftMs;
    this.warned = false;
    this.draw();
  }

  draw() {
    const { may_uncover: may, unmaskings, minutes } = this.told;
    const open = this.endsAt !== null;
    byId("unmask").hidden = !may && !open && unmaskings.length === 0;
    byId("unmask-state").hidden = byId("unmask-cover").hidden = !open;
    byId("unmask-open").hidden = !may;
    byId("unmask-who-open").hidden = unmaskings.length === 0;
    say(byId("unmask-who-open"), t("表示した記録 {n}件", { n: unmaskings.length }));
    say(byId("unmask-minutes"), t("氏名、電話番号、住所などの伏せた部分を、{n}分間だけ表示します。", { n: minutes }));
    byId("unmask-rows").replaceChildren(...unmaskings.map(row));
    this.tick();
  }

  ask() {
    byId("unmask-reason").value = "";
    this.refuse("");
    this.trouble("");
    this.dialog.showModal();
    byId("unmask-reason").focus();
  }

  async uncover() {
    const reason = byId("unmask-reason").value.trim();
    if ([...reason].length < SHORTEST_REASON) {
      this.refuse(t("理由を5文字以上で入力してください。"));
      byId("unmask-reason").focus();
      return;
    }
    this.refuse("");
    byId("unmask-send").disabled = true;
    try {
      await this.api.send("POST", this.path, { reason }, { attempts: 1 });
      await this.open();
      this.dialog.close();
      await this.again(t("伏せた部分を表示しました。"));
      byId("unmask-cover").focus();
    } catch (error) {
      this.trouble(tError(error) || t("表示できませんでした。もう一度お試しください。"));
    } finally {
      byId("unmask-send").disabled = false;
    }
  }

  /** Where that fails the page is loaded anew: words must not stay on it that somebody wanted covered. */
  async cover() {
    byId("unmask-cover").disabled = true;
    try {
      await this.api.send("DELETE", this.path);
      await this.read();
      await this.again(t("個人の情報を伏せました。"));
      byId("unmask-open").focus();
    } catch (error) {
      say(byId("unmask-said"), tError(error));
      window.location.reload();
    } finally {
      byId("unmask-cover").disabled = false;
    }
  }

  tick() {
    if (this.endsAt === null) return;
    const leftMs = this.endsAt - Date.now();
    if (leftMs <= 0) {
      this.endsAt = null;
      this.over();
      return;
    }
    say(byId("unmask-left"), t("あと{time}", { time: clock(leftMs) }));
    if (leftMs < SOON_MS && !this.warned) {
      this.warned = true;
      say(byId("unmask-said"), t("あと{time}で、個人の情報を再び伏せます。", { time: spoken(leftMs) }));
    }
  }

  /** It ran out: cover the page by itself, and where that fails show nothing. */
  async over() {
    try {
      await this.read();
      await this.again(t("時間になったため、個人の情報を伏せました。"));
    } catch {
      window.location.reload();
    }
  }

  async again(said) {
    await this.sound.reload();
    say(byId("unmask-said"), said);
  }

  refuse(why) {
    const field = byId("unmask-reason-error");
    field.hidden = why === "";
    say(field, why);
    if (why) byId("unmask-reason").setAttribute("aria-invalid", "true");
    else byId("unmask-reason").removeAttribute("aria-invalid");
  }

  trouble(why) {
    byId("unmask-trouble").hidden = why === "";
    say(byId("unmask-trouble"), why);
  }
}

function row({ display_name: name, at, until, covered_at: coveredAt, reason }) {
  const span = t("{from}から{to}まで", { from: moment(at), to: moment(coveredAt ?? until) });
  return make("li", {}, [make("strong", { text: name }), " ", make("small", { text: span }), make("p", { text: reason, lang: "ja" })]);
}
