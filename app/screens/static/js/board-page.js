/** Glue: the supervisors' board. One read of everything, then events, one drawing a frame. */

import { read } from "./api.js";
import { Breaks } from "./board-breaks.js";
import { BoardControls } from "./board-controls.js";
import { BoardKeys } from "./board-keys.js";
import { counts, matches, newsOf, nextOrder, noOrder, placesOf } from "./board-order.js";
import { BoardRows, levelWord } from "./board-rows.js";
import { DesktopNotes, Tones } from "./board-signals.js";
import { emptyBoard, fromBoard, reduceBoard, withCalls, withoutEnded } from "./board-state.js";
import { BoardTop, drawBanner } from "./board-top.js";
import { byId, say } from "./dom.js";
import { EventFeed } from "./events.js";
import { claim } from "./first-tab.js";
import { t } from "./language.js";
import { drawLink } from "./render-status.js";

const PLACES = 5;
const ENDED_SHOWN_MS = 8_000;
const ASK_TOGETHER_MS = 200;
const ASKED_AT_ONCE = 50;
const HIDDEN_DRAW_MS = 250;
const SPOKEN_MS = 5_000;
const ASK_HEALTH_MS = 20_000;
/** A proposal that nobody answers is over after some hours, and no event says so. */
const ASK_BREAKS_MS = 600_000;

const page = byId("board");
const me = page.dataset.me;
const section = page.dataset.section;

let board = emptyBoard();
let drawn = board.rows;
let order = noOrder();
let places = [];
let link = { state: "connecting" };
let skewMs = 0;
let frame = null;
let timer = null;
let clocks = true;
let atOnce = false;
let feed = null;
let asking = null;
let hush = null;
/** What was heard of calls that the board does not know yet. */
const begun = new Map();
const speaking = new Map();

const breaks = new Breaks();
const rows = new BoardRows(byId("rows"));
const tones = new Tones(() => controls.draw());
const notes = new DesktopNotes(() => controls.draw());
const controls = new BoardControls({ tones, notes, onChange: resort, onSort: resort });
const keys = new BoardKeys({ rows, onFilter: () => controls.focusName(), onSort: resort });
const top = new BoardTop(byId("urgent"), PLACES);

rows.onSeen = () => {
  clocks = true;
  drawSoon();
};
keys.onRelease = () => {
  clocks = true; // what waited for the hand to leave takes its place now
  drawSoon();
};
keys.onHelpUnseen = () => {
  if (![...board.rows.values()].some((row) => row.help)) return false;
  controls.show("help");
  draw();
  return true;
};

/** The person asked for another view: then the order may change under their hands. */
function resort() {
  atOnce = true;
  clocks = true;
  drawSoon();
}

function serverNow() {
  return Date.now() + skewMs;
}

function take(event) {
  breaks.hear(event);
  if (event.type === "transcript.partial") {
    // Of a row that nobody sees the words are not even kept.
    if (event.data.track !== "caller" || !rows.visible.has(event.call_id)) return;
    speaking.set(event.call_id, event.data.text);
  } else if (event.type === "call.started") {
    if (board.rows.has(event.call_id)) return;
    begun.set(event.call_id, []);
    askSoon();
    return;
  } else {
    begun.get(event.call_id)?.push(event);
    const after = reduceBoard(board, event);
    const over = endsSentence(event);
    if (over) speaking.set(event.call_id, "");
    if (after === board && !over) return;
    board = after;
  }
  drawSoon();
}

/** The whole sentence of the caller, or its loss, ends what was shown of its beginning, even in the same frame. */
function endsSentence({ type, data }) {
  return (type === "transcript.final" || type === "gap") && data.track === "caller";
}

/** A hidden page gets no frames, and has to sound and to count in its title all the same. */
function drawSoon() {
  if (document.hidden) timer ??= setTimeout(draw, HIDDEN_DRAW_MS);
  else frame ??= requestAnimationFrame(draw);
}

function draw() {
  if (frame !== null) cancelAnimationFrame(frame);
  clearTimeout(timer);
  frame = timer = null;
  const shownLink = drawLink(link, board.health);
  drawBanner(shownLink, board.health);
  if (!board.ready) return;
  if (clocks || atOnce || board.rows !== drawn) drawRows();
  for (const [id, text] of speaking) if (board.rows.get(id)?.endedMs === null) rows.saying(id, text);
  speaking.clear();
}

function drawRows() {
  const nowMs = serverNow();
  const held = keys.held;
  if (!held) board = withoutEnded(board, nowMs - ENDED_SHOWN_MS);
  const all = [...board.rows.values()];
  const wish = { ...controls.wish, me };
  // Under a hand no row leaves its place, even when the filter no longer means it.
  const staying = new Set(held && !atOnce ? order.ids : []);
  const meant = all.filter((row) => staying.has(row.id) || matches(row, wish, nowMs, board.limits));
  order = nextOrder(order, meant, { nowMs, limits: board.limits, held, atOnce });
  rows.draw(order.ids.map((id) => board.rows.get(id)), drawn, { nowMs, board, clocks });
  atOnce = false;
  clocks = false;
  const urgent = placesOf(places, all, PLACES);
  places = urgent.places;
  top.draw(urgent, board.rows, nowMs);
  const numbers = counts(all, me, nowMs, board.limits);
  controls.drawCounts(numbers, { stale: order.stale && held });
  byId("board-empty").hidden = order.ids.length > 0;
  say(byId("board-empty-word"), emptyWord(all.length));
  byId("board-table").hidden = order.ids.length === 0;
  const called = urgent.places.filter((id) => id !== null).length + urgent.more;
  document.title = `${called > 0 ? `(${called}) ` : ""}${t("見守り盤")} | ${t("見守り")}`;
  if (board.rows !== drawn) {
    const before = drawn;
    drawn = board.rows;
    if (heardBefore) tell(newsOf(before, board.rows));
  }
  heardBefore = true;
}

