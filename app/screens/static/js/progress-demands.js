/** Glue: the panel 「同じご要望」: each time it was stated, beside what was answered. */

import { arrange, byId, make, say } from "./dom.js";
import { t } from "./language.js";
import { moment } from "./progress-line.js";
import { demandOffered, demandShown, sideBySide } from "./state-progress.js";

const NAME = "demands";

export class Demands {
  constructor({ panels }) {
    this.panels = panels;
    this.shown = null;
    this.rows = new Map(); // what a row says -> the row, so that focus stays where nothing has changed
  }

  draw({ demand }, { call }) {
    if (demand === this.shown) return;
    const there = demandShown(demand);
    // What was laid open is not taken from under somebody's eyes: it only says that it is over.
    const over = !there && demandShown(this.shown);
    byId("demands-over").hidden = !over;
    this.panels.badge(NAME, there ? t("{n}回", { n: demand.stated }) : "");
    if (over) return;
    this.shown = demand;
    this.panels.present(NAME, there);
    if (!there) return;
    say(byId("demands-heading"), t("同じご要望 {n}回目(回答済み {answered}回)", { n: demand.stated, answered: demand.answered }));
    const panel = byId("panel-demands");
    const atEnd = panel.scrollHeight - panel.scrollTop - panel.clientHeight < 32;
    this.drawRows(sideBySide(demand));
    if (demandOffered(demand) && !call.ended_at) this.panels.offer(NAME, NAME);
    if (atEnd) panel.scrollTop = panel.scrollHeight;
  }

  drawRows(rows) {
    const old = this.rows;
    this.rows = new Map();
    rows.forEach((row, index) => {
      const isLast = index === rows.length - 1;
      const key = JSON.stringify([row, isLast]);
      this.rows.set(key, old.get(key) ?? drawRow(row, isLast));
    });
    arrange(byId("demands-rows"), [...this.rows.values()]);
  }
}

function drawRow({ statement, answers }, isLast) {
  const none = isLast ? t("まだ回答していません") : "―";
  return make("tr", {}, [
    make("td", {}, statement ? [quoted(statement)] : []),
    make("td", {}, answers.length > 0 ? answers.map(quoted) : [make("p", { class: "demands-none", text: none })]),
  ]);
}

function quoted(said) {
  return make("p", { class: "demands-said" }, [moment(said), make("span", { lang: "ja", text: `「${said.text}」` })]);
}
