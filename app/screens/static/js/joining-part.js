/** Glue: supervisors at a call. For the operator: who listens, what they write and ask; for them: the way in. */

import { callPath } from "./api.js";
import { Asked } from "./asked.js";
import { emptyJoining, joiningAfter, joiningFrom } from "./joining-state.js";
import { FromSupervisor } from "./joining-operator.js";
import { AtTheCall } from "./joining-supervisor.js";
import { drawRecord, drawThere } from "./joining-record.js";

export class JoiningPart {
  constructor({ callId, role, me, panels }) {
    Object.assign(this, { callId, role, me, panels });
    this.joining = emptyJoining();
    this.asked = new Asked(callPath(callId, "/joined"), (told, heard) => this.take(told, heard));
    this.ended = false;
    const side = { callId, me, panels, ask: () => this.read(), changed: () => this.show() };
    this.side = role === "operator" ? new FromSupervisor(side) : role === "supervisor" ? new AtTheCall(side) : null;
    this.keys = this.side?.keys ?? {};
  }

  /** Ask the server for everything: when the page opens, and after the line was lost. */
  read() {
    return this.asked.read();
  }

  take(told, heard) {
    this.joining = heard.reduce(joiningAfter, joiningFrom(told));
    this.show();
  }

  /** Take one event of the call, each once and in order. */
  hear(event) {
    this.asked.hear(event);
    this.side?.alive?.();
    const before = this.joining;
    this.joining = joiningAfter(before, event);
    if (this.joining === before) return;
    this.side?.told?.(event, this.joining);
    this.show();
  }

  /** Draw what has changed; `state` is the call's (state.js), `before` what was drawn last or null. */
  draw({ call }) {
    const ended = Boolean(call.ended_at);
    if (this.ended === ended) return;
    this.ended = ended;
    this.show();
  }

  show() {
    const { joining, panels, ended } = this;
    if (!joining.ready) return;
    const somebodyWas = joining.stays.length > 0 || joining.notes.length > 0;
    panels.present("joining", (this.role === "supervisor" && !ended) || somebodyWas);
    panels.badge("joining", joining.people.length > 0 ? String(joining.people.length) : "");
    drawThere(joining, this.me);
    drawRecord(joining, { ended, me: this.me });
    this.side?.draw(joining, ended);
  }
}
