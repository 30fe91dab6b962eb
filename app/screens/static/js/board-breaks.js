/** Glue: breaks proposed after a hard call. Shows what waits for an answer; answered, it is gone on every board. */

import { read, send } from "./api.js";
import { arrange, byId, make, say } from "./dom.js";
import { t, tRefusal } from "./language.js";
import { moment } from "./times.js";

const NOTES = new Set(["break_proposed", "break_given", "break_declined"]);

export class Breaks {
  constructor() {
    this.rows = new Map(); // call -> its row
    this.breaks = [];
    this.reading = false;
    this.again = false;
  }

  /** Ask the server which proposals wait. */
  async read() {
    if (this.reading) {
      this.again = true;
      return;
    }
    this.reading = true;
    do {
      this.again = false;
      try {
        this.breaks = (await read("/v1/breaks")).body.breaks;
      } catch {
        // What is shown stays; the board reads again when its line is back.
      }
    } while (this.again);
    this.reading = false;
    this.draw();
  }

  /** Take one event of any call of the section. */
  hear({ type, data }) {
    if (type === "note" && NOTES.has(data.kind)) this.read();
  }

  draw() {
    if (!byId("breaks")) return;
    const ids = this.breaks.map((one) => one.call_id);
    for (const id of [...this.rows.keys()]) if (!ids.includes(id)) this.rows.delete(id);
    arrange(byId("break-list"), this.breaks.map((one) => this.row(one).root));
    byId("breaks").hidden = this.breaks.length === 0;
  }

  row(proposed) {
    const known = this.rows.get(proposed.call_id);
    if (known) return known;
    const failed = make("p", { class: "break-failed", role: "alert" });
    const row = { failed, root: make("li", { class: "break" }, [make("p", { class: "break-words", text: wordsOf(proposed) })]) };
    for (const [answer, word] of [
      ["given", t("休憩を取ってもらう")],
      ["not_needed", t("今回は不要")],
    ]) {
      const kind = answer === "given" ? "button" : "button button-secondary";
      row.root.append(make("button", { class: kind, type: "button", text: word, on: { click: () => this.answer(proposed, answer) } }));
    }
    row.root.append(failed);
    this.rows.set(proposed.call_id, row);
    return row;
  }

  async answer(proposed, answer) {
    const row = this.rows.get(proposed.call_id);
    if (row.sending) return;
    row.sending = true;
    try {
      await send("POST", `/v1/breaks/${encodeURIComponent(proposed.call_id)}`, { answer });
      this.forget(proposed.call_id);
      say(byId("breaks-said"), t("記録しました"));
    } catch (error) {
      // Another supervisor was quicker, or the call was deleted: nothing waits any more.
      if (error.code === "break_answered" || error.status === 404) this.forget(proposed.call_id);
      else say(row.failed, tRefusal(error, t("記録できませんでした。もう一度押してください。")));
    }
    row.sending = false;
  }

  forget(callId) {
    const held = this.rows.get(callId)?.root.contains(document.activeElement) ?? false;
    this.breaks = this.breaks.filter((one) => one.call_id !== callId);
    this.draw();
    // Who works by key goes on from here, not from the top of the page.
    if (held) (byId("break-list").querySelector("button") ?? byId("main"))?.focus();
  }
}

function wordsOf({ display_name: name, because, ended_at }) {
  const at = moment(ended_at);
  return because === "stop"
    ? t("{name}さん:打ち切り・通報の通話が {at} に終わりました。休憩をご検討ください。", { name, at })
    : t("{name}さん:警告の段階が長く続いた通話が {at} に終わりました。休憩をご検討ください。", { name, at });
}
