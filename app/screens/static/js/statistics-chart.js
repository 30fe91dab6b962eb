/** Pure: a chart as SVG, drawn from the same rows as its table: columns over time, else bars beside their names. */

import { named, shortMonth } from "./statistics-words.js";
import { t } from "./language.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 520;
const HIDDEN_PX = 14;
const COLUMNS = { height: 240, top: 12, bottom: 30, left: 44, right: 6 };
const BARS = { row: 34, name: 196, right: 62, top: 6 };

function draw(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/** The patterns by which series differ besides their colour; once for each chart. */
function patterns() {
  const defs = draw("defs", {});
  const lines = draw("pattern", { id: "bar-pattern-1", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  lines.append(draw("rect", { class: "pattern-ground", width: 6, height: 6 }), draw("line", { class: "pattern-1", x1: 0, y1: 0, x2: 0, y2: 6, "stroke-width": 5 }));
  const dots = draw("pattern", { id: "bar-pattern-2", width: 6, height: 6, patternUnits: "userSpaceOnUse" });
  dots.append(draw("rect", { class: "pattern-ground", width: 6, height: 6 }), draw("circle", { class: "pattern-2", cx: 3, cy: 3, r: 2.2 }));
  defs.append(lines, dots);
  return defs;
}

/** A step of 1, 2 or 5 with as many zeros as it takes to need at most five lines. */
export function stepFor(most) {
  let step = 1;
  while (most / step > 5) step *= String(step).startsWith("2") ? 2.5 : 2;
  return step;
}

function frame(height, label, describedBy) {
  const svg = draw("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": label, "aria-describedby": describedBy });
  svg.append(patterns());
  return svg;
}

function valueOf(cell) {
  return cell.value ?? 0;
}

/** Columns side by side for each row; `series` are the columns of the table that are drawn. */
export function columnsChart(table, series, { label, describedBy }) {
  const { height, top, bottom, left, right } = COLUMNS;
  const floor = height - bottom;
  const shown = table.rows.flatMap((row) => series.flatMap((at) => [valueOf(row.cells[at]), row.before ? valueOf(row.before[at]) : 0]));
  const most = Math.max(1, ...shown);
  const step = stepFor(most);
  const ceiling = Math.ceil(most / step) * step;
  const y = (value) => floor - (value / ceiling) * (floor - top);
  const svg = frame(height, label, describedBy);
  for (let line = 0; line <= ceiling; line += step) {
    svg.append(draw("line", { class: line ? "grid" : "axis", x1: left, x2: WIDTH - right, y1: y(line), y2: y(line) }));
    svg.append(draw("text", { x: left - 6, y: y(line) + 4, "text-anchor": "end" }, line.toLocaleString()));
  }
  const wide = (WIDTH - left - right) / table.rows.length;
  const bar = Math.min(28, (wide * 0.76) / series.length);
  const every = Math.ceil((table.rows.length * 40) / (WIDTH - left));
  table.rows.forEach((row, place) => {
    const middle = left + wide * (place + 0.5);
    series.forEach((at, number) => {
      const x = middle - (bar * series.length) / 2 + bar * number;
      const cell = row.cells[at];
      if (cell.value === null) svg.append(draw("rect", { class: "bar-hidden", x: x + 1, width: bar - 2, y: floor - HIDDEN_PX, height: HIDDEN_PX }));
      else if (cell.value > 0) svg.append(draw("rect", { class: `bar-${number}`, x: x + 1, width: bar - 2, y: y(cell.value), height: floor - y(cell.value) }));
      const before = row.before?.[at];
      if (before?.value) svg.append(draw("line", { class: "bar-before", x1: x, x2: x + bar, y1: y(before.value), y2: y(before.value) }));
    });
    if (place % every === 0) svg.append(draw("text", { x: middle, y: height - 10, "text-anchor": "middle" }, shortName(table.key, row)));
  });
  return svg;
}

/** One bar for each row, its name before it and its number behind it. */
export function barsChart(table, at, { label, describedBy, tell }) {
  const { row: tall, name, right, top } = BARS;
  const rows = table.rows.filter((row) => !row.total);
  const most = Math.max(1, ...rows.flatMap((row) => [valueOf(row.cells[at]), row.before ? valueOf(row.before[at]) : 0]));
  const long = (value) => (value / most) * (WIDTH - name - right);
  const svg = frame(top * 2 + tall * rows.length, label, describedBy);
  svg.append(draw("line", { class: "axis", x1: name, x2: name, y1: top, y2: top + tall * rows.length }));
  rows.forEach((row, place) => {
    const middle = top + tall * (place + 0.5);
    const cell = row.cells[at];
    const lines = folded(named(row.label));
    lines.forEach((line, number) => {
      svg.append(draw("text", { x: name - 8, y: middle + 4.5 + (number - (lines.length - 1) / 2) * 15, "text-anchor": "end" }, line));
    });
    const end = cell.value === null ? HIDDEN_PX : long(cell.value);
    if (cell.value === null) svg.append(draw("rect", { class: "bar-hidden", x: name, y: middle - 9, width: HIDDEN_PX, height: 18 }));
    else if (cell.value > 0) svg.append(draw("rect", { class: "bar-0", x: name, y: middle - 9, width: Math.max(1, end), height: 18 }));
    const before = row.before?.[at];
    if (before?.value) svg.append(draw("line", { class: "bar-before", x1: name + long(before.value), x2: name + long(before.value), y1: middle - 13, y2: middle + 13 }));
    svg.append(draw("text", { x: name + Math.max(end, before?.value ? long(before.value) : 0) + 8, y: middle + 4.5 }, tell(cell)));
  });
  return svg;
}

/** What the bars mean, where there is more than one kind or a year before. */
export function legend(names, { compared, hidden }) {
  const list = document.createElement("ul");
  list.className = "legend";
  const entries = names.map((name, number) => [name, draw("rect", { class: `bar-${number}`, x: 1, y: 1, width: 22, height: 14 })]);
  if (names.length < 2) entries.length = 0;
  if (compared) entries.push([t("前年同期"), draw("line", { class: "bar-before", x1: 12, x2: 12, y1: 0, y2: 16 })]);
  if (hidden) entries.push([t("表示しない数"), draw("rect", { class: "bar-hidden", x: 1, y: 1, width: 22, height: 14 })]);
  for (const [name, mark] of entries) {
    const item = document.createElement("li");
    const picture = draw("svg", { viewBox: "0 0 24 16", "aria-hidden": "true" });
    picture.append(patterns(), mark);
    item.append(picture, name);
    list.append(item);
  }
  return entries.length ? list : null;
}

function shortName(table, row) {
  if (table === "months") return shortMonth(row.key);
  if (table === "hours") return { early: t("〜8時"), late: t("18時〜") }[row.key] ?? t("{n}時", { n: Number(row.key) });
  return named(row.label).slice(0, 3);
}

/** At most two lines of a name: Japanese has no blanks to break at. */
function folded(name) {
  const room = /[\u3041-\u30ff\u4e00-\u9fff]/.test(name) ? 14 : 26;
  if (name.length <= room) return [name];
  const bracket = name.indexOf("(");
  const at = bracket > 0 && bracket <= room ? bracket : room;
  const rest = name.slice(at);
  return [name.slice(0, at), rest.length > room ? `${rest.slice(0, room - 1)}…` : rest];
}
