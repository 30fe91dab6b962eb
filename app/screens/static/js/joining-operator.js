/** Glue: what supervisors write to the operator and ask of them. One thing at a time, always in the same place. */

import { callPath, send } from "./api.js";
import { byId, make, say } from "./dom.js";
import { forOperator, stepsOf } from "./joining-state.js";
import { nameOf, thereWords } from "./joining-record.js";
import { t, tRefusal } from "./language.js";
import { moment } from "./times.js";

/** Longer than a supervisor's telephone rings. */
const PATIENCE_MS = 90_000;

export class FromSupervisor {
  constructor({ callId, ask }) {
    Object.assign(this, { callId, ask });
    this.joining = null;
    this.ended = false;
    this.closed = new Set(); // requests whose outcome was put away on this screen
    this.sending = false;
    this.shown = { what: "nothing" };
    this.reserved = false; // once there was something to read, the place stays
    this.keys = { KeyK: () => this.confirm() };
    byId("from-confirm").addEventListener("click", () => this.confirm());
    byId("from-yes").addEventListener("click", () => this.answer(true));
    byId("from-no").addEventListener("click", () => this.answer(false));
    byId("from-close").addEventListener("click", () => this.close());
  }

  /** What has just happened, for who does not see it. */
  told({ type, data }, joining) {
    if (type === "supervisor.joined" || type === "supervisor.left") this.news = thereWords(joining) || t("監督者は抜けました");
    else if (data.kind === "supervisor_note") this.news = t("監督者からのメモ。{text}", { text: data.text });
    else if (data.kind.endsWith("_asked")) this.news = askedWords(data.kind.replace("_asked", ""), t("{name}さん", { name: data.display_name }));
  }

  draw(joining, ended) {
    this.joining = joining;
    this.ended = ended;
    this.reserved ||= joining.people.length > 0 || joining.notes.length > 0 || joining.requests.length > 0;
    byId("from-supervisor").hidden = !this.reserved || ended;
    say(byId("from-there"), thereWords(joining) || t("いま聞いている監督者はいません"));
    byId("from-there").title = byId("from-there").textContent;
    this.shown = forOperator(joining, this.closed);
    this.drawShown();
    this.drawEarlier();
    if (this.news) say(byId("from-polite"), this.news);
    this.news = "";
  }

  drawShown() {
    const { what, request, note } = this.shown;
    const place = byId("from-body");
    place.dataset.what = what;
    byId("from-yes").hidden = byId("from-no").hidden = what !== "question";
    byId("from-close").hidden = what !== "joined" && what !== "instructions";
    byId("from-confirm").hidden = what !== "note" || Boolean(note.seen_at);
    byId("from-steps").hidden = what !== "instructions";
    for (const button of place.querySelectorAll("button")) button.setAttribute("aria-disabled", String(this.sending));
    if (what === "question") {
      this.say(askedWords(request.kind, nameOf(request)), t("{at} 受けると、つなぎ方がここに出ます。", { at: moment(request.asked_at) }));
      say(byId("from-yes"), request.kind === "take_over" ? t("代わってもらう") : t("入ってもらう"));
    } else if (what === "instructions") {
      this.say(t("電話機でつないでください"), nameOf(request));
      this.drawSteps(request.text);
    } else if (what === "joined") {
      const text = request.kind === "take_over" ? t("監督者の電話機がつながりました。代わることをお相手にお伝えください。") : t("監督者の電話機がつながりました。三人で話せます。");
      this.say(text, nameOf(request));
    } else if (what === "note") {
      this.say(note.text, `${moment(note.at)} ${nameOf(note)}${note.seen_at ? ` ${t("確認済み")}` : ""}`);
    } else this.say(t("メモやお願いが届くと、ここに出ます。"), "");
  }

  say(text, meta) {
    say(byId("from-text"), text);
    say(byId("from-meta"), meta);
  }

  drawSteps(instructions) {
    if (this.steps === instructions) return;
    this.steps = instructions;
    byId("from-steps").replaceChildren(...stepsOf(instructions).map((step) => make("li", { text: step })));
  }

  drawEarlier() {
    const standing = this.shown.what === "note" ? this.shown.note.note_id : null;
    const earlier = this.joining.notes.filter((note) => note.note_id !== standing).reverse();
    byId("from-earlier").hidden = earlier.length === 0;
    const unread = earlier.filter((note) => !note.seen_at).length;
    say(byId("from-earlier-word"), unread > 0 ? t("ほかのメモ {n}件(未確認{m})", { n: earlier.length, m: unread }) : t("ほかのメモ {n}件", { n: earlier.length }));
    const signature = JSON.stringify(earlier.map((note) => [note.note_id, note.seen_at]));
    if (signature === this.earlier) return;
    this.earlier = signature;
    byId("from-earlier-list").replaceChildren(
      ...earlier.map((note) => make("li", {}, [make("span", { class: "from-when", text: `${moment(note.at)} ${nameOf(note)}` }), make("span", { text: note.text })])),
    );
  }

  /** 「確認」: the newest note that stands here was read. */
  async confirm() {
    const { what, note } = this.shown;
    if (what !== "note" || note.seen_at || this.sending || this.ended) return;
    await this.try(t("送っています…"), () => send("POST", callPath(this.callId, `/notes/${note.note_id}/seen`)));
  }

  async answer(accepted) {
    const { what, request } = this.shown;
    if (what !== "question" || this.sending || this.ended) return;
    // Sent once: it may make a telephone ring.
    const path = callPath(this.callId, `/requests/${request.request_id}/answer`);
    await this.try(accepted ? t("つないでいます…") : t("送っています…"), () =>
      send("POST", path, { accepted }, { attempts: 1, timeoutMs: PATIENCE_MS }),
    );
  }

  async try(doing, action) {
    this.sending = true;
    this.tell(doing, "sending");
    this.drawShown();
    try {
      await action();
      this.tell("", "done");
      await this.ask(); // the event may be lost with the line, and until it is known a second press would be refused
    } catch (error) {
      this.tell(error.status === 0 ? t("送れたか分かりません。もう一度押すか、声をかけてください。") : tRefusal(error, t("送れませんでした。もう一度お試しください。")), "failed");
    }
    this.sending = false;
    this.drawShown();
  }

  tell(text, outcome) {
    byId("from-state").dataset.outcome = outcome;
    say(byId("from-state"), text);
  }

  close() {
    if (this.shown.request) this.closed.add(this.shown.request.request_id);
    this.draw(this.joining, this.ended);
  }
}

function askedWords(kind, name) {
  return kind === "take_over"
    ? t("{name}が「代わります」と言っています。代わってもらいますか。", { name })
    : t("{name}が「一緒に入ります」と言っています。入ってもらいますか。", { name });
}
