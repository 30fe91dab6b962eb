/** Pure: what the panel of the caller makes of what the server told; touches neither page nor clock. */

/** More than that is looked up, not read during a call. */
const AT_ONCE = 5;

/** What stands on the panel's tab: a measure in force before any number of calls. */
export function badgeOf({ measures, last_90_days: calls }) {
  if (measures.length > 0) return { kind: "measures" };
  return calls > 0 ? { kind: "calls", calls } : { kind: "none" };
}

/** Why there is no list: the number names nobody, or this is the first call from it; null where there is one. */
export function emptyBecause({ known, calls }) {
  if (!known) return "unknown";
  return calls.length === 0 ? "first" : null;
}

/** The latest calls, and those that are folded away. */
export function parted(calls) {
  return { latest: calls.slice(0, AT_ONCE), older: calls.slice(AT_ONCE) };
}

/** A name for the measures as they stand: a panel opens by itself once for each. */
export function measuresName(measures) {
  return `measures ${measures.map((one) => one.measure_id).join(" ")}`;
}

const EMPTY = { matter: "", answer: "" };

/** What was written in the two fields, as the server would keep it. */
export function written({ matter, answer }) {
  return { matter: matter.trim(), answer: answer.trim() };
}

/** Whether the fields hold something that the server does not. */
export function unsaved(fields, saved) {
  const now = written(fields);
  const kept = saved ?? EMPTY;
  return now.matter !== kept.matter || now.answer !== kept.answer;
}

/**
 * What the fields show once `fresh` was read: what somebody is writing is never written over.
 *
 * `saved` is what the server had when the fields were last filled.
 */
export function afterReading(fields, saved, fresh) {
  // "Kept" where somebody else has written; what was read may also be one's own words of a moment ago.
  if (unsaved(fields, saved)) return { fields, kept: unsaved(fields, fresh) && unsaved(fresh ?? EMPTY, saved) };
  return { fields: { matter: fresh?.matter ?? "", answer: fresh?.answer ?? "" }, kept: false };
}
