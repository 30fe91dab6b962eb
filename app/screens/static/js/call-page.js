/** Glue: the operator's screen of one call. Snapshot, then events, then what the person does. */

import { AidsPart } from "./aids-part.js";
import { announce } from "./announce.js";
import { callPath, opensByItself, read, send } from "./api.js";
import { CallerPart } from "./caller-part.js";
import { byId, say } from "./dom.js";
import { EventFeed } from "./events.js";
import { HelpButton } from "./help.js";
import { JoiningPart } from "./joining-part.js";
import { listenToKeys } from "./keys.js";
import { t, tRefusal } from "./language.js";
import { watchForNext } from "./next-call.js";
import { Panels } from "./panels.js";
import { ProgressPart } from "./progress-part.js";
import { RecordingPart } from "./recording-part.js";
import { AlertsView } from "./render-alerts.js";
import { drawGuidance, sentence } from "./render-guidance.js";
import { drawElapsed, drawLevel, drawLink, drawNotice } from "./render-status.js";
import { TranscriptView } from "./render-transcript.js";
import { emptyState, fromSnapshot, reduce } from "./state.js";
import { Telephone } from "./telephone.js";
import { prepareToast, toast } from "./toast.js";
import { category, words } from "./words.js";

const page = byId("call");
const callId = page.dataset.callId;
const role = page.dataset.role;
const maySpeak = role === "operator";
const mayJudge = role === "operator" || role === "supervisor";

/** A second press in this time is a double click, not a second time of saying it. */
const SAID_REST_MS = 1_500;
/** Where an alert goes, the next comes up under the same finger and the same key: a double click means the first. */
const WRONG_REST_MS = 1_000;
const COPIED_SHOWN_MS = 3_000;

let state = emptyState();
let drawn = null;
let link = { state: "connecting" };
let skewMs = 0;
let frame = null;
let feed = null;
let saying = false;
let wrongAtMs = -Infinity;
let telling = null;

const transcript = new TranscriptView({ evidence: role === "auditor" });
const help = new HelpButton(callId, (requested) => local("local.help", { requested }));
const panels = new Panels();
/** `nowMs` is the server's clock: a desk's own may be minutes off. */
const context = { callId, role, me: page.dataset.me, panels, page, showNumber, nowMs: () => Date.now() + skewMs };
/** What stands beside the talk. Each reads for itself, hears every event once and draws only its own places. */
const parts = [
  new ProgressPart(context),
  new JoiningPart(context),
  new CallerPart(context),
  new AidsPart(context),
  new RecordingPart(context),
  ...(byId("telephone") ? [new Telephone(context)] : []),
];
const alerts = new AlertsView({ mayAct: mayJudge, evidence: role !== "operator", onWrong: markWrong, onUndo: undoWrong });

function take(event) {
  if (event.call_id && event.call_id !== callId) return;
  state = reduce(state, event);
  tellWhoHelps(event);
  tellWithdrawn(event);
  for (const part of parts) part.hear(event);
  // What was said last may still be on its way, so the socket is kept for a minute.
  if (event.type === "call.ended") {
    setTimeout(() => feed?.stop(), 60_000);
    if (maySpeak && opensByItself()) watchForNext(state.call, (next) => window.location.assign(callAddress(next)));
  }
  drawSoon();
}

function callAddress(id) {
  return `/calls/${encodeURIComponent(id)}`;
}

/** Whoever called for help has to learn that somebody has seen it. */
function tellWhoHelps({ type, data }) {
  if (!maySpeak || type !== "note" || data.kind !== "help_withdrawn" || data.by === page.dataset.me) return;
  toast(t("監督者が応援要請を「対応済み」にしました"));
}

/** An alert that vanishes by itself has to say why. */
function tellWithdrawn({ type, data }) {
  if (type === "alert.closed" && data.withdrawn) toast(t("「{name}」:{why}", { name: category(data.categories[0]), why: words.withdrawn_hint }));
}

/** From the third level on the operator reads the whole number: the police ask for it. */
function showNumber(number) {
  if (!state.ready || state.call.caller_number === number) return;
  state = { ...state, call: { ...state.call, caller_number: number } };
  drawSoon();
}

function local(type, data) {
  take({ type, data });
}

function drawSoon() {
  // A screen that comes back after an hour receives hundreds of events at once: one drawing is enough.
  frame ??= setTimeout(draw, document.hidden ? 250 : 16);
}

function draw() {
  frame = null;
  const shown = drawLink(state.call?.ended_at ? { state: "ended" } : link, state.health);
  drawNotice(shown);
  if (!state.ready) return;
  const before = drawn;
  drawn = state;
  drawLevel(state, before);
  drawElapsed(state.call, skewMs);
  drawGuidance(state, before);
  alerts.draw(state, before);
  transcript.draw(state, before);
  help.draw(state, before);
  for (const part of parts) part.draw(state, before);
  announce(state, before);
}

