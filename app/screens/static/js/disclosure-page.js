/** Glue: a copy for disclosure: what is suggested, what a person changes, and the file. */

import * as api from "./api.js";
import { Covers } from "./disclosure-covers.js";
import { byId, make, say } from "./dom.js";
import { t, tError } from "./language.js";
import { clock } from "./times.js";

const MAKING_MS = 300_000; // three hours of sound
const READING_MS = 60_000;
const TRACKS = { caller: t("相手の方"), operator: t("職員") };

const callId = byId("disclosure").dataset.callId;
let covers = null;
let unsent = false;
let changes = 0;

async function open() {
  try {
    const { body } = await api.read(api.callPath(callId, "/disclosure"), { timeoutMs: READING_MS });
    covers = new Covers(body.sentences);
    byId("disclosure-covered").hidden = !body.covered;
    byId("disclosure-sound").checked = body.recorded;
    byId("disclosure-sound").disabled = !body.recorded;
    byId("disclosure-empty").hidden = body.sentences.length > 0;
    say(byId("disclosure-empty"), t("この通話には、文字にできた発言がありません。"));
    const lines = [...body.sentences.map((one) => ({ at: one.start_ms, line: row(one) })), ...body.unheard.map((one) => ({ at: one.start_ms, line: unheard(one) }))];
    byId("disclosure-lines").replaceChildren(...lines.sort((one, other) => one.at - other.at).map(({ line }) => line));
    tell();
  } catch (error) {
    byId("disclosure-empty").hidden = true;
    trouble(tError(error));
  }
}

function row(one) {
  const text = make("p", { class: "disclosure-text", "data-id": one.utterance_id });
  fill(text, one.utterance_id);
  return make("li", {}, [make("span", { class: "number", text: clock(one.start_ms) }), make("span", { class: "disclosure-who", text: TRACKS[one.track] }), text]);
}

/** Where there are no words: nobody can read whether somebody is named there. */
function unheard(one) {
  const seconds = Math.ceil((one.end_ms - one.start_ms) / 1000);
  const words = t("聞き取れなかった所({n}秒)。録音を聞いて確かめてください。", { n: seconds });
  return make("li", { class: "disclosure-unheard" }, [make("span", { class: "number", text: clock(one.start_ms) }), make("span", { class: "disclosure-who", text: TRACKS[one.track] ?? "" }), make("p", { text: words })]);
}

function fill(text, id) {
  text.replaceChildren(
    ...covers.pieces(id).map((piece) => {
      if (!piece.mark) return make("span", { text: piece.text });
      const label = piece.mark.on ? t("伏せる: {kind}", { kind: piece.mark.kind }) : t("伏せない: {kind}", { kind: piece.mark.kind });
      const mark = make("button", { type: "button", class: "disclosure-mark", "aria-pressed": String(piece.mark.on), title: label, text: piece.text });
      mark.addEventListener("click", () => {
        covers.toggle(id, piece.place);
        changed(id);
      });
      return mark;
    }),
  );
}

function changed(id) {
  const text = document.querySelector(`.disclosure-text[data-id="${CSS.escape(id)}"]`);
  fill(text, id);
  unsent = true;
  outdated();
  tell();
}

/** What was made says no longer what is chosen: nobody may hand that over by mistake. */
function outdated() {
  changes += 1;
  if (byId("disclosure-fetch").hidden) return;
  byId("disclosure-fetch").hidden = true;
  say(byId("disclosure-word"), t("伏せる箇所などが変わりました。もう一度「写しを作る」を押してください。"));
}

function tell() {
  say(byId("disclosure-count"), t("伏せる箇所 {n}", { n: covers.count }));
  byId("disclosure-undo").disabled = !covers.canStepBack;
}

/** The letters that are selected, within one sentence; null for none. */
function selected() {
  const selection = window.getSelection();
  if (selection === null || selection.isCollapsed || selection.rangeCount === 0) return null;
  const range = selection.getRangeAt(0);
  const line = (node) => (node.nodeType === Node.TEXT_NODE ? node.parentElement : node)?.closest(".disclosure-text");
  const text = line(range.startContainer);
  if (!text || text !== line(range.endContainer)) return null;
  return { id: text.dataset.id, start: placeOf(text, range.startContainer, range.startOffset), end: placeOf(text, range.endContainer, range.endOffset) };
}

function placeOf(text, node, offset) {
  const before = document.createRange();
  before.setStart(text, 0);
  before.setEnd(node, offset);
  return [...before.toString()].length;
}

function trouble(text) {
  byId("disclosure-trouble").hidden = false;
  say(byId("disclosure-trouble"), text);
}

document.addEventListener("selectionchange", () => {
  byId("disclosure-cover").disabled = covers === null || selected() === null;
});
byId("disclosure-cover").addEventListener("click", () => {
  const place = selected();
  if (place === null) return;
  covers.cover(place.id, place.start, place.end, t("選んだ箇所"));
  window.getSelection().removeAllRanges();
  changed(place.id);
});
byId("disclosure-undo").addEventListener("click", () => {
  const id = covers.stepBack();
  if (id !== null) changed(id);
});
byId("disclosure-form").addEventListener("input", outdated);
byId("disclosure-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("disclosure-trouble").hidden = true;
  byId("disclosure-reference-error").hidden = true;
  if (!byId("disclosure-checked").checked) {
    trouble(t("すべての発言を読んで確かめ、その欄に印を付けてください。"));
    byId("disclosure-checked").focus();
    return;
  }
  const reach = new FormData(event.target).get("reach");
  const wanted = { reference: byId("disclosure-reference").value.trim(), sound: byId("disclosure-sound").checked, reach, ...covers.chosen };
  if (wanted.reference === "") {
    byId("disclosure-reference-error").hidden = false;
    say(byId("disclosure-reference-error"), t("開示の求めの整理番号を入力してください。"));
    byId("disclosure-reference").focus();
    return;
  }
  const wantedAt = changes;
  byId("disclosure-send").disabled = true;
  byId("disclosure-fetch").hidden = true;
  say(byId("disclosure-word"), t("写しを作っています…"));
  try {
    const made = await api.send("POST", api.callPath(callId, "/disclosure"), wanted, { attempts: 1, timeoutMs: MAKING_MS });
    unsent = changes !== wantedAt;
    if (unsent) {
      say(byId("disclosure-word"), t("伏せる箇所などが変わりました。もう一度「写しを作る」を押してください。"));
      return;
    }
    const link = byId("disclosure-fetch");
    link.href = `/v1/exports/${encodeURIComponent(made.export_id)}`;
    link.download = made.file_name;
    link.hidden = false;
    link.focus();
    say(byId("disclosure-word"), t("写しができました。期限までに1回だけ受け取れます。"));
  } catch (error) {
    say(byId("disclosure-word"), "");
    trouble(tError(error));
  } finally {
    byId("disclosure-send").disabled = false;
  }
});
byId("disclosure-fetch").addEventListener("click", (event) => {
  event.target.hidden = true;
  say(byId("disclosure-word"), t("受け取りました。もう一度要るときは、写しを作り直してください。"));
});
window.addEventListener("beforeunload", (event) => {
  if (unsent) event.preventDefault();
});
open();
