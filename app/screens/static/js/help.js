/** Glue: calling for help. Needs neither the event socket nor recognition, only one plain request. */

import { callPath, send } from "./api.js";
import { byId, say } from "./dom.js";
import { t, tRefusal } from "./language.js";
import { words } from "./words.js";

/** What else there is to know: these pass with a new page, not with a second press. */
const NOT_NOW = { 401: t("(サインインが切れています)"), 403: t("(ページを読み込み直すと、また使えます)") };

export class HelpButton {
  constructor(callId, onChanged) {
    Object.assign(this, { callId, onChanged });
    this.sending = false;
    this.requested = false;
    this.place = document.querySelector(".help-place");
    byId("help")?.addEventListener("click", () => this.request());
    byId("help-withdraw")?.addEventListener("click", () => this.withdraw());
  }

  /** Show what the call's record says, unless this screen is just changing it. */
  draw(state, before) {
    if (state.call === before?.call && state.helpBy === before?.helpBy) return;
    const requested = Boolean(state.call.help_requested);
    const ended = Boolean(state.call.ended_at);
    const seen = byId("help-seen");
    if (seen) say(seen, requested ? (ended ? t("応援要請あり") : t("応援要請中")) : t("応援要請なし"));
    if (!byId("help-withdraw")) this.place.dataset.help = requested ? "requested" : "quiet";
    else if (!this.sending) {
      if (requested !== this.requested || this.place.dataset.help === undefined) this.show(requested);
      if (byId("help")) byId("help").hidden = ended;
      byId("help-withdraw").hidden ||= ended;
    }
  }

  show(requested) {
    this.requested = requested;
    this.place.dataset.help = requested ? "requested" : "quiet";
    say(byId("help-word"), requested ? t("応援要請中") : t("応援を呼ぶ"));
    byId("help")?.setAttribute("aria-disabled", String(requested));
    byId("help-withdraw").hidden = !requested;
    say(byId("help-state"), "");
  }

  async request() {
    if (this.requested || this.sending) return;
    await this.change("POST", true, t("応援を呼んでいます…"), t("応援要請を送れませんでした。{how}", { how: words.help_instead }));
  }

  async withdraw() {
    if (!this.requested || this.sending) return;
    await this.change("DELETE", false, t("送っています…"), t("送れませんでした。もう一度お試しください。"));
  }

  async change(method, requested, sendingWord, failedWord) {
    this.sending = true;
    say(byId("help-state"), sendingWord);
    try {
      await send(method, callPath(this.callId, "/help"), method === "POST" ? { reason: "" } : undefined, {
        onRepeat: () => say(byId("help-state"), t("{doing}(送り直しています)", { doing: sendingWord })),
      });
      this.sending = false;
      this.show(requested);
      this.onChanged(requested);
    } catch (error) {
      this.sending = false;
      this.place.dataset.help = "failed";
      say(byId("help-state"), error.status === 409 ? tRefusal(error, failedWord) : [failedWord, NOT_NOW[error.status]].join(""));
    }
  }
}
