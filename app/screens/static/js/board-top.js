/** Glue: what stands above the list: who needs somebody at once, in fixed places, and how well the board is connected. */

import { levelWord, whatOf } from "./board-rows.js";
import { byId, icon, make, say, shape } from "./dom.js";
import { t } from "./language.js";
import { clock } from "./times.js";

export class BoardTop {
  constructor(list, count) {
    this.places = Array.from({ length: count }, () => place());
    list.replaceChildren(...this.places.map((one) => one.root));
  }

  draw({ places, more }, rows, nowMs) {
    places.forEach((id, index) => this.fill(this.places[index], id === null ? null : rows.get(id), nowMs));
    const none = places.every((id) => id === null);
    byId("urgent-none").hidden = !none;
    byId("urgent").hidden = none;
    byId("urgent-more").hidden = more === 0;
    say(byId("urgent-more"), more > 0 ? t("ほか{n}件", { n: more }) : "");
  }

  fill(place, row, nowMs) {
    place.root.toggleAttribute("data-free", row === null);
    place.link.hidden = row === null;
    if (row === null) return;
    place.root.dataset.level = String(row.level);
    place.root.toggleAttribute("data-help", row.help !== null);
    place.root.dataset.callId = row.id;
    const href = `/calls/${encodeURIComponent(row.id)}`;
    if (place.link.getAttribute("href") !== href) place.link.setAttribute("href", href);
    shape(place.use, row.help ? "help" : `level-${row.level}`);
    say(place.word, row.help ? t("応援要請") : levelWord(row));
    say(place.wait, row.help ? clock(nowMs - row.help.sinceMs) : "");
    say(place.name, row.name || t("職員の指定なし"));
    say(place.what, row.help ? [row.level > 0 ? levelWord(row) : "", whatOf(row)].filter(Boolean).join(" ") : whatOf(row));
  }
}

function place() {
  const svg = icon("help");
  const made = {
    use: svg.querySelector("use"),
    word: make("span", { class: "urgent-word" }),
    wait: make("span", { class: "urgent-wait number" }),
    name: make("span", { class: "urgent-name" }),
    what: make("span", { class: "urgent-what" }),
  };
  made.link = make("a", { hidden: true }, [
    svg,
    make("span", { class: "urgent-line" }, [made.word, made.wait]),
    make("span", { class: "urgent-line" }, [made.name, made.what]),
  ]);
  made.root = make("li", { class: "urgent-place" }, [made.link]);
  return made;
}

/** What the person must know about the board itself. Calls, clocks and help are shown all the same. */
export function drawBanner(shown, health) {
  const banner = byId("board-banner");
  banner.hidden = !(shown.state in BANNERS);
  if (banner.hidden) return;
  banner.dataset.state = shown.state;
  const seconds = Math.max(1, Math.round((health?.recognition_delay_ms ?? 0) / 1000));
  say(byId("board-banner-word"), BANNERS[shown.state](seconds));
  const link = byId("board-banner-link");
  link.hidden = shown.state !== "refused";
}

const BANNERS = {
  waiting: () => t("画面の接続が切れています。自動でつなぎ直しています。一覧は切れる前のもので、お電話はそのまま続いています。"),
  down: () => t("音声認識が止まっています。段階と発言は更新されません。通話、時間、応援要請はそのまま表示されます。"),
  behind: (n) => t("音声認識が{n}秒ほど遅れています。段階と発言は遅れて届きます。応援要請はすぐに届きます。", { n }),
  refused: () => t("見守り盤を表示できません。サインインし直してください。この画面は更新されません。"),
};
