/** Glue: a missed moment as a line of the talk. */

import { make } from "./dom.js";
import { t } from "./language.js";
import { clock } from "./times.js";
import { category, words } from "./words.js";

export function drawMissed(mark) {
  const what = [mark.category ? category(mark.category) : "", mark.reason].filter(Boolean).join(" / ");
  return make("li", { class: "line missed", "data-number": String(mark.number) }, [
    make("span", { class: "missed-mark" }, [
      make("time", { class: "number", text: clock(mark.at_ms) }),
      make("span", { class: "missed-word", text: t("見落とし") }),
      make("span", { class: "missed-by", text: mark.by_name || mark.by }),
      make("button", {
        class: "button-plain missed-edit",
        type: "button",
        "data-missed": String(mark.number),
        "aria-label": t("{at}の見落としの理由を書く・取り消す", { at: clock(mark.at_ms) }),
        text: words.categories && what ? t("直す") : t("理由を書く"),
      }),
    ]),
    what ? make("span", { class: "missed-what", text: what }) : null,
  ]);
}
