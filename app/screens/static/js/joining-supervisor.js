/** Glue: the supervisor's way into a call: come, listen, write, ask, leave. Sound: joining-sound.js, notes: joining-notes.js. */

import { callPath, send } from "./api.js";
import { byId, say } from "./dom.js";
import { isThere, latestRequest, stepsOf } from "./joining-state.js";
import { NoteForm } from "./joining-notes.js";
import { SoundControls } from "./joining-sound.js";
import { t, tRefusal } from "./language.js";
import { AtCall } from "./listen.js";

const ASKS = ["take_over", "three_way"];

export class AtTheCall {
  constructor({ callId, me, panels, ask, changed }) {
    Object.assign(this, { callId, me, panels, ask, changed });
    this.joining = null;
    this.ended = false;
    this.doing = Promise.resolve();
    this.pressed = new Set(); // buttons whose doing is not done
    this.resumed = false;
    this.at = new AtCall(callId, { onRefused: (error) => this.lost(error) });
    this.sound = new SoundControls(callId, { onChanged: changed, onAlive: () => this.at.stayAlive() });
    this.notes = new NoteForm(callId, { ask });
    this.asking = null; // what is about to be asked of the operator; a dialog may ask about it first
    this.keys = { KeyJ: () => this.join(), KeyL: () => this.switchSound(), KeyN: () => this.write() };
    byId("join").addEventListener("click", () => this.join());
    byId("leave").addEventListener("click", () => this.leave());
    byId("sound-switch").addEventListener("click", () => this.switchSound());
    for (const kind of ASKS) byId(`ask-${kind}`).addEventListener("click", () => this.request(kind));
    byId("ring-yes").addEventListener("click", () => this.rings());
    byId("ring").addEventListener("close", () => {
      this.asking = null;
    });
    document.addEventListener("visibilitychange", () => document.hidden || this.at.stayAlive());
    // Before anything is read: whoever answers first must not decide which panel is open.
    panels.present("joining", true);
    panels.offer("joining", "joining");
    if (new URLSearchParams(window.location.search).get("listen") === "1") this.invite();
  }

  /** Who came by a link 「聞く」 need only press: browsers play no sound before. */
  invite() {
    this.invited = true;
    byId("join-hint").hidden = false;
  }

  get there() {
    return this.joining !== null && isThere(this.joining, this.me);
  }

  draw(joining, ended) {
    this.joining = joining;
    this.ended = ended;
    byId("joining-live").hidden = ended;
    if (ended) {
      this.at.forget();
      if (byId("ring").open) byId("ring").close();
    } else {
      this.takeUp();
    }
    const { there } = this;
    const focused = document.activeElement;
    byId("join").hidden = there;
    byId("leave").hidden = byId("sound-switch").hidden = !there;
    if (there && focused === byId("join")) byId("sound-switch").focus(); // who pressed it stays where they were
    if (!there && !ended && (focused === byId("leave") || focused === byId("sound-switch"))) byId("join").focus();
    if (there) byId("join-hint").hidden = true;
    this.sound.draw(there);
    this.notes.draw(joining);
    for (const kind of ASKS) this.drawAsk(kind);
    if (this.invited && !there && !ended) {
      this.invited = false;
      byId("join").focus();
    }
  }

  /** Every event of the call: timers of a hidden page are slowed down, its socket is not. */
  alive() {
    this.at.stayAlive();
  }

  /** After loading the page again somebody is still there: the signs of life go on, the sound needs a click. */
  takeUp() {
    if (this.resumed) return;
    this.resumed = true;
    if (this.there) this.at.resume();
  }

  /** Come and listen, in one click: sound may begin only in the click itself. */
  async join() {
    if (this.ended || this.there || this.pressed.has("join")) return;
    this.sound.start();
    const came = await this.try("join", () => this.at.join(), notJoined());
    if (!came) this.sound.stop();
  }

  async leave() {
    if (!this.there || this.pressed.has("leave")) return;
    this.sound.stop();
    await this.try("leave", () => this.at.leave(), t("抜けたことを送れませんでした。もう一度お試しください。"));
  }

