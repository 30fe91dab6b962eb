/** Pure: moments that a person marked, as lines among the others of the talk. */

/** Those that stand, in the order of the talk; each object is made once, so that nothing is drawn anew for nothing. */
export function marksFrom(missed, before = []) {
  return missed
    .filter((mark) => !mark.undone)
    .map((mark) => before.find((known) => same(known, mark)) ?? { kind: "missed", start_ms: mark.at_ms, end_ms: mark.at_ms, ...mark })
    .sort((a, b) => a.start_ms - b.start_ms || a.number - b.number);
}

/** Put the marks behind what had begun before them. */
export function withMarks(lines, marks) {
  if (marks.length === 0) return lines;
  const all = [];
  let next = 0;
  for (const line of lines) {
    while (next < marks.length && marks[next].start_ms < line.start_ms) all.push(marks[next++]);
    all.push(line);
  }
  return [...all, ...marks.slice(next)];
}

/** "1:24", "84" or "1:02:34" -> milliseconds; null for what is no moment. */
export function momentOf(text) {
  const parts = text.normalize("NFKC").trim().split(":"); // a Japanese keyboard writes wide digits
  if (parts.length > 3 || parts.some((part) => !/^\d{1,4}$/.test(part))) return null;
  if (parts.slice(1).some((part) => Number(part) > 59)) return null;
  return parts.reduce((total, part) => total * 60 + Number(part), 0) * 1000;
}

function same(known, mark) {
  return known.number === mark.number && known.category === mark.category && known.reason === mark.reason;
}
