/** Glue: the list of calls a person may see, live ones above, ended ones below. */

import { opensByItself, read, setOpensByItself } from "./api.js";
import { byId, make, say } from "./dom.js";
import { EventFeed } from "./events.js";
import { inEnglish, t } from "./language.js";
import { CallRows } from "./render-list.js";
import { drawLink } from "./render-status.js";
import { emptyList, PAGE_CALLS, reduceList, withLive, withPage } from "./state-list.js";

/** As many as the server lists at once. */
const MOST_LIVE = 200;
const EMPTY_WORDS = {
  operator: t("通話を待っています。電話がつながると、ここに表示されます。"),
  supervisor: t("いま、課の通話はありません。電話がつながると、ここに表示されます。"),
};

const role = byId("calls").dataset.role;
const liveRows = new CallRows("live", true);
const pastRows = new CallRows("past", false);
const autoOpen = byId("auto-open");

let list = emptyList();
let link = { state: "connecting" };
let skewMs = 0;
let loaded = false;
let frame = null;
let asking = null;
const listening = new Set(); // what was heard since each question that is on its way

function drawSoon() {
  frame ??= setTimeout(draw, 16);
}

function draw() {
  frame = null;
  drawLink(link, list.health);
  liveRows.draw(list.live, Date.now() + skewMs);
  pastRows.draw(list.past, 0);
  byId("live-table").hidden = list.live.length === 0;
  byId("live-empty").hidden = list.live.length > 0;
  if (loaded) say(byId("live-empty-word"), EMPTY_WORDS[role] ?? EMPTY_WORDS.operator);
  say(byId("live-count"), list.live.length > 0 ? t("{n}件", { n: list.live.length }) : "");
  byId("past-table").hidden = list.past.length === 0;
  byId("past-empty").hidden = !loaded || list.past.length > 0;
  byId("older").hidden = !list.older;
  const waiting = list.live.filter((call) => call.help_requested);
  byId("help-summary").hidden = waiting.length === 0;
  drawHelpSummary(waiting);
}

let summed = "";

function drawHelpSummary(waiting) {
  const ids = waiting.map((call) => call.call_id).join(" ");
  if (ids === summed) return; // an unchanged live region stays silent, and a focused link stays
  summed = ids;
  const links = waiting.flatMap((call, index) => [
    index > 0 ? (inEnglish ? ", " : "、") : "",
    make("a", { href: `/calls/${encodeURIComponent(call.call_id)}`, text: call.operator || t("職員の指定なし") }),
  ]);
  byId("help-summary").replaceChildren(t("応援要請 {n}件:", { n: waiting.length }), ...links);
}

async function readLive() {
  const heard = [];
  listening.add(heard);
  try {
    const { body, serverNow } = await read(`/v1/calls?state=live&limit=${MOST_LIVE}`);
    skewMs = serverNow - Date.now();
    list = withLive(list, body, heard);
    return body.seq;
  } finally {
    listening.delete(heard);
  }
}

async function readPast(before = null) {
  const from = before === null ? "" : `&before=${encodeURIComponent(before)}`;
  const { body } = await read(`/v1/calls?state=ended&limit=${PAGE_CALLS}${from}`);
  list = withPage(list, body.calls);
}

/** A call that is not on the list yet: the server knows its section, number and operator. */
function askAgain(callId) {
  clearTimeout(asking);
  asking = setTimeout(async () => {
    const known = new Set(list.live.map((call) => call.call_id));
    try {
      await readLive();
      // It may be over already: then it stands among the ended ones.
      if (!list.live.some((call) => call.call_id === callId)) await readPast();
    } catch {
      asking = setTimeout(() => askAgain(callId), 2_000);
      return;
    }
    drawSoon();
    const fresh = list.live.find((call) => call.call_id === callId && !known.has(callId));
    if (fresh) say(byId("polite"), t("通話が始まりました。"));
    if (fresh && autoOpen?.checked) window.location.assign(`/calls/${encodeURIComponent(callId)}`);
  }, 200);
}

function take(event) {
  for (const heard of listening) heard.push(event);
  if (isNew(event)) askAgain(event.call_id);
  else list = reduceList(list, event);
  drawSoon();
}

/** A call that has just begun; for auditors, who see no live ones, one that has just ended. */
function isNew({ type, call_id: id }) {
  return type === "call.started" || (type === "call.ended" && !list.live.some((call) => call.call_id === id));
}

async function open(attempt = 0) {
  let seq;
  try {
    seq = await readLive();
    await readPast();
  } catch (error) {
    if (error.status === 401 || error.status === 403) {
      link = { state: "refused", code: error.status === 401 ? 4401 : 4403 };
      byId("failure").hidden = false;
      say(byId("failure"), t("通話一覧を表示できません。サインインし直してください。"));
      draw();
      return;
    }
    link = { state: "waiting" };
    drawSoon();
    setTimeout(() => open(attempt + 1), Math.min(10_000, 500 * 2 ** attempt));
    return;
  }
  loaded = true;
  new EventFeed({
    after: seq,
    onEvent: take,
    onLink: (next) => {
      link = next;
      drawSoon();
    },
  }).start();
  drawSoon();
}

byId("older").addEventListener("click", async () => {
  try {
    await readPast(list.past.at(-1)?.started_at ?? null);
  } catch {
    byId("failure").hidden = false;
    say(byId("failure"), t("前の通話を読み込めませんでした。もう一度お試しください。"));
    return;
  }
  drawSoon();
});
if (autoOpen) {
  autoOpen.checked = opensByItself();
  autoOpen.addEventListener("change", () => setOpensByItself(autoOpen.checked));
}
setInterval(() => {
  if (list.live.length > 0) draw();
}, 1_000);
open();
