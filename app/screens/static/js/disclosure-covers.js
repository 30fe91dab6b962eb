/** Pure: which letters of each sentence are covered, and every step back. */

const suggestion = ({ start, end, kind }) => ({ start, end, kind, suggestions: [{ start, end }], on: true });

/** Places are counted in code points, as the server counts them. */
export class Covers {
  constructor(sentences) {
    this.sentences = new Map(sentences.map((one) => [one.utterance_id, one]));
    this.marks = new Map(sentences.map((one) => [one.utterance_id, one.suggestions.map(suggestion)]));
    this.steps = [];
  }

  get canStepBack() {
    return this.steps.length > 0;
  }

  /** How many places are covered. */
  get count() {
    return [...this.marks.values()].flat().filter((mark) => mark.on).length;
  }

  of(id) {
    return this.marks.get(id);
  }

  toggle(id, place) {
    this.keepStep(id);
    const mark = this.marks.get(id)[place];
    this.marks.set(id, this.marks.get(id).with(place, { ...mark, on: !mark.on }));
  }

  /** Cover from letter to letter; what it touches becomes one with it. */
  cover(id, start, end, kind) {
    if (start >= end) return;
    this.keepStep(id);
    const [touched, apart] = [[], []];
    for (const mark of this.marks.get(id)) (mark.start <= end && start <= mark.end ? touched : apart).push(mark);
    const whole = {
      start: Math.min(start, ...touched.map((mark) => mark.start)),
      end: Math.max(end, ...touched.map((mark) => mark.end)),
      kind,
      suggestions: touched.flatMap((mark) => mark.suggestions),
      on: true,
    };
    this.marks.set(id, [...apart, whole].sort((one, other) => one.start - other.start));
  }

  stepBack() {
    const step = this.steps.pop();
    if (step) this.marks.set(step.id, step.marks);
    return step?.id ?? null;
  }

  keepStep(id) {
    this.steps.push({ id, marks: this.marks.get(id) });
  }

  /** What is sent: what a person covered beside the suggestions, and the suggestions that they uncovered. */
  get chosen() {
    const places = (found) => [...this.marks].flatMap(([id, marks]) => marks.flatMap(found).map(({ start, end }) => ({ utterance_id: id, start, end })));
    const asSuggested = ({ start, end, suggestions }) => suggestions.some((one) => one.start === start && one.end === end);
    return {
      covers: places((mark) => (mark.on && !asSuggested(mark) ? [mark] : [])),
      spared: places((mark) => (mark.on ? [] : mark.suggestions)),
    };
  }

  /** The sentence in pieces, each plain or a mark with its place among the marks. */
  pieces(id) {
    const letters = [...this.sentences.get(id).text];
    const found = [];
    let at = 0;
    this.marks.get(id).forEach((mark, place) => {
      if (at < mark.start) found.push({ text: letters.slice(at, mark.start).join("") });
      found.push({ text: letters.slice(mark.start, mark.end).join(""), mark, place });
      at = mark.end;
    });
    if (at < letters.length) found.push({ text: letters.slice(at).join("") });
    return found;
  }
}
