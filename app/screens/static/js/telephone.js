/** Glue: 「電話へ」. Buttons for what the exchange can do now; each asks first, by name, and is sent once. */

import { callPath, read, send } from "./api.js";
import { byId, make, say } from "./dom.js";
import { t, tError } from "./language.js";
import { moment } from "./times.js";
import { level } from "./words.js";

/** Longer than the longest announcement, and than a supervisor's telephone rings. */
const PATIENCE_MS = 90_000;
/** What the exchange can do changes with its sockets, and no event says so. */
const READ_AGAIN_MS = 30_000;
const MODES = {
  talk: t("三人で話す(お相手にも職員にも聞こえます)"),
  listen: t("聞くだけ(だれにも聞こえません)"),
  whisper: t("職員だけに話す(お相手には聞こえません)"),
};
const NOTES = new Set(["telephone_play", "telephone_join", "telephone_end"]);

export class Telephone {
  constructor({ callId, role, me, panels }) {
    Object.assign(this, { callId, role, me, panels });
    this.dialog = byId("ask");
    this.call = null;
    this.offered = null; // what the server answered last
    this.shown = ""; // for which answer the buttons were made
    this.running = false;
    this.chosen = null; // what is being asked about
    byId("ask-yes").addEventListener("click", () => this.confirmed());
    byId("ask-reason").addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault(); // neither hangs up nor throws the words away
    });
    this.timer = setInterval(() => document.hidden || this.read(), READ_AGAIN_MS);
  }

  draw({ call }) {
    this.call = call;
    if (!call.ended_at) return;
    clearInterval(this.timer);
    this.offered = null;
    if (this.dialog.open) this.dialog.close();
    this.show();
  }

  hear({ type, data }) {
    if (type !== "note" || !NOTES.has(data.kind)) return;
    if (data.by !== this.me) this.tell(t("{name}さん:{text}", { name: data.by, text: data.text }), data.result === "done" ? "done" : "failed");
    this.read();
  }

  async read() {
    if (this.call?.ended_at) return false;
    try {
      this.offered = (await read(callPath(this.callId, "/telephone"))).body;
    } catch {
      return false; // what was offered stays: the click itself is judged by the server
    }
    this.show();
    return true;
  }

  show() {
    const deeds = this.deeds();
    // Something to read about what was clicked stays, although nothing more can be done.
    this.panels.present("telephone", deeds.length > 0 || byId("telephone-state").textContent !== "");
    if (deeds.length > 0) this.panels.offer("telephone", "telephone");
    const signature = JSON.stringify(deeds);
    if (signature !== this.shown) {
      this.shown = signature;
      byId("telephone-buttons").replaceChildren(...deeds.map((deed) => this.button(deed)));
    }
    for (const button of byId("telephone-buttons").children) button.setAttribute("aria-disabled", String(this.running));
  }

  /** What can be done now, in the order of its buttons. */
  deeds() {
    const { offered } = this;
    if (!offered || this.call?.ended_at) return [];
    const deeds = (offered.can_play ? offered.announcements : []).map((found) => ({
      kind: "play",
      word: found.label,
      full: t("{name}を流す", { name: found.label }),
      path: `/announcements/${encodeURIComponent(found.name)}`,
      seconds: Math.max(1, Math.round(found.duration_ms / 1000)),
    }));
    if (offered.can_join) {
      const word = this.role === "operator" ? t("上司に加わってもらう") : t("通話に加わる");
      deeds.push({ kind: "join", word, full: word, path: "/join", modes: offered.join_modes });
    }
    if (offered.can_end) deeds.push({ kind: "end", word: t("通話を終える"), full: t("通話を終える"), path: "/end" });
    return deeds;
  }

  button(deed) {
    const hint = deed.kind === "play" ? [make("span", { class: "telephone-verb", text: t("流す") })] : [];
    return make(
      "button",
      {
        class: `button button-secondary telephone-button telephone-${deed.kind}`,
        type: "button",
        "aria-haspopup": "dialog",
        "aria-label": deed.full,
        on: { click: () => this.ask(deed) },
      },
      [make("span", { text: deed.word }), ...hint],
    );
  }

  /** Ask with the level that the call has now, and only for what can still be done. */
  async ask(deed) {
    if (this.running || this.dialog.open) return;
    if (!(await this.read())) return this.tell(t("サーバーに届きません。電話機で操作してください。"), "failed");
    const still = this.deeds().find((other) => other.path === deed.path);
    if (!still) return this.tell(t("いまは「{deed}」を使えません。電話機で操作してください。", { deed: deed.full }), "failed");
    if (this.offered.busy) return this.tell(t("前の操作がまだ終わっていません。"), "failed");
    if (this.dialog.open) return;
    this.chosen = still;
    say(byId("ask-title"), t("{deed}:よろしいですか", { deed: still.full }));
    say(byId("ask-call"), `${this.call.caller_number || t("番号非通知")} ${t("{at}開始", { at: moment(this.call.started_at) })}`);
    say(byId("ask-level"), level(this.offered.level).label);
    say(byId("ask-what"), this.whatWillHappen(still));
    say(byId("ask-yes"), still.kind === "play" ? t("流す") : still.word);
    byId("ask-reason").value = "";
    byId("ask-reason-place").hidden = still.kind !== "end";
    this.offerModes(still.modes ?? []);
    this.dialog.showModal();
    byId("ask-no").focus(); // a key too many does nothing
  }

  whatWillHappen(deed) {
    if (deed.kind === "play") return t("録音した「{name}」(約{n}秒)を、この電話に流します。流れている間も通話は続きます。", { name: deed.word, n: deed.seconds });
    if (deed.kind === "end") return t("この電話を切ります。元に戻せません。終了の理由とごあいさつをお伝えしてから切ってください。");
    return this.role === "operator"
      ? t("課の監督者がこの通話に加わるよう、電話交換機に伝えます。")
      : t("あなたがこの通話に加わります。お使いの電話機が鳴ったら、受話器を取ってください。");
  }

  offerModes(modes) {
    const place = byId("ask-modes");
    place.hidden = modes.length < 2;
    place.replaceChildren(
      place.querySelector("legend"),
      ...modes.map((mode, index) =>
        make("label", {}, [
          make("input", { type: "radio", name: "mode", value: mode, checked: index === 0 }),
          make("span", { text: MODES[mode] ?? mode }),
        ]),
      ),
    );
  }

  async confirmed() {
    const deed = this.chosen;
    if (deed === null || this.running) return;
    const body = { confirmed: true };
    if (deed.kind === "join") body.mode = this.dialog.querySelector("input[name='mode']:checked")?.value ?? deed.modes[0];
    if (deed.kind === "end") body.reason = byId("ask-reason").value.trim();
    this.chosen = null;
    this.dialog.close();
    this.running = true;
    this.tell(t("{deed}:行っています…", { deed: deed.full }), "running");
    this.show();
    try {
      // Sent once, whatever happens: nobody is hung up on twice.
      await send("POST", callPath(this.callId, deed.path), body, { attempts: 1, timeoutMs: PATIENCE_MS });
      this.tell(`${moment(new Date().toISOString())} ${doneWords(deed)}`, "done");
    } catch (error) {
      this.tell(failedWords(deed, error), "failed");
    }
    this.running = false;
    this.show();
  }

  tell(text, outcome) {
    byId("telephone-state").dataset.outcome = outcome;
    say(byId("telephone-state"), text);
    this.panels.present("telephone", true);
    if (outcome === "failed") this.panels.show("telephone");
  }
}

function doneWords(deed) {
  if (deed.kind === "play") return t("「{name}」を流しました。", { name: deed.word });
  return deed.kind === "end" ? t("通話の終了を、電話交換機が受け付けました。") : t("監督者の参加を、電話交換機が受け付けました。");
}

function failedWords(deed, error) {
  // Also after an error of the server: what was clicked may have been done before it.
  if (error.status === 0 || error.code === "internal_error") return t("{deed}:行われたか分かりません。電話機で確かめてください。", { deed: deed.full });
  if (error.status === 401) return t("{deed}:サインインが切れています。電話機で操作してください。", { deed: deed.full });
  return tError(error) || t("{deed}:できませんでした。電話機で操作してください。", { deed: deed.full });
}
