/** Glue: the card for 110 and the card for support. They open once by themselves, and whenever somebody asks. */

import { callPath, send } from "./api.js";
import { reportLines, threatOf } from "./card-report.js";
import { byId, make, say, shape } from "./dom.js";
import { t, tRefusal } from "./language.js";
import { clock, moment } from "./times.js";
import { toast } from "./toast.js";
import { needsCare } from "./render-status.js";

const MINUTES_MS = 10_000;
const NO_OFFICE = { name: "", address: "", telephone: "", place: "" };

export class Cards {
  constructor({ callId, page, nowMs }, onChanged) {
    Object.assign(this, { callId, page, nowMs, onChanged });
    this.shown = null; // "threat", "welfare" or none
    this.open = false;
    this.offered = new Set(); // why it has opened by itself: each reason once
    this.sending = false;
    this.lines = [];
    for (const kind of ["threat", "welfare"]) byId(`open-${kind}`).addEventListener("click", () => this.toggle(kind));
    byId("card-fold").addEventListener("click", () => this.fold());
    byId("card-called").addEventListener("click", () => this.called());
    byId("card-copy").addEventListener("click", () => this.copy());
    byId("card-wrong").addEventListener("click", () => this.wrong());
    setInterval(() => this.open && this.fill(), MINUTES_MS);
  }

  show(state, known) {
    Object.assign(this, { state, known });
    const threat = threatOf(state.alerts);
    if (!state.call.ended_at) {
      if (threat) this.offer("threat", `threat ${threat.alert_id}`);
      else if (needsCare(state)) this.offer("welfare", "welfare");
    }
    // A false alarm takes the card with it that it brought; not one that is being used.
    if (!threat && this.shown === "threat" && this.byItself && !known?.emergency_called) this.set(null, false);
    this.fill();
  }

  offer(kind, reason) {
    if (this.offered.has(reason)) return;
    this.offered.add(reason);
    this.byItself = true;
    this.set(kind, true);
  }

  toggle(kind) {
    if (this.shown === kind && this.open) return this.fold();
    this.byItself = false;
    this.set(kind, true);
    this.fill();
    byId("card").focus({ preventScroll: true });
    return undefined;
  }

  /** Folded it stays as one line where the call asks for it; otherwise it goes. */
  fold() {
    const asked = this.shown === "threat" ? threatOf(this.state.alerts) !== null : this.offered.has("welfare");
    const focused = document.activeElement;
    if (this.open && !asked) {
      const from = this.shown;
      this.set(null, false);
      if (focused === byId("card-fold")) byId(`open-${from}`).focus();
    } else this.set(this.shown, !this.open);
    this.fill();
  }

  set(shown, open) {
    this.shown = shown;
    this.open = open;
    const card = byId("card");
    card.hidden = shown === null;
    card.toggleAttribute("data-open", open);
    card.dataset.card = shown ?? "";
    byId("card-body").hidden = !open;
    byId("card-fold").setAttribute("aria-expanded", String(open));
    say(byId("card-fold"), open ? t("たたむ") : t("ひらく"));
    for (const kind of ["threat", "welfare"]) {
      byId(`card-${kind}`).hidden = shown !== kind;
      byId(`open-${kind}`).setAttribute("aria-pressed", String(shown === kind && open));
    }
    byId("card-acts").hidden = shown !== "threat";
    if (shown !== "threat") byId("card-check").hidden = true;
    shape(byId("card-shape"), shown === "welfare" ? "care" : "phone");
    say(byId("card-heading"), shown === "welfare" ? t("支援が必要なおそれのあるお電話") : t("110番カード"));
    say(byId("card-note"), shown === "welfare" ? t("警告はしません") : t("かけるかどうかは職員が判断します。この画面から電話はかかりません。"));
  }

  fill() {
    if (!this.state || this.shown === null) return;
    if (this.shown === "welfare") this.fillWelfare();
    else this.fillThreat();
  }