/** What waits already when the page opens is shown and counted, not sounded. */
let heardBefore = false;

function emptyWord(count) {
  if (count > 0) return t("この条件に当てはまる通話はありません。");
  return t("いま、課の通話はありません。電話がつながると、ここに表示されます。");
}

function tell(news) {
  if (news.length === 0) return;
  const words = (kind) => news.filter((one) => one.kind === kind).map(({ row }) => spokenOf(kind, row));
  announce("polite", words("help"));
  announce("assertive", words("stop"));
  for (const one of news) signal(one);
}

function spokenOf(kind, row) {
  const name = row.name || t("職員の指定なし");
  return kind === "help" ? t("応援要請。{name}。", { name }) : t("{level}。{name}の通話。", { level: levelWord(row), name });
}

function announce(id, texts) {
  if (texts.length === 0) return;
  say(byId(id), texts.join(" "));
  // Emptied again, so that the same words a second time are news.
  clearTimeout(hush);
  hush = setTimeout(() => {
    say(byId("polite"), "");
    say(byId("assertive"), "");
  }, SPOKEN_MS);
}

/** Once for each call and event, in one tab only; each way by itself, for another tab may have only one of them. */
async function signal({ kind, row }) {
  const event = kind === "help" ? `${row.id}:help:${row.help.sinceMs}` : `${row.id}:stop`;
  if (tones.state === "on" && (await claim(`sound:${event}`))) tones.play(kind);
  if (notes.state === "on" && (await claim(`desktop:${event}`))) {
    // Other people may see this desktop: nothing of what was said.
    const title = kind === "help" ? t("応援要請") : levelWord(row);
    const body = [section, row.name].filter(Boolean).join(" ");
    notes.show(title, body, event, () => window.location.assign(`/calls/${encodeURIComponent(row.id)}`));
  }
}

function askSoon() {
  asking ??= setTimeout(ask, ASK_TOGETHER_MS);
}

/** Calls that just began: the board itself knows their operator's name. */
async function ask() {
  const ids = [...begun.keys()].slice(0, ASKED_AT_ONCE);
  try {
    const query = ids.map((id) => `call=${encodeURIComponent(id)}`).join("&");
    const { body } = await read(`/v1/board?${query}`);
    board = withCalls(board, body, ids.flatMap((id) => begun.get(id)));
    for (const id of ids) begun.delete(id);
    asking = null;
    if (begun.size > 0) askSoon();
    drawSoon();
  } catch {
    asking = link.state === "refused" ? null : setTimeout(ask, 2_000);
  }
}

async function readAll() {
  const { body, serverNow: at } = await read("/v1/board");
  skewMs = at - Date.now();
  board = fromBoard(board, body, at);
  clocks = true;
  breaks.read();
  drawSoon();
  return body.seq;
}

async function open(attempt = 0) {
  let after;
  try {
    after = await readAll();
  } catch (error) {
    if (error.status === 401 || error.status === 403) {
      link = { state: "refused", code: error.status === 401 ? 4401 : 4403 };
      draw();
      return;
    }
    link = { state: "waiting" };
    drawSoon();
    setTimeout(() => open(attempt + 1), Math.min(10_000, 500 * 2 ** attempt));
    return;
  }
  feed = new EventFeed({ after, onEvent: take, onLink: follow });
  feed.start();
}

function follow(next) {
  const back = next.state === "open" && link.state === "waiting";
  link = next;
  if (back) readAgain();
  drawSoon();
}

/** Missed events come by themselves; health and a long absence are cheaper to ask for. */
async function readAgain() {
  try {
    const seq = await readAll();
    feed.after = Math.max(feed.after, seq);
  } catch {
    // The socket brings what was missed, or says that the line is lost again.
  }
}

document.addEventListener("visibilitychange", () => {
  clocks = true;
  if (frame !== null || timer !== null) draw();
  else drawSoon();
});
controls.draw();
setInterval(() => {
  clocks = true;
  // A hidden page draws at events only: a chain of timers would be slowed to one a minute, and help with it.
  if (board.rows.size > 0 && !document.hidden) drawSoon();
}, 1_000);
setInterval(() => {
  // How recognition does is told to live calls: while there is none, somebody has to ask.
  if (link.state === "open" && board.rows.size === 0) readAgain();
}, ASK_HEALTH_MS);
setInterval(() => breaks.breaks.length === 0 || breaks.read(), ASK_BREAKS_MS);
open();
