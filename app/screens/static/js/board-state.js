/** Pure: the live calls on the supervisors' board. (state, event) -> state; touches neither page nor clock. */

const NO_LIMITS = { held_ms: null, held_after_abuse_ms: null, stalemate_ms: null };
const WELL = { recognition_delay_ms: 0, status: "ok" };

export function emptyBoard() {
  return { ready: false, rows: new Map(), limits: NO_LIMITS, warningLimit: null, health: WELL };
}

/**
 * Take everything that the server knows now.
 *
 * Each row keeps the number of what it was last changed by: an event that is older changes it no more,
 * however late it arrives, and a read that is older does not take back what has happened since.
 * A known call that is not among them has ended.
 */
export function fromBoard(before, body, nowMs) {
  const rows = new Map();
  const live = new Set(body.calls.map((call) => call.call_id));
  for (const [id, row] of before.rows) {
    rows.set(id, live.has(id) || row.endedMs !== null || row.seq > body.seq ? row : over(row, nowMs));
  }
  return { ...standing(before, body), ready: true, rows: fresher(rows, body) };
}

/** Take calls that just began, as the server lists them, and then what was heard of them meanwhile. */
export function withCalls(board, body, meanwhile = []) {
  return meanwhile.reduce(reduceBoard, { ...standing(board, body), rows: fresher(new Map(board.rows), body) });
}

function fresher(rows, body) {
  for (const call of body.calls) {
    const known = rows.get(call.call_id);
    if (!known || known.seq <= body.seq) rows.set(call.call_id, rowOf(call, body.seq));
  }
  return rows;
}

function standing(board, { limits, warning_limit, health }) {
  return { ...board, limits: limits ?? NO_LIMITS, warningLimit: warning_limit ?? null, health: health ?? board.health };
}

function rowOf(call, seq) {
  const { help } = call;
  return {
    id: call.call_id,
    seq,
    operator: call.operator,
    name: call.operator_name || call.operator,
    startedMs: Date.parse(call.started_at),
    endedMs: null,
    level: call.level,
    outcome: call.outcome,
    alerts: call.alerts.map(({ alert_id, level, categories }) => ({ id: alert_id, level, categories })),
    words: call.last_words,
    stalemateMs: call.stalemate_ms,
    stalemateAtMs: call.stalemate_at ? Date.parse(call.stalemate_at) : null,
    warnings: call.warnings_spoken,
    welfare: call.step === "welfare",
    help: help ? { sinceMs: Date.parse(help.since), by: help.by_name || help.by, text: help.text } : null,
    joined: call.joined.map(({ login, display_name, listening }) => ({ login, name: display_name, listening })),
  };
}

export function reduceBoard(board, event) {
  if (event.type === "health") return { ...board, health: event.data };
  const change = CHANGES[event.type];
  const row = board.rows.get(event.call_id);
  if (!change || !row || row.endedMs !== null || event.seq <= row.seq) return board;
  const changed = change(row, event.data, event);
  if (changed === row) return board;
  const rows = new Map(board.rows);
  rows.set(row.id, { ...changed, seq: event.seq });
  return { ...board, rows };
}

/** Let calls go that ended before `beforeMs`. */
export function withoutEnded(board, beforeMs) {
  const gone = [...board.rows.values()].filter((row) => row.endedMs !== null && row.endedMs <= beforeMs);
  if (gone.length === 0) return board;
  const rows = new Map(board.rows);
  for (const row of gone) rows.delete(row.id);
  return { ...board, rows };
}

const CHANGES = {
  "transcript.final": (row, data) => (data.track === "caller" && data.text ? { ...row, words: data.text } : row),
  "level.changed": (row, { level, outcome }) => ({ ...row, level, outcome }),
  "alert.raised": placed,
  "alert.updated": placed,
  "alert.closed": (row, data) => ({ ...row, alerts: row.alerts.filter((alert) => alert.id !== data.alert_id) }),
  "stalemate.started": stalled,
  "stalemate.tick": stalled,
  "warning.spoken": (row, data) => ({ ...row, warnings: data.count }),
  "script.suggested": (row, data) => (row.welfare === (data.step === "welfare") ? row : { ...row, welfare: !row.welfare }),
  "supervisor.joined": (row, { login, display_name, listening }) => {
    const others = row.joined.filter((person) => person.login !== login);
    return { ...row, joined: [...others, { login, name: display_name, listening }] };
  },
  "supervisor.left": (row, data) => ({ ...row, joined: row.joined.filter((person) => person.login !== data.login) }),
  note: (row, data, event) => {
    if (data.kind === "help_withdrawn") return { ...row, help: null };
    if (data.kind !== "help_requested") return row;
    const by = data.by === row.operator ? row.name : (data.by ?? "");
    // Who presses twice does not go to the end of the queue.
    return { ...row, help: { sinceMs: row.help?.sinceMs ?? Date.parse(event.at), by, text: data.text ?? "" } };
  },
  "call.ended": (row, _data, event) => over(row, Date.parse(event.at)),
};

function placed(row, { alert_id, level, categories }) {
  const alert = { id: alert_id, level, categories };
  const index = row.alerts.findIndex((one) => one.id === alert_id);
  return { ...row, alerts: index < 0 ? [...row.alerts, alert] : row.alerts.with(index, alert) };
}

function stalled(row, { stalemate_ms }, event) {
  return { ...row, stalemateMs: stalemate_ms, stalemateAtMs: Date.parse(event.at) };
}

/** Nobody waits on a call that is over, and nobody is there any more. */
function over(row, endedMs) {
  return { ...row, endedMs, help: null, joined: [] };
}
