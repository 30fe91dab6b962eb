/** Glue: what a screen reader is told. Politely, except that level 3 interrupts. */

import { byId, say } from "./dom.js";
import { t } from "./language.js";
import { threatened } from "./state-alerts.js";
import { category, level, words } from "./words.js";

export function announce(state, before) {
  if (!before?.ready) return;
  if (state.call.level !== before.call.level) {
    const { label, hint } = level(state.call.level);
    const text = t("{level}。{outcome}。{hint}", { level: label, outcome: words.outcomes[state.call.outcome] ?? "", hint });
    if (state.call.level >= 3) say(byId("assertive"), inDanger(state) ? t("{text}。{hint}", { text, hint: words.emergency_hint }) : text);
    else say(byId("polite"), text);
    return;
  }
  if (inDanger(state) && !inDanger(before)) {
    say(byId("assertive"), words.emergency_hint);
    return;
  }
  if (byId("call").dataset.muted !== undefined) return; // the person has asked for quiet; levels are told above
  const fresh = state.places.find((id) => id !== null && !before.alerts[id]);
  if (fresh) say(byId("polite"), t("お知らせ。{name}。{reason}", { name: category(state.alerts[fresh].categories[0]), reason: state.alerts[fresh].reason }));
  else if (state.script?.text && state.script.script_id !== before.script?.script_id) say(byId("polite"), t("次にお伝えする文。{text}", { text: state.script.text }));
  else if (state.call.ended_at && !before.call.ended_at) say(byId("polite"), byId("say-text").textContent);
}

function inDanger(state) {
  return state.script?.step === "emergency" || threatened(state.alerts);
}
