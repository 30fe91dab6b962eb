/** Glue: the trials so far, and the form for a new one. */

import { read } from "./api.js";
import { byId, make, say } from "./dom.js";
import { t, tError } from "./language.js";
import { moment } from "./times.js";
import { TrialForm } from "./trials-form.js";
import { isOpen, progressWord, stateWord } from "./trials-words.js";

const AGAIN_MS = 3000;

async function draw() {
  let open = false;
  try {
    const { body } = await read("/v1/trials");
    byId("trials-failure").hidden = true;
    const list = byId("trials-list");
    list.hidden = body.trials.length === 0;
    byId("trials-empty").hidden = body.trials.length > 0;
    say(byId("trials-empty"), t("試行はまだありません。下で変えるところと通話を選んで、試してください。"));
    say(byId("trials-count"), body.trials.length > 0 ? t("{n}件", { n: body.trials.length }) : "");
    const rows = body.trials.map(row);
    if (!list.contains(document.activeElement)) list.replaceChildren(...rows);
    open = body.trials.some(isOpen);
  } catch (error) {
    byId("trials-failure").hidden = false;
    say(byId("trials-failure"), tError(error));
    open = true;
  }
  if (open) setTimeout(draw, AGAIN_MS);
}

function row(trial) {
  const bar = isOpen(trial) ? make("progress", { max: String(Math.max(1, trial.calls)), value: String(trial.done), "aria-label": t("進み具合") }) : null;
  return make("li", { class: "trial-row", "data-state": trial.state }, [
    make("a", { href: `/trials/${trial.trial_id}`, text: trial.title || t("{at}の試行", { at: moment(trial.at) }) }),
    make("span", { class: "tag", text: stateWord(trial.state) }),
    make("span", { class: "number", text: progressWord(trial) }),
    bar,
    make("span", { class: "trial-about", text: [moment(trial.at), trial.by, trial.section || t("すべての課")].join(" ") }),
  ]);
}

const form = new TrialForm((trial) => location.assign(`/trials/${trial.trial_id}`));
form.fill().catch((error) => {
  byId("trials-failure").hidden = false;
  say(byId("trials-failure"), `${tError(error)} ${t("ページを読み込み直してください。")}`);
});
draw();
