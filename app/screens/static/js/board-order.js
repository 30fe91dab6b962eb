/** Pure: who needs somebody most, and a list that stays still while a person works in it. */

export const RESORT_MS = 2_000;
/** A stalemate is told every 30 s; without the next word of it, the clock does not run on for ever. */
const LONGEST_UNTOLD_MS = 45_000;

export const NEED = { help: 0, stop: 1, warning: 2, overdue: 3, caution: 4, rest: 5 };
export const FILTERS = ["all", "attention", "help", "mine"];

/** How long the talk has not moved, at this moment. */
export function stalemateOf(row, nowMs) {
  if (row.stalemateMs <= 0 || row.endedMs !== null) return 0;
  const since = Math.min(LONGEST_UNTOLD_MS, Math.max(0, nowMs - (row.stalemateAtMs ?? nowMs)));
  return row.stalemateMs + since;
}

/** Whether the talk stands still for longer than the office allows, or the call lasts too long without moving. */
export function overdue(row, nowMs, limits) {
  const stalemateMs = stalemateOf(row, nowMs);
  if (stalemateMs <= 0) return false;
  if (limits.stalemate_ms !== null && stalemateMs >= limits.stalemate_ms) return true;
  return limits.held_ms !== null && nowMs - row.startedMs >= limits.held_ms;
}

/** 0 is the greatest need. */
export function needOf(row, nowMs, limits) {
  if (row.endedMs !== null) return NEED.rest;
  if (row.help) return NEED.help;
  if (row.level >= 3) return NEED.stop;
  if (row.level === 2 || row.welfare) return NEED.warning;
  if (overdue(row, nowMs, limits)) return NEED.overdue;
  return row.level === 1 ? NEED.caution : NEED.rest;
}

/** Whether a call needs somebody to look at it. */
export function needsAttention(row, nowMs, limits) {
  return row.endedMs === null && needOf(row, nowMs, limits) <= NEED.overdue;
}

/** By need; who waits for help longest stands first, else who began first. */
export function sorted(rows, nowMs, limits) {
  const keyed = rows.map((row) => [needOf(row, nowMs, limits), row.help ? row.help.sinceMs : row.startedMs, row]);
  keyed.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2].startedMs - b[2].startedMs || compare(a[2].id, b[2].id));
  return keyed.map(([, , row]) => row.id);
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function noOrder() {
  return { ids: [], sortedAtMs: -Infinity, stale: false };
}

/**
 * Return the order in which rows are shown now.
 *
 * While the list is `held` (pointer or focus in it) no row changes its place: new calls are added at the
 * end, and `stale` says that the order would be another. Else it follows the need, at most every 2 s.
 * `atOnce`: the person asked for it.
 */
export function nextOrder(before, rows, { nowMs, limits, held = false, atOnce = false }) {
  const wanted = sorted(rows, nowMs, limits);
  const there = new Set(wanted);
  const known = new Set(before.ids);
  const kept = [...before.ids.filter((id) => there.has(id)), ...wanted.filter((id) => !known.has(id))];
  const same = kept.every((id, index) => id === wanted[index]);
  const due = nowMs - before.sortedAtMs >= RESORT_MS;
  if (same) return { ids: kept, sortedAtMs: before.sortedAtMs, stale: false };
  if (atOnce || (!held && due)) return { ids: wanted, sortedAtMs: nowMs, stale: false };
  return { ids: kept, sortedAtMs: before.sortedAtMs, stale: true };
}

/** Which calls a filter and a name leave over. Calls that ended a moment ago stay with the rest. */
export function matches(row, { filter, name, me }, nowMs, limits) {
  if (filter === "attention" && !needsAttention(row, nowMs, limits)) return false;
  if (filter === "help" && !row.help) return false;
  if (filter === "mine" && !isMine(row, me)) return false;
  return name === "" || plain(row.name).includes(plain(name)) || plain(row.operator).includes(plain(name));
}

export function isMine(row, me) {
  return row.joined.some((person) => person.login === me);
}

/** How many live calls stand behind each filter, whatever name is looked for. */
export function counts(rows, me, nowMs, limits) {
  const live = rows.filter((row) => row.endedMs === null);
  return {
    all: live.length,
    attention: live.filter((row) => needsAttention(row, nowMs, limits)).length,
    help: live.filter((row) => row.help).length,
    mine: live.filter((row) => isMine(row, me)).length,
  };
}

/** Names are found however wide their letters were typed. */
function plain(text) {
  return text.normalize("NFKC").toLowerCase().replaceAll(/\s/gu, "");
}

/** What is worth a sound: calls where help began to wait, and calls that rose to the third level. */
export function newsOf(before, after) {
  const news = [];
  for (const [id, row] of after) {
    const known = before.get(id);
    if (row === known || row.endedMs !== null) continue;
    if (row.help && !known?.help) news.push({ kind: "help", row });
    if (row.level >= 3 && (known?.level ?? 0) < 3) news.push({ kind: "stop", row });
  }
  return news;
}

/**
 * Put those who need somebody at once into fixed places: who stands there stays there, who comes takes a free one.
 *
 * The last place is kept for the third level, so that a threat is never hidden behind many who wait for help.
 * Returns an array of `count` ids or null, and how many found no place.
 */
export function placesOf(before, rows, count) {
  const urgent = rows.filter((row) => row.endedMs === null && (row.help || row.level >= 3));
  const wanted = new Map(urgent.map((row) => [row.id, row]));
  const fits = (row, index) => row !== undefined && (index < count - 1 || row.level >= 3);
  const places = Array.from({ length: count }, (_, index) => (fits(wanted.get(before[index]), index) ? before[index] : null));
  const waiting = urgent
    .filter((row) => !places.includes(row.id))
    .sort((a, b) => Number(!a.help) - Number(!b.help) || (a.help?.sinceMs ?? a.startedMs) - (b.help?.sinceMs ?? b.startedMs));
  for (let index = 0; index < count; index += 1) {
    if (places[index] !== null) continue;
    const next = waiting.findIndex((row) => fits(row, index));
    if (next >= 0) places[index] = waiting.splice(next, 1)[0].id;
  }
  return { places, more: waiting.length };
}
