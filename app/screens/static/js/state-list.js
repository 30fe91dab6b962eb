/** Pure: the calls on the list. Live calls keep the order in which they began, so that rows stay where they are. */

export function emptyList() {
  return { live: [], past: [], health: { recognition_delay_ms: 0, status: "ok" }, seq: 0 };
}

/** Take what the server lists as live now; calls that are known keep their place. */
export function withLive(list, calls, seq) {
  const known = new Set(calls.map((call) => call.call_id));
  const live = [...calls].sort((a, b) => a.started_at.localeCompare(b.started_at));
  return { ...list, live, past: list.past.filter((call) => !known.has(call.call_id)), seq: Math.max(list.seq, seq) };
}

/** Take a page of ended calls, newest first. */
export function withPast(list, calls) {
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
  return withPast(list, [done]);
}
