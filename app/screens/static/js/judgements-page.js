/** Glue: the calls that wait for a judgement, the oldest first. */

import { read } from "./api.js";
import { byId, icon, make, say } from "./dom.js";
import { verdictWord } from "./judgement-words.js";
import { t, tError } from "./language.js";
import { clock, moment } from "./times.js";
import { level, words } from "./words.js";

const PAGE = 50;
const EMPTY = {
  waiting: t("判断を待っている通話はありません。"),
  unjudged: t("まだ判断のない通話はありません。"),
  differing: t("意見が分かれている通話はありません。"),
  second_wanted: t("意見を求められている通話はありません。"),
  undecided: t("判断保留とした通話はありません。"),
  judged: t("判断済みの通話はありません。"),
};

const show = byId("judge-show");
const section = byId("judge-section");
const body = byId("judge-rows");
let asked = 0;

function query(offset) {
  const wanted = new URLSearchParams({ show: show.value, limit: String(PAGE), offset: String(offset) });
  if (section.value) wanted.set("section", section.value);
  return wanted;
}

async function load({ more = false } = {}) {
  const mine = ++asked;
  const offset = more ? body.children.length : 0;
  try {
    const { body: answer } = await read(`/v1/judgements?${query(offset)}`);
    if (mine !== asked) return;
    byId("judge-failure").hidden = true;
    if (!more) body.replaceChildren();
    body.append(...answer.calls.map(row));
    fillSections(answer.sections);
    const none = body.children.length === 0;
    byId("judge-table").hidden = none;
    byId("judge-empty").hidden = !none;
    say(byId("judge-empty-word"), EMPTY[show.value]);
    say(byId("judge-total"), t("{n}件", { n: answer.total }));
    say(byId("judge-polite"), none ? EMPTY[show.value] : t("{n}件の通話があります", { n: answer.total }));
    byId("judge-more").hidden = body.children.length >= answer.total;
  } catch (error) {
    if (mine !== asked) return;
    const failure = byId("judge-failure");
    failure.hidden = false;
    say(failure, `${tError(error)} ${t("通信を確かめて、もう一度開いてください。")}`);
  }
}

function fillSections(names) {
  const known = [...section.options].map((option) => option.value);
  const named = names.filter((name) => name !== "");
  byId("judge-section-field").hidden = named.length < 2;
  for (const name of named) if (!known.includes(name)) section.append(make("option", { value: name, text: name }));
}

function row(call) {
  const top = make("span", { class: "judge-level", "data-level": String(call.top_level) }, [
    icon(`level-${call.top_level}`),
    make("span", {}, [
      make("span", { text: level(call.top_level).label }),
      make("span", { class: "judge-outcome", text: words.outcomes?.[call.outcome] ?? "" }),
    ]),
  ]);
  const marks = [call.help_requested ? t("応援要請") : "", call.missed ? t("見落としの印") : ""].filter(Boolean);
  const begun = moment(call.started_at);
  return make("tr", { "data-call-id": call.call_id }, [
    make("td", {}, [top]),
    make("td", { text: call.section || "–" }),
    make("td", { class: "number", text: begun }),
    make("td", { class: "number", text: clock(call.duration_ms) }),
    make("td", {}, marks.length > 0 ? marks.map((word) => make("span", { class: "tag judge-mark", text: word })) : ["–"]),
    make("td", {}, standing(call.standing)),
    make("td", {}, [
      make("a", {
        class: "button button-secondary",
        href: `/calls/${encodeURIComponent(call.call_id)}/review#judgement`,
        text: t("開く"),
        "aria-label": t("{begun}の通話を開く", { begun }),
      }),
    ]),
  ]);
}

function standing(stands) {
  if (stands.judged === 0) return [t("まだ判断がありません")];
  const told = [make("span", { class: "judge-verdict", "data-verdict": stands.verdict, text: verdictWord(stands.verdict) })];
  if (stands.differing) told.push(make("span", { class: "judge-about", text: t("意見が分かれています") }));
  if (stands.second_wanted) told.push(make("span", { class: "judge-about", text: t("別の意見を求めています") }));
  return told;
}

const wished = new URLSearchParams(window.location.search).get("show");
if (Object.hasOwn(EMPTY, wished ?? "")) show.value = wished;
show.addEventListener("change", () => load());
section.addEventListener("change", () => load());
byId("judge-filter").addEventListener("submit", (event) => event.preventDefault());
byId("judge-more").addEventListener("click", () => load({ more: true }));
// Who comes back from a call finds the list as it is now.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) load();
});
load();
