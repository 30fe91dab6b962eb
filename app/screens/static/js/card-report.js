/** Pure: what is read out at 110, from the call and the office's own words. Guesses nothing.

What is read out is Japanese on every page: the police are told in Japanese.
*/

import { announcesHarm } from "./state-alerts.js";
import { JAPAN } from "./times.js";

const WHEN = new Intl.DateTimeFormat("ja-JP", { ...JAPAN, month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", hourCycle: "h23" });
const WHAT = {
  physical_attack: "電話で、危害を予告するおそれのある言葉がありました。",
  mental_attack: "電話で、脅迫のおそれのある言葉がありました。",
  personal_attack: "電話で、職員の自宅などに押しかけると告げるおそれのある言葉がありました。",
};
const WHAT_ELSE = "電話で、危害や脅迫のおそれのある言葉がありました。";
/** Words that name a place by themselves. What they say is only quoted. */
const PLACES =
  /[一-龠々ァ-ヶー\d\uff10-\uff19]{0,10}(?:市役所|役所|役場|庁舎|支所|出張所|センター|学校|保育園|幼稚園|病院|図書館|公民館|体育館|公園|会館|自宅|実家|駐車場|窓口|駅前?|[\d\uff10-\uff19一二三四五六七八九十]+階)|(?:お前|おまえ|あんた|職員)の家|家(?=に火|に行|へ行|まで行|を燃)/gu;

/** The latest alert that announces harm; null where none does. A false alarm, or one taken back, is none. */
export function threatOf(alerts) {
  return Object.values(alerts)
    .filter((alert) => announcesHarm(alert) && !alert.false_alarm && !alert.withdrawn)
    .reduce((latest, alert) => (latest === null || alert.end_ms >= latest.end_ms ? alert : latest), null);
}

/** The places that the words name, as they name them. */
export function placesIn(text) {
  return [...new Set(text.match(PLACES) ?? [])];
}

/**
 * Return the lines to read out: [{id, text, missing}], in the order in which the police ask.
 *
 * `threat` and `said` (the whole sentence) may be null: the card can be opened at any time.
 */
export function reportLines({ call, threat, said, office, now }) {
  const at = threat ? new Date(Date.parse(call.started_at) + threat.start_ms) : new Date(now);
  const named = threat ? placesIn(said ?? threat.quote) : [];
  const where = [office.name, office.address].filter(Boolean).join(" ");
  const inside = [call.section, office.place].filter(Boolean).join(" ");
  return [
    { id: "what", text: threat ? whatWords(threat) : "", missing: threat === null },
    { id: "when", text: `${whenWords(at)}${threat ? `(${agoWords(now - at)})` : ""}`, missing: false },
    { id: "where", text: [where, inside].filter(Boolean).join("、"), missing: where === "" },
    ...(named.length > 0 ? [{ id: "named", text: named.map((place) => `「${place}」`).join("、"), missing: false }] : []),
    { id: "who", text: call.caller_number ? `電話番号 ${call.caller_number}` : "番号は通知されていません。", missing: false },
    ...(threat ? [{ id: "words", text: `「${said ?? threat.quote}」`, at_ms: threat.start_ms, missing: false }] : []),
    { id: "back", text: office.telephone, missing: office.telephone === "" },
  ];
}

function whatWords(threat) {
  return WHAT[threat.categories.find((id) => id in WHAT)] ?? WHAT_ELSE;
}

function whenWords(at) {
  const parts = WHEN.formatToParts(at).map(({ type, value }) => [type, Number(value)]);
  const { month, day, hour, minute } = Object.fromEntries(parts);
  return `${month}月${day}日 ${hour}時${minute}分ごろ`;
}

function agoWords(ms) {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 1) return "1分以内";
  return minutes < 60 ? `${minutes}分前` : `${Math.floor(minutes / 60)}時間${minutes % 60}分前`;
}
