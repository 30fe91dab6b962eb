/** Glue: help without recognition, and the cards for 110 and for support. */

import { Blur } from "./aids-blur.js";
import { MissedMoments } from "./aids-missed.js";
import { callPath, read, send } from "./api.js";
import { Cards } from "./card-part.js";
import { byId, make, say } from "./dom.js";
import { t, tRefusal } from "./language.js";
import { toast } from "./toast.js";

const NOTES = new Set([
  ...["missed_marked", "missed_explained", "missed_undone", "prompts_muted", "prompts_unmuted"],
  ...["emergency_called", "emergency_undone", "break_proposed"],
]);
const READ_AGAIN_MS = 3_000;

export class AidsPart {
  /** `context`: {callId, role, me, panels, page}. */
  constructor(context) {
    Object.assign(this, context);
    this.state = null;
    this.known = null; // what the server answered last
    this.reading = false;
    this.again = false;
    this.muting = false;
    this.timer = null;
    this.missed = new MissedMoments(context, () => this.read());
    this.blur = new Blur(context);
    this.cards = this.role === "auditor" ? null : new Cards(context, () => this.read());
    byId("mute")?.addEventListener("click", () => this.mute());
    this.keys = {
      KeyM: () => this.missed.press(),
      KeyB: () => this.blur.toggle(),
      ...(byId("mute") ? { KeyP: () => this.mute() } : {}),
    };
    if (!byId("mute")) return;
    this.makeMutedPlace();
  }

  /** Ask the server for everything: when the page opens, after the line was lost, and when something was done. */
  async read() {
    if (this.reading) {
      this.again = true; // what is being read may be older than what was done just now
      return;
    }
    this.reading = true;
    do {
      this.again = false;
      try {
        this.known = (await read(callPath(this.callId, "/aids"))).body;
      } catch (error) {
        if (error.status === 0 || error.status >= 500) this.readLater();
      }
    } while (this.again);
    this.reading = false;
    this.show();
  }

  readLater() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.read(), READ_AGAIN_MS);
  }

  hear({ type, data }) {
    if (type === "note" && NOTES.has(data.kind)) this.read();
  }

  draw(state, _before) {
    this.state = state;
    this.show();
  }

  show() {
    const { state, known } = this;
    if (!state?.ready) return;
    const ended = Boolean(state.call.ended_at);
    this.missed.ended = ended;
    if (known) this.missed.show(known.missed);
    this.showMuted(Boolean(known?.prompts_muted) && !ended, ended);
    this.cards?.show(state, known);
    this.showAftercare(ended && Boolean(known?.break_proposed));
  }

  showMuted(muted, ended) {
    const button = byId("mute");
    if (!button) return say(byId("aids-state"), muted ? t("職員がご案内を静かにしています") : "");
    const was = this.page.hasAttribute("data-muted");
    this.page.toggleAttribute("data-muted", muted);
    button.setAttribute("aria-pressed", String(muted));
    button.hidden = ended;
    byId("say-muted").hidden = !muted;
    // What nobody can see is not copied either.
    if (muted) byId("say-buttons").hidden = true;
    else if (was) byId("say-buttons").hidden = ended || !this.state.script?.text;
    return undefined;
  }

  makeMutedPlace() {
    const back = make("button", { class: "button button-secondary", type: "button", on: { click: () => this.mute() } }, [
      make("span", { text: t("ご案内を表示する") }),
      make("kbd", { "aria-hidden": "true", text: "P" }),
    ]);
    byId("say-text").after(
      make("div", { class: "say-muted", id: "say-muted", hidden: true }, [
        make("p", { text: t("この通話では、ご案内の文とお知らせを静かにしています。段階、時間、応援はそのまま使えます。") }),
        make("p", { text: t("静かにしたことが、評価に使われることはありません。") }),
        back,
      ]),
    );
  }

  async mute() {
    if (this.muting || !this.state?.ready || this.state.call.ended_at) return;
    this.muting = true;
    const muted = !this.known?.prompts_muted;
    try {
      await send(muted ? "POST" : "DELETE", callPath(this.callId, "/prompts-muted"));
      if (this.known) this.known = { ...this.known, prompts_muted: muted };
      else await this.read();
      this.show();
      say(byId("polite"), muted ? t("ご案内を静かにしました") : t("ご案内を表示します"));
    } catch (error) {
      toast(tRefusal(error, t("切り替えられませんでした。もう一度お試しください。")));
    }
    this.muting = false;
  }

  showAftercare(wanted) {
    const place = byId("aftercare");
    if (!place) return;
    place.hidden = !wanted;
    if (!wanted) return;
    const desk = this.known.staff_desk;
    say(
      byId("aftercare-desk"),
      desk
        ? t("お話ししたいときは、{desk}へ。", { desk: [desk.name, desk.number, desk.hours].filter(Boolean).join(" ") })
        : t("お話ししたいときは、上司か、職員の相談窓口へ。"),
    );
  }
}
