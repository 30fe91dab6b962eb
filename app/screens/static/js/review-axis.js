/** Glue: the call on one axis: the whole of it above, a part of it below, with levels and marks. */

import { byId, icon, make, say } from "./dom.js";
import { t } from "./language.js";
import { WaveCanvas } from "./review-waves.js";
import { groupLetter, markLabel } from "./review-words.js";
import { clock, spoken } from "./times.js";
import { level } from "./words.js";

const SPANS_MS = [15_000, 30_000, 60_000, 120_000, 300_000, 900_000, 3_600_000];
const START_SPAN = 2;
const MARK_PX = 30;
const WORD_PX = 64; // a level's word needs so much room
const TICKS = [5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000];
const TICK_PX = 90;

export class Axis {
  /** @param onSeek told the milliseconds that a reader chose; @param onMarks told which marks one place stands for */
  constructor({ reviewed, sound, onSeek, onMarks }) {
    this.reviewed = reviewed;
    this.sound = sound;
    this.onSeek = onSeek;
    this.onMarks = onMarks;
    this.loudness = null;
    this.silent = [];
    this.whole = byId("whole");
    this.near = byId("near");
    this.wholeWaves = new WaveCanvas(byId("whole-waves"));
    this.nearWaves = new WaveCanvas(byId("near-waves"));
    this.zoom = START_SPAN;
    this.fromMs = 0;
    this.whole.setAttribute("aria-valuemax", String(Math.round(reviewed.durationMs / 1000)));
    this.listen();
    this.drawWhole();
    this.drawNear();
  }

  get spanMs() {
    return Math.min(SPANS_MS[this.zoom], this.reviewed.durationMs);
  }

  /** @param loudness a `Loudness`; null where there is no sound */
  setSound(loudness, silent) {
    this.loudness = loudness;
    this.silent = silent;
    if (loudness) loudness.onMore = () => this.drawWaves();
    this.drawWhole();
    this.drawNear();
  }

