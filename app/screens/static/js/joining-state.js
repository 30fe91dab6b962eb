/** Pure: who is and was at a call, what was written and asked. (state, event) -> state; touches neither page nor clock. */

const ANSWERS = { accepted: "accepted", declined: "declined" };
const KINDS = ["take_over", "three_way"];

export function emptyJoining() {
  return { ready: false, seq: 0, people: [], stays: [], notes: [], requests: [], telephoneRings: false, quickPhrases: [] };
}

/** What the server answers to /joined. */
export function joiningFrom(body) {
  const open = body.requests.map((request) => ({ ...request, state: "open", result: "", text: "" }));
  return {
    ready: true,
    seq: body.seq,
    people: body.people,
    stays: body.stays,
    notes: body.notes,
    requests: [...open, ...body.answered].sort((a, b) => a.request_id - b.request_id),
    telephoneRings: body.telephone_rings,
    quickPhrases: body.quick_phrases,
  };
}

/** Take an event that is not in the snapshot; the same one twice changes nothing. */
export function joiningAfter(joining, event) {
  if (!joining.ready || event.seq === undefined || event.seq <= joining.seq) return joining;
  const change = event.type === "note" ? noteChange(event.data) : CHANGES[event.type];
  return change ? { ...change(joining, event.data, event.at), seq: event.seq } : joining;
}

const CHANGES = {
  "supervisor.joined": (joining, { login, display_name, listening }, at) => {
    const person = { login, display_name, listening, since: at };
    const known = joining.people.some((one) => one.login === login);
    const people = known
      ? joining.people.map((one) => (one.login === login ? { ...one, listening } : one))
      : [...joining.people, person];
    const stays = known ? joining.stays : [...joining.stays, { login, display_name, joined_at: at, left_at: null, because: "" }];
    return { ...joining, people, stays };
  },
  "supervisor.left": (joining, { login, because }, at) => ({
    ...joining,
    people: joining.people.filter((one) => one.login !== login),
    stays: joining.stays.map((stay) => (stay.login === login && stay.left_at === null ? { ...stay, left_at: at, because } : stay)),
    requests: changed(joining.requests, (one) => one.by === login && one.state === "open", { state: "withdrawn" }),
  }),
};

function noteChange({ kind }) {
  if (kind === "supervisor_note") return noted;
  if (kind === "supervisor_note_seen") return seen;
  if (kind === "telephone_instructions") return (joining, data) => cameOf(joining, data.request_id, "instructions", data.text);
  if (kind === "telephone_join")
    return (joining, data) => (data.result === "done" && data.request_id ? cameOf(joining, data.request_id, "joined", "") : joining);
  const [request, what] = [KINDS.find((each) => kind.startsWith(`${each}_`)), kind.split("_").at(-1)];
  if (!request) return null;
  return what === "asked" ? (joining, data, at) => asked(joining, request, data, at) : (joining, data) => answered(joining, data, what);
}

function noted(joining, { note_id, text, by, display_name }, at) {
  if (joining.notes.some((note) => note.note_id === note_id)) return joining;
  return { ...joining, notes: [...joining.notes, { note_id, text, by, display_name, at, seen_at: null }] };
}

function seen(joining, { note_id }, at) {
  return { ...joining, notes: changed(joining.notes, (note) => note.note_id === note_id && !note.seen_at, { seen_at: at }) };
}

function asked(joining, kind, { request_id, by, display_name }, at) {
  if (joining.requests.some((one) => one.request_id === request_id)) return joining;
  const request = { request_id, kind, by, display_name, asked_at: at, state: "open", result: "", text: "" };
  return { ...joining, requests: [...joining.requests, request] };
}

function answered(joining, { request_id }, what) {
  const state = ANSWERS[what];
  if (!state) return joining;
  return { ...joining, requests: changed(joining.requests, (one) => one.request_id === request_id, { state }) };
}

function cameOf(joining, requestId, result, text) {
  return { ...joining, requests: changed(joining.requests, (one) => one.request_id === requestId, { result, text }) };
}

function changed(list, holds, changes) {
  return list.map((one) => (holds(one) ? { ...one, ...changes } : one));
}

export function isThere(joining, login) {
  return joining.people.some((person) => person.login === login);
}

/** The latest request of one kind by one person, or null. */
export function latestRequest(joining, login, kind) {
  return joining.requests.findLast((one) => one.by === login && one.kind === kind) ?? null;
}

/**
 * What the operator reads: a question before everything, then what to do after the answer, then the newest note.
 *
 * `closed` are the requests whose outcome the operator has put away.
 */
export function forOperator(joining, closed) {
  const question = joining.requests.find((one) => one.state === "open");
  if (question) return { what: "question", request: question };
  const outcome = joining.requests.findLast((one) => one.state === "accepted" && one.result !== "" && !closed.has(one.request_id));
  if (outcome) return { what: outcome.result, request: outcome };
  const note = joining.notes.findLast((one) => !one.seen_at) ?? joining.notes.at(-1);
  return note ? { what: "note", note } : { what: "nothing" };
}

/** Instructions as steps: a line each, or a sentence each where they are one line. */
export function stepsOf(instructions) {
  const lines = instructions.split("\n").map((line) => line.trim()).filter(Boolean);
  return lines.length > 1 ? lines : instructions.split(/(?<=。)/).map((sentence) => sentence.trim()).filter(Boolean);
}
