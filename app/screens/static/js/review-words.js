/** Pure: what the marks on the axis of a call are called. */

import { t, tError } from "./language.js";
import { clock, spoken } from "./times.js";
import { category, gapReason, level, words } from "./words.js";

/** One letter for each group, the same in the list, in its filter and on the axis. */
export function groupLetter(group) {
  return {
    finding: t("言"),
    alert: t("知"),
    warning: t("警"),
    staff: t("職"),
    supervisor: t("監"),
    clock: t("段"),
    record: t("録"),
  }[group];
}

export function groupName(group) {
  return {
    finding: t("言葉"),
    alert: t("お知らせ"),
    warning: t("警告"),
    staff: t("職員"),
    supervisor: t("監督者"),
    clock: t("段階"),
    record: t("欠け"),
  }[group];
}

/** What a mark says in a few words, without the words of the talk. */
export function markTitle(mark) {
  switch (mark.kind) {
    case "finding":
      return t("{name}({level})", { name: category(mark.category), level: level(mark.number).label });
    case "alert_raised":
      return t("お知らせを表示({level})", { level: level(mark.number).label });
    case "alert_withdrawn":
      return t("お知らせを表示し、取り下げ");
    case "warning_spoken":
      return mark.how === "pressed" ? t("{n}回目の警告(「言った」を押して記録)", { n: mark.number }) : t("{n}回目の警告", { n: mark.number });
    case "level_changed":
      return t("段階が「{level}」に", { level: level(mark.number ?? 0).label });
    case "stalemate":
      return t("平行線({length}以上)", { length: spoken(mark.end_ms - mark.at_ms) });
    case "gap":
      return t("聞き取れなかった所({why})", { why: gapReason(mark.because) });
    case "recording_paused":
      // The stretch without sound; the press that began it has no end of its own.
      return mark.end_ms ? t("録音を一時停止({length})", { length: spoken(mark.end_ms - mark.at_ms) }) : words.deeds[mark.kind];
    case "recording_lost":
      return t("録音が失われた所({length})", { length: spoken(mark.end_ms - mark.at_ms) });
    case "recording_off":
      return t("録音していない所({length})", { length: spoken(mark.end_ms - mark.at_ms) });
    default:
      return words.deeds[mark.kind] ?? t("そのほかの操作");
  }
}

/** For a screen reader, and where the pointer rests. */
export function markLabel(mark) {
  return t("{at} {title}", { at: clock(mark.at_ms), title: markTitle(mark) });
}

/** @param recording of the answer; or `{state: "failed"}` where the browser could not play it */
export function whyNoSound(recording) {
  const { state, message } = recording;
  const why = {
    none: t("この通話の録音はありません(録音していない課の通話か、保存期間が過ぎて削除されています)。"),
    unreadable: message ? tError(recording) : t("録音はありますが、読み取れません。管理者に連絡してください。"),
    failed: t("録音を再生できませんでした。ページを読み込み直してください。続くときは管理者に連絡してください。"),
  }[state];
  return t("{why} 文字の記録は、このままご覧いただけます。", { why });
}
