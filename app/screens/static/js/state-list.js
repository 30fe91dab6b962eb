/** Pure: the calls on the list. Live calls keep the order in which they began, so that rows stay where they are. */

/** So many ended calls are asked for at once; a list that is open all day grows no longer by itself. */
export const PAGE_CALLS = 50;

export function emptyList() {
  return { live: [], past: [], older: false, health: { recognition_delay_ms: 0, status: "ok" }, seq: 0 };
}

/** Take what the server lists as live now, and on top what was `heard` since it was asked: that may be newer. */
export function withLive(list, { calls, seq, health }, heard = []) {
  if (seq < list.seq) return list; // a later question was answered before
  const known = new Set(calls.map((call) => call.call_id));
  const live = [...calls].sort((a, b) => a.started_at.localeCompare(b.started_at));
  const answered = { ...list, live, past: list.past.filter((call) => !known.has(call.call_id)), health, seq };
  return heard.filter((event) => event.type === "health" || event.seq > seq).reduce(reduceList, answered);
}

/** Take a page of ended calls, newest first; a full one says that there may be older ones. */
export function withPage(list, calls) {
  return { ...withPast(list, calls), older: calls.length >= PAGE_CALLS };
}

function withPast(list, calls) {
  const byId = new Map([...list.past, ...calls].map((call) => [call.call_id, call]));
  const past = [...byId.values()].sort((a, b) => b.started_at.localeCompare(a.started_at));
  const ended = new Set(past.map((call) => call.call_id));
  return { ...list, past, live: list.live.filter((call) => !ended.has(call.call_id)) };
}

export function reduceList(list, event) {
  if (event.type === "health") return { ...list, health: event.data };
  if (event.type === "call.ended") return ended(list, event);
  const change = CHANGES[event.type];
  const index = list.live.findIndex((call) => call.call_id === event.call_id);
  if (!change || index < 0) return list;
  return { ...list, live: list.live.with(index, { ...list.live[index], ...change(event.data, list.live[index]) }) };
}

const CHANGES = {
  "transcript.final": (data) => ({ last_words: data.text }),
  "level.changed": ({ level, outcome, top_level }, call) => ({ level, outcome, top_level: top_level ?? Math.max(call.top_level, level) }),
  "warning.spoken": (data) => ({ warnings_spoken: data.count }),
  note: (data) =>
    data.kind === "help_requested" ? { help_requested: true } : data.kind === "help_withdrawn" ? { help_requested: false } : {},
};

function ended(list, event) {
  const call = list.live.find((one) => one.call_id === event.call_id);
  if (!call) return list;
  const { reason: end_reason = "", duration_ms = 0, top_level = call.top_level } = event.data;
  const done = { ...call, ended_at: event.at, end_reason, duration_ms, top_level };
  const after = withPast(list, [done]);
  const most = Math.max(PAGE_CALLS, list.past.length);
  return after.past.length > most ? { ...after, past: after.past.slice(0, most), older: true } : after;
}
