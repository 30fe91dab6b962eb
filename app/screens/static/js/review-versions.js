/** Glue: by which recogniser, rules and policy the call was judged, so that it can be explained years later. */

import { byId, make } from "./dom.js";
import { locale, t } from "./language.js";
import { clock, JAPAN } from "./times.js";

const MOMENT = new Intl.DateTimeFormat(locale, { ...JAPAN, dateStyle: "medium", timeStyle: "medium" });

export function drawVersions(told) {
  const judged = told.versions.map((one) => [clock(one.from_ms), one.policy_version || t("記録なし"), one.detector_version || t("記録なし"), String(one.decisions), between(one.first_decided_at, one.last_decided_at)]);
  byId("version-rows").replaceChildren(...judged.map(row));
  byId("version-none").hidden = judged.length > 0;
  const heard = told.models.map((one) => [one.model || t("記録なし"), String(one.utterances), between(one.first_heard_at, one.last_heard_at)]);
  byId("model-rows").replaceChildren(...heard.map(row));
  byId("model-none").hidden = heard.length > 0;
}

function row(cells) {
  return make("tr", {}, cells.map((text) => make("td", { text })));
}

function between(first, last) {
  return t("{from}から{to}まで", { from: MOMENT.format(new Date(first)), to: MOMENT.format(new Date(last)) });
}
