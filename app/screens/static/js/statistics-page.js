/** Glue: 「統計」: asks for a period, shows each table with its chart; says what is being counted and what failed. */

import { read } from "./api.js";
import { byId, make, say } from "./dom.js";
import { t, tError } from "./language.js";
import { barsChart, columnsChart, legend } from "./statistics-chart.js";
import { cellWords, monthWords, named } from "./statistics-words.js";
import { moment } from "./times.js";

/** Which columns of a table are drawn, and how. What is not here is a table alone. */
const CHARTS = {
  months: { columns: [0, 3] },
  hours: { columns: [0, 1] },
  weekdays: { columns: [0, 1] },
  sections: { bars: 1 },
  outcomes: { bars: 0 },
  categories: { bars: 0 },
  levels: { bars: 0 },
  judgements: { bars: 0 },
  held: { bars: 0 },
  warnings: { bars: 0 },
};

let asked = 0;

function period() {
  const kind = byId("kind").value;
  const year = Number(byId("year").value);
  const first = byId("first").value;
  if (kind === "month") return [first, first];
  if (kind === "range") return [first, byId("last").value];
  const from = kind === "quarter" ? Number(byId("quarter").value) * 3 : 0;
  return [monthOf(year, from), monthOf(year, kind === "quarter" ? from + 2 : 11)];
}

function monthOf(fiscalYear, place) {
  const month = ((place + 3) % 12) + 1;
  return `${fiscalYear + (place > 8 ? 1 : 0)}-${String(month).padStart(2, "0")}`;
}

function query() {
  const [first, last] = period();
  const asking = new URLSearchParams({ first, last });
  if (byId("section").value) asking.set("section", byId("section").value);
  if (byId("compare").checked) asking.set("compare", "true");
  return asking.toString();
}

function showFields() {
  const kind = byId("kind").value;
  for (const field of document.querySelectorAll("[data-for]")) field.hidden = !field.dataset.for.split(" ").includes(kind);
}

async function show() {
  const turn = ++asked;
  showFields();
  const asking = query();
  byId("csv").href = `/v1/statistics/export.csv?${asking}`;
  byId("xlsx").href = `/v1/statistics/export.xlsx?${asking}`;
  const yearly = byId("yearly");
  if (yearly) yearly.href = `/statistics/yearly/${byId("year").value}`;
  byId("failure").hidden = true;
  byId("waiting").hidden = false;
  say(byId("waiting-word"), t("集計しています…"));
  byId("tables").setAttribute("aria-busy", "true");
  try {
    const { body } = await read(`/v1/statistics?${asking}`, { timeoutMs: 60_000 });
    if (turn === asked) fill(body);
  } catch (error) {
    if (turn !== asked) return;
    byId("waiting").hidden = true;
    byId("tables").replaceChildren();
    say(byId("failure-word"), tError(error) || t("統計を読み込めませんでした。"));
    byId("failure").hidden = false;
  } finally {
    if (turn === asked) byId("tables").removeAttribute("aria-busy");
  }
}

function fill(figures) {
  const n = figures.least_shown;
  say(byId("why-small"), t("1件以上{n}件未満の数は、だれのことか分かるおそれがあるため「{n}未満」と表示します。「{n}未満」には0件も含まれることがあります。", { n }));
  say(byId("why-people"), t("電話に出た職員が{n}人に満たない課や月の数は、その職員の数になってしまうため、ほかの課とまとめるか、表示しません。", { n: figures.least_operators }));
  sections(figures);
  const months = figures.first === figures.last ? monthWords(figures.first) : t("{first}から{last}まで", { first: monthWords(figures.first), last: monthWords(figures.last) });
  const counted = t("{months}・{at}現在", { months, at: moment(figures.as_of) });
  say(byId("as-of"), figures.unfinished ? `${counted} ${t("(期間の途中です)")}` : counted);
  const nothing = reasonForNothing(figures);
  byId("waiting").hidden = !nothing;
  say(byId("waiting-word"), nothing);
  const shown = nothing ? [] : figures.tables.filter((table) => table.rows.length > 1 || table.key !== "months");
  byId("tables").replaceChildren(...shown.map((table) => figure(table, figures)));
}

function reasonForNothing(figures) {
  if (figures.empty) return t("この期間に終わった通話はありません。通話が終わって10分ほどすると、ここに数が出ます。");
  if (figures.too_few_people) return t("電話に出た職員が少ないため、この範囲だけの統計は表示できません。期間を長くするか、庁内全体の統計をご覧ください。");
  return "";
}

function sections(figures) {
  const list = byId("section");
  byId("section-field").hidden = figures.sections.length === 0 && !list.value;
  const chosen = list.value;
  const names = [...new Set([...figures.sections, ...(chosen ? [chosen] : [])])];
  const whole = list.options[0];
  list.replaceChildren(whole, ...names.map((name) => make("option", { value: name, text: name })));
  list.value = chosen;
}

function figure(table, figures) {
  const id = `figure-${table.key}`;
  const plan = CHARTS[table.key];
  const body = make("div", { class: "figure-body" });
  if (plan) body.append(chart(table, plan, figures, `${id}-table`));
  body.append(make("div", { class: "figure-table" }, [tableOf(table, figures, `${id}-table`)]));
  return make("section", { class: "figure", id, "aria-labelledby": `${id}-heading`, "data-chart": Boolean(plan), "data-wide": figures.compared && table.columns.length > 2 }, [
    make("h2", { id: `${id}-heading`, text: named(table.title) }),
    table.note ? make("p", { class: "figure-note", text: named(table.note) }) : null,
    body,
  ]);
}

function chart(table, plan, figures, describedBy) {
  const tell = (cell) => cellWords(cell, figures.least_shown);
  const label = t("{title}のグラフ", { title: named(table.title) });
  const drawn = plan.columns ?? [plan.bars];
  const hidden = table.rows.some((row) => drawn.some((at) => row.cells[at].value === null));
  const names = drawn.map((at) => named(table.columns[at].label));
  const options = { label, describedBy, tell };
  const picture = plan.columns ? columnsChart(table, plan.columns, options) : barsChart(table, plan.bars, options);
  const box = make("div");
  const key = legend(names, { compared: figures.compared, hidden });
  if (key) box.append(key);
  box.append(picture);
  return box;
}

function tableOf(table, figures, id) {
  const columns = table.columns.map((column) => named(column.label));
  const heads = figures.compared ? columns.flatMap((name) => [name, t("{name}(前年同期)", { name })]) : columns;
  const cell = (one, before) =>
    make("td", { text: cellWords(one, figures.least_shown), "data-hidden": one.value === null, class: before ? "before" : null });
  const rows = table.rows.map((row) =>
    make("tr", {}, [
      make("th", { scope: "row", text: table.key === "months" ? monthWords(row.key) : named(row.label) }),
      ...row.cells.flatMap((one, place) => (row.before ? [cell(one, false), cell(row.before[place], true)] : [cell(one, false)])),
    ]),
  );
  return make("table", { class: "table", id }, [
    make("caption", { class: "visually-hidden", text: named(table.title) }),
    make("thead", {}, [make("tr", {}, [make("th", { scope: "col", text: named(table.head) }), ...heads.map((text) => make("th", { scope: "col", text }))])]),
    make("tbody", {}, rows),
  ]);
}

byId("ask").addEventListener("change", show);
byId("ask").addEventListener("submit", (event) => event.preventDefault());
byId("again").addEventListener("click", show);
show();
