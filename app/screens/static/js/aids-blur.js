/** Glue: marked words can be hidden until somebody points at them, comes to them by key, or presses them.

Nothing in the record changes; it is this browser's choice, and this call's.
*/

import { byId } from "./dom.js";
import { t } from "./language.js";
import { toast } from "./toast.js";

const ALWAYS = "mimamori.blur";
const VEILED = "#lines mark[data-level], .alert-quote > span, #level-why, .card-words";

export class Blur {
  constructor({ callId, page }) {
    Object.assign(this, { page });
    this.key = `${ALWAYS}.${callId}`;
    this.opened = new Set(); // what was opened stays open when its line is drawn anew
    this.button = byId("blur");
    this.button.addEventListener("click", () => this.toggle());
    page.addEventListener("click", (event) => this.press(event));
    page.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") this.press(event);
    });
    new MutationObserver(() => this.on && this.veil()).observe(page, { childList: true, subtree: true, characterData: true });
    this.set(this.wanted());
  }

  wanted() {
    return (sessionStorage.getItem(this.key) ?? localStorage.getItem(ALWAYS)) === "on";
  }

  toggle() {
    const on = !this.on;
    sessionStorage.setItem(this.key, on ? "on" : "off");
    this.opened.clear();
    this.set(on);
    const always = on ? t("この通話で、印の付いた言葉を伏せました。押すと読めます。") : t("この通話では、言葉を伏せずに表示します。");
    const lasting = (localStorage.getItem(ALWAYS) === "on") === on;
    toast(always, lasting ? null : { word: on ? t("いつも伏せる") : t("いつも表示する"), action: () => localStorage.setItem(ALWAYS, on ? "on" : "off") });
  }

  set(on) {
    this.on = on;
    this.page.toggleAttribute("data-blur", on);
    this.button.setAttribute("aria-pressed", String(on));
    this.veil();
  }

  /** Say 「伏せた言葉」 to a screen reader where the eye sees a veil. */
  veil() {
    for (const place of this.page.querySelectorAll(VEILED)) {
      const veiled = this.on && place.textContent !== "";
      const open = veiled && this.opened.has(keyOf(place));
      change(place, "data-veil", veiled ? (open ? "open" : "shut") : null);
      change(place, "role", veiled ? "button" : null);
      change(place, "tabindex", veiled ? "0" : null);
      change(place, "aria-expanded", veiled ? String(open) : null);
      change(place, "aria-label", veiled && !open ? t("伏せた言葉") : null);
    }
  }

  press(event) {
    const place = event.target.closest?.("[data-veil]");
    if (!place) return;
    event.preventDefault();
    const key = keyOf(place);
    if (!this.opened.delete(key)) this.opened.add(key);
    this.veil();
  }
}

function keyOf(place) {
  const at = place.closest("[data-utterance-id], [data-alert-id]");
  return `${at?.dataset.utteranceId ?? at?.dataset.alertId ?? place.id} ${place.textContent}`;
}

function change(place, name, value) {
  if (value === null) place.removeAttribute(name);
  else if (place.getAttribute(name) !== value) place.setAttribute(name, value);
}
