/** Glue: one card a call that was found, with the words that show why. */

import { icon, make } from "./dom.js";
import { locale, t } from "./language.js";
import { clock, JAPAN, spoken } from "./times.js";
import { categoryShort, level, words } from "./words.js";

const MOMENT = new Intl.DateTimeFormat(locale, { ...JAPAN, year: "numeric", month: "numeric", day: "numeric", weekday: "short", hour: "numeric", minute: "2-digit", hourCycle: "h23" });
const JUDGED = { harassment: t("該当とした"), not_harassment: t("非該当とした"), undecided: t("保留とした") };
const SPEAKERS = { caller: t("相手の方"), operator: t("職員") };

export function card(call) {
  const review = `/calls/${encodeURIComponent(call.call_id)}/review`;
  const shown = call.top_level;
  return make("li", { class: "found", "data-level": shown, "data-call-id": call.call_id }, [
    make("div", { class: "found-top" }, [
      make("a", { class: "found-call", href: review }, [icon(`level-${shown}`), make("span", { class: "found-level", text: level(shown).label }), make("time", { datetime: call.started_at, class: "number", text: MOMENT.format(new Date(call.started_at)) })]),
      make("span", { text: call.section || t("課の指定なし") }),
      make("span", { class: "number", text: clock(call.duration_ms), "aria-label": spoken(call.duration_ms) }),
      make("span", { class: "number", text: call.caller_number || t("番号非通知") }),
    ]),
    make("p", { class: "found-tags" }, tags(call)),
    call.hits.length > 0 ? make("ul", { class: "found-hits" }, call.hits.map((hit) => line(hit, review))) : null,
    call.hit_count > call.hits.length ? make("p", { class: "found-rest", text: t("ほか{n}か所", { n: call.hit_count - call.hits.length }) }) : null,
  ]);
}

function tags(call) {
  const texts = [
    call.outcome === "ordinary" ? "" : (words.outcomes?.[call.outcome] ?? ""),
    ...call.categories.map((one) => categoryShort(one.category)),
    call.judgement ? t("判断:{verdict}", { verdict: JUDGED[call.judgement] }) : "",
    call.false_alarm ? t("誤検知あり") : "",
    call.recording ? t("録音あり") : "",
    call.report ? t("報告書あり") : "",
  ];
  return texts.filter(Boolean).map((text) => make("span", { class: "tag", text }));
}

function line(hit, review) {
  const sounds = hit.marks.length > 0 && hit.marks.every((mark) => mark.by === "reading");
  return make("li", {}, [
    make("a", { class: "found-hit", href: `${review}?at=${hit.start_ms}` }, [
      make("span", { class: "number", text: clock(hit.start_ms) }),
      make("span", { class: "found-who", text: SPEAKERS[hit.track] }),
      make("span", { class: "found-text", lang: "ja" }, marked(hit.text, hit.marks)),
      sounds ? make("span", { class: "tag found-sound", text: t("読みで一致") }) : null,
    ]),
  ]);
}

/** Places are counted in code points, as the server counts them. */
function marked(text, marks) {
  const letters = Array.from(text);
  const part = (start, end) => letters.slice(start, end).join("");
  const parts = [];
  let at = 0;
  for (const { start, end } of marks) {
    parts.push(part(at, start), make("mark", { text: part(start, end) }));
    at = end;
  }
  return [...parts, part(at)].filter((one) => one !== "");
}
