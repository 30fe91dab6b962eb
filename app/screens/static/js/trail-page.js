/** Glue: 「操作の記録」: pages of links, what is looked for, and the check of the whole trail with its progress. */

import { read, send } from "./api.js";
import { byId, make, say } from "./dom.js";
import { locale, t, tError } from "./language.js";

const ROLES = JSON.parse(byId("roles").textContent);
const WHEN = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium", timeZone: "Asia/Tokyo" });
const POLL_MS = 700;

let nextBefore = null;
let asked = 0;
let shown = new URLSearchParams(); // what the list was asked for: the form may have been changed since

function wanted() {
  const asking = new URLSearchParams();
  for (const [name, value] of new FormData(byId("ask"))) if (String(value).trim()) asking.set(name, String(value).trim());
  return asking;
}

async function show({ more = false } = {}) {
  const turn = ++asked;
  if (!more) shown = wanted();
  byId("csv").href = `/v1/trail/export.csv?${shown}`;
  const asking = new URLSearchParams(shown);
  if (more) asking.set("before", nextBefore);
  byId("failure").hidden = true;
  if (!more) {
    byId("waiting").hidden = false;
    byId("waiting").querySelector("svg").removeAttribute("hidden");
    byId("links").hidden = true;
    byId("more").hidden = true;
    say(byId("waiting-word"), t("読み込んでいます…"));
  }
  try {
    const { body } = await read(`/v1/trail?${asking}`, { timeoutMs: 30_000 });
    if (turn === asked) fill(body, more);
  } catch (error) {
    if (turn !== asked) return;
    byId("waiting").hidden = true;
    say(byId("failure"), tError(error) || t("操作の記録を読み込めませんでした。もう一度お試しください。"));
    byId("failure").hidden = false;
  }
}

function fill(page, more) {
  nextBefore = page.next_before;
  const rows = page.links.map(row);
  if (more) byId("rows").append(...rows);
  else byId("rows").replaceChildren(...rows);
  const nothing = byId("rows").children.length === 0;
  byId("waiting").hidden = !nothing;
  byId("waiting").querySelector("svg").setAttribute("hidden", ""); // nothing is waited for any more
  if (nothing) say(byId("waiting-word"), t("この条件に当たる記録はありません。"));
  byId("links").hidden = nothing;
  byId("more").hidden = nextBefore === null;
  if (more) rows[0]?.querySelector("a, td")?.focus?.();
}

function row(link) {
  const deed = [t(link.label), link.known ? null : make("code", { text: ` ${link.kind}` })].filter(Boolean);
  const who = link.by ? [link.by, make("span", { class: "role", text: ROLES[link.role] ?? link.role })] : [t("(サーバー)")];
  return make("tr", {}, [
    make("td", { class: "number", text: String(link.number) }),
    make("td", { text: WHEN.format(new Date(link.at)) }),
    make("td", {}, deed),
    make("td", {}, who),
    make("td", { text: link.address || "−" }),
    make("td", {}, subject(link)),
  ]);
}

function subject(link) {
  const parts = [];
  // Auditors alone read of calls here, and none of a live one: these are looked at on the review page.
  if (link.call_id && link.call_there) parts.push(make("a", { href: `/calls/${encodeURIComponent(link.call_id)}/review`, text: link.call_id }));
  else if (link.call_id) parts.push(make("code", { text: link.call_id }), ` ${t("(削除済み)")}`);
  if (link.subject && !link.call_id) parts.push(link.subject);
  return parts.length ? parts : ["−"];
}

async function showCheck() {
  let found;
  try {
    found = (await read("/v1/trail/check")).body;
  } catch (error) {
    say(byId("check-words"), tError(error) || t("確かめた結果を読み込めませんでした。"));
    return;
  }
  const box = document.querySelector(".trail-check");
  const bar = byId("check-progress");
  byId("check-now").setAttribute("aria-disabled", String(found.running));
  bar.hidden = !found.running;
  if (found.running) {
    bar.max = Math.max(1, found.of);
    bar.value = found.done;
    say(byId("check-words"), t("確かめています… {done} / {of}件", { done: found.done.toLocaleString(locale), of: found.of.toLocaleString(locale) }));
    setTimeout(showCheck, POLL_MS);
    return;
  }
  box.dataset.state = found.failed || !found.last ? "" : found.last.sound ? "sound" : "broken";
  say(byId("check-words"), checkWords(found));
  byId("check-end").hidden = !found.last;
  if (found.last) say(byId("check-end"), t("確かめた終わり {end}(紙などに控えておくと、後で終わりが切り取られていないことも確かめられます)", { end: found.last.end }));
}

function checkWords({ failed, last }) {
  if (failed) return t("確かめる途中で止まりました。もう一度お試しになり、続くときは管理者に連絡してください。");
  if (!last) return t("まだ確かめていません。");
  const at = WHEN.format(new Date(last.at));
  if (last.sound) return t("{at}に確かめました。{n}件の記録は、すべて書かれたときのままです。", { at, n: last.links.toLocaleString(locale) });
  if (last.broken_number !== null) return t("{at}に確かめたところ、{number}番の記録に誤りがあります:{fault}。この画面を閉じずに、管理者と所属長に知らせてください。", { at, number: last.broken_number, fault: t(last.fault_words) });
  return t("{at}に確かめたところ、{numbers}番の記録が示す操作の内容が、後から変えられています。管理者と所属長に知らせてください。", { at, numbers: last.altered.join(", ") });
}

async function checkNow() {
  if (byId("check-now").getAttribute("aria-disabled") === "true") return;
  byId("check-now").setAttribute("aria-disabled", "true");
  try {
    await send("POST", "/v1/trail/check", undefined, { attempts: 1 });
  } catch (error) {
    byId("check-now").setAttribute("aria-disabled", "false");
    say(byId("check-words"), tError(error) || t("確かめられませんでした。もう一度お試しください。"));
    return;
  }
  await showCheck();
}

byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  show();
});
byId("more").addEventListener("click", () => show({ more: true }));
byId("check-now").addEventListener("click", checkNow);
show();
showCheck();
