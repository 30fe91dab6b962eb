/** Glue: after a grave call, what to note and whom to tell: the office's own words for that level. */

import { read } from "./api.js";
import { byId, say } from "./dom.js";

/** Below it nothing has to be reported. */
const REPORTED_FROM = 2;
const AGAIN_MS = 5_000;

export class Report {
  constructor() {
    this.asked = false;
  }

  async draw(state) {
    const { call } = state;
    if (this.asked || !call.ended_at || call.top_level < REPORTED_FROM) return;
    this.asked = true;
    try {
      const { body } = await read("/v1/scripts");
      const report = body.reports.find(({ level }) => level === call.top_level);
      byId("say-report").hidden = report === undefined;
      byId("say-report-draft").hidden = !report?.draft;
      say(byId("say-report-text"), report?.text ?? "");
    } catch {
      // Nothing more may happen to a call that is over; the bar of steps says 「報告」 without it.
      setTimeout(() => {
        this.asked = false;
        this.draw(state);
      }, AGAIN_MS);
    }
  }
}
