/** Glue: what was said, thousands of lines of which only those on the screen are there; follows the sound. */

import { make } from "./dom.js";
import { t } from "./language.js";
import { Heights } from "./review-heights.js";
import { LineView } from "./review-line.js";

const BEYOND_PX = 500; // drawn above and below what is seen, so that a turn of the wheel finds it there
const LETTER_PX = 16;
const FREE_SHARE = 0.36; // the present line stands so far down

export class Transcript {
  /** @param onJump told the milliseconds that a reader chose; @param onFollow told whether it follows the sound */
  constructor({ scroll, rows, models, onJump, onFollow }) {
    this.scroll = scroll;
    this.rows = rows;
    this.models = models;
    this.onJump = onJump;
    this.onFollow = onFollow;
    this.open = new Set(); // findings whose explanation is read
    this.views = new Map();
    this.present = -1;
    this.sought = -1;
    this.tabStop = 0;
    this.following = true;
    this.sheet = make("div", { class: "lines", role: "list", "aria-label": t("発言の一覧") });
    this.room = make("div", { class: "lines-room" }, [this.sheet]);
    scroll.replaceChildren(this.room);
    this.width = scroll.clientWidth;
    this.heights = new Heights(rows.map((row) => estimate(row, this.width)));
    scroll.addEventListener("scroll", () => this.draw(), { passive: true });
    // What a hand does ends the following; what the page scrolls by itself does not come this way.
    for (const type of ["wheel", "touchmove"]) scroll.addEventListener(type, () => this.setFollowing(false), { passive: true });
    scroll.addEventListener("pointerdown", (event) => {
      if (event.target === scroll) this.setFollowing(false); // on the scroll bar
    });
    scroll.addEventListener("keydown", (event) => this.pressed(event));
    new ResizeObserver(() => this.resized()).observe(scroll);
    this.draw();
  }

  /** Other words for the same rows: what is covered, or no longer. */
  setRows(rows, models) {
    this.rows = rows;
    this.models = models;
    for (const view of this.views.values()) view.root.remove();
    this.views.clear();
    this.draw();
  }

  setFollowing(wanted) {
    if (wanted) this.bring(this.present, FREE_SHARE);
    if (this.following === wanted) return;
    this.following = wanted;
    this.onFollow(wanted);
  }

  /** Show which row sounds; -1 for none yet. */
  setPresent(place) {
    if (place === this.present) return;
    this.views.get(this.present)?.setPresent(false);
    this.present = place;
    this.views.get(place)?.setPresent(true);
    if (this.following && place >= 0) this.bring(place, FREE_SHARE);
  }

  /** Show the row that somebody looked for; -1 for none. It is read there, and the sound stays where it is. */
  setSought(place) {
    this.views.get(this.sought)?.setSought(false);
    this.sought = place;
    if (place < 0) return;
    this.setFollowing(false);
    this.bring(place, FREE_SHARE);
    this.setTabStop(place);
    this.views.get(place)?.setSought(true);
  }

  /** Scroll so that row `place` stands at that share of what is seen. */
  bring(place, share) {
    if (place < 0) return;
    const room = this.scroll.clientHeight;
    const height = this.heights.heights[place];
    const top = () => Math.max(0, this.heights.offset(place) - Math.max(0, (room - height) * share));
    this.scroll.scrollTop = top();
    this.draw();
    // Drawn for the first time, the rows about it were measured: their true heights move it.
    const exact = top();
    if (Math.abs(this.scroll.scrollTop - exact) > 1) {
      this.scroll.scrollTop = exact;
      this.draw();
    }
  }

