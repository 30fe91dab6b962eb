/** Glue: what a screen reader is told. Politely, except that level 3 interrupts. */

import { byId, say } from "./dom.js";
import { threatened } from "./state-alerts.js";
import { category, level, words } from "./words.js";

export function announce(state, before) {
  if (!before?.ready) return;
  if (state.call.level !== before.call.level) {
    const text = `${level(state.call.level).label}。${words.outcomes[state.call.outcome] ?? ""}。${level(state.call.level).hint}`;
    if (state.call.level >= 3) say(byId("assertive"), `${text}。${inDanger(state) ? words.emergency_hint : ""}`);
    else say(byId("polite"), text);
    return;
  }
  if (inDanger(state) && !inDanger(before)) {
    say(byId("assertive"), words.emergency_hint);
    return;
  }
  const fresh = state.places.find((id) => id !== null && !before.alerts[id]);
  if (fresh) say(byId("polite"), `お知らせ。${category(state.alerts[fresh].categories[0])}。${state.alerts[fresh].reason}`);
  else if (state.script?.text && state.script.script_id !== before.script?.script_id) say(byId("polite"), `次にお伝えする文。${state.script.text}`);
  else if (state.call.ended_at && !before.call.ended_at) say(byId("polite"), "通話は終了しました。");
}

function inDanger(state) {
  return state.script?.step === "emergency" || threatened(state.alerts);
}
