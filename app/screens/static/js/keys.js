/** Glue: one key each, only while nobody types, and only if the person wants it (WCAG 2.1.4). */

import { byId, say } from "./dom.js";
import { t } from "./language.js";

const STORED = "mimamori.keys";
const TYPING = "input, textarea, select, [contenteditable]";
const PRESSED_BY_SPACE = "button, summary, [role='tab']";

/** Whether the person at this browser wants single keys to do anything. */
export function keysWanted() {
  return localStorage.getItem(STORED) !== "off";
}

/**
 * `actions`: {"KeyH": () => …}. Codes, not letters, so that a Japanese input mode changes nothing.
 * `held`: those that go on while their key is held down.
 */
export function listenToKeys(actions, { held = [] } = {}) {
  let enabled = keysWanted();
  const button = byId("key-switch");
  const show = () => {
    document.body.classList.toggle("keys-off", !enabled);
    button.setAttribute("aria-pressed", String(enabled));
    say(button, enabled ? t("キー操作:オン") : t("キー操作:オフ"));
  };
  button.addEventListener("click", () => {
    enabled = !enabled;
    localStorage.setItem(STORED, enabled ? "on" : "off");
    show();
  });
  show();
  document.addEventListener("keydown", (event) => {
    if (!enabled || event.isComposing || event.defaultPrevented) return;
    if (event.repeat && !held.includes(event.code)) return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    if (event.target instanceof Element && event.target.closest(TYPING)) return;
    if (event.code === "Space" && event.target instanceof Element && event.target.closest(PRESSED_BY_SPACE)) return;
    if (document.querySelector("dialog[open]")) return; // whoever is being asked answers that first
    const action = actions[event.code];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
