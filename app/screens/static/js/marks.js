/** Pure: cuts an utterance at its findings. Offsets count characters as Python does, not UTF-16 units. */

const ABOUT_THE_TALK = new Set(["persistence", "restraint"]);

/**
 * Return `{pieces: [{text, findings}], about: [finding]}`.
 *
 * Pieces joined are the text. `about` are findings on the whole conversation: marking every word of an
 * utterance that is merely said again would shout louder than a threat.
 */
export function cut(text, findings) {
  const letters = Array.from(text);
  const placed = findings.filter((finding) => !isAboutTheTalk(finding, letters.length));
  const about = findings.filter((finding) => isAboutTheTalk(finding, letters.length));
  const edges = new Set([0, letters.length]);
  for (const { start, end } of placed) {
    edges.add(Math.min(start, letters.length));
    edges.add(Math.min(end, letters.length));
  }
  const sorted = [...edges].sort((a, b) => a - b);
  const pieces = sorted.slice(0, -1).map((start, index) => ({
    text: letters.slice(start, sorted[index + 1]).join(""),
    findings: placed.filter((finding) => finding.start <= start && finding.end >= sorted[index + 1]),
  }));
  return { pieces, about };
}

function isAboutTheTalk(finding, length) {
  return finding.end <= finding.start || (ABOUT_THE_TALK.has(finding.category) && finding.start === 0 && finding.end >= length);
}
