/** Pure: how far a call has gone: steps, warnings with their proof, clocks, the returning request. Touches neither page nor clock. */

/** From here on an office's limit is said to be near; at 1 it has been passed. */
export const SOON = 0.8;
/** More places than these would not fit on one line; then the bar counts in one place. */
const MOST_PLACES = 3;
/** The request came back at least twice: only then does its panel open by itself, once. */
const OFFERED_AT = 3;
const ALONE = new Set(["emergency", "welfare"]);
const LADDER = ["listen", "ask_to_stop", "warn", "close", "report"];

export function emptyProgress() {
  return {
    known: false, // whether the server has answered
    seq: 0,
    readAtMs: 0, // the server's clock when it answered; clocks run on from there
    step: null,
    asked: [],
    warnings: [],
    warningLimit: null,
    next: null,
    clocks: [],
    demand: null,
  };
}

export function fromServer(body, readAtMs) {
  return {
    known: true,
    seq: body.seq,
    readAtMs,
    step: body.step,
    asked: body.asked ?? [],
    warnings: body.warnings ?? [],
    warningLimit: body.warning_limit ?? null,
    next: body.next ?? null,
    clocks: body.clocks ?? [],
    demand: body.demand ?? null,
  };
}

/** What an event alone tells; `next` and the clocks follow the office's policy and are asked for. */
export function heard(progress, { type, seq, at, data }, nowMs) {
  const change = HEARD[type];
  if (!change || (seq !== undefined && seq <= progress.seq)) return progress;
  const after = change(progress, data, { at, nowMs });
  return after === progress || seq === undefined ? after : { ...after, seq };
}

const HEARD = {
  "warning.spoken": (progress, data, { at }) => {
    const { count, n = count, limit = null, at_ms = null, utterance_id = "", text = "", how = "spoken", by = "", pressed_ms = null } = data;
    const warning = { n, at_ms, at, text, how, utterance_id, by, pressed_ms };
    // One that was pressed and then heard is told again: it is the same warning, with better proof.
    const others = progress.warnings.filter((known) => known.n !== n);
    const warnings = [...others, warning].sort((a, b) => a.n - b.n);
    return { ...progress, warnings, warningLimit: limit ?? progress.warningLimit };
  },
  // Where there is nothing to say, the step is not told with it.
  "script.suggested": (progress, data) => (data.text && data.step && data.step !== progress.step ? { ...progress, step: data.step } : progress),
  "stalemate.started": stalled,
  "stalemate.tick": stalled,
};

function stalled(progress, data, { nowMs }) {
  const clocks = progress.clocks.map((clock) =>
    // The others were read at another moment: they are brought up to this one.
    clock.kind === "stalemate"
      ? { ...clock, elapsed_ms: data.stalemate_ms, running: data.stalemate_ms > 0 }
      : { ...clock, elapsed_ms: elapsedOf(progress, clock, nowMs, false) },
  );
  const demand = data.demand === undefined ? progress.demand : data.demand;
  return { ...progress, clocks, demand, readAtMs: nowMs };
}

/** Whether the server has to be asked what follows from an event. */
export function mustAsk({ type }) {
  return ASKED_AFTER.has(type);
}

/** A tick tells its time and its request itself; that a limit is passed is noticed by the clock. */
const ASKED_AFTER = new Set(["warning.spoken", "script.suggested", "script.used", "stalemate.started", "level.changed", "call.ended"]);

/**
 * The steps of the policy: {alone} where a call has left them, else {rungs}: each done, now, skipped or ahead.
 *
 * A tick says that something was done, never only that it is past: a step that was left out is not ticked.
 */
export function ladder({ step, asked, limit, count }, { ended, topLevel }) {
  if (ALONE.has(step)) return { alone: step, rungs: [] };
  const now = ended ? (topLevel >= 2 ? "report" : null) : (step ?? "listen");
  const reached = LADDER.indexOf(now ?? step ?? "listen");
  const standing = (id, done) => {
    if (id === now) return "now";
    if (done) return "done";
    return LADDER.indexOf(id) < reached ? "skipped" : "ahead";
  };
  return {
    alone: null,
    rungs: [
      { id: "listen", standing: standing("listen", true) },
      { id: "ask_to_stop", standing: standing("ask_to_stop", asked > 0) },
      { id: "warn", standing: standing("warn", limit ? count >= limit : count > 0), places: places({ limit, count, isNow: now === "warn", past: reached > LADDER.indexOf("warn") }) },
      { id: "close", standing: standing("close", ended && step === "close") },
      { id: "report", standing: standing("report", false) },
    ],
  };
}

