/** Glue: the board by keyboard. One row is reached by the tab key, the others by arrows; each key is shown on the page. */

import { byId } from "./dom.js";
import { listenToKeys } from "./keys.js";

const PAGE_ROWS = 10;

export class BoardKeys {
  constructor({ rows, onFilter, onSort }) {
    this.rows = rows;
    this.pointed = false;
    this.onRelease = () => {};
    this.onHelpUnseen = () => false;
    const list = byId("rows");
    list.addEventListener("keydown", (event) => this.pressed(event));
    list.addEventListener("focusin", (event) => this.made(event.target.closest(".board-row")));
    list.addEventListener("focusout", () => this.onRelease());
    list.addEventListener("pointerenter", () => {
      this.pointed = true;
    });
    list.addEventListener("pointerleave", () => {
      this.pointed = false;
      this.onRelease();
    });
    list.addEventListener("click", (event) => this.clicked(event));
    listenToKeys({
      KeyJ: () => this.step(1),
      KeyK: () => this.step(-1),
      KeyL: () => this.open(this.current, true),
      KeyH: () => this.nextHelp(),
      KeyR: onSort,
      Slash: onFilter,
    });
  }

  /** Whether a person works in the list: then no row changes its place. */
  get held() {
    return !document.hidden && (this.pointed || byId("rows").contains(document.activeElement));
  }

  get current() {
    return this.rows.rows.get(this.rows.current)?.root ?? null;
  }

  made(row) {
    if (!row || row.dataset.callId === this.rows.current) return;
    if (this.current) this.current.tabIndex = -1;
    this.rows.current = row.dataset.callId;
    row.tabIndex = 0;
  }

  focus(row) {
    if (!row) return;
    this.made(row);
    row.focus();
    row.scrollIntoView({ block: "nearest" });
  }

  /** The first step goes to the row itself, as nobody stands in the list yet. */
  step(by) {
    const all = [...byId("rows").children];
    const at = all.indexOf(this.current);
    const inside = byId("rows").contains(document.activeElement);
    this.focus(all[inside ? Math.min(all.length - 1, Math.max(0, at + by)) : Math.max(0, at)]);
  }

  pressed(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const all = [...byId("rows").children];
    const moves = {
      ArrowDown: () => this.step(1),
      ArrowUp: () => this.step(-1),
      PageDown: () => this.step(PAGE_ROWS),
      PageUp: () => this.step(-PAGE_ROWS),
      Home: () => this.focus(all[0]),
      End: () => this.focus(all.at(-1)),
      Enter: () => this.open(this.current, false),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  }

  /** The next row with help, from where one stands, and round again; a filter that hides them all gives way. */
  nextHelp(again = false) {
    const all = [...byId("rows").children];
    const inside = byId("rows").contains(document.activeElement);
    const from = inside ? all.indexOf(this.current) + 1 : 0;
    const next = [...all.slice(from), ...all.slice(0, from)].find((row) => row.hasAttribute("data-help"));
    if (next || again) this.focus(next);
    else if (this.onHelpUnseen()) this.nextHelp(true);
  }

  clicked(event) {
    const row = event.target.closest(".board-row");
    // A link opens by itself, in another tab too; marked text is meant to be copied.
    if (!row || event.target.closest("a") || String(window.getSelection()) !== "") return;
    this.open(row, false);
  }

  open(row, listening) {
    if (row) window.location.assign(`/calls/${encodeURIComponent(row.dataset.callId)}${listening ? "?listen=1" : ""}`);
  }
}
