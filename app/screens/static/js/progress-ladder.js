/** Glue: the bar of steps above the sentence, and what the policy allows next beside its heading. */

import { byId, make, say, shape } from "./dom.js";
import { t } from "./language.js";
import { ladder } from "./state-progress.js";
import { level, step } from "./words.js";

const SHAPES = { emergency: "level-3", welfare: "care" };

export class Ladder {
  constructor() {
    this.rungs = new Map([...byId("ladder").querySelectorAll("[data-step]")].map((rung) => [rung.dataset.step, rung]));
    this.shown = "";
  }

  draw(progress, { call, script, warningLimit }) {
    const facts = {
      step: progress.step ?? script?.step ?? null,
      asked: progress.asked.length,
      limit: progress.warningLimit ?? warningLimit,
      count: Math.max(call.warnings_spoken, progress.warnings.length),
    };
    const { alone, rungs } = ladder(facts, { ended: Boolean(call.ended_at), topLevel: call.top_level });
    drawHint(progress, call);
    const signature = JSON.stringify([alone, rungs]);
    if (signature === this.shown) return;
    this.shown = signature;
    byId("ladder").hidden = alone !== null;
    byId("ladder-alone").hidden = alone === null;
    if (alone !== null) {
      byId("ladder-alone").dataset.step = alone;
      shape(byId("ladder-alone-shape"), SHAPES[alone]);
      say(byId("ladder-alone-word"), step(alone).label);
    }
    for (const rung of rungs) this.drawRung(rung);
  }

  drawRung({ id, standing, places }) {
    const element = this.rungs.get(id);
    element.dataset.standing = standing;
    if (standing === "now") element.setAttribute("aria-current", "step");
    else element.removeAttribute("aria-current");
    say(element.querySelector(".rung-standing"), standingWord(standing));
    if (!places) return;
    byId("rung-unlimited").hidden = places.length > 0;
    const marks = places.map(({ n, limit, standing: own }) =>
      make("span", { class: "rung-place number", "data-standing": own }, [
        make("span", { text: `${n}/${limit}` }),
        make("span", { class: "visually-hidden", text: standingWord(own) }),
      ]),
    );
    byId("rung-places").replaceChildren(...marks);
  }
}

function standingWord(standing) {
  if (standing === "now") return t("(いまの段階)");
  if (standing === "done") return t("(済み)");
  return standing === "skipped" ? t("(行っていません)") : "";
}

/** What the policy allows next; while the server has not said so, what the level asks for. */
function drawHint({ next }, call) {
  const hint = byId("say-hint");
  const allowed = next?.text || (!call.ended_at && call.level > 0 ? level(call.level).hint : "");
  say(hint, allowed);
  hint.lang = next?.text ? "ja" : document.documentElement.lang; // the policy's words are data
  hint.title = next?.clause ? t("{text}(方針:{clause})", { text: allowed, clause: next.clause }) : allowed;
}
