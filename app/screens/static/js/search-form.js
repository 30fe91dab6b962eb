/** Pure: what the search form says, as an address that can be kept, and back. The number is never in it. */

const NAMES = ["q", "track", "scope", "sort", "judgement", "section", "from", "to", "minutes_from", "minutes_to"];
const BOXES = ["false_alarm", "recording", "report", "welfare"];
const MANY = ["level", "category", "outcome"];

/** The code of a refusal, and the field beside which it stands. */
export const FIELD_OF = {
  search_too_long: "q",
  search_nothing_heard: "q",
  search_too_many_words: "q",
  search_days_reversed: "to",
  search_day_unknown: "to",
  search_minutes_reversed: "minutes_to",
  search_number_unknown: "number",
};

export function queryOf(form) {
  const query = new URLSearchParams();
  for (const name of NAMES) {
    const value = form.elements[name]?.value.trim() ?? "";
    if (value) query.append(name, value);
  }
  for (const name of MANY) for (const one of form.elements[name].value.split(",").filter(Boolean)) query.append(name, one);
  for (const name of BOXES) if (form.elements[name].checked) query.append(name, "true");
  if (form.elements["as-written"].checked) query.append("reading", "false");
  return query;
}

export function fill(form, query) {
  for (const name of NAMES) if (form.elements[name]) form.elements[name].value = query.get(name) ?? "";
  for (const name of MANY) {
    const field = form.elements[name];
    field.value = query.getAll(name).join(",");
    // An address may hold a choice that this form does not offer: nothing is then shown as chosen.
    if (field.selectedIndex < 0) field.value = "";
  }
  for (const name of BOXES) form.elements[name].checked = query.get(name) === "true";
  form.elements["as-written"].checked = query.get("reading") === "false";
}
