/** Pure: the page's language. The Japanese text is the key; on a Japanese page it is the text. */

const source = document.getElementById("english");
const english = source ? JSON.parse(source.textContent) : { texts: {}, errors: {} };

export const inEnglish = source !== null;

/** For what the browser itself writes: times, days, numbers. */
export const locale = inEnglish ? "en-GB" : "ja-JP";

/** Return `japanese` in the page's language, with each `{name}` replaced by its value. */
export function t(japanese, values = {}) {
  const text = english.texts[japanese] ?? japanese;
  // In one go, by a function: what a value says is never taken for a place, nor for a pattern.
  return text.replace(/\{(\w+)\}/g, (place, name) => (Object.hasOwn(values, name) ? String(values[name]) : place));
}

/** Several names in one line. */
export function listed(names) {
  return names.join(inEnglish ? ", " : "、");
}

/** What the server said of a failure, in the page's language where it is known there. */
export function tError(error) {
  return english.errors[error.code] ?? error.message;
}

const LATER = new Set([408, 425, 429]);

/** Why it was refused, where pressing again would be refused again; else `otherwise`. */
export function tRefusal(error, otherwise) {
  const refused = error.status >= 400 && error.status < 500 && !LATER.has(error.status);
  return (refused && tError(error)) || otherwise;
}