  switchSound() {
    if (this.ended || this.pressed.has("leave") || !this.there) return;
    if (this.sound.on) this.sound.stop();
    else this.sound.start();
  }

  write() {
    if (this.ended) return;
    this.panels.show("joining");
    this.notes.focus();
  }

  /** The server has taken this page to be gone. Whose sound comes back by itself comes back whole. */
  async lost(error) {
    try {
      if (error.code !== "not_joined" || !this.sound.on) throw error;
      await this.at.join();
    } catch (refused) {
      this.tell(tRefusal(refused, notJoined()), "failed");
    }
    this.ask();
  }

  /** A request is asked about first where it will make a telephone ring. */
  async request(kind) {
    if (this.asking || this.ended || this.pressed.has(`ask-${kind}`)) return;
    if (!this.there) return this.tell(t("先に「加わる」を押してから、お願いしてください。"), "failed");
    if (latestRequest(this.joining, this.me, kind)?.state === "open") return;
    this.asking = kind;
    await this.ask();
    if (this.ended || !this.joining.telephoneRings) {
      this.asking = null;
      return this.ended ? undefined : this.send(kind);
    }
    say(byId("ring-title"), kind === "take_over" ? t("「代わります」:よろしいですか") : t("「一緒に入ります」:よろしいですか"));
    byId("ring").showModal();
    byId("ring-no").focus(); // a key too many does nothing
  }

  rings() {
    const kind = this.asking;
    byId("ring").close();
    if (kind) this.send(kind);
  }

  async send(kind) {
    // Sent once: a second one would be refused as a repetition.
    const path = callPath(this.callId, "/requests");
    await this.try(`ask-${kind}`, () => send("POST", path, { kind }, { attempts: 1 }), t("お願いを送れませんでした。もう一度お試しください。"));
  }

  /** Do what the button `id` is for, after what was pressed before it; say whether it was done. */
  try(id, action, failedWords) {
    this.pressed.add(id);
    byId(id).setAttribute("aria-disabled", "true");
    const turn = this.doing.then(() => this.carryOut(id, action, failedWords));
    this.doing = turn;
    return turn;
  }

  async carryOut(id, action, failedWords) {
    let done = true;
    this.tell("", "");
    try {
      await action();
      await this.ask(); // the event may be lost with the line
    } catch (error) {
      done = false;
      this.tell(tRefusal(error, failedWords), "failed");
    }
    this.pressed.delete(id);
    byId(id).setAttribute("aria-disabled", "false");
    this.changed();
    return done;
  }

  tell(text, outcome) {
    byId("joining-told").dataset.outcome = outcome;
    say(byId("joining-told"), text);
  }

  drawAsk(kind) {
    const request = latestRequest(this.joining, this.me, kind);
    const state = byId(`ask-${kind}-state`);
    const { word, sign } = askWords(request);
    state.dataset.state = sign;
    say(state, word);
    byId(`ask-${kind}-place`).hidden = word === "";
    byId(`ask-${kind}`).hidden = !this.there;
    byId(`ask-${kind}`).setAttribute("aria-disabled", String(request?.state === "open" || this.pressed.has(`ask-${kind}`)));
    const steps = request?.result === "instructions" ? stepsOf(request.text).join("\n") : "";
    say(byId(`ask-${kind}-steps`), steps);
  }
}

function notJoined() {
  return t("加われませんでした。もう一度お試しください。");
}

function askWords(request) {
  if (!request) return { word: "", sign: "none" };
  if (request.state === "open") return { word: t("お願いしています"), sign: "open" };
  if (request.state === "declined") return { word: t("断りました"), sign: "declined" };
  if (request.state === "withdrawn") return { word: t("取り下げました"), sign: "withdrawn" };
  if (request.result === "joined") return { word: t("つながりました"), sign: "joined" };
  if (request.result === "instructions") return { word: t("受けました。電話機でつなぐ手順:"), sign: "instructions" };
  return { word: t("受けました"), sign: "accepted" };
}
