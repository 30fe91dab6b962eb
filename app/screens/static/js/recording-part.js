/** Glue: whether this call is recorded: always to be seen, and stopped or taken up again by who is at the call. */

import { callPath, send } from "./api.js";
import { Asked } from "./asked.js";
import { byId, say, shape } from "./dom.js";
import { t, tRefusal } from "./language.js";

const SHAPES = { reading: "waiting", recording: "recording", paused: "paused", off: "not-recorded", failed: "down" };

export class RecordingPart {
  constructor({ callId }) {
    this.callId = callId;
    this.place = byId("recording");
    this.button = byId("recording-switch");
    this.known = { standing: "reading" };
    this.asked = new Asked(callPath(callId, "/recording"), (told, heard) => this.take(told, heard));
    this.sending = false;
    this.button?.addEventListener("click", () => this.change());
  }

  /** Ask the server: when the page opens, and after the line was lost. */
  read() {
    return this.asked.read();
  }

  hear(event) {
    this.asked.hear(event);
    const before = this.known;
    this.known = recordingAfter(before, event);
    if (this.known !== before) this.show();
  }

  take(told, heard) {
    this.known = heard.reduce(recordingAfter, told);
    this.show();
  }

  draw({ call }) {
    this.place.hidden = Boolean(call.ended_at);
  }

  show() {
    const { standing, reason = "", paused = false, paused_by: by = "" } = this.known;
    this.place.dataset.standing = standing;
    shape(byId("recording-shape"), SHAPES[standing] ?? SHAPES.reading);
    say(byId("recording-word"), word(standing));
    say(byId("recording-note"), note({ standing, reason, paused, by }));
    if (!this.button) return;
    // Also while it fails: it goes on by itself, maybe in the middle of somebody's account number.
    this.button.hidden = !["recording", "paused", "failed"].includes(standing);
    this.button.classList.toggle("button-secondary", !paused);
    say(this.button, paused ? t("録音を再開する") : t("録音を止める"));
  }

  async change() {
    if (this.sending) return;
    const resume = this.known.paused === true;
    this.sending = true;
    this.button.setAttribute("aria-disabled", "true");
    say(byId("recording-failed"), "");
    try {
      const { found, heard } = await this.asked.during(() => send(resume ? "DELETE" : "POST", callPath(this.callId, "/recording/pause")));
      this.take(found, heard);
    } catch (error) {
      const failed = resume ? t("録音を再開できませんでした。もう一度押してください。") : t("録音を止められませんでした。もう一度押してください。");
      say(byId("recording-failed"), tRefusal(error, failed));
    } finally {
      this.sending = false;
      this.button.setAttribute("aria-disabled", "false");
    }
  }
}

/** What is known of the recording after one more event of the call. */
export function recordingAfter(known, { type, data }) {
  if (type !== "note") return known;
  switch (data.kind) {
    case "recording_paused":
      return { ...known, standing: known.standing === "failed" ? "failed" : "paused", paused: true, paused_by: data.display_name ?? "" };
    case "recording_resumed":
      return { ...known, standing: known.standing === "failed" ? "failed" : "recording", paused: false, paused_by: "" };
    case "recording_failed":
      return { ...known, standing: "failed", reason: data.reason ?? "" };
    case "recording_restored":
      return { ...known, standing: known.paused ? "paused" : "recording", reason: "" };
    default:
      return known;
  }
}

function word(standing) {
  switch (standing) {
    case "recording":
      return t("録音しています");
    case "paused":
      return t("録音を止めています(再開できます)");
    case "failed":
      return t("録音できていません");
    case "off":
      return t("録音していません");
    default:
      return t("録音の状態を確認しています…");
  }
}

function reasonWord(reason) {
  switch (reason) {
    case "disk_full":
      return t("保存先の空きが足りません");
    case "too_slow":
      return t("保存先への書き込みが追いつきません");
    case "no_key":
      return t("録音の鍵が見つかりません");
    default:
      return t("保存先に書き込めません");
  }
}

function note({ standing, reason, paused, by }) {
  if (standing === "failed" && paused) return t("{why}。通話は続けられます。録音は、再開を押すまで止めてあります。", { why: reasonWord(reason) });
  if (standing === "failed") return t("{why}。通話は続けられます。録音は自動で再開します。", { why: reasonWord(reason) });
  if (standing === "off") return t("この課の通話は録音の対象ではありません");
  if (standing === "paused" && by) return t("{name}さんが止めました", { name: by });
  return "";
}