async function open(attempt = 0) {
  try {
    const { body, serverNow } = await read(callPath(callId));
    skewMs = serverNow - Date.now();
    state = fromSnapshot(body);
  } catch (error) {
    if (error.status === 401 || error.status === 403 || error.status === 404) return refuse(error);
    link = { state: "waiting" };
    say(byId("talk-empty"), t("通話を読み込めません。つなぎ直しています…"));
    drawSoon();
    setTimeout(() => open(attempt + 1), Math.min(10_000, 500 * 2 ** attempt));
    return;
  }
  readParts();
  if (!state.call.ended_at) {
    feed = new EventFeed({
      after: state.seq,
      callId,
      onEvent: take,
      onLink: (next) => {
        const back = next.state === "open" && link.state === "waiting";
        link = next;
        if (back) {
          readHealth();
          readParts();
        }
        drawSoon();
      },
    });
    feed.start();
  }
  drawSoon();
}

function readParts() {
  for (const part of parts) part.read();
}

/** Health is told once, when it changes: whoever was away has to ask. */
async function readHealth() {
  try {
    const { body } = await read(callPath(callId));
    take({ type: "health", data: body.health });
  } catch {
    // The socket will say if the line is lost again.
  }
}

function refuse(error) {
  const missing = error.status === 404;
  link = { state: "refused", code: error.status === 401 ? 4401 : 4403 };
  draw();
  if (missing) {
    say(byId("link-word"), t("通話が見つかりません"));
    byId("talk-notice").hidden = true;
  }
  say(byId("level-word"), t("表示なし"));
  say(byId("talk-empty"), missing ? t("この通話は見つかりません。通話一覧から選び直してください。") : t("この通話は表示できません。"));
  say(byId("say-text"), t("お困りのときは、{how}", { how: words.help_instead }));
  byId("say-text").classList.add("say-nothing");
}

async function markWrong(alertId) {
  if (performance.now() - wrongAtMs < WRONG_REST_MS) return;
  wrongAtMs = performance.now();
  const alert = state.alerts[alertId];
  local("local.alert", { kind: "false_alarm", alert_id: alertId });
  toast(t("「{name}」を誤検知として記録しました", { name: category(alert.categories[0]) }), { word: t("元に戻す"), action: () => undoWrong(alertId) });
  try {
    await send("POST", `/v1/alerts/${encodeURIComponent(alertId)}/false-alarm`);
  } catch (error) {
    local("local.alert", { kind: "false_alarm_undone", alert_id: alertId });
    toast(tRefusal(error, t("誤検知を記録できませんでした。もう一度お試しください。")));
  }
}

async function undoWrong(alertId) {
  try {
    await send("DELETE", `/v1/alerts/${encodeURIComponent(alertId)}/false-alarm`);
    local("local.alert", { kind: "false_alarm_undone", alert_id: alertId });
    toast(t("お知らせを元に戻しました"));
  } catch (error) {
    toast(tRefusal(error, t("元に戻せませんでした。もう一度お試しください。")));
  }
}

async function markSaid() {
  const script = drawn?.script; // what stood there when it was pressed, not what has come since
  // Hidden for quiet: nobody may report as said, by a habit of the hand, what nobody sees.
  if (!maySpeak || saying || !script?.text || drawn.call.ended_at || byId("say-buttons").hidden) return;
  saying = true;
  byId("said").setAttribute("aria-disabled", "true");
  try {
    // Sent once: the server counts each, so a repeat could make two out of one.
    await send("POST", callPath(callId, "/script-used"), { script_id: script.script_id }, { attempts: 1 });
    if (state.script === script) say(byId("say-done"), t("記録しました"));
  } catch (error) {
    say(byId("say-done"), tRefusal(error, t("記録できませんでした。もう一度押してください。")));
  }
  setTimeout(() => {
    saying = false;
    byId("said").setAttribute("aria-disabled", "false");
  }, SAID_REST_MS);
}

async function copy() {
  const text = drawn ? sentence(drawn) : "";
  if (!text || byId("say-buttons").hidden) return;
  let copied = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copied = copyBySelection();
  }
  tellFor(COPIED_SHOWN_MS, copied ? t("コピーしました") : t("コピーできませんでした"));
}

/** Show `text` for a while in the place of what has been done, which then comes back. */
function tellFor(ms, text) {
  const place = byId("say-done");
  const before = place.textContent;
  if (before === text) return;
  clearTimeout(telling);
  say(place, text);
  telling = setTimeout(() => place.textContent === text && say(place, before), ms);
}

/** Browsers lend the clipboard over TLS only; the office's test server may have none. */
function copyBySelection() {
  const range = document.createRange();
  const shown = byId("say-text").firstChild;
  range.setStart(shown, 1); // without the quotation marks
  range.setEnd(shown, shown.length - 1);
  const selection = window.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  const copied = document.execCommand("copy");
  selection.removeAllRanges();
  return copied;
}

prepareToast();
byId("said")?.addEventListener("click", markSaid);
page.addEventListener("wrong", ({ detail }) => mayJudge && markWrong(detail));
byId("copy").addEventListener("click", copy);
listenToKeys({
  KeyH: () => maySpeak && help.request(),
  KeyS: markSaid,
  ...Object.assign({}, ...parts.map((part) => part.keys ?? {})),
  KeyC: copy,
  KeyF: () => {
    const id = mayJudge && drawn ? alerts.meant(drawn) : null;
    if (id !== null) markWrong(id);
  },
});
setInterval(() => drawElapsed(state.call, skewMs), 1_000);
open();
