/** Glue: how loud both tracks were, drawn on a canvas: the caller above, the operator below. */

export const TRACKS = ["caller", "operator"];
const MOST_BINS = 4_000; // at a time: more than a screen has dots
const FEWEST_MS = 20;
const ENOUGH_BINS = 500;
const FAINT = 0.35; // a side that is muted
const LOUD = 0.6; // the ear hears less of the loud than the number says: quiet voices are seen too

/** The loudness of each track from `fromMs` to `toMs` by even stretches, one byte each. */
export class Peaks {
  constructor(tracks, fromMs, toMs) {
    this.tracks = tracks;
    this.fromMs = fromMs;
    this.toMs = toMs;
  }

  covers(fromMs, toMs) {
    return this.fromMs <= fromMs && toMs <= this.toMs;
  }

  /** Whether a look at that stretch sees more than bars. */
  finerThan(fromMs, toMs) {
    const bins = Math.max(0, ...Object.values(this.tracks).map((one) => one.length));
    return (bins * (toMs - fromMs)) / (this.toMs - this.fromMs) >= ENOUGH_BINS || bins * FEWEST_MS >= this.toMs - this.fromMs;
  }

  static wanted(durationMs) {
    return Math.max(1, Math.min(MOST_BINS, Math.ceil(durationMs / FEWEST_MS)));
  }

  static of(told, fromMs, toMs) {
    const tracks = {};
    for (const [track, packed] of Object.entries(told.peaks)) {
      tracks[track] = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    }
    return new Peaks(tracks, fromMs, toMs);
  }

  /** The loudest from `fromMs` to `toMs`, 0 to 1. */
  loudest(track, fromMs, toMs) {
    const bins = this.tracks[track];
    if (!bins) return 0;
    const place = (ms) => ((ms - this.fromMs) / (this.toMs - this.fromMs)) * bins.length;
    const first = Math.max(0, Math.floor(place(fromMs)));
    const last = Math.min(bins.length - 1, Math.max(first, Math.ceil(place(toMs)) - 1));
    let most = 0;
    for (let bin = first; bin <= last; bin += 1) if (bins[bin] > most) most = bins[bin];
    return most / 255;
  }
}

export class WaveCanvas {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
  }

  /**
   * Draw the stretch from `fromMs` to `toMs`.
   *
   * @param silent stretches without sound: `{start_ms, end_ms, track?}`, hatched
   * @param levels drawn as steps at the foot where `levelPx` leaves room: the higher, the graver
   * @param ticks moments to be marked at the head
   */
  draw({ fromMs, toMs, peaks, silent, muted, levels = [], levelPx = 0, ticks = [] }) {
    const { canvas, pen } = this;
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (width === 0 || height === 0) return;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(canvas);
    const ink = (name) => style.getPropertyValue(name).trim();
    const lane = (height - levelPx) / TRACKS.length;
    const x = (ms) => ((ms - fromMs) / (toMs - fromMs)) * width;
    TRACKS.forEach((track, place) => {
      const top = place * lane;
      const middle = top + lane / 2;
      pen.fillStyle = ink("--line-soft");
      pen.fillRect(0, Math.round(middle), width, 1);
      if (!peaks) return;
      pen.fillStyle = ink(place === 0 ? "--wave-caller" : "--wave-operator");
      pen.globalAlpha = muted?.[track] ? FAINT : 1;
      const step = (toMs - fromMs) / width;
      for (let at = 0; at < width; at += 1) {
        const half = peaks.loudest(track, fromMs + at * step, fromMs + (at + 1) * step) ** LOUD * (lane / 2 - 2);
        if (half > 0.5) pen.fillRect(at, middle - half, 1, half * 2);
      }
      pen.globalAlpha = 1;
    });
    pen.fillStyle = ink("--line-soft");
    pen.fillRect(0, Math.round(lane), width, 1);
    for (const one of silent) {
      const place = one.track ? TRACKS.indexOf(one.track) : 0;
      const top = Math.max(0, place) * lane;
      hatch(pen, x(one.start_ms), top, Math.max(2, x(one.end_ms) - x(one.start_ms)), one.track ? lane : lane * TRACKS.length, ink("--ink-quiet"));
    }
    for (const one of levels) {
      if (one.level === 0) continue;
      const tall = (levelPx * one.level) / 3;
      pen.fillStyle = ink(`--level-${one.level}`);
      pen.fillRect(x(one.start_ms), height - tall, Math.max(1, x(one.end_ms) - x(one.start_ms)), tall);
    }
    pen.fillStyle = ink("--ink-strong");
    for (const ms of ticks) pen.fillRect(Math.round(x(ms)), 0, 1, 6);
  }
}

function hatch(pen, left, top, width, height, colour) {
  pen.save();
  pen.beginPath();
  pen.rect(left, top, width, height);
  pen.clip();
  pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let at = left - height; at < left + width; at += 6) {
    pen.moveTo(at, top + height);
    pen.lineTo(at + height, top);
  }
  pen.stroke();
  pen.restore();
}
