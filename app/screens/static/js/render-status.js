/** Glue: the strip of fixed places: level, minutes, how well the screen is connected. */

import { byId, say, shape } from "./dom.js";
import { t } from "./language.js";
import { cause } from "./state-alerts.js";
import { callMs } from "./state-progress.js";
import { clock, moment } from "./times.js";
import { categoryShort, level, step, words } from "./words.js";

/** What the screen is worth just now, in one place, for the call's page and the list alike. */
export function linkWords(link, health) {
  if (link.state === "refused") {
    return link.code === 4401
      ? { state: "refused", icon: "down", word: t("サインインが切れました") }
      : { state: "refused", icon: "down", word: t("表示する権限がありません") };
  }
  if (link.state === "ended") return { state: "ended", icon: "ended", word: t("通話終了") };
  if (link.state === "connecting") return { state: "connecting", icon: "waiting", word: t("接続しています…") };
  if (link.state === "waiting") return { state: "waiting", icon: "waiting", word: t("再接続中…") };
  if (health?.status === "down") return { state: "down", icon: "down", word: t("認識停止中") };
  if (health?.status === "behind") {
    const seconds = Math.max(1, Math.round(health.recognition_delay_ms / 1000));
    return { state: "behind", icon: "delayed", word: t("認識が{n}秒遅れています", { n: seconds }) };
  }
  return { state: "open", icon: "linked", word: t("正常に動作中") };
}

export function drawLink(link, health) {
  const shown = linkWords(link, health);
  byId("link").dataset.state = shown.state;
  shape(byId("link-shape"), shown.icon);
  say(byId("link-word"), shown.word);
  return shown;
}

const NOTICES = {
  waiting: t("画面の接続が切れています。自動でつなぎ直しています。お電話はそのまま続けられ、「応援を呼ぶ」も使えます。"),
  down: t("音声認識が止まっています。文字とお知らせは出ません。お困りのときは「応援を呼ぶ」を使えます。"),
  behind: t("文字とお知らせが遅れて届きます。お電話はそのまま続けられます。"),
};

/** Only who is on the telephone has a button for help, and a call of their own that goes on. */
const NOTICES_OF_OTHERS = {
  waiting: t("画面の接続が切れています。自動でつなぎ直しています。表示は切れたときのままです。"),
  down: t("音声認識が止まっています。文字とお知らせは出ません。"),
  behind: t("文字とお知らせが遅れて届きます。"),
};

export function drawNotice(shown) {
  const notice = byId("talk-notice");
  const notices = byId("call").dataset.role === "operator" ? NOTICES : NOTICES_OF_OTHERS;
  const text = notices[shown.state] ?? "";
  notice.hidden = text === "" && shown.state !== "refused";
  if (shown.state === "refused") {
    if (notice.querySelector("a")) return;
    const link = document.createElement("a");
    link.href = `/login?next=${encodeURIComponent(window.location.pathname)}`;
    link.textContent = t("サインインし直す");
    notice.replaceChildren(t("{why}。この画面は更新されません。", { why: shown.word }), link);
  } else say(notice, text);
}

export function needsCare(state) {
  return state.script?.step === "welfare" && !state.call.ended_at;
}

/** What the level rests on: 「態様:」 is how it is asked, while the matter itself is heard as any other. */
function aspect({ content = 0, manner = 0 }) {
  const on = content > 0 && manner > 0 ? "both" : content > 0 ? "content" : manner > 0 ? "manner" : null;
  return on ? words.aspects[on] : null;
}

function kindWords(aspectWord, kind) {
  return aspectWord ? t("({aspect}:{kind})", { aspect: aspectWord, kind }) : t("({kind})", { kind });
}

export function drawLevel(state, before) {
  const { call } = state;
  if (call === before?.call && state.script === before?.script && state.alerts === before?.alerts) return;
  // While it lasts, where the talk stands; afterwards, how far it went.
  const shown = call.ended_at ? call.top_level : call.level;
  byId("call").dataset.level = String(shown);
  byId("call").toggleAttribute("data-ended", Boolean(call.ended_at));
  // Somebody who needs care is neither a danger nor "all is well": a sign and a colour of its own.
  const care = shown === 0 && needsCare(state);
  byId("call").toggleAttribute("data-care", care);
  shape(byId("level-shape"), care ? "care" : `level-${shown}`);
  say(byId("level-word"), care ? step("welfare").label : level(shown).label);
  // At level 0 two times 「通常」 would say nothing more than one.
  const outcome = call.outcome === "ordinary" && shown === 0 ? (call.ended_at ? "" : t("お話を伺えます")) : words.outcomes[call.outcome];
  say(byId("outcome"), care ? words.welfare : (outcome ?? ""));
  const why = shown > 0 ? cause(state.alerts, Boolean(call.ended_at)) : null;
  say(byId("level-kind"), why ? kindWords(aspect(call), categoryShort(why.categories[0])) : "");
  say(byId("level-why"), why?.quote ? `「${why.quote}」` : "");
  byId("level-why").title = why?.quote ?? "";
  say(byId("who"), `${call.caller_number || t("番号非通知")} ${t("{at}開始", { at: moment(call.started_at) })}`);
  byId("who").title = byId("who").textContent;
  // Operators know their own name and section.
  const whose = byId("call").dataset.role === "operator" ? [] : [call.section, call.operator];
  say(byId("whose"), whose.filter(Boolean).join(" / "));
  byId("whose").title = byId("whose").textContent;
  const page = call.ended_at ? t("通話(終了)") : t("通話");
  document.title = `${shown > 0 ? `【${level(shown).label}】` : ""}${page} | ${t("見守り")}`;
}

const tickers = [];

/** Whatever counts seconds does so in the same moment as the minutes of the call. */
export function onTick(listener) {
  tickers.push(listener);
}

/** Minutes of the call by the server's clock; `skewMs` is how far ours is behind it. */
export function drawElapsed(call, skewMs) {
  if (!call) return;
  const nowMs = Date.now() + skewMs;
  say(byId("elapsed"), clock(callMs(call, nowMs)));
  for (const tick of tickers) tick(call, nowMs);
}
