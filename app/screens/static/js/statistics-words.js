/** Pure: a number of the figures as a person reads it; what is not told says so. */

import { locale, t } from "./language.js";

const WHOLE = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const TENTHS = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

const UNITS = {
  count: (n) => n,
  percent: (n) => t("{n}%", { n }),
  seconds: (n) => t("{n}秒", { n }),
  minutes: (n) => t("{n}分", { n }),
  hours: (n) => t("{n}時間", { n }),
  times: (n) => t("{n}回", { n }),
};

export function cellWords(cell, least) {
  if (cell.value !== null) return UNITS[cell.unit](cell.unit === "times" ? TENTHS.format(cell.value) : WHOLE.format(cell.value));
  if (cell.small) return t("{n}未満", { n: least });
  return cell.unit === "count" ? t("秘匿") : "−";
}

/** What a table, a column or a row is called: the server's words, in the page's language where it has them. */
export function named(label) {
  return t(label);
}

/** A month as "2026-04" -> "2026年4月". */
export function monthWords(text) {
  const [year, month] = text.split("-").map(Number);
  return new Intl.DateTimeFormat(locale, { year: "numeric", month: "long" }).format(new Date(year, month - 1, 1));
}

/** "8月": under a column of a chart there is room for no more. */
export function shortMonth(text) {
  const [year, month] = text.split("-").map(Number);
  return new Intl.DateTimeFormat(locale, { month: "short" }).format(new Date(year, month - 1, 1));
}
