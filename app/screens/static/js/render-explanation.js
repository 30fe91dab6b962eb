/** Glue: why an alert stands, folded away under 「理由をくわしく」: the sentence to read out, then its parts. */

import { make, say } from "./dom.js";
import { t } from "./language.js";
import { words } from "./words.js";

export class ExplanationView {
  /** @param evidence show the versions too, for who looks back */
  constructor(id, { evidence = false } = {}) {
    this.evidence = evidence;
    this.sentence = make("p", { class: "explain-sentence", lang: "ja" });
    this.parts = make("dl", { class: "explain-parts", lang: "ja" });
    this.panel = make("div", { class: "alert-explain", id: `explain-${id}`, role: "group", hidden: true }, [this.sentence, this.parts]);
    this.button = make("button", {
      class: "button-plain alert-more",
      type: "button",
      text: words.explain,
      "aria-expanded": "false",
      "aria-controls": this.panel.id,
      hidden: true,
      on: { click: () => this.turn(this.panel.hidden) },
    });
    this.drawn = "";
  }

  /** Show `explanation`, in place where it is open; without one there is nothing to open. */
  draw(explanation, name) {
    this.button.hidden = !explanation;
    this.button.setAttribute("aria-label", `${words.explain}:${name}`);
    this.panel.setAttribute("aria-label", t("{name}の理由", { name }));
    if (!explanation) this.turn(false);
    const wanted = JSON.stringify(explanation ?? null);
    if (wanted === this.drawn) return;
    this.drawn = wanted;
    say(this.sentence, explanation?.text ?? "");
    const parts = (explanation?.parts ?? []).filter((part) => this.evidence || part.kind !== "versions");
    this.parts.replaceChildren(...parts.map(drawPart));
  }

  turn(open) {
    this.panel.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
  }
}

function drawPart({ kind, label, lines }) {
  return make("div", { "data-part": kind }, [make("dt", { text: label }), ...lines.map((line) => make("dd", { text: line }))]);
}