/** 1/3 2/3 3/3, or one place where there are too many; none where the policy fixes no number. */
function places({ limit, count, isNow, past }) {
  if (!limit) return [];
  if (limit > MOST_PLACES) {
    const n = Math.min(limit, isNow ? count + 1 : Math.max(1, count));
    return [{ n, limit, standing: isNow && count < limit ? "now" : count > 0 ? "done" : past ? "skipped" : "ahead" }];
  }
  return Array.from({ length: limit }, (_, index) => {
    const n = index + 1;
    if (n <= count) return { n, limit, standing: "done" };
    return { n, limit, standing: isNow && n === count + 1 ? "now" : past ? "skipped" : "ahead" };
  });
}

/** How long the call has lasted by the server's clock; when it is over, how long it lasted. */
export function callMs(call, nowMs) {
  return call.ended_at ? call.duration_ms : Math.max(0, nowMs - Date.parse(call.started_at));
}

/** Since the last warning; null where none was given. */
export function sinceLastWarning(warnings, call, nowMs) {
  const last = warnings.at(-1);
  if (!last) return null;
  const at_ms = last.at_ms ?? Date.parse(last.at) - Date.parse(call.started_at);
  return Math.max(0, callMs(call, nowMs) - at_ms);
}

/** The limit that the length of the call is measured against: of those that run, the one that is nearest. */
export function heldClock(progress, call, nowMs) {
  const elapsed = callMs(call, nowMs);
  const limited = progress.clocks.filter(
    ({ kind, limit_ms, running }) => limit_ms && (kind === "held" || (kind === "held_after_abuse" && running)),
  );
  const nearest = limited.reduce((best, clock) => (best === null || clock.limit_ms < best.limit_ms ? clock : best), null);
  return measured(nearest, elapsed);
}

export function stalemateClock(progress, call, nowMs, stalemateMs) {
  const clock = progress.clocks.find(({ kind }) => kind === "stalemate") ?? null;
  const ended = Boolean(call.ended_at);
  const elapsed = clock ? elapsedOf(progress, clock, nowMs, ended) : stalemateMs;
  return { ...measured(clock, elapsed), running: !ended && (clock?.running ?? stalemateMs > 0) };
}

function elapsedOf(progress, clock, nowMs, ended) {
  return clock.running && !ended ? clock.elapsed_ms + Math.max(0, nowMs - progress.readAtMs) : clock.elapsed_ms;
}

function measured(clock, elapsedMs) {
  const limitMs = clock?.limit_ms ?? null;
  const share = limitMs ? elapsedMs / limitMs : 0;
  return {
    kind: clock?.kind ?? null,
    elapsedMs,
    limitMs,
    clause: clock?.clause ?? "",
    share: Math.min(1, share),
    standing: share >= 1 ? "over" : share >= SOON ? "soon" : "within",
  };
}

/** The request each time it was stated, beside the answers that followed it. */
export function sideBySide({ statements, answers }) {
  const stated = [...statements].sort((a, b) => a.at_ms - b.at_ms);
  const rows = stated.map((statement, index) => {
    const until = stated[index + 1]?.at_ms ?? Infinity;
    return { statement, answers: answers.filter(({ at_ms }) => at_ms >= statement.at_ms && at_ms < until) };
  });
  const early = answers.filter(({ at_ms }) => stated.length > 0 && at_ms < stated[0].at_ms);
  return early.length > 0 ? [{ statement: null, answers: early }, ...rows] : rows;
}

export function demandShown(demand) {
  return demand !== null && demand.stated >= 2;
}

export function demandOffered(demand) {
  return demand !== null && demand.stated >= OFFERED_AT;
}
