/** Glue: everything that happened, in one list by the sound, of which a reader picks the kinds that they want. */

import { byId, make, say } from "./dom.js";
import { t } from "./language.js";
import { GROUPS } from "./review-call.js";
import { groupLetter, groupName, markTitle } from "./review-words.js";
import { clock, moment } from "./times.js";
import { level, words } from "./words.js";

const AT_ONCE = 60;

export class Deeds {
  /** @param onJump told the milliseconds that a reader chose */
  constructor({ reviewed, onJump }) {
    this.onJump = onJump;
    this.list = byId("deed-list");
    this.wanted = null; // every group
    this.filters = byId("deed-filters");
    this.setCall(reviewed);
  }

  setCall(reviewed) {
    this.marks = reviewed.marks;
    this.rows = new Map();
    const counts = Object.groupBy(this.marks, (mark) => mark.group);
    const all = this.filter(null, t("すべて"), this.marks.length);
    this.filters.replaceChildren(all, ...GROUPS.map((group) => this.filter(group, groupName(group), counts[group]?.length ?? 0)));
    this.show(this.wanted);
  }

  filter(group, name, count) {
    const letter = group === null ? null : make("span", { class: "mark-letter", "data-group": group, "aria-hidden": "true", text: groupLetter(group) });
    return make("button", { type: "button", "data-wanted": group ?? "all", disabled: count === 0, on: { click: () => this.show(group) } }, [
      letter,
      make("span", { text: name }),
      make("span", { class: "number", text: String(count) }),
    ]);
  }

  show(group) {
    this.wanted = group;
    for (const button of this.filters.children) button.setAttribute("aria-pressed", String(button.dataset.wanted === (group ?? "all")));
    const shown = this.marks.filter((mark) => group === null || mark.group === group);
    this.list.replaceChildren(...shown.slice(0, AT_ONCE).map((mark) => this.row(mark)));
    // The first ones at once; a thousand would hold up the sound.
    cancelIdleCallback(this.later);
    const rest = (from) => {
      this.later = requestIdleCallback(() => {
        this.list.append(...shown.slice(from, from + AT_ONCE).map((mark) => this.row(mark)));
        if (from + AT_ONCE < shown.length) rest(from + AT_ONCE);
      });
    };
    if (shown.length > AT_ONCE) rest(AT_ONCE);
    byId("deed-none").hidden = shown.length > 0;
    say(byId("deed-count"), t("{n}件", { n: shown.length }));
  }

  /** Lead to what stands at one place of the axis. */
  lead(marks) {
    if (this.wanted !== null && marks.some((mark) => mark.group !== this.wanted)) this.show(null);
    const row = this.row(marks[0]);
    if (!row.isConnected) {
      cancelIdleCallback(this.later);
      const shown = this.marks.filter((mark) => this.wanted === null || mark.group === this.wanted);
      this.list.replaceChildren(...shown.map((mark) => this.row(mark)));
    }
    row.scrollIntoView({ block: "nearest" });
    for (const mark of marks) this.flash(this.row(mark));
    row.querySelector("button").focus({ preventScroll: true });
  }

  flash(row) {
    row.classList.add("deed-led");
    setTimeout(() => row.classList.remove("deed-led"), 2_500);
  }

  row(mark) {
    const made = this.rows.get(mark) ?? drawn(mark, this.onJump);
    this.rows.set(mark, made);
    return made;
  }
}

function drawn(mark, onJump) {
  const graded = mark.group === "finding" || mark.group === "alert" || mark.kind === "level_changed";
  const until = mark.end_ms && !graded ? t("{from}から{to}まで", { from: clock(mark.at_ms), to: clock(mark.end_ms) }) : "";
  const by = [mark.name && words.tracks[mark.name] ? words.tracks[mark.name] : mark.name || mark.by, mark.at ? moment(mark.at) : ""].filter(Boolean);
  const reasons = ["finding", "alert"].includes(mark.group) ? mark.because : "";
  return make("li", { class: "deed", "data-group": mark.group, "data-level": graded ? String(mark.number ?? 0) : null }, [
    make("button", {
      class: "line-time number",
      type: "button",
      text: clock(mark.at_ms),
      "aria-label": t("{at}へ移る", { at: clock(mark.at_ms) }),
      on: { click: () => onJump(mark.at_ms) },
    }),
    make("span", { class: "mark-letter", "data-group": mark.group, "aria-hidden": "true", text: groupLetter(mark.group) }),
    make("div", { class: "deed-words" }, [
      make("p", { class: "deed-title", text: mark.kind === "finding" ? `${markTitle(mark)}` : markTitle(mark), title: graded ? level(mark.number ?? 0).hint : null }),
      mark.text ? make("p", { class: "deed-text", lang: "ja", text: `「${mark.text}」` }) : null,
      reasons ? make("p", { class: "deed-why", lang: "ja", text: reasons }) : null,
      until ? make("p", { class: "deed-why", text: until }) : null,
      by.length > 0 && mark.group !== "alert" ? make("p", { class: "deed-why", text: by.join(" ") }) : null,
    ]),
  ]);
}
