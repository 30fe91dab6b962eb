/** Glue: from a mention of something said to its place in the transcript. */

import { byId, make } from "./dom.js";
import { t } from "./language.js";
import { clock } from "./times.js";

let marked = null;

/** A second of the call that leads to what was said then; plain where there is nothing to lead to. */
export function moment({ at_ms, utterance_id }) {
  const time = make("time", { class: "number", text: clock(at_ms ?? 0) });
  if (!utterance_id) return time;
  return make(
    "button",
    { class: "button-plain to-line", type: "button", title: t("会話の記録で見る"), on: { click: () => showLine(utterance_id) } },
    [time, make("span", { class: "visually-hidden", text: t("会話の記録で見る") })],
  );
}

/** Bring a line into view and mark it; lines from long ago are put on the page first. */
export function showLine(utteranceId) {
  let line = find(utteranceId);
  while (line === null && !byId("talk-older").hidden) {
    byId("older").click();
    line = find(utteranceId);
  }
  marked?.classList.remove("line-shown");
  marked = line;
  if (line === null) return;
  line.classList.add("line-shown");
  line.scrollIntoView({ block: "center" });
  // Lines far away were only guessed in height until now.
  requestAnimationFrame(() => line.scrollIntoView({ block: "center" }));
}

function find(utteranceId) {
  return byId("lines").querySelector(`[data-utterance-id="${CSS.escape(utteranceId)}"]`);
}
