/** Glue: who is at a call, who was there and when, and what was written: the same for everybody who reads it. */

import { arrange, byId, make, say } from "./dom.js";
import { t } from "./language.js";
import { moment } from "./times.js";

const rows = new Map();

/** One sentence: who listens, and who is there without listening. */
export function thereWords({ people }, me = "") {
  const listening = people.filter((person) => person.listening).map((person) => nameOf(person, me));
  const silent = people.filter((person) => !person.listening).map((person) => nameOf(person, me));
  const sentences = [];
  if (listening.length > 0) sentences.push(t("{names}が聞いています", { names: listening.join(t("、")) }));
  if (silent.length > 0) sentences.push(t("{names}が画面で見ています", { names: silent.join(t("、")) }));
  return sentences.join(t("。"));
}

export function nameOf({ login, display_name, by }, me) {
  return (login ?? by) === me ? t("あなた") : t("{name}さん", { name: display_name || login || by });
}

export function drawThere(joining, me) {
  const there = byId("joining-there");
  const words = thereWords(joining, me);
  say(there, words || t("加わっている監督者はいません"));
  there.dataset.there = String(joining.people.length > 0);
}

export function drawRecord(joining, { ended, me }) {
  byId("joining-stays-place").hidden = !ended || joining.stays.length === 0;
  arrange(byId("joining-stays"), joining.stays.map((stay, index) => row(`stay ${index}`, () => make("li"), stayWords(stay, me))));
  byId("joining-notes-place").hidden = joining.notes.length === 0;
  const newestFirst = [...joining.notes].reverse();
  arrange(byId("joining-notes"), newestFirst.map((note) => noteRow(note, me)));
}

function stayWords(stay, me) {
  const until = stay.left_at ? moment(stay.left_at) : "";
  return `${moment(stay.joined_at)}〜${until} ${nameOf(stay, me)}${stay.because ? ` ${becauseWords(stay.because)}` : ""}`;
}

function becauseWords(because) {
  if (because === "call_ended") return t("(通話の終了まで)");
  if (because === "silent" || because === "restarted") return t("(接続が切れました)");
  return t("(途中で抜けました)");
}

function noteRow(note, me) {
  const known = row(`note ${note.note_id}`, () =>
    make("li", {}, [
      make("p", { class: "joining-note-head" }, [make("span", { class: "number", text: moment(note.at) }), make("span", { text: nameOf(note, me) }), make("span", { class: "joining-note-state" })]),
      make("p", { class: "joining-note-text", text: note.text }),
    ]),
  );
  const state = known.querySelector(".joining-note-state");
  state.dataset.seen = String(Boolean(note.seen_at));
  say(state, note.seen_at ? t("✓ 職員が確認 {at}", { at: moment(note.seen_at) }) : t("届きました"));
  return known;
}

function row(key, makeIt, text = null) {
  if (!rows.has(key)) rows.set(key, makeIt());
  if (text !== null) say(rows.get(key), text);
  return rows.get(key);
}
