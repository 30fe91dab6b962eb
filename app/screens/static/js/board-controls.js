/** Glue: the board's filter, its sound, its notifications and the button that puts the list in order. */

import { FILTERS } from "./board-order.js";
import { byId, say } from "./dom.js";
import { t } from "./language.js";

const SOUND_WORDS = {
  off: () => t("音:オフ"),
  on: () => t("音:オン"),
  waiting: () => t("音:画面を一度押すと鳴ります"),
};
const DESKTOP_WORDS = {
  ask: () => t("デスクトップ通知を使う"),
  on: () => t("デスクトップ通知:オン"),
  off: () => t("デスクトップ通知:オフ"),
  denied: () => t("デスクトップ通知:ブラウザーの設定で止められています"),
  missing: () => t("デスクトップ通知:この接続では使えません"),
  unable: () => t("デスクトップ通知:このブラウザーでは使えません"),
};

export class BoardControls {
  constructor({ tones, notes, onChange, onSort }) {
    Object.assign(this, { tones, notes });
    this.name = byId("board-name");
    this.filter = "all";
    this.onChange = onChange;
    for (const filter of FILTERS) byId(`filter-${filter}`).addEventListener("click", () => this.choose(filter));
    this.name.addEventListener("input", onChange);
    this.name.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      this.name.value = "";
      this.name.blur();
      onChange();
    });
    byId("sound").addEventListener("click", () => tones.toggle());
    for (const press of ["pointerup", "keydown"]) {
      // The button answers for itself. A finger gives leave to sound when it is lifted, a mouse has given it by then.
      document.addEventListener(press, ({ target }) => byId("sound").contains(target) || tones.wake());
    }
    byId("sound-test").addEventListener("click", () => tones.test());
    byId("desktop").addEventListener("click", () => notes.toggle());
    byId("resort").addEventListener("click", onSort);
    byId("urgent-more").addEventListener("click", () => this.show("attention"));
  }

  get wish() {
    return { filter: this.filter, name: this.name.value };
  }

  /** Show the calls of one filter, whatever name was looked for. */
  show(wanted) {
    this.name.value = "";
    this.choose(wanted);
  }

  choose(wanted) {
    this.filter = wanted;
    for (const filter of FILTERS) byId(`filter-${filter}`).setAttribute("aria-pressed", String(filter === wanted));
    this.onChange();
  }

  focusName() {
    this.name.focus();
    this.name.select();
  }

  draw() {
    const sound = byId("sound");
    sound.setAttribute("aria-pressed", String(this.tones.state !== "off"));
    say(byId("sound-word"), SOUND_WORDS[this.tones.state]());
    const desktop = byId("desktop");
    const state = this.notes.state;
    desktop.setAttribute("aria-pressed", String(state === "on"));
    desktop.setAttribute("aria-disabled", String(["denied", "missing", "unable"].includes(state)));
    say(byId("desktop-word"), DESKTOP_WORDS[state]());
  }

  drawCounts(numbers, { stale }) {
    for (const filter of FILTERS) say(byId(`count-${filter}`), String(numbers[filter]));
    byId("board-held").toggleAttribute("data-shown", stale);
    byId("resort").tabIndex = stale ? 0 : -1;
  }
}