  fillThreat() {
    const { state, known } = this;
    const threat = threatOf(state.alerts);
    byId("card-check").hidden = !threat?.needs_check; // half a sentence: the whole one confirms it or takes it back
    byId("card-wrong").hidden = threat === null || Boolean(state.call.ended_at);
    const said = threat && state.lines.find((line) => line.utterance_id === threat.utterance_id);
    this.lines = reportLines({ call: state.call, threat, said: said?.text ?? null, office: known?.office ?? NO_OFFICE, now: this.nowMs() }).map((line) => ({
      ...line,
      label: labels()[line.id],
      hint: line.missing ? hints()[line.id] : line.id === "who" ? whoHint(state.call.caller_number) : "",
    }));
    this.put(byId("card-lines"), this.lines.map(drawLine));
    const called = known?.emergency_called;
    byId("card-called").hidden = Boolean(called) && !this.sending;
    byId("card-uncalled").hidden = !called;
    if (called) {
      say(byId("card-who"), t("{at} {name}が110番に通報", { at: moment(called.at), name: called.by_name || called.by }));
      byId("card-undo") ?? byId("card-uncalled").append(
        make("button", { class: "button-plain", id: "card-undo", type: "button", text: t("取り消す"), on: { click: () => this.called(false) } }),
      );
    }
  }

  fillWelfare() {
    const { known } = this;
    const contacts = [...(known?.welfare_contacts ?? []), ...(known?.national_line ? [known.national_line] : [])];
    this.put(
      byId("card-contacts"),
      contacts.map(({ name, number, hours }) =>
        make("div", {}, [
          make("dt", { text: name }),
          make("dd", {}, [make("span", { class: "number", text: number }), hours ? make("span", { class: "card-hours", text: hours }) : null]),
        ]),
      ),
    );
    byId("card-no-contacts").hidden = known === null || contacts.length > 0;
  }

  /** Only what differs is put in its place: a line that is being read or selected stays. */
  put(list, rows) {
    const text = rows.map((row) => row.textContent).join("\n");
    if (list.dataset.told === text) return;
    list.dataset.told = text;
    list.replaceChildren(...rows);
  }

  async called(done = true) {
    if (this.sending) return;
    this.sending = true;
    try {
      await send(done ? "POST" : "DELETE", callPath(this.callId, "/emergency-called"));
      say(byId("card-done"), done ? "" : t("取り消しました"));
    } catch (error) {
      toast(tRefusal(error, t("記録できませんでした。通報した時刻を手元に控え、もう一度押してください。")));
    }
    this.sending = false;
    await this.onChanged();
    byId(done ? "card-undo" : "card-called")?.focus();
  }

  /** The alert itself is behind the card: to call it false must not need two steps more than any other. */
  wrong() {
    const threat = threatOf(this.state.alerts);
    if (threat) this.page.dispatchEvent(new CustomEvent("wrong", { detail: threat.alert_id }));
  }

  async copy() {
    const text = this.lines.map(({ label, text: words, hint, at_ms }) => `${label}:${[words, at_ms === undefined ? "" : secondWords(at_ms), hint].filter(Boolean).join(" ")}`).join("\n");
    try {
      await navigator.clipboard.writeText(text);
      say(byId("card-done"), t("コピーしました"));
    } catch {
      window.getSelection().selectAllChildren(byId("card-lines"));
      say(byId("card-done"), document.execCommand("copy") ? t("コピーしました") : t("コピーできませんでした"));
    }
    setTimeout(() => say(byId("card-done"), ""), 3_000);
  }
}

function labels() {
  return {
    what: t("何があったか"),
    when: t("いつ"),
    where: t("どこ"),
    named: t("言葉にある場所"),
    who: t("だれが"),
    words: t("言葉そのまま"),
    back: t("こちらの電話"),
  };
}

function hints() {
  return {
    what: t("起きたことを、そのままお伝えください"),
    where: t("庁舎名と住所が未設定です。いまいる場所をお伝えください"),
    back: t("電話番号が未設定です。つながる番号をお伝えください"),
  };
}

/** Below the third level operators read the end of the number only; the police ask for all of it. */
function whoHint(number) {
  return number.includes("*") ? t("番号は、下の「これまでのお電話」ですべて表示できます") : t("ほかは、分かる範囲でお伝えください");
}

function secondWords(at_ms) {
  return t("(通話開始から{at})", { at: clock(at_ms) });
}

function drawLine({ id, label, text, hint, at_ms }) {
  return make("div", { "data-line": id }, [
    make("dt", { text: label }),
    make("dd", {}, [
      text ? make("span", { class: id === "words" ? "card-words" : null, text }) : null,
      at_ms === undefined ? null : make("span", { class: "card-second", text: secondWords(at_ms) }),
      hint ? make("span", { class: "card-hint", text: hint }) : null,
    ]),
  ]);
}
