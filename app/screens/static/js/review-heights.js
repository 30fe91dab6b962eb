/** Pure: where the rows of a long list stand, when only those on the screen have been measured. */

export class Heights {
  /** @param estimates a height for each row, good enough until it is measured */
  constructor(estimates) {
    this.heights = Float64Array.from(estimates);
    this.offsets = new Float64Array(this.heights.length + 1);
    this.known = 0; // offsets are right up to here
  }

  get count() {
    return this.heights.length;
  }

  get total() {
    return this.offset(this.count);
  }

  /** Note the measured height of row `place`; say whether it differs from what was known. */
  set(place, height) {
    if (Math.abs(this.heights[place] - height) < 0.5) return false;
    this.heights[place] = height;
    this.known = Math.min(this.known, place);
    return true;
  }

  /** Where row `place` begins; of the count, where the list ends. */
  offset(place) {
    for (let at = this.known; at < place; at += 1) this.offsets[at + 1] = this.offsets[at] + this.heights[at];
    this.known = Math.max(this.known, place);
    return this.offsets[place];
  }

  /** The row in which `y` falls. */
  at(y) {
    this.offset(this.count);
    return Math.max(0, lastAtMost(this.offsets, y, this.count - 1));
  }
}

/** The last of the sorted `values`, up to place `most`, that is at most `wanted`; -1 where none is. */
export function lastAtMost(values, wanted, most = values.length - 1) {
  let low = -1;
  let high = most;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (values[middle] <= wanted) low = middle;
    else high = middle - 1;
  }
  return low;
}
