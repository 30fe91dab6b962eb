/** Pure: an ended call as the server told it, in the order of its sound, with what the page asks of it. */

import { lastAtMost } from "./review-heights.js";

/** The groups of marks, in the order in which they are offered. */
export const GROUPS = ["finding", "alert", "warning", "staff", "supervisor", "clock", "record"];

export class ReviewedCall {
  /** @param told the answer of `/v1/calls/{call_id}/review`; what has its default is left out there */
  constructor(told) {
    this.told = told;
    this.call = told.call;
    this.durationMs = Math.max(told.call.duration_ms, told.recording?.duration_ms ?? 0, told.utterances.at(-1)?.end_ms ?? 0, 1);
    this.rows = rowsOf(told);
    this.starts = this.rows.map((row) => row.start_ms);
    this.marks = marksOf(told);
    this.markStarts = this.marks.map((mark) => mark.at_ms);
    this.findingStarts = [...new Set(told.findings.map((finding) => finding.start_ms))];
    this.levels = levelsOf(told.levels, this.durationMs);
  }

  /** The row of the transcript that sounds at `atMs`, or sounded last; -1 before the first. */
  rowAt(atMs) {
    return lastAtMost(this.starts, atMs);
  }

  /** When the next finding begins, or the one before; null where there is none. */
  findingAfter(atMs) {
    return this.findingStarts[lastAtMost(this.findingStarts, atMs) + 1] ?? null;
  }

  findingBefore(atMs) {
    // Who has just come to one wants the one before it.
    return this.findingStarts[lastAtMost(this.findingStarts, atMs - 1_500)] ?? null;
  }

  /** The marks that begin in a stretch of the sound. */
  marksWithin(fromMs, toMs) {
    return this.marks.slice(lastAtMost(this.markStarts, fromMs - 1) + 1, lastAtMost(this.markStarts, toMs) + 1);
  }

  levelsWithin(fromMs, toMs) {
    return this.levels.filter((one) => one.end_ms > fromMs && one.start_ms < toMs);
  }

  levelAt(atMs) {
    return this.levels.find((one) => one.start_ms <= atMs && atMs < one.end_ms)?.level ?? 0;
  }
}

function rowsOf(told) {
  const findings = new Map();
  told.findings.forEach((finding, number) => {
    const list = findings.get(finding.utterance_id) ?? [];
    list.push({ ...finding, number });
    findings.set(finding.utterance_id, list);
  });
  const said = told.utterances.map((one) => ({ kind: "said", doubts: [], model: 0, ...one, findings: findings.get(one.utterance_id) ?? [] }));
  const gaps = told.gaps.map((gap) => ({ kind: "gap", ...gap }));
  return [...said, ...gaps].sort((a, b) => a.start_ms - b.start_ms);
}

function marksOf(told) {
  const found = told.findings.map((finding) => ({
    kind: "finding",
    group: "finding",
    at_ms: finding.start_ms,
    end_ms: finding.end_ms,
    text: finding.quote,
    number: finding.severity,
    category: finding.category,
    because: finding.reason,
  }));
  return [...found, ...told.deeds].sort((a, b) => a.at_ms - b.at_ms);
}

/** Stretches of one level each, without holes. */
function levelsOf(told, durationMs) {
  const stretches = [{ start_ms: 0, end_ms: durationMs, level: 0 }];
  for (const { at_ms, level } of told) {
    const last = stretches.at(-1);
    if (level === last.level) continue;
    last.end_ms = at_ms;
    stretches.push({ start_ms: at_ms, end_ms: durationMs, level });
  }
  return stretches.filter((one) => one.end_ms > one.start_ms);
}
