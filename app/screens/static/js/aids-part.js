/** Glue: help without recognition, and the cards for 110 and for support. */

export class AidsPart {
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
