/** Glue: a short message with at most one button. Stays while it is pointed at or holds the focus. */

import { byId, say } from "./dom.js";

const SHOWN_MS = 10_000;
let timer = null;
let action = null;

export function toast(text, button = null) {
  const box = byId("toast");
  const press = byId("toast-button");
  say(byId("toast-word"), text);
  action = button?.action ?? null;
  press.hidden = action === null;
  say(press, button?.word ?? "");
  box.hidden = false;
  wait();
}

function wait() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const box = byId("toast");
    if (box.matches(":hover") || box.contains(document.activeElement)) wait();
    else box.hidden = true;
  }, SHOWN_MS);
}

export function prepareToast() {
  byId("toast-button").addEventListener("click", () => {
    byId("toast").hidden = true;
    action?.();
  });
}
