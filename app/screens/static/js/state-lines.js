/** Pure: the lines of a talk: what was said, what was lost, and the sentence that is still being spoken. */

/** Two tracks are recognised apart, so a sentence may come after one that was said later. */
export function inserted(lines, line) {
  let index = lines.length;
  while (index > 0 && lines[index - 1].start_ms > line.start_ms) index -= 1;
  return lines.toSpliced(index, 0, line);
}

/** Whether the utterance is there as a whole. */
export function said(lines, utteranceId) {
  return lines.some((line) => line.kind === "utterance" && line.utterance_id === utteranceId);
}

/**
 * Show the words so far of a sentence; an empty text takes them away again.
 *
 * Nobody repeats a partial, and after a lost socket one may come late: what is over is not begun anew.
 */
export function saying(lines, data) {
  const others = lines.filter((line) => line.kind !== "partial" || line.track !== data.track);
  const over = lines.some((line) => line.kind !== "partial" && line.track === data.track && line.end_ms > data.start_ms);
  if (over || data.text === "") return others.length === lines.length ? lines : others;
  return inserted(others, { kind: "partial", ...data });
}

/** Let go of the sentences that ended with `over`, an utterance or a gap; of all where the call is over. */
export function withoutPartials(lines, over = null) {
  const stale = (line) => line.kind === "partial" && (over === null || (line.track === over.track && line.start_ms < over.end_ms));
  return lines.some(stale) ? lines.filter((line) => !stale(line)) : lines;
}