  draw() {
    const { scrollTop, clientHeight } = this.scroll;
    if (this.rows.length === 0) return;
    const first = this.heights.at(scrollTop - BEYOND_PX);
    const last = this.heights.at(scrollTop + clientHeight + BEYOND_PX);
    const anchor = this.heights.at(scrollTop);
    const before = this.heights.offset(anchor);
    const fresh = this.place(first, last);
    for (const place of fresh) this.heights.set(place, this.views.get(place).root.offsetHeight);
    this.sheet.style.transform = `translateY(${this.heights.offset(first)}px)`;
    this.room.style.height = `${this.heights.total}px`;
    const moved = this.heights.offset(anchor) - before;
    if (moved !== 0) this.scroll.scrollTop = scrollTop + moved; // what is read stays where it is
  }

  /** Put rows `first` to `last` into the sheet; return those that were not there. */
  place(first, last) {
    const focused = this.focusedPlace();
    for (const [place, view] of this.views) {
      if (place >= first && place <= last) continue;
      view.root.remove();
      this.views.delete(place);
    }
    const fresh = [];
    let after = this.sheet.firstElementChild;
    for (let place = first; place <= last; place += 1) {
      let view = this.views.get(place);
      if (view) {
        after = view.root.nextElementSibling;
        continue;
      }
      view = this.view(place);
      this.views.set(place, view);
      this.sheet.insertBefore(view.root, after);
      fresh.push(place);
    }
    // Whoever reads by keyboard and is scrolled away from goes on from the list, not from the top of the page.
    if (focused !== null && !this.views.has(focused)) this.scroll.focus({ preventScroll: true });
    return fresh;
  }

  view(place) {
    const view = new LineView({
      row: this.rows[place],
      place,
      count: this.rows.length,
      models: this.models,
      open: this.open,
      onJump: (ms) => {
        this.setFollowing(true);
        this.onJump(ms);
      },
      onSize: () => this.measured(place),
      onFocus: () => this.setTabStop(place),
    });
    view.setPresent(place === this.present);
    view.setSought(place === this.sought);
    view.setTabStop(place === this.tabStop);
    return view;
  }

  measured(place) {
    const view = this.views.get(place);
    if (view && this.heights.set(place, view.root.offsetHeight)) this.draw();
  }

  setTabStop(place) {
    this.views.get(this.tabStop)?.setTabStop(false);
    this.tabStop = place;
    this.views.get(place)?.setTabStop(true);
  }

  focusedPlace() {
    const line = document.activeElement?.closest?.("[data-place]");
    return line && this.sheet.contains(line) ? Number(line.dataset.place) : null;
  }

  pressed(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (["PageUp", "PageDown", "Home", "End"].includes(event.key)) this.setFollowing(false);
    if (by === undefined || event.target.closest(".line-explain")) return;
    event.preventDefault();
    this.setFollowing(false);
    const from = this.focusedPlace() ?? Math.max(0, this.present) - by;
    const place = Math.min(Math.max(0, from + by), this.rows.length - 1);
    const top = this.heights.offset(place);
    const below = top + this.heights.heights[place] - this.scroll.clientHeight;
    if (top < this.scroll.scrollTop) this.bring(place, 0);
    else if (below > this.scroll.scrollTop) this.bring(place, 1);
    if (!this.views.has(place)) this.bring(place, FREE_SHARE);
    this.setTabStop(place);
    this.views.get(place)?.focus();
  }

  resized() {
    if (this.scroll.clientWidth === this.width) {
      this.draw();
      return;
    }
    this.width = this.scroll.clientWidth;
    const anchor = this.following ? this.present : this.heights.at(this.scroll.scrollTop);
    this.heights = new Heights(this.rows.map((row) => estimate(row, this.width)));
    for (const [place, view] of this.views) this.heights.set(place, view.root.offsetHeight);
    this.bring(anchor, this.following ? FREE_SHARE : 0);
  }
}

/** How high a row will be, near enough that the scroll bar does not lie. */
function estimate(row, width) {
  if (row.kind === "gap") return 44;
  const letters = Math.max(8, Math.floor((width * 0.88 - 70) / LETTER_PX));
  const lines = Math.max(1, Math.ceil(row.text.length / letters));
  return 46 + lines * 26 + row.findings.length * 36;
}
