/** Glue: at most three alerts, each in its place, and those that were set aside as false alarms. */

import { arrange, byId, icon, make, say, shape } from "./dom.js";
import { listed, t } from "./language.js";
import { ExplanationView } from "./render-explanation.js";
import { isOpen, waiting } from "./state-alerts.js";
import { needsCare } from "./render-status.js";
import { clock } from "./times.js";
import { category, categoryShort, level, step, words } from "./words.js";

export class AlertsView {
  constructor({ mayAct, evidence, onWrong, onUndo }) {
    Object.assign(this, { mayAct, evidence, onWrong, onUndo });
    this.cards = new Map();
    this.dismissed = "";
  }

  draw(state, before) {
    if (state.alerts === before?.alerts && state.places === before?.places && state.call === before?.call && state.script === before?.script) return;
    const ended = Boolean(state.call.ended_at);
    const ids = ended ? all(state.alerts) : state.places.filter((id) => id !== null);
    const cards = ids.map((id, index) => this.card(state.alerts[id], !ended && index === 0));
    for (const id of [...this.cards.keys()]) if (!ids.includes(id)) this.cards.delete(id);
    arrange(byId("alerts"), cards);
    const none = byId("alerts-none");
    none.hidden = ids.length > 0;
    say(none, noneWords(state));
    const others = ended ? [] : waiting(state.alerts, state.places);
    byId("alerts-more").hidden = others.length === 0;
    say(byId("alerts-more"), t("ほか{n}件:{names}", { n: others.length, names: listed(others.map((alert) => categoryShort(alert.categories[0]))) }));
    byId("alerts-more").title = byId("alerts-more").textContent;
    this.drawDismissed(Object.values(state.alerts).filter((alert) => alert.false_alarm));
  }

  card(alert, first) {
    const card = this.cards.get(alert.alert_id) ?? this.newCard(alert.alert_id);
    this.cards.set(alert.alert_id, card);
    card.root.dataset.level = String(alert.level);
    shape(card.use, `level-${alert.level}`);
    say(card.title, titleOf(alert));
    card.title.title = alert.categories.map(category).join("\n");
    say(card.level, level(alert.level).label);
    say(card.count, alert.count > 1 ? t("{n}回", { n: alert.count }) : "");
    card.check.hidden = !alert.needs_check || Boolean(alert.withdrawn);
    say(card.time, clock(alert.start_ms));
    say(card.quote, alert.quote ? `「${alert.quote}」` : "");
    card.quote.title = alert.quote;
    card.withdrawn.hidden = !alert.withdrawn;
    say(card.reason, alert.withdrawn ? words.withdrawn_hint : alert.reason);
    say(card.clause, alert.clause ? t("方針:{clause}", { clause: alert.clause }) : "");
    card.clause.title = alert.clause;
    card.explanation.draw(alert.withdrawn ? null : alert.explanation, category(alert.categories[0]));
    if (card.wrong) card.wrong.hidden = Boolean(alert.withdrawn);
    card.wrong?.setAttribute("aria-label", t("誤検知として記録:{name}", { name: category(alert.categories[0]) }));
    if (card.key) card.key.hidden = !first;
    return card.root;
  }

  newCard(id) {
    const svg = icon("level-1");
    const card = {
      use: svg.querySelector("use"),
      title: make("span", { class: "alert-title" }),
      level: make("span", { class: "alert-level" }),
      count: make("span", { class: "alert-count number" }),
      check: make("span", { class: "tag alert-check", text: words.needs_check }),
      withdrawn: make("span", { class: "tag alert-withdrawn", text: words.withdrawn }),
      time: make("time", { class: "alert-time number" }),
      quote: make("span", { lang: "ja" }),
      reason: make("span", { class: "alert-reason", lang: "ja" }),
      clause: make("span", { class: "alert-clause", lang: "ja" }),
      explanation: new ExplanationView(id, { evidence: this.evidence }),
      key: null,
      wrong: null,
    };
    if (this.mayAct) {
      card.key = make("kbd", { "aria-hidden": "true", text: "F" });
      card.wrong = make(
        "button",
        { class: "button button-secondary alert-wrong", type: "button", "aria-keyshortcuts": "F", on: { click: () => this.onWrong(id) } },
        [make("span", { text: words.false_alarm }), card.key],
      );
    }
    card.root = make("li", { class: "alert", "data-alert-id": id }, [
      make("p", { class: "alert-head" }, [svg, card.title, card.level, card.check, card.withdrawn, card.count]),
      make("p", { class: "alert-quote" }, [card.time, card.quote]),
      make("p", { class: "alert-why" }, [card.reason, card.clause]),
      card.wrong,
      card.explanation.button,
      card.explanation.panel,
    ]);
    return card;
  }

  drawDismissed(alerts) {
    const signature = alerts.map((alert) => alert.alert_id).join(" ");
    if (signature === this.dismissed) return; // a button that holds the focus, or is being pressed, stays
    this.dismissed = signature;
    byId("dismissed").hidden = alerts.length === 0;
    say(byId("dismissed-word"), t("誤検知としたお知らせ {n}件", { n: alerts.length }));
    const rows = alerts.map((alert) =>
      make("li", {}, [
        make("span", { text: `${category(alert.categories[0])} 「${alert.quote}」 ${clock(alert.start_ms)}` }),
        this.mayAct ? make("button", { class: "button-plain", type: "button", text: t("元に戻す"), on: { click: () => this.onUndo(alert.alert_id) } }) : null,
      ]),
    );
    byId("dismissed-list").replaceChildren(...rows);
  }

  /** The alert that the key means: the one that holds the focus, else the first. */
  meant(state) {
    const focused = document.activeElement?.closest?.("[data-alert-id]")?.dataset.alertId;
    const first = state.call.ended_at ? null : state.places.find((place) => place !== null);
    const id = focused ?? first ?? null;
    if (id !== null && state.alerts[id].withdrawn) return null;
    return id !== null && !state.alerts[id].false_alarm && (state.call.ended_at || isOpen(state.alerts[id])) ? id : null;
  }
}

/** One line at every width: the policy's full term for one kind of conduct, the short words for several. */
function titleOf(alert) {
  return alert.categories.length === 1 ? category(alert.categories[0]) : listed(alert.categories.map(categoryShort));
}

/** For looking back: also those that lapsed, in the order of the talk. */
function all(alerts) {
  return Object.values(alerts)
    .filter((alert) => !alert.false_alarm)
    .sort((a, b) => a.start_ms - b.start_ms)
    .map((alert) => alert.alert_id);
}

function noneWords(state) {
  if (needsCare(state)) return t("支援が必要なおそれがあります。{hint}", { hint: step("welfare").hint });
  const none = t("気になる言動は見つかっていません。");
  return state.call.outcome === "legitimate_complaint" ? t("ご意見・苦情として承る内容です。{none}", { none }) : none;
}
