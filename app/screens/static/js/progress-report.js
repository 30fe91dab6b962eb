/** Glue: after a grave call, what to note and whom to tell: the office's own words for that level. */

import { read } from "./api.js";
import { byId, say } from "./dom.js";

/** Below it nothing has to be reported. */
const REPORTED_FROM = 2;

export class Report {
  constructor() {
    this.asked = false;
  }

  async draw({ call }) {
    if (this.asked || !call.ended_at || call.top_level < REPORTED_FROM) return;
    this.asked = true;
    try {
      const { body } = await read("/v1/scripts");
      const report = body.reports.find(({ level }) => level === call.top_level);
      byId("say-report").hidden = report === undefined;
      byId("say-report-draft").hidden = !report?.draft;
      say(byId("say-report-text"), report?.text ?? "");
    } catch {
      this.asked = false; // asked again with the next change; the bar of steps says 「報告」 without it
    }
  }
}
