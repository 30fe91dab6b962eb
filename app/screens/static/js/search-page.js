/** Glue: 「通話の検索」: the form, the address that keeps it, and what was found. */

import { read, send } from "./api.js";
import { byId, make, say } from "./dom.js";
import { keysWanted } from "./keys.js";
import { t, tError } from "./language.js";
import { card } from "./search-cards.js";
import { FIELD_OF, fill, queryOf } from "./search-form.js";

const SLOW_MS = 300;
const PATIENCE_MS = 30_000;

const form = byId("search");
let asked = 0; // of several searches only the last one is shown
let query = null; // of the page that is shown
let number = "";
let next = null;

/** The number goes by POST: it must be in no address and no log. */
async function ask(wanted, dialled, after) {
  const all = new URLSearchParams(wanted);
  if (after) all.append("after", after);
  const path = `/v1/search?${all}`;
  if (dialled) return send("POST", path, { number: dialled }, { attempts: 1, timeoutMs: PATIENCE_MS });
  return (await read(path, { timeoutMs: PATIENCE_MS })).body;
}

async function search(after = null) {
  asked += 1;
  const mine = asked;
  const slow = setTimeout(() => say(byId("count"), t("検索しています…")), SLOW_MS);
  byId("results").setAttribute("aria-busy", "true");
  byId("more").disabled = true;
  quiet();
  try {
    const found = await ask(query, number, after);
    if (mine === asked) show(found, after !== null);
  } catch (error) {
    if (mine === asked) refuse(error, after !== null);
  } finally {
    clearTimeout(slow);
    if (mine === asked) {
      byId("results").setAttribute("aria-busy", "false");
      byId("more").disabled = false;
    }
  }
}

let counted = "";

function show(found, continued) {
  const list = byId("found");
  const cards = found.calls.map(card);
  if (continued) list.append(...cards);
  else list.replaceChildren(...cards);
  if (!continued) counted = countWords(found);
  next = found.next;
  byId("more").hidden = next === null;
  byId("start").hidden = true;
  byId("nothing").hidden = list.children.length > 0;
  say(byId("count"), list.children.length > 0 ? counted : "");
  byId("waiting").hidden = found.waiting === 0;
  say(byId("waiting"), found.waiting > 0 ? t("検索の準備中の通話が{n}件あります。準備ができると、言葉で見つかるようになります。", { n: found.waiting }) : "");
  if (continued) cards[0]?.querySelector("a").focus();
}

function countWords(found) {
  const n = new Intl.NumberFormat("ja-JP").format(found.count);
  return found.more_than_counted ? t("{n}件以上見つかりました", { n }) : t("{n}件見つかりました", { n });
}

function quiet() {
  byId("failure").hidden = true;
  for (const name of new Set(Object.values(FIELD_OF))) {
    byId(`${name}-error`).hidden = true;
    byId(name).removeAttribute("aria-invalid");
  }
}

function refuse(error, continued) {
  const field = FIELD_OF[error.code];
  const why = error.status === 401 ? t("サインインの期限が切れました。サインインし直してから、もう一度検索してください。") : tError(error) || t("検索できませんでした。もう一度お試しください。");
  say(byId("count"), continued ? counted : "");
  if (!continued) {
    byId("found").replaceChildren();
    byId("more").hidden = true;
    byId("nothing").hidden = true;
  }
  if (!field) {
    byId("failure").replaceChildren(why, ...(error.status === 401 ? [" ", make("a", { href: "/login?next=%2Fsearch", text: t("サインインする") })] : []));
    byId("failure").hidden = false;
    return;
  }
  say(byId(`${field}-error`), why);
  byId(`${field}-error`).hidden = false;
  byId(field).setAttribute("aria-invalid", "true");
  byId(field).focus();
}

function submit() {
  query = queryOf(form);
  number = byId("number").value.trim();
  const address = query.size > 0 ? `?${query}` : location.pathname;
  if (`?${query}` !== location.search) history.pushState(null, "", address);
  search();
}

function open() {
  // Sent before this script was there, the form names its empty fields, too.
  const kept = new URLSearchParams([...new URLSearchParams(location.search)].filter(([, value]) => value !== ""));
  if (kept.size === 0) return; // what somebody may have typed already stays
  fill(form, kept);
  query = kept;
  number = "";
  search();
}

function clear() {
  form.reset();
  fill(form, new URLSearchParams());
  asked += 1;
  number = "";
  history.pushState(null, "", location.pathname);
  quiet();
  byId("found").replaceChildren();
  for (const id of ["more", "nothing"]) byId(id).hidden = true;
  byId("start").hidden = false;
  byId("results").setAttribute("aria-busy", "false");
  say(byId("count"), "");
  byId("q").focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
byId("clear").addEventListener("click", clear);
byId("more").addEventListener("click", () => search(next));
// A choice from a list is a decision; what is typed waits for Enter or the button.
for (const field of form.querySelectorAll("select, input[type='checkbox']")) field.addEventListener("change", submit);
window.addEventListener("popstate", () => {
  byId("number").value = "";
  if (location.search === "") location.reload();
  else open();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || !keysWanted() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  event.preventDefault();
  byId("q").focus();
  byId("q").select();
});
document.body.classList.toggle("keys-off", !keysWanted());
open();
byId("search-page").dataset.ready = "yes";
