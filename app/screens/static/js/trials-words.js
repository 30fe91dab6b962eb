/** Pure: what stands of a trial, in words. */

import { t } from "./language.js";
import { spoken } from "./times.js";

const STATES = {
  preparing: t("準備中"),
  waiting: t("順番待ち"),
  running: t("試行中"),
  done: t("終わりました"),
  cancelled: t("取りやめました"),
  failed: t("続けられませんでした"),
};

export function stateWord(state) {
  return STATES[state] ?? state;
}

export function isOpen(trial) {
  return ["preparing", "waiting", "running"].includes(trial.state);
}

export function progressWord({ state, done, calls, not_comparable: lost }) {
  const counted = t("{calls}件のうち{done}件", { done, calls });
  const notComparable = lost > 0 ? t("(うち{n}件は比べられませんでした)", { n: lost }) : "";
  if (state === "failed") return t("判定の準備ができず、{counted}で止まりました。管理者にサーバーの状態の確認を依頼し、もう一度お試しください。", { counted });
  return `${counted}${notComparable}`;
}

/** How long it will take, from how far this page has seen it come; empty as long as that says little. */
export class Pace {
  constructor() {
    this.first = null;
  }

  left({ done, calls, state }, nowMs) {
    if (state !== "running" || done >= calls) return "";
    if (this.first === null) this.first = { done, atMs: nowMs };
    const since = done - this.first.done;
    const tookMs = nowMs - this.first.atMs;
    if (since < 2 || tookMs < 2000) return "";
    return t("あと{time}ほど", { time: spoken(Math.max(1000, ((calls - done) * tookMs) / since)) });
  }
}

const LOST = {
  too_slow: t("時間がかかりすぎました"),
  process_ended: t("判定が途中で止まりました"),
};

export function whyNotComparable(why) {
  return LOST[why] ?? t("判定できませんでした");
}
