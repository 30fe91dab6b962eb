/** Glue: the steps of the policy, the warnings spoken with their proof, the clocks and the returning request. */

import { callPath, read } from "./api.js";
import { Clocks } from "./progress-clocks.js";
import { Demands } from "./progress-demands.js";
import { Ladder } from "./progress-ladder.js";
import { Warnings } from "./progress-warnings.js";
import { Report } from "./progress-report.js";
import { onTick } from "./render-status.js";
import { emptyProgress, fromServer, heard, mustAsk } from "./state-progress.js";

/** Events come in bunches: what follows from them is asked for once. */
const REST_MS = 250;
const AGAIN_MS = 5_000;

export class ProgressPart {
  /** `context`: {callId, role, me, panels, page}. */
  constructor(context) {
    this.callId = context.callId;
    this.progress = emptyProgress();
    this.state = null;
    this.nowMs = Date.now();
    this.skewMs = 0;
    this.timer = null;
    this.drawn = {};
    this.ladder = new Ladder();
    this.warnings = new Warnings(context);
    this.clocks = new Clocks(() => this.readIn(REST_MS));
    this.demands = new Demands(context);
    this.report = new Report();
    onTick((call, nowMs) => this.tick(call, nowMs));
  }

  /** Ask the server for everything: when the page opens, and after the line was lost. */
  async read() {
    clearTimeout(this.timer);
    this.timer = null;
    const since = this.progress.seq;
    try {
      const { body, serverNow } = await read(callPath(this.callId, "/progress"));
      this.skewMs = serverNow - Date.now();
      // What was heard while the answer was on its way is newer than the answer.
      if (this.progress.seq === since || body.seq >= this.progress.seq) this.progress = fromServer(body, serverNow);
      else this.readIn(REST_MS);
    } catch (error) {
      // Without it the page goes on with what the events tell.
      if (error.status === 0 || error.status >= 500) this.readIn(AGAIN_MS);
    }
    this.show();
  }

  readIn(ms) {
    this.timer ??= setTimeout(() => this.read(), ms);
  }

  /** Take one event of the call, each once and in order. */
  hear(event) {
    const before = this.progress;
    this.progress = heard(before, event, Date.now() + this.skewMs);
    if (this.progress.warnings.length > before.warnings.length) this.warnings.told(event.data);
    if (mustAsk(event)) this.readIn(REST_MS);
  }

  /** Draw what has changed; `state` is the call's (state.js), `before` what was drawn last or null. */
  draw(state) {
    this.state = state;
    this.show();
  }

  show() {
    const { state, progress, drawn } = this;
    if (state === null) return;
    if (state.call !== drawn.call || state.script !== drawn.script || progress !== drawn.progress) {
      this.drawn = { call: state.call, script: state.script, progress };
      this.ladder.draw(progress, state);
      this.warnings.draw(progress, state);
      this.demands.draw(progress, state);
      this.report.draw(state);
    }
    this.tick(state.call, this.nowMs);
  }

  tick(call, nowMs) {
    this.nowMs = nowMs;
    if (this.state === null) return;
    this.clocks.tick(this.progress, call, nowMs, this.state.stalemateMs);
    this.warnings.tick(this.progress, call, nowMs);
  }
}
