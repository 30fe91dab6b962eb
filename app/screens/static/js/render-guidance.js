/** Glue: the one sentence to say. */

import { byId, say } from "./dom.js";
import { category, step, words } from "./words.js";

const LISTENING = "いまお伝えする文はありません。そのままお話を伺ってください。";

export function drawGuidance(state, before, mayAct) {
  if (state.script === before?.script && state.call === before?.call && before?.ready) return;
  const { script, call } = state;
  const ended = Boolean(call.ended_at);
  const current = !ended && script?.text ? script : null;
  const stepId = ended ? null : script?.step;
  say(byId("say-heading"), ended ? "通話の終了" : "次にお伝えする文");
  say(byId("say-step"), stepId ? `段階:${step(stepId).label}` : "");
  say(byId("say-category"), current?.category ? category(current.category) : "");
  byId("say-draft").hidden = !current?.draft;
  byId("say-emergency").hidden = ended || !(call.level >= 3 || stepId === "emergency");
  const text = byId("say-text");
  text.classList.toggle("say-nothing", current === null);
  say(text, current ? `「${current.text}」` : ended ? endWords(call) : (stepId && step(stepId).hint) || LISTENING);
  byId("say-buttons").hidden = current === null;
  byId("say-back").hidden = !ended;
  byId("said").hidden = !mayAct;
  if (state.script !== before?.script) say(byId("say-done"), current?.used ? `お伝え済み(${current.used}回)` : "");
}

function endWords(call) {
  const reason = words.end_reasons[call.end_reason];
  return `通話は終了しました${reason ? `(${reason})` : ""}。おつかれさまでした。`;
}

/** The plain sentence, as it goes to the clipboard. */
export function sentence(state) {
  return state.script?.text ?? "";
}
