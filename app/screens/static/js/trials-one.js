/** Glue: one trial: how far it is, what it counted, and for auditors call by call what differs. */

import { read, send } from "./api.js";
import { byId, make, say } from "./dom.js";
import { verdictWord } from "./judgement-words.js";
import { t, tError } from "./language.js";
import { clock, moment } from "./times.js";
import { isOpen, Pace, progressWord, stateWord, whyNotComparable } from "./trials-words.js";
import { categoryShort, level, words } from "./words.js";

const AGAIN_MS = 1500;
const PAGE = 50;

const id = byId("trial").dataset.trialId;
const path = `/v1/trials/${id}`;
const pace = new Pace();
let listedAt = -1;

async function draw() {
  try {
    const { body: trial } = await read(path);
    byId("one-failure").hidden = true;
    drawTop(trial);
    drawNumbers(trial);
    drawChange(trial);
    if (trial.sees_calls && trial.done !== listedAt && (!isOpen(trial) || !byId("one-calls").contains(document.activeElement))) {
      listedAt = trial.done;
      await drawCalls();
    }
    if (isOpen(trial)) setTimeout(draw, AGAIN_MS);
    else say(byId("one-polite"), stateWord(trial.state));
  } catch (error) {
    byId("one-failure").hidden = false;
    say(byId("one-failure"), tError(error));
    setTimeout(draw, AGAIN_MS * 4);
  }
}

function drawTop(trial) {
  say(byId("one-title"), trial.title || t("{at}の試行", { at: moment(trial.at) }));
  say(byId("one-state"), stateWord(trial.state));
  say(byId("progress-word"), progressWord(trial));
  const bar = byId("one-bar");
  bar.max = Math.max(1, trial.calls);
  bar.value = trial.done;
  bar.hidden = trial.state === "done";
  const waits = trial.state === "waiting" ? t("ほかの試行が終わると始まります。") : "";
  const opening = trial.state === "running" && trial.done === 0 ? t("判定の準備をしています…") : "";
  say(byId("one-left"), pace.left(trial, Date.now()) || waits || opening);
  byId("one-cancel").hidden = !isOpen(trial);
}

function drawNumbers({ tally, done, calls }) {
  const partly = done < calls ? t("(途中までの数)") : "";
  byId("one-two").replaceChildren(
    matters("missed", t("該当と判断された通話のうち、お知らせが出なくなるもの"), tally.harassment_missed, t("該当 {n}のうち{partly}", { n: told(tally.harassment), partly }), t("見落としが増えます。内容を一件ずつご確認ください。")),
    matters("relieved", t("非該当と判断された通話のうち、お知らせが出なくなるもの"), tally.fair_relieved, t("非該当 {n}のうち{partly}", { n: told(tally.fair), partly }), t("正当な申入れへの余計なお知らせが減ります。")),
  );
  const rows = [
    [t("該当と判断された通話に、新しくお知らせが出る"), tally.harassment_found],
    [t("非該当と判断された通話に、新しくお知らせが出る"), tally.fair_alarmed],
    [t("最高の段階が上がる通話"), tally.up],
    [t("最高の段階が下がる通話"), tally.down],
    [t("最高の段階が変わらない通話"), tally.same],
    [t("どこかに違いのある通話"), tally.differing],
    [t("新しく出るお知らせの行"), tally.alerts_come],
    [t("出なくなるお知らせの行"), tally.alerts_gone],
  ];
  byId("one-numbers").replaceChildren(...rows.map(([word, n]) => make("div", {}, [make("dt", { text: word }), make("dd", { class: "number", text: told(n) })])));
}

/** A number as it is told: small ones are not to who sees no calls. */
function told(n) {
  return n === null ? t("秘匿") : t("{n}件", { n });
}

function matters(kind, title, n, of, means) {
  return make("div", { class: "trial-matter", "data-kind": kind, "data-some": n > 0 ? "" : null }, [
    make("p", { class: "trial-matter-title", text: title }),
    make("p", { class: "trial-matter-number number", text: told(n) }),
    make("p", { class: "trial-about", text: of }),
    n > 0 ? make("p", { text: means }) : null,
  ]);
}

