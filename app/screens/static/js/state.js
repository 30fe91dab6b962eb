/** Pure: what the screen of one call knows. (state, event) -> state; touches neither page nor clock. */

import { alertsFrom, forgetAlert, noteOnAlert, placeAlert } from "./state-alerts.js";
import { inserted, said, saying, withoutPartials } from "./state-lines.js";

const VOLATILE = new Set(["transcript.partial", "health"]); // their number is that of the last stored event
const NOTE_HELP = { help_requested: true, help_withdrawn: false };

export function emptyState() {
  return {
    ready: false,
    call: null,
    lines: [], // utterances, gaps and sentences still being spoken, in the order in which they were said
    waitingFindings: {}, // findings that came before their utterance
    ...alertsFrom([]),
    script: null,
    stalemateMs: 0,
    warningLimit: null,
    helpBy: "",
    deeds: [], // what people did on their screens, in order
    health: { recognition_delay_ms: 0, status: "ok" },
    seq: 0,
  };
}

export function fromSnapshot(snapshot) {
  const utterances = snapshot.utterances.map((utterance) => ({ kind: "utterance", ...utterance }));
  const gaps = snapshot.gaps.map((gap) => ({ kind: "gap", ...gap }));
  const lastHelp = snapshot.notes.findLast((note) => note.kind in NOTE_HELP);
  return {
    ...emptyState(),
    ready: true,
    call: snapshot.call,
    lines: [...utterances, ...gaps].sort((a, b) => a.start_ms - b.start_ms || a.end_ms - b.end_ms),
    ...alertsFrom(snapshot.alerts),
    script: freshScript(snapshot.script),
    stalemateMs: snapshot.stalemate_ms ?? snapshot.call.stalemate_ms ?? 0,
    warningLimit: snapshot.warning_limit ?? snapshot.call.warning_limit ?? null,
    helpBy: lastHelp && NOTE_HELP[lastHelp.kind] ? lastHelp.by : "",
    deeds: snapshot.notes,
    health: snapshot.health ?? emptyState().health,
    seq: snapshot.seq,
  };
}

export function reduce(state, event) {
  const change = CHANGES[event.type];
  if (!change || !state.ready) return state;
  if (VOLATILE.has(event.type)) return change(state, event.data, event);
  if (event.seq !== undefined && event.seq <= state.seq) return state;
  const after = change(state, event.data, event);
  return event.seq === undefined ? after : { ...after, seq: event.seq };
}

const CHANGES = {
  "call.ended": (before, data, event) => {
    const state = { ...before, lines: withoutPartials(before.lines) };
    const { duration_ms = state.call.duration_ms, top_level = state.call.top_level } = data;
    return onCall(state, { ended_at: event.at, end_reason: data.reason ?? "", duration_ms, top_level });
  },
  "transcript.partial": (state, data) => (state.call.ended_at ? state : { ...state, lines: saying(state.lines, data) }),
  "transcript.final": (state, data) => {
    if (said(state.lines, data.utterance_id)) return state;
    const { [data.utterance_id]: early = [], ...waitingFindings } = state.waitingFindings;
    const line = { kind: "utterance", doubts: [], ...data, findings: early };
    return { ...state, waitingFindings, lines: inserted(withoutPartials(state.lines, data), line) };
  },
  finding: (state, { utterance_id, ...finding }) => {
    const index = state.lines.findLastIndex((line) => line.kind === "utterance" && line.utterance_id === utterance_id);
    if (index < 0) {
      const early = state.waitingFindings[utterance_id] ?? [];
      return { ...state, waitingFindings: { ...state.waitingFindings, [utterance_id]: [...early, finding] } };
    }
    const line = state.lines[index];
    if (line.findings.some((known) => sameFinding(known, finding))) return state;
    return { ...state, lines: state.lines.with(index, { ...line, findings: [...line.findings, finding] }) };
  },
  gap: (state, data) => {
    if (state.lines.some((line) => line.kind === "gap" && sameGap(line, data))) return state;
    return { ...state, lines: inserted(withoutPartials(state.lines, data), { kind: "gap", ...data }) };
  },
  "alert.raised": (state, data, event) => ({ ...state, ...placeAlert(state, { raised_at: event.at, ...data }) }),
  "alert.updated": (state, data) => ({ ...state, ...placeAlert(state, data) }),
  "alert.closed": (state, data) => ({ ...state, ...forgetAlert(state, data.alert_id, { state: "closed", withdrawn: data.withdrawn ?? false }) }),
  // The top level counts whole sentences only, so it may lie below the level for some seconds.
  "level.changed": (state, { level, outcome, top_level = Math.max(state.call.top_level, level), content = 0, manner = 0 }) =>
    onCall(state, { level, outcome, top_level, content, manner }),
  "script.suggested": (state, data) => ({ ...state, script: freshScript(data) }),
  "script.used": (state, data, event) => {
    const after = done(state, { kind: "script_used", text: data.text ?? "", by: data.by ?? "", at: event.at });
    if (state.script?.script_id !== data.script_id) return after;
    return { ...after, script: { ...state.script, used: state.script.used + 1, counted: data.counted } };
  },
  "warning.spoken": (state, data) => ({
    ...onCall(state, { warnings_spoken: data.count }),
    warningLimit: data.limit ?? state.warningLimit,
  }),
  "stalemate.started": (state, data) => ({ ...state, stalemateMs: data.stalemate_ms }),
  "stalemate.tick": (state, data) => ({ ...state, stalemateMs: data.stalemate_ms }),
  note: (before, data, event) => {
    const state = done(before, { text: "", by: "", ...data, at: event.at });
    if (data.kind in NOTE_HELP) {
      const requested = NOTE_HELP[data.kind];
      return { ...onCall(state, { help_requested: requested }), helpBy: requested ? (data.by ?? "") : "" };
    }
    return { ...state, ...noteOnAlert(state, data) };
  },
  health: (state, data) => ({ ...state, health: data }),
  // What this screen has done itself and the server has confirmed; the event follows, or is lost with the socket.
  "local.help": (state, data) => onCall(state, { help_requested: data.requested }),
  "local.alert": (state, data) => ({ ...state, ...noteOnAlert(state, data) }),
};

function onCall(state, changes) {
  return { ...state, call: { ...state.call, ...changes } };
}

function done(state, deed) {
  return state.deeds.some((known) => sameDeed(known, deed)) ? state : { ...state, deeds: [...state.deeds, deed] };
}

/* A snapshot may hold more than its number says: what came in while it was read is told again as an event. */

function sameFinding(one, other) {
  return ["category", "rule", "start", "end"].every((name) => one[name] === other[name]);
}

function sameGap(one, other) {
  return ["track", "start_ms", "end_ms", "reason"].every((name) => one[name] === other[name]);
}

function sameDeed(one, other) {
  return ["kind", "by", "text"].every((name) => one[name] === other[name]) && Date.parse(one.at) === Date.parse(other.at);
}

/** `used` counts: the same sentence may be needed, and said, again. */
function freshScript(script) {
  return script ? { text: "", ...script, used: 0 } : null;
}