  listen() {
    const dragged = (element, msAt) => {
      let held = false;
      element.addEventListener("pointerdown", (event) => {
        if (event.button !== 0 || event.target.closest("button")) return;
        held = true;
        element.setPointerCapture(event.pointerId);
        this.onSeek(msAt(event));
      });
      element.addEventListener("pointermove", (event) => {
        if (held) this.onSeek(msAt(event));
      });
      for (const type of ["pointerup", "pointercancel"]) element.addEventListener(type, () => (held = false));
    };
    dragged(this.whole, (event) => share(event, this.whole) * this.reviewed.durationMs);
    dragged(this.near, (event) => this.fromMs + share(event, this.near) * this.spanMs);
    this.whole.addEventListener("keydown", (event) => this.pressed(event));
    byId("zoom-in").addEventListener("click", () => this.setZoom(this.zoom - 1));
    byId("zoom-out").addEventListener("click", () => this.setZoom(this.zoom + 1));
    let waiting = null;
    const again = () => {
      waiting ??= requestAnimationFrame(() => {
        waiting = null;
        this.drawWhole();
        this.drawNear();
        this.setPlace(this.sound.atMs);
      });
    };
    new ResizeObserver(again).observe(this.near);
    for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) window.matchMedia(query).addEventListener("change", again);
  }

  pressed(event) {
    const { durationMs } = this.reviewed;
    const to = {
      ArrowLeft: this.sound.atMs - 5_000,
      ArrowDown: this.sound.atMs - 5_000,
      ArrowRight: this.sound.atMs + 5_000,
      ArrowUp: this.sound.atMs + 5_000,
      PageDown: this.sound.atMs - 60_000,
      PageUp: this.sound.atMs + 60_000,
      Home: 0,
      End: durationMs,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation(); // the page's own ±5 s would come on top
    this.onSeek(to);
  }

  setZoom(zoom) {
    this.zoom = Math.min(Math.max(0, zoom), this.widest());
    const atMs = this.sound.atMs;
    this.fromMs = this.within(atMs - this.spanMs / 2);
    this.drawNear();
    this.setPlace(atMs);
  }

  widest() {
    const enough = SPANS_MS.findIndex((span) => span >= this.reviewed.durationMs);
    return enough < 0 ? SPANS_MS.length - 1 : enough;
  }

  within(fromMs) {
    return Math.min(Math.max(0, fromMs), Math.max(0, this.reviewed.durationMs - this.spanMs));
  }

  /** Move both hands; turn the page of the near view when its end is reached. */
  setPlace(atMs) {
    const { durationMs } = this.reviewed;
    if (atMs < this.fromMs || (atMs > this.fromMs + this.spanMs * 0.98 && this.fromMs < this.within(Infinity))) {
      // Going on, the next page begins here; a jump stands a little in from the left.
      this.fromMs = this.within(atMs - this.spanMs * 0.1);
      this.drawNear();
    }
    byId("whole-hand").style.transform = `translateX(${(atMs / durationMs) * this.whole.clientWidth}px)`;
    byId("near-hand").style.transform = `translateX(${((atMs - this.fromMs) / this.spanMs) * this.near.clientWidth}px)`;
    const seconds = String(Math.floor(atMs / 1000));
    if (this.whole.getAttribute("aria-valuenow") === seconds) return;
    this.whole.setAttribute("aria-valuenow", seconds);
    this.whole.setAttribute("aria-valuetext", t("{at}、全体{length}", { at: spoken(atMs), length: spoken(durationMs) }));
  }

  drawWhole() {
    const { reviewed } = this;
    this.wholeWaves.draw({
      fromMs: 0,
      toMs: reviewed.durationMs,
      peaks: this.loudness?.whole ?? null,
      silent: this.silent,
      levels: reviewed.levels,
      levelPx: 9,
      ticks: reviewed.findingStarts,
    });
  }

  drawWaves() {
    this.drawWhole();
    this.drawNearWaves();
  }

  drawNearWaves() {
    const [fromMs, toMs] = [this.fromMs, this.fromMs + this.spanMs];
    const muted = { caller: !this.sound.heard.caller, operator: !this.sound.heard.operator };
    const peaks = this.loudness?.within(fromMs, toMs) ?? null;
    this.nearWaves.draw({ fromMs, toMs, peaks, silent: this.silent, muted });
  }

  drawNear() {
    const { reviewed, fromMs, spanMs } = this;
    const toMs = fromMs + spanMs;
    const width = this.near.clientWidth;
    this.drawNearWaves();
    const x = (ms) => ((ms - fromMs) / spanMs) * width;
    const frame = byId("whole-frame");
    frame.style.left = `${(fromMs / reviewed.durationMs) * 100}%`;
    frame.style.width = `${(spanMs / reviewed.durationMs) * 100}%`;
    byId("near-levels").replaceChildren(...reviewed.levelsWithin(fromMs, toMs).map((one) => levelPiece(one, Math.max(0, x(one.start_ms)), Math.min(width, x(one.end_ms)))));
    byId("near-ticks").replaceChildren(...ticksOf(fromMs, toMs, width).map((ms) => at(make("span", { class: "number", text: clock(ms) }), x(ms))));
    byId("near-marks").replaceChildren(...this.stays(fromMs, toMs, x), ...this.marks(fromMs, toMs, x, width));
    say(byId("zoom-word"), t("{length}を表示", { length: spanMs % 60_000 === 0 ? t("{n}分", { n: spanMs / 60_000 }) : spoken(spanMs) }));
    byId("zoom-in").disabled = this.zoom === 0;
    byId("zoom-out").disabled = this.zoom >= this.widest();
  }

  /** While a supervisor was there: a bar under the marks. */
  stays(fromMs, toMs, x) {
    const shown = this.reviewed.told.stays.filter((one) => one.end_ms > fromMs && one.start_ms < toMs);
    return shown.map((one) => {
      const left = Math.max(0, x(one.start_ms));
      const bar = at(make("span", { class: "near-stay", title: t("監督者{name}がいた間", { name: one.display_name }) }), left);
      bar.style.width = `${Math.max(2, x(Math.min(one.end_ms, toMs)) - left)}px`;
      return bar;
    });
  }

  marks(fromMs, toMs, x, width) {
    const heaps = [];
    for (const mark of this.reviewed.marksWithin(fromMs, toMs)) {
      const left = Math.min(x(mark.at_ms), width - MARK_PX);
      const last = heaps.at(-1);
      if (last && left - last.left < MARK_PX) last.marks.push(mark);
      else heaps.push({ left, marks: [mark] });
    }
    return heaps.map(({ left, marks }) => this.mark(left, marks));
  }

  mark(left, marks) {
    const [first] = marks;
    const letters = [...new Set(marks.map((mark) => mark.group))];
    const label = marks.map(markLabel).join("\n");
    const button = make("button", {
      class: "mark-button",
      type: "button",
      "data-group": letters.length === 1 ? first.group : "several",
      "data-level": first.group === "finding" && letters.length === 1 ? String(first.number) : null,
      text: marks.length === 1 ? groupLetter(first.group) : String(marks.length),
      title: label,
      "aria-label": marks.length === 1 ? label : t("{n}件:{list}", { n: marks.length, list: label }),
      on: {
        click: () => {
          this.onSeek(first.at_ms);
          this.onMarks(marks);
        },
      },
    });
    return at(button, left);
  }
}

function share(event, element) {
  const box = element.getBoundingClientRect();
  return Math.min(Math.max(0, (event.clientX - box.left) / box.width), 1);
}

function at(element, left) {
  element.style.transform = `translateX(${left}px)`;
  return element;
}

function levelPiece(one, left, right) {
  const label = level(one.level).label;
  const piece = make("span", { class: "near-level", "data-level": String(one.level), title: label }, [icon(`level-${one.level}`)]);
  if (right - left > WORD_PX) piece.append(make("span", { text: label }));
  piece.style.width = `${Math.max(1, right - left)}px`;
  return at(piece, left);
}

function ticksOf(fromMs, toMs, width) {
  const step = TICKS.find((one) => ((toMs - fromMs) / one) * TICK_PX <= width) ?? TICKS.at(-1);
  const ticks = [];
  for (let ms = Math.ceil(fromMs / step) * step; ms < toMs - step / 2; ms += step) ticks.push(ms);
  return ticks;
}
