/** Glue: the one sentence to say; after the call, what people did on their screens. */

import { byId, make, say } from "./dom.js";
import { threatened } from "./state-alerts.js";
import { moment } from "./times.js";
import { level, step, words } from "./words.js";

/** Above this a sentence needs a fourth line, which would push the third alert below the fold. */
const LONG_LETTERS = 55;

export function drawGuidance(state, before) {
  if (state.script === before?.script && state.call === before?.call && state.alerts === before?.alerts && state.deeds === before?.deeds) return;
  const { script, call } = state;
  const role = byId("call").dataset.role;
  const ended = Boolean(call.ended_at);
  const current = !ended && script?.text ? script : null;
  const stepId = ended ? null : script?.step;
  say(byId("say-heading"), ended ? "通話の終了" : role === "operator" ? "次にお伝えする文" : "職員にご案内している文");
  say(byId("say-step"), stepId ? `対応:${step(stepId).label}` : "");
  say(byId("say-hint"), !ended && call.level > 0 ? level(call.level).hint : "");
  byId("say-draft").hidden = !current?.draft;
  byId("say-emergency").hidden = ended || !(stepId === "emergency" || threatened(state.alerts));
  const text = byId("say-text");
  text.classList.toggle("say-nothing", current === null);
  text.classList.toggle("say-long", (current?.text.length ?? 0) > LONG_LETTERS);
  say(text, current ? `「${current.text}」` : ended ? endWords(call, role) : nothingToSay(call, stepId));
  byId("say-buttons").hidden = current === null;
  byId("say-back").hidden = !ended;
  if (state.script !== before?.script) say(byId("say-done"), current?.used ? `お伝え済み(${current.used}回)` : "");
  if (ended) drawDeeds(state.deeds);
}

function nothingToSay(call, stepId) {
  if (stepId && stepId !== "listen") return step(stepId).hint;
  // What had to be said has been said: it is the caller's turn.
  return call.level > 0 ? words.wait_for_answer : step("listen").hint;
}

function endWords(call, role) {
  const reason = words.end_reasons[call.end_reason];
  const thanks = role === "operator" ? "おつかれさまでした。" : "";
  return `通話は終了しました${reason ? `(${reason})` : ""}。${thanks}`;
}

function drawDeeds(deeds) {
  const told = deeds.filter((deed) => words.deeds[deed.kind]);
  byId("deeds").hidden = false;
  const rows = told.map((deed) =>
    make("li", {}, [
      make("time", { class: "number", text: moment(deed.at) }),
      make("span", { class: "deed-kind", text: words.deeds[deed.kind] }),
      make("span", { text: deed.text ? `「${deed.text}」` : "" }),
      make("span", { class: "deed-by", text: deed.by }),
    ]),
  );
  byId("deed-list").replaceChildren(...(rows.length > 0 ? rows : [make("li", { text: words.no_deeds })]));
}

/** The plain sentence, as it goes to the clipboard. */
export function sentence(state) {
  return state.script?.text ?? "";
}
