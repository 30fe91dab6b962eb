/** Glue: 「見落とし」. Marks a moment at once; what was missed is said afterwards, or never. */

import { marksFrom, momentOf } from "./aids-marks.js";
import { callPath, send } from "./api.js";
import { byId, make, say } from "./dom.js";
import { t, tRefusal } from "./language.js";
import { clock } from "./times.js";
import { toast } from "./toast.js";
import { words } from "./words.js";

/** A second press in this time is a double click. */
const REST_MS = 1_000;

export class MissedMoments {
  constructor({ callId, me }, onChanged) {
    Object.assign(this, { callId, me, onChanged });
    this.marks = [];
    this.ended = false;
    this.storing = false;
    this.lastMs = -Infinity;
    this.chosen = null; // the number of the mark that the dialog is about; null: a new one
    this.dialog = byId("missed-ask");
    byId("missed").addEventListener("click", () => this.press());
    byId("lines").addEventListener("click", (event) => {
      const number = Number(event.target.closest?.("[data-missed]")?.dataset.missed);
      if (number) this.ask(this.marks.find((mark) => mark.number === number));
    });
    byId("missed-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.store();
    });
    byId("missed-no").addEventListener("click", () => this.dialog.close());
    byId("missed-undo").addEventListener("click", () => this.undo(this.chosen));
    byId("missed-category").append(
      ...Object.entries(words.categories ?? {}).map(([id, { label }]) => make("option", { value: id, text: label })),
    );
  }

  /** Show what the record says. */
  show(missed) {
    const marks = marksFrom(missed, this.marks);
    if (marks.length === this.marks.length && marks.every((mark, index) => mark === this.marks[index])) return;
    this.marks = marks;
    byId("lines").dispatchEvent(new CustomEvent("marks", { detail: marks }));
  }

  /** While the call goes on, now; afterwards the moment has to be chosen. */
  async press() {
    if (this.ended) {
      this.ask(null);
      return;
    }
    if (performance.now() - this.lastMs < REST_MS) return;
    this.lastMs = performance.now();
    try {
      await this.mark({});
    } catch (error) {
      // The call may have ended in this very moment: then the server says what to do.
      toast(tRefusal(error, t("見落としの印を付けられませんでした。もう一度押してください。")));
    }
  }

  async mark(moment) {
    const made = await send("POST", callPath(this.callId, "/missed"), { ...moment, mark_id: markId() });
    toast(t("{at}に見落としの印を付けました。理由は後からでも書けます。", { at: clock(made.at_ms) }), {
      word: t("元に戻す"),
      action: () => this.undo(made.number),
    });
    await this.onChanged();
    return made;
  }

  async undo(number) {
    if (this.dialog.open) this.dialog.close();
    try {
      await send("DELETE", callPath(this.callId, `/missed/${number}`));
      toast(t("見落としの印を取り消しました"));
      await this.onChanged();
    } catch (error) {
      toast(tRefusal(error, t("取り消せませんでした。もう一度お試しください。")));
    }
  }

  ask(mark) {
    if (mark === undefined || document.querySelector("dialog[open]")) return;
    this.chosen = mark?.number ?? null;
    say(byId("missed-title"), mark ? t("{at}の見落とし", { at: clock(mark.at_ms) }) : t("見落としの印を付ける"));
    byId("missed-when").hidden = mark !== null;
    byId("missed-at").value = "";
    byId("missed-at").required = mark === null;
    byId("missed-category").value = mark?.category ?? "";
    byId("missed-reason").value = mark?.reason ?? "";
    byId("missed-undo").hidden = mark === null || mark.by !== this.me;
    this.fail("");
    this.dialog.showModal();
  }

  async store() {
    if (this.storing) return; // a double click is one mark
    this.storing = true;
    await this.storeOnce();
    this.storing = false;
  }

  async storeOnce() {
    const told = { category: byId("missed-category").value || null, reason: byId("missed-reason").value.trim() };
    const at_ms = momentOf(byId("missed-at").value);
    if (this.chosen === null && at_ms === null) {
      this.fail(t("時刻は「分:秒」で入力してください(例 12:34)。"), true);
      return;
    }
    try {
      const fresh = this.chosen === null;
      // Kept, so that a second try to store the words makes no second mark.
      if (fresh) this.chosen = (await this.mark({ at_ms })).number;
      if (!fresh || told.category || told.reason) await send("PUT", callPath(this.callId, `/missed/${this.chosen}`), told);
      this.dialog.close();
      await this.onChanged();
    } catch (error) {
      this.fail(tRefusal(error, t("記録できませんでした。もう一度お試しください。")));
    }
  }

  fail(text, atMoment = false) {
    say(byId("missed-failed"), text);
    byId("missed-at").setAttribute("aria-invalid", String(atMoment));
    if (atMoment) byId("missed-at").focus();
  }
}

/** So that a request that is sent again marks no second moment. */
function markId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
