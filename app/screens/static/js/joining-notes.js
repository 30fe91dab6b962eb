/** Glue: writing to the operator: a field, and phrases that go with one click. What is refused stays in the field. */

import { callPath, send } from "./api.js";
import { byId, make, say } from "./dom.js";
import { t, tRefusal } from "./language.js";

const LONGEST = 500;

export class NoteForm {
  constructor(callId, { ask }) {
    Object.assign(this, { callId, ask });
    this.sending = false;
    this.field = byId("note");
    this.field.addEventListener("input", () => this.count());
    this.field.addEventListener("keydown", (event) => {
      // Enter that ends a conversion of letters is the input method's, not ours.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.write();
    });
    byId("note-send").addEventListener("click", () => this.write());
    this.count();
  }

  focus() {
    this.field.focus();
  }

  draw({ quickPhrases }) {
    const place = byId("quick-phrases");
    if (place.childElementCount === quickPhrases.length) return;
    place.replaceChildren(
      ...quickPhrases.map((phrase) =>
        make("button", {
          class: "button button-secondary quick-phrase",
          type: "button",
          title: phrase.text,
          "aria-label": t("「{text}」を送る", { text: phrase.text }),
          text: phrase.label,
          on: { click: () => this.send({ quick: phrase.id }) },
        }),
      ),
    );
  }

  /** As the server counts: characters, without what is blank at either end. */
  count() {
    const length = [...this.field.value.trim()].length;
    const over = length > LONGEST;
    say(byId("note-count"), t("{n}/{most}字", { n: length, most: LONGEST }));
    byId("note-count").dataset.over = String(over);
    this.field.setAttribute("aria-invalid", String(over));
  }

  async write() {
    const written = this.field.value;
    const text = written.trim();
    if (text === "" || this.sending) return;
    if (await this.send({ text })) {
      // What was written on meanwhile is the beginning of the next note.
      const { value } = this.field;
      this.field.value = value.startsWith(written) ? value.slice(written.length) : value;
      this.count();
    }
  }

  async send(body) {
    if (this.sending) return false;
    this.become(true);
    this.tell(t("送っています…"), "sending");
    try {
      await send("POST", callPath(this.callId, "/notes"), body, { attempts: 1 }); // once: nobody reads a note twice
      this.tell(t("届きました"), "done");
      this.ask();
      return true;
    } catch (error) {
      this.tell(this.reason(error), "failed");
      return false;
    } finally {
      this.become(false);
    }
  }

  /** One after the other; a press that would be lost is not offered. */
  become(sending) {
    this.sending = sending;
    for (const button of [byId("note-send"), ...byId("quick-phrases").children]) button.setAttribute("aria-disabled", String(sending));
  }

  reason(error) {
    if (error.status === 0) return t("届いたか分かりません。下の一覧で確かめてください。");
    return tRefusal(error, t("送れませんでした。もう一度お試しください。"));
  }

  tell(text, outcome) {
    byId("note-told").dataset.outcome = outcome;
    say(byId("note-told"), text);
  }
}
