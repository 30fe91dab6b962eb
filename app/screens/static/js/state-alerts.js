/** Pure: the alerts of a call and the three places in which they stand. */

export const PLACES = 3;

/** Place by place as they were raised: a page that is opened now shows them where those that were open show them. */
export function alertsFrom(list) {
  const alerts = Object.fromEntries(list.map((alert) => [alert.alert_id, alert]));
  const raised = list.filter(isOpen).sort((a, b) => Date.parse(a.raised_at) - Date.parse(b.raised_at));
  return raised.reduce(placeAlert, { alerts, places: filled([]) });
}

export function isOpen(alert) {
  return alert.state !== "closed" && !alert.false_alarm;
}

/**
 * Put a raised or updated alert where it already stands, or in the first free place.
 *
 * With all places taken it goes in place of the least grave one, but only if it is at least as grave:
 * what stands on the screen never moves because of something lesser.
 */
export function placeAlert({ alerts, places }, data) {
  const alert = { false_alarm: false, ...alerts[data.alert_id], ...data, state: "open", false_alarm: data.false_alarm ?? false };
  const after = { ...alerts, [alert.alert_id]: alert };
  if (!isOpen(alert) || places.includes(alert.alert_id)) return { alerts: after, places };
  const free = places.indexOf(null);
  if (free >= 0) return { alerts: after, places: places.with(free, alert.alert_id) };
  const least = places.reduce((worst, id, index) => (graver(after[places[worst]], after[id]) ? index : worst), 0);
  if (after[places[least]].level > alert.level) return { alerts: after, places };
  return { alerts: after, places: places.with(least, alert.alert_id) };
}

/** Take an alert off the screen; the gravest of those that wait takes its place. */
export function forgetAlert({ alerts, places }, alertId, changes) {
  if (!alerts[alertId]) return { alerts, places };
  const after = { ...alerts, [alertId]: { ...alerts[alertId], ...changes } };
  const index = places.indexOf(alertId);
  if (index < 0) return { alerts: after, places };
  const next = waiting(after, places)[0]?.alert_id ?? null;
  return { alerts: after, places: next === null ? closedUp(places.with(index, null)) : places.with(index, next) };
}

export function noteOnAlert(held, data) {
  if (data.kind === "false_alarm") return forgetAlert(held, data.alert_id, { false_alarm: true });
  if (data.kind === "false_alarm_undone" && held.alerts[data.alert_id]?.false_alarm) {
    return placeAlert(held, { ...held.alerts[data.alert_id], false_alarm: false });
  }
  return { alerts: held.alerts, places: held.places };
}

/** The alert that holds the level where it is: the gravest, of these the latest. Afterwards those that lapsed count too. */
export function cause(alerts, ended) {
  return Object.values(alerts)
    .filter((alert) => (ended ? !alert.false_alarm && !alert.withdrawn : isOpen(alert)))
    .reduce((best, alert) => (best === null || graver(alert, best) ? alert : best), null);
}

/** Only words that announce harm, of whatever kind, have level 3 by themselves; all else comes there by going on. */
export function announcesHarm(alert) {
  return alert.level >= 3;
}

/** Harm was announced: only then is 110番 a step to think of. */
export function threatened(alerts) {
  return Object.values(alerts).some((alert) => isOpen(alert) && announcesHarm(alert));
}

/** Open alerts for which there is no place, gravest first. */
export function waiting(alerts, places) {
  return Object.values(alerts)
    .filter((alert) => isOpen(alert) && !places.includes(alert.alert_id))
    .sort((a, b) => b.level - a.level || b.end_ms - a.end_ms);
}

function graver(a, b) {
  return a.level > b.level || (a.level === b.level && a.end_ms > b.end_ms);
}

function filled(ids) {
  return Array.from({ length: PLACES }, (_, index) => ids[index] ?? null);
}

function closedUp(places) {
  return filled(places.filter((id) => id !== null));
}