function drawChange(trial) {
  const none = t("定めなし");
  const told = trial.values.map((one) => t("{label}: {before} → {after}", { label: one.label || one.key, before: one.before || none, after: one.after || none }));
  for (const { rule } of trial.off) told.push(t("ルール {rule} を使わない", { rule }));
  for (const { rule } of trial.on) told.push(t("ルール {rule} をまた使う", { rule }));
  for (const rule of trial.removed) told.push(t("{rule} を言葉の一覧から外す", { rule }));
  const items = told.map((text) => make("li", { text }));
  if (trial.added_toml) items.push(make("li", {}, [t("言葉を加える"), make("details", {}, [make("summary", { text: t("言葉の一覧(TOML)を見る") }), make("pre", { lang: "ja", text: trial.added_toml })])]));
  if (byId("one-change").children.length === 0) byId("one-change").replaceChildren(...items);
  if (byId("one-next").children.length === 0) byId("one-next").replaceChildren(...nextSteps(trial));
}

/** What an administrator would have to change; nothing goes live from here. */
function nextSteps(trial) {
  const steps = [make("p", {}, [make("strong", { text: t("この画面からは、何も本番に入りません。") }), t("本番に入れるときは、管理者が次のとおり変えます。")])];
  const list = [];
  if (trial.policy_changed) list.push(make("li", {}, [t("次のファイルをサーバーに置き、設定 MIMAMORI_DETECTION__POLICY にその場所を書いて、起動し直します。 "), make("a", { href: `${path}/policy.toml`, download: true, text: t("試した基本方針をダウンロード") })]));
  if (trial.off.length > 0 || trial.on.length > 0) list.push(make("li", {}, [make("a", { href: "/rules", text: t("検知ルールの点検") }), t("で、ルールを「使わない」「また使う」にします。")]));
  if (trial.removed.length > 0) list.push(make("li", { text: t("言葉の一覧は製品に付属しています。外すときは、検知ルールの点検でそのルールを「使わない」にするか、製品の保守担当に依頼します。") }));
  if (trial.added_toml) list.push(make("li", {}, [t("言葉の一覧は製品に付属しています。加えるときは、次のファイルを製品の保守担当に渡します。 "), make("a", { href: `${path}/words.toml`, download: true, text: t("加えた言葉をダウンロード") })]));
  steps.push(make("ul", { class: "trial-change" }, list));
  return steps;
}

async function drawCalls({ more = false } = {}) {
  const list = byId("one-calls");
  const open = new Set([...list.querySelectorAll("details[open]")].map((one) => one.dataset.callId));
  // A redraw while the trial runs keeps as many rows as were there.
  const offset = more ? list.children.length : 0;
  const limit = more ? PAGE : Math.max(PAGE, Math.min(200, list.children.length));
  const { body } = await read(`${path}/calls?offset=${offset}&limit=${limit}`);
  byId("one-calls-section").hidden = false;
  const known = new Map([...list.children].map((row) => [row.dataset.callId, row]));
  const rows = body.calls.map((call) => (open.has(call.call_id) && known.get(call.call_id)) || row(call));
  if (more) list.append(...rows);
  else list.replaceChildren(...rows);
  list.hidden = list.children.length === 0;
  byId("one-calls-empty").hidden = !list.hidden;
  byId("one-more").hidden = list.children.length >= body.total;
  say(byId("one-calls-count"), t("{n}件", { n: body.total }));
}

