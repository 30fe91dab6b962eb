/** Glue: the steps of the policy, the warnings spoken with their proof, the clocks and the returning request. */

export class ProgressPart {
  /** `context`: {callId, role, me, panels, page}. */
  constructor(context) {
    this.context = context;
  }

  /** Ask the server for everything: when the page opens, and after the line was lost. */
  async read() {}

  /** Take one event of the call, each once and in order. */
  hear(_event) {}

  /** Draw what has changed; `state` is the call's (state.js), `before` what was drawn last or null. */
  draw(_state, _before) {}
}
