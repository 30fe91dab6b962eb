/** Pure: durations and moments as a person reads them, in the language of the page. Hours and days are Japan's. */

import { locale, t } from "./language.js";

/** The zone of every moment that a page shows, wherever the browser is. */
export const JAPAN = { timeZone: "Asia/Tokyo" };
const TIME = new Intl.DateTimeFormat(locale, { ...JAPAN, hour: "numeric", minute: "2-digit", hourCycle: "h23" });
const SHORT_DAY = new Intl.DateTimeFormat(locale, { ...JAPAN, month: locale === "ja-JP" ? "numeric" : "short", day: "numeric" });
const CALENDAR = new Intl.DateTimeFormat("sv-SE", JAPAN); // "2026-11-22"
const DAY = new Intl.DateTimeFormat(locale, { year: "numeric", month: "long", day: "numeric" });

/** 754000 -> "12:34"; an hour and more -> "1:02:34". */
export function clock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const tail = `${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
  const hours = Math.floor(seconds / 3600);
  return hours > 0 ? `${hours}:${tail}` : tail;
}

/** "12分34秒", for screen readers and sentences. */
export function spoken(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? t("{m}分{s}秒", { m: minutes, s: seconds % 60 }) : t("{s}秒", { s: seconds });
}

/** "11/22 10:07"; today's moments without the day. */
export function moment(iso, now = new Date()) {
  const at = new Date(iso);
  return CALENDAR.format(at) === CALENDAR.format(now) ? TIME.format(at) : `${SHORT_DAY.format(at)} ${TIME.format(at)}`;
}

/** "2026年11月22日" of "2026-11-22": a day of the office's calendar, wherever the browser is. */
export function day(date) {
  const [year, month, dayOfMonth] = date.split("-").map(Number);
  return DAY.format(new Date(year, month - 1, dayOfMonth));
}

function pad(value) {
  return String(value).padStart(2, "0");
}
