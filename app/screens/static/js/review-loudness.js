/** Adapter: how loud a call was, read from the server: the whole of it once, and more closely where somebody looks. */

import { callPath, read } from "./api.js";
import { Peaks } from "./review-waves.js";

const CLOSER_AFTER_MS = 200; // who turns pages quickly is asked for none of them
const AROUND = 1; // spans read on either side, so that the next page is there already
const WHOLE_BINS = 2_000;

export class Loudness {
  constructor({ callId, durationMs }) {
    this.callId = callId;
    this.durationMs = durationMs;
    this.whole = null;
    this.close = null;
    this.asking = null;
    this.wanted = null;
    this.onMore = () => {};
    this.onTrouble = () => {};
  }

  async open() {
    try {
      this.whole = await this.ask(0, this.durationMs, Math.min(WHOLE_BINS, Peaks.wanted(this.durationMs)));
      this.onMore();
    } catch (error) {
      this.onTrouble(error);
    }
  }

  /** What is known of that stretch; what is known more closely comes by `onMore`. */
  within(fromMs, toMs) {
    if (this.close?.covers(fromMs, Math.min(toMs, this.durationMs)) && this.close.finerThan(fromMs, toMs)) return this.close;
    if (this.whole && !this.whole.finerThan(fromMs, toMs)) this.askCloser(fromMs, toMs);
    return this.whole;
  }

  askCloser(fromMs, toMs) {
    clearTimeout(this.asking);
    const around = (toMs - fromMs) * AROUND;
    const from = Math.max(0, Math.floor(fromMs - around));
    const to = Math.min(this.durationMs, Math.ceil(toMs + around));
    this.asking = setTimeout(async () => {
      const wanted = {};
      this.wanted = wanted;
      try {
        const close = await this.ask(from, to, Peaks.wanted(to - from));
        if (this.wanted !== wanted) return; // somebody looks elsewhere by now
        this.close = close;
        this.onMore();
      } catch {
        // The whole stands there: coarser, but true.
      }
    }, CLOSER_AFTER_MS);
  }

  async ask(fromMs, toMs, bins) {
    const { body } = await read(callPath(this.callId, `/recording/peaks?bins=${bins}&from_ms=${fromMs}&to_ms=${toMs}`));
    return Peaks.of(body, fromMs, toMs);
  }
}
