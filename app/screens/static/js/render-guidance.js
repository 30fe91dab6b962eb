/** Glue: the one sentence to say; after the call, what people did on their screens. */

import { byId, make, say } from "./dom.js";
import { t } from "./language.js";
import { threatened } from "./state-alerts.js";
import { moment } from "./times.js";
import { step, words } from "./words.js";

/** Above these a sentence would need a line more, which would push the third alert below the fold. */
const LONG_LETTERS = 55;
const LONGER_LETTERS = 78;
/** Above this a hint needs a third line beside the buttons. */
const LONG_NOTE_LETTERS = 42;

export function drawGuidance(state, before) {
  if (state.script === before?.script && state.call === before?.call && state.alerts === before?.alerts && state.deeds === before?.deeds) return;
  const { script, call } = state;
  const role = byId("call").dataset.role;
  const ended = Boolean(call.ended_at);
  const current = !ended && script?.text ? script : null;
  const stepId = ended ? null : script?.step;
  say(byId("say-heading"), ended ? t("通話の終了") : role === "operator" ? t("次にお伝えする文") : t("職員にご案内している文"));
  say(byId("say-step"), stepId ? t("対応:{step}", { step: step(stepId).label }) : "");
  byId("say-draft").hidden = !current?.draft;
  byId("say-emergency").hidden = ended || !(stepId === "emergency" || threatened(state.alerts));
  const text = byId("say-text");
  text.classList.toggle("say-nothing", current === null);
  text.lang = current ? "ja" : document.documentElement.lang; // it is said to the caller, in Japanese
  const letters = current?.text.length ?? 0;
  text.classList.toggle("say-long", letters > LONG_LETTERS);
  text.classList.toggle("say-longer", letters > LONGER_LETTERS);
  say(text, current ? `「${current.text}」` : ended ? endWords(call, role) : nothingToSay(call, stepId));
  byId("say-buttons").hidden = current === null;
  byId("say-back").hidden = !ended;
  byId("say-note").hidden = !current?.note;
  say(byId("say-note"), current?.note ?? "");
  byId("say-note").title = current?.note ?? "";
  byId("say-note").classList.toggle("say-note-long", (current?.note ?? "").length > LONG_NOTE_LETTERS);
  if (state.script !== before?.script) say(byId("say-done"), current?.used ? usedWords(current) : "");
  if (ended) drawDeeds(state.deeds);
}

/** What has been said, and whether a warning counts by it: the operator learns it with the press. */
function usedWords({ step: stepId, used, counted }) {
  const said = t("お伝え済み({n}回)", { n: used });
  if (stepId !== "warn" || counted === undefined) return said;
  return counted ? t("{said} 警告に数えました", { said }) : t("{said} 警告は数え済みです", { said });
}

function nothingToSay(call, stepId) {
  if (stepId && stepId !== "listen") return step(stepId).hint;
  // What had to be said has been said: it is the caller's turn.
  return call.level > 0 ? words.wait_for_answer : step("listen").hint;
}

function endWords(call, role) {
  const reason = words.end_reasons[call.end_reason];
  if (words.ended_here_alone.includes(call.end_reason)) {
    const ended = t("見守りは終わりました({reason})。", { reason });
    return role === "operator" ? t("{ended}お電話が続いていて困ったときは、{how}", { ended, how: words.help_instead }) : ended;
  }
  const ended = reason ? t("通話は終了しました({reason})。", { reason }) : t("通話は終了しました。");
  return role === "operator" ? t("{ended}おつかれさまでした。", { ended }) : ended;
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
