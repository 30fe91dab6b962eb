/** Glue: words looked for within one call; the browser's own search sees only the lines on the screen. */

import { byId, say } from "./dom.js";
import { t } from "./language.js";

export class Find {
  constructor({ transcript }) {
    this.transcript = transcript;
    this.field = byId("find");
    this.sought = "";
    this.places = [];
    this.at = -1;
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.clear();
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      this.next(event.shiftKey ? -1 : 1);
    });
    this.field.addEventListener("search", () => {
      if (this.field.value === "") this.clear();
    });
  }

  next(way) {
    const sought = plain(this.field.value);
    if (sought === "") {
      this.clear();
      return;
    }
    if (sought !== this.sought || this.rows !== this.transcript.rows) this.look(sought);
    if (this.places.length === 0) {
      this.transcript.setSought(-1);
      say(byId("find-told"), t("見つかりません"));
      return;
    }
    this.at = (this.at + way + this.places.length) % this.places.length;
    this.transcript.setSought(this.places[this.at]);
    say(byId("find-told"), t("{n}件中{at}件目", { n: this.places.length, at: this.at + 1 }));
  }

  look(sought) {
    this.sought = sought;
    this.rows = this.transcript.rows;
    this.places = [];
    this.rows.forEach((row, place) => {
      if (row.kind === "said" && plain(row.text).includes(sought)) this.places.push(place);
    });
    this.at = -1;
  }

  clear() {
    this.sought = "";
    this.field.value = "";
    this.transcript.setSought(-1);
    say(byId("find-told"), "");
  }
}

/** Full or half width, large or small: the same word. */
function plain(text) {
  return text.normalize("NFKC").toLowerCase().trim();
}
