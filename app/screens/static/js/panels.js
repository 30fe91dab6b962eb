/** Glue: the panels under the transcript. At most one is open; what opens by itself does so once. */

import { byId, say } from "./dom.js";

export class Panels {
  constructor() {
    this.tabs = new Map([...document.querySelectorAll(".panel-tab")].map((tab) => [tab.dataset.panel, tab]));
    this.offered = new Set();
    for (const [name, tab] of this.tabs) tab.addEventListener("click", () => this.toggle(name));
    byId("panels").addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.open === null) return;
      const tab = this.tabs.get(this.open);
      this.show(null);
      tab.focus();
    });
    this.open = null;
  }

  toggle(name) {
    this.show(this.open === name ? null : name);
  }

  /** Open one panel, or none. */
  show(name) {
    this.open = name;
    for (const [each, tab] of this.tabs) {
      tab.setAttribute("aria-expanded", String(each === name));
      byId(`panel-${each}`).hidden = each !== name;
    }
  }

  /** Whether there is such a panel on this call at all; what is taken away is closed first. */
  present(name, there) {
    this.tabs.get(name).hidden = !there;
    if (!there && this.open === name) this.show(null);
  }

  /** Put a few letters on the tab: how many, or a mark; "" for none. */
  badge(name, text) {
    const badge = this.tabs.get(name).querySelector(".panel-badge");
    badge.hidden = text === "";
    say(badge, text);
  }

  /** Open a panel for who has opened none: once for each `reason`, so that it stays closed when it was closed. */
  offer(name, reason) {
    if (this.offered.has(reason)) return;
    this.offered.add(reason);
    if (this.open === null && !this.tabs.get(name).hidden) this.show(name);
  }
}
