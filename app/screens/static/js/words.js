/** Pure: the words that the server handed to the page (app/screens/words.py is their only source). */

import { listed } from "./language.js";

const source = document.getElementById("words");
export const words = source ? JSON.parse(source.textContent) : {};

export function category(id) {
  return words.categories?.[id]?.label ?? id;
}

export function categoryShort(id) {
  return words.categories?.[id]?.short ?? id;
}

export function level(value) {
  return words.levels?.[String(value)] ?? { label: "", hint: "" };
}

export function step(id) {
  return words.steps?.[id] ?? { label: "", hint: "" };
}

export function gapReason(id) {
  return words.gap_reasons?.[id] ?? words.gap_reason_other;
}

export function doubts(ids) {
  return listed(ids.map((id) => words.doubts?.[id] ?? "").filter(Boolean));
}
