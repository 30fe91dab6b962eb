/** Glue: the form in which a change is put together: policy, single values, rules, words. */

import { read, send } from "./api.js";
import { byId, make } from "./dom.js";
import { t, tError } from "./language.js";
import { categoryShort } from "./words.js";

const OWN_FILE = "file";

export class TrialForm {
  constructor(started) {
    this.started = started;
    this.toml = "";
    this.fileIsRight = true;
    this.values = new Map();
    this.rules = new Map();
    byId("trial-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    byId("trial-policy").addEventListener("change", () => this.drawFile());
    byId("trial-file").addEventListener("change", () => this.readFile());
    byId("trial-key").addEventListener("change", (event) => this.addValue(event.target));
    byId("trial-rule").addEventListener("change", (event) => this.addRule(event.target));
  }

  async fill() {
    const { body } = await read("/v1/trials/choices");
    this.choices = body;
    const policy = byId("trial-policy");
    policy.options[0].textContent = t("今のまま({name})", { name: body.policy });
    for (const name of body.policies) if (name !== body.policy) policy.append(make("option", { value: name, text: t("製品の方針 {name}", { name }) }));
    policy.append(make("option", { value: OWN_FILE, text: t("ファイルを選ぶ…") }));
    const key = byId("trial-key");
    for (const one of body.keys) key.append(make("option", { value: one.key, text: t("{label}(今: {now})", { label: one.label, now: one.now ? `${one.now}${one.unit}` : t("定めなし") }) }));
    const rule = byId("trial-rule");
    for (const category of body.categories) {
      const group = make("optgroup", { label: categoryShort(category) });
      for (const one of body.rules) {
        if (one.category !== category || one.always_used) continue;
        const off = one.off ? t("(今は使わない)") : "";
        group.append(make("option", { value: `${one.rule} ${one.category}`, text: `${one.words}${off} ${one.rule}` }));
      }
      rule.append(group);
      byId("trial-category")?.append(make("option", { value: category, text: categoryShort(category) }));
    }
    const section = byId("trial-section");
    for (const name of body.sections) section.append(make("option", { value: name, text: name }));
    byId("trial-section-field").hidden = body.sections.length < 2;
    byId("trial-most").max = String(body.most_calls);
  }

  drawFile() {
    const own = byId("trial-policy").value === OWN_FILE;
    byId("trial-file-field").hidden = !own;
    if (own) byId("trial-file").focus();
  }

  /** Say at once what is wrong with the file, line by line. */
  async readFile() {
    const [file] = byId("trial-file").files;
    const said = byId("trial-file-said");
    this.toml = "";
    this.fileIsRight = false;
    said.replaceChildren();
    if (!file) return;
    if (file.size > 100_000) return said.replaceChildren(make("p", { class: "error", text: t("ファイルが大きすぎます。基本方針のTOMLファイルを選んでください。") }));
    const toml = await file.text();
    try {
      const check = await send("POST", "/v1/trials/policy-check", { toml });
      this.fileIsRight = check.valid;
      this.toml = toml;
      if (check.valid) said.replaceChildren(make("p", { text: t("読み取れました: {title}({version})", { title: check.title, version: check.version }) }));
      else said.replaceChildren(make("p", { class: "error", text: t("誤りが{n}件あります。直してから選び直してください。", { n: check.problems.length }) }), make("ul", { class: "trial-faults", lang: "ja" }, check.problems.map((one) => make("li", { text: one.message }))));
    } catch (error) {
      said.replaceChildren(make("p", { class: "error", text: tError(error) }));
    }
  }

  addValue(select) {
    const one = this.choices.keys.find(({ key }) => key === select.value);
    select.value = "";
    if (!one || this.values.has(one.key)) return byId(`value-${one?.key}`)?.focus();
    const input = make("input", { type: "text", id: `value-${one.key}`, value: one.now, size: "10", inputmode: "decimal" });
    const row = make("li", {}, [
      make("label", { for: input.id, text: one.label }),
      make("span", { class: "trial-new" }, [input, ` ${one.unit}`, make("span", { class: "trial-about", text: t("今: {now}", { now: one.now || t("定めなし") }) })]),
      this.away(one.label, () => {
        this.values.delete(one.key);
        row.remove();
      }),
    ]);
    this.values.set(one.key, input);
    byId("trial-values").append(row);
    input.focus();
    input.select();
  }

  addRule(select) {
    const value = select.value;
    select.value = "";
    const one = this.choices.rules.find(({ rule, category }) => `${rule} ${category}` === value);
    if (!one || this.rules.has(value)) return;
    const how = make("select", { "aria-label": t("{name}をどうするか", { name: one.rule }) }, [
      one.off ? make("option", { value: "on", text: t("また使う") }) : make("option", { value: "off", text: t("使わない") }),
      one.from_words ? make("option", { value: "removed", text: t("言葉の一覧から外す") }) : null,
    ]);
    const row = make("li", {}, [
      make("span", {}, [make("span", { lang: "ja", text: one.words }), make("code", { class: "trial-about", text: ` ${one.rule}` })]),
      make("span", { class: "trial-new field" }, [how]),
      this.away(one.rule, () => {
        this.rules.delete(value);
        row.remove();
      }),
    ]);
    this.rules.set(value, { one, how });
    byId("trial-rules").append(row);
  }

  away(name, act) {
    return make("button", { class: "button-plain", type: "button", text: t("やめる"), "aria-label": t("{name}を変えるのをやめる", { name }), on: { click: act } });
  }

  change() {
    const policy = byId("trial-policy").value;
    const chosen = [...this.rules.values()].map(({ one, how }) => ({ one, how: how.value }));
    const keys = (how) => chosen.filter((each) => each.how === how).map(({ one }) => ({ rule: one.rule, category: one.category }));
    const words = (byId("trial-words")?.value ?? "").split("\n").map((word) => word.trim()).filter(Boolean);
    return {
      policy: policy === OWN_FILE ? "" : policy,
      policy_toml: policy === OWN_FILE ? this.toml : "",
      values: Object.fromEntries([...this.values].map(([key, input]) => [key, input.value])),
      off: keys("off"),
      on: keys("on"),
      removed: keys("removed").map(({ rule }) => rule),
      words: words.length > 0 ? [{ category: byId("trial-category").value, severity: Number(byId("trial-severity").value), words }] : [],
    };
  }

  async submit() {
    if (byId("trial-policy").value === OWN_FILE && (!this.fileIsRight || this.toml === "")) return this.refuse(t("基本方針のファイルを選び直してください。誤りのあるファイルは試せません。"), "trial-file");
    const button = byId("trial-start");
    button.disabled = true;
    this.refuse("");
    try {
      const trial = await send(
        "POST",
        "/v1/trials",
        {
          title: byId("trial-title").value,
          change: this.change(),
          section: byId("trial-section").value,
          since: byId("trial-since").value || null,
          until: byId("trial-until").value || null,
          most_calls: Number(byId("trial-most").value) || 300,
        },
        { attempts: 1, timeoutMs: 30_000 },
      );
      this.started(trial);
    } catch (error) {
      this.refuse(error.code === "trial_policy_invalid" || error.code === "trial_lexicon_invalid" ? error.message : tError(error));
    } finally {
      button.disabled = false;
    }
  }

  refuse(text, focus = "") {
    const box = byId("trial-refused");
    box.hidden = text === "";
    box.textContent = text;
    if (focus) byId(focus).focus();
  }
}
