/** Glue: the form of an incident report: fields filled in anew, quotes chosen, nothing unsaved lost by leaving. */

import * as api from "./api.js";
import { byId, say } from "./dom.js";
import { t, tError } from "./language.js";

const MOST_BYTES = 60_000; // the server takes 65,536, the form's own fields included
const form = byId("report-form");
const reportId = byId("report").dataset.reportId;
const bytes = new TextEncoder();
let leaving = false;

class FieldOfForm {
  constructor(block) {
    this.block = block;
    this.area = block.querySelector("textarea");
    this.opened = this.area.defaultValue; // somebody may have typed before this ran
    this.original = block.querySelector("template[data-original]")?.content.textContent ?? null;
    this.before = [];
    this.undoButton = block.querySelector("[data-undo]");
    for (const tools of block.querySelectorAll("[data-tools]")) tools.hidden = false;
    block.querySelector("[data-refill]")?.addEventListener("click", () => this.refill());
    this.undoButton?.addEventListener("click", () => this.undo());
    block.querySelector("[data-take]")?.addEventListener("click", () => this.take());
    block.querySelector("[data-untake]")?.addEventListener("click", () => this.untake());
    this.area.addEventListener("input", () => this.mark());
  }

  get key() {
    return this.area.name;
  }

  get changed() {
    return this.area.value !== this.opened;
  }

  put(text) {
    this.area.value = text;
    this.mark();
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  async refill() {
    let told;
    try {
      told = (await api.read(`/v1/reports/${reportId}/record`)).body;
    } catch (error) {
      say(byId("report-unsaved"), tError(error) || t("記録を読み込めませんでした。もう一度お試しください。"));
      return;
    }
    this.before.push(this.area.value);
    this.original = told.fields[this.key] ?? "";
    this.put(this.original);
    this.undoButton.hidden = false;
    this.area.focus();
  }

  undo() {
    if (this.before.length === 0) return;
    this.put(this.before.pop());
    this.undoButton.hidden = this.before.length === 0;
    this.area.focus();
  }

  take() {
    this.mine = this.area.value;
    this.put(this.block.querySelector("[data-saved-text]").textContent);
    this.block.querySelector("[data-untake]").hidden = false;
    this.area.focus();
  }

  untake() {
    this.put(this.mine);
    this.block.querySelector("[data-untake]").hidden = true;
    this.area.focus();
  }

  mark() {
    const origin = this.block.querySelector("[data-origin]");
    if (origin === null || this.original === null) return;
    const known = this.original.trim() !== "";
    const edited = known && this.area.value.trim() !== this.original.trim();
    this.block.toggleAttribute("data-edited", edited);
    say(origin, edited ? t("書き改めあり") : known ? t("記録から") : t("記録になし"));
  }
}

function chooseQuotes() {
  const boxes = [...form.querySelectorAll("#quotes input")];
  const hidden = byId("quotes-chosen");
  for (const box of boxes) box.disabled = false;
  return () => {
    const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
    hidden.value = chosen.join("\n");
    say(byId("quotes-count"), t("{n}件を引用", { n: chosen.length }));
  };
}

function open() {
  const fields = [...form.querySelectorAll(".report-field")].filter((block) => block.querySelector("textarea")).map((block) => new FieldOfForm(block));
  const late = document.querySelector(".notice-warning[role=alert]:not([hidden])") !== null || document.querySelector(".notice-error") !== null;
  const readQuotes = chooseQuotes();
  const quotesOpened = byId("quotes-chosen").defaultValue;
  const unsaved = () => fields.some((field) => field.changed) || byId("quotes-chosen").value !== quotesOpened;
  const tell = () => {
    const wait = unsaved() || late;
    say(byId("report-unsaved"), wait ? t("保存していない文があります") : "");
    return wait;
  };
  form.addEventListener("input", (event) => {
    if (event.target.matches("#quotes input")) readQuotes();
    tell();
  });
  form.addEventListener("submit", (event) => {
    // What nobody touched is not sent: the server keeps it as it is.
    const untouched = late ? [] : fields.filter((field) => !field.changed);
    const size = fields.reduce((sum, field) => sum + (untouched.includes(field) ? 0 : bytes.encode(field.area.value).length), bytes.encode(byId("quotes-chosen").value).length);
    byId("report-large").hidden = size <= MOST_BYTES;
    if (size > MOST_BYTES) {
      event.preventDefault();
      byId("report-large").scrollIntoView({ block: "center" });
      return;
    }
    leaving = true;
    for (const field of untouched) field.area.disabled = true;
    // Should the page come back by the button "back", everything can be written again.
    addEventListener("pageshow", () => untouched.forEach((field) => (field.area.disabled = false)), { once: true });
  });
  addEventListener("beforeunload", (event) => {
    if (!leaving && (unsaved() || late)) event.preventDefault();
  });
  tell();
}

if (form) open();
