/** Glue: the strip of fixed places: level, minutes, warnings, how well the screen is connected. */

import { byId, say, shape } from "./dom.js";
import { cause } from "./state-alerts.js";
import { clock, moment } from "./times.js";
import { categoryShort, level, step, words } from "./words.js";

/** What the screen is worth just now, in one place, for the call's page and the list alike. */
export function linkWords(link, health) {
  if (link.state === "refused") {
    return link.code === 4401
      ? { state: "refused", icon: "down", word: "サインインが切れました" }
      : { state: "refused", icon: "down", word: "表示する権限がありません" };
  }
  if (link.state === "ended") return { state: "ended", icon: "ended", word: "通話終了" };
  if (link.state === "connecting") return { state: "connecting", icon: "waiting", word: "接続しています…" };
  if (link.state === "waiting") return { state: "waiting", icon: "waiting", word: "再接続中…" };
  if (health?.status === "down") return { state: "down", icon: "down", word: "認識停止中" };
  if (health?.status === "behind") {
    const seconds = Math.max(1, Math.round(health.recognition_delay_ms / 1000));
    return { state: "behind", icon: "delayed", word: `認識が${seconds}秒遅れています` };
  }
  return { state: "open", icon: "linked", word: "正常に動作中" };
}

export function drawLink(link, health) {
  const shown = linkWords(link, health);
  byId("link").dataset.state = shown.state;
  shape(byId("link-shape"), shown.icon);
  say(byId("link-word"), shown.word);
  return shown;
}

const NOTICES = {
  waiting: "画面の接続が切れています。自動でつなぎ直しています。お電話はそのまま続けられ、「応援を呼ぶ」も使えます。",
  down: "音声認識が止まっています。文字とお知らせは出ません。お困りのときは「応援を呼ぶ」を使えます。",
  behind: "文字とお知らせが遅れて届きます。お電話はそのまま続けられます。",
};

export function drawNotice(shown) {
  const notice = byId("talk-notice");
  const text = NOTICES[shown.state] ?? "";
  notice.hidden = text === "" && shown.state !== "refused";
  if (shown.state === "refused") {
    if (notice.querySelector("a")) return;
    const link = document.createElement("a");
    link.href = `/login?next=${encodeURIComponent(window.location.pathname)}`;
    link.textContent = "サインインし直す";
    notice.replaceChildren(`${shown.word}。この画面は更新されません。`, link);
  } else say(notice, text);
}

export function needsCare(state) {
  return state.script?.step === "welfare" && !state.call.ended_at;
}

/** What the level rests on: 「態様:」 is how it is asked, while the matter itself is heard as any other. */
function aspect({ content = 0, manner = 0 }) {
  const on = content > 0 && manner > 0 ? "both" : content > 0 ? "content" : manner > 0 ? "manner" : null;
  return on ? `${words.aspects[on]}:` : "";
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
  const outcome = call.outcome === "ordinary" && shown === 0 ? (call.ended_at ? "" : "お話を伺えます") : words.outcomes[call.outcome];
  say(byId("outcome"), care ? words.welfare : (outcome ?? ""));
  const why = shown > 0 ? cause(state.alerts, Boolean(call.ended_at)) : null;
  say(byId("level-kind"), why ? `(${aspect(call)}${categoryShort(why.categories[0])})` : "");
  say(byId("level-why"), why?.quote ? `「${why.quote}」` : "");
  byId("level-why").title = why?.quote ?? "";
  say(byId("who"), `${call.caller_number || "番号非通知"} ${moment(call.started_at)}開始`);
  // Operators know their own name and section.
  const whose = byId("call").dataset.role === "operator" ? [] : [call.section, call.operator];
  say(byId("whose"), whose.filter(Boolean).join(" / "));
  byId("whose").title = byId("whose").textContent;
  const ended = call.ended_at ? "(終了)" : "";
  document.title = `${shown > 0 ? `【${level(shown).label}】` : ""}通話${ended} | 見守り`;
}

export function drawNumbers(state, before) {
  if (state.call === before?.call && state.stalemateMs === before?.stalemateMs && state.warningLimit === before?.warningLimit) return;
  say(byId("warnings"), String(state.call.warnings_spoken));
  say(byId("warnings-limit"), state.warningLimit ? `/${state.warningLimit}` : "");
  const stalemate = byId("stalemate");
  const moving = state.stalemateMs === 0 || Boolean(state.call.ended_at);
  stalemate.classList.toggle("gauge-none", moving);
  say(stalemate, state.call.ended_at ? "―" : moving ? "なし" : clock(state.stalemateMs));
}

/** Minutes of the call by the server's clock; `skewMs` is how far ours is behind it. */
export function drawElapsed(call, skewMs) {
  if (!call) return;
  const ms = call.ended_at ? call.duration_ms : Date.now() + skewMs - Date.parse(call.started_at);
  say(byId("elapsed"), clock(ms));
}