function row(call) {
  const begun = moment(call.started_at);
  const about = [call.section, begun, clock(call.duration_ms)].filter(Boolean).join(" ");
  const verdict = call.verdict === null ? t("まだ判断がありません") : t("判断: {verdict}", { verdict: verdictWord(call.verdict) });
  const review = make("a", { href: `/calls/${encodeURIComponent(call.call_id)}/review`, text: t("通話を確認する"), "aria-label": t("{begun}の通話を確認する", { begun }) });
  if (call.state === "not_comparable") {
    return make("li", { class: "tried", "data-call-id": call.call_id }, [make("p", { class: "tried-head" }, [make("span", { class: "tag", text: t("比べられません") }), make("span", { text: about }), make("span", { class: "trial-about", text: whyNotComparable(call.why) }), review])]);
  }
  const lines = [call.come > 0 ? t("お知らせの行 +{n}", { n: call.come }) : "", call.gone > 0 ? t("お知らせの行 −{n}", { n: call.gone }) : ""].filter(Boolean).join(" ");
  const details = make("details", { "data-call-id": call.call_id }, [
    make("summary", { class: "tried-head" }, [levels(call.level_before, call.level_after), make("span", { text: about }), make("span", { class: "trial-about", text: [verdict, lines].filter(Boolean).join(" ") })]),
    make("div", { class: "tried-body" }, [make("p", { text: t("読み込んでいます…") })]),
  ]);
  details.addEventListener("toggle", () => {
    if (details.open && !details.dataset.loaded) loadDifferences(details, call.call_id, review);
  });
  return make("li", { class: "tried", "data-call-id": call.call_id }, [details]);
}

function levels(before, after) {
  const same = before === after;
  const word = (value) => level(value).label;
  return make("span", { class: "tried-levels", "data-change": same ? "same" : after > before ? "up" : "down" }, [
    make("span", { text: same ? t("段階は同じ({level})", { level: word(after) }) : t("{before} → {after}", { before: word(before), after: word(after) }) }),
  ]);
}

async function loadDifferences(details, callId, review) {
  const body = details.querySelector(".tried-body");
  try {
    const { body: found } = await read(`${path}/calls/${encodeURIComponent(callId)}`);
    details.dataset.loaded = "yes";
    body.replaceChildren(
      make("ol", { class: "tried-differences" }, found.differences.map((one) => difference(one))),
      make("p", { text: found.cut ? t("違いが多いため、はじめの{n}か所だけを表示しています。", { n: found.differences.length }) : "" }),
      make("p", {}, [review]),
    );
  } catch (error) {
    body.replaceChildren(make("p", { class: "error", text: tError(error) }));
  }
}

function difference(one) {
  const said = one.text ? make("p", { lang: "ja" }, [make("span", { class: "trial-about", text: `${words.tracks?.[one.track] ?? ""} ` }), `「${one.text}」`]) : make("p", { class: "trial-about", text: t("発言ではなく、時間の経過によるもの") });
  const facts = [];
  const apart = one.level_before !== one.level_after;
  if (apart) facts.push(t("この時点の段階: {before} → {after}", { before: level(one.level_before).label, after: level(one.level_after).label }));
  for (const { rule, category, before, after } of one.findings) {
    const name = `${categoryShort(category)} ${rule}`;
    if (before === 0) facts.push(t("見つかるようになる: {name}({after})", { name, after: level(after).label }));
    else if (after === 0) facts.push(t("見つからなくなる: {name}({before})", { name, before: level(before).label }));
    else facts.push(t("重さが変わる: {name}({before} → {after})", { name, before: level(before).label, after: level(after).label }));
  }
  for (const category of one.come) facts.push(t("お知らせの行が新しく出る: {name}", { name: categoryShort(category) }));
  for (const category of one.gone) facts.push(t("お知らせの行が出なくなる: {name}", { name: categoryShort(category) }));
  return make("li", {}, [make("span", { class: "number tried-at", text: clock(one.start_ms) }), make("div", {}, [said, make("ul", { class: "tried-facts" }, facts.map((text) => make("li", { text })))])]);
}

byId("one-cancel").addEventListener("click", async () => {
  const button = byId("one-cancel");
  button.disabled = true;
  try {
    drawTop(await send("POST", `${path}/cancel`));
  } catch (error) {
    byId("one-failure").hidden = false;
    say(byId("one-failure"), tError(error));
  } finally {
    button.disabled = false;
  }
});
byId("one-more").addEventListener("click", async () => {
  try {
    await drawCalls({ more: true });
    byId("one-failure").hidden = true;
  } catch (error) {
    byId("one-failure").hidden = false;
    say(byId("one-failure"), tError(error));
  }
});
draw();
