/** Glue: the page on which an ended call is looked at again. */

import * as api from "./api.js";
import { byId, icon, make, say } from "./dom.js";
import { locale, t, tError } from "./language.js";
import { Axis } from "./review-axis.js";
import { ReviewBasis } from "./review-basis.js";
import { ReviewedCall } from "./review-call.js";
import { Deeds } from "./review-deeds.js";
import { Find } from "./review-find.js";
import { ReviewExports } from "./review-exports.js";
import { ReviewJudgement } from "./review-judgement.js";
import { Loudness } from "./review-loudness.js";
import { Player } from "./review-player.js";
import { ReviewPeople } from "./review-people.js";
import { ReviewRecords } from "./review-records.js";
import { ReviewReport } from "./review-report.js";
import { Sound } from "./review-sound.js";
import { openTabs } from "./review-tabs.js";
import { Transcript } from "./review-transcript.js";
import { ReviewUnmask } from "./review-unmask.js";
import { drawVersions } from "./review-versions.js";
import { clock, JAPAN, spoken } from "./times.js";
import { level, words } from "./words.js";

const LONGEST_MS = 60_000; // three hours on a busy server

const callId = byId("review").dataset.callId;
const DAY = new Intl.DateTimeFormat(locale, { ...JAPAN, dateStyle: "long", timeStyle: "short" });

function drawHead({ call, covered, warning_limit: limit }) {
  const { label } = level(call.top_level);
  byId("head-level").dataset.level = String(call.top_level);
  byId("head-level").replaceChildren(icon(`level-${call.top_level}`), make("span", { text: t("最高の段階:{level}", { level: label }) }));
  const facts = [
    words.outcomes[call.outcome] ?? "",
    DAY.format(new Date(call.started_at)),
    t("通話 {length}", { length: spoken(call.duration_ms) }),
    [call.section || t("課の指定なし"), call.operator || t("職員の指定なし")].join(" "),
    call.caller_number || t("番号非通知"),
    limit ? t("警告 {n}回(方針では{limit}回まで)", { n: call.warnings_spoken, limit }) : t("警告 {n}回", { n: call.warnings_spoken }),
  ];
  byId("head-facts").replaceChildren(...facts.filter(Boolean).map((text) => make("li", { text })));
  byId("head-covered").hidden = !covered;
}

function drawSound(axis, { recording }) {
  const silent = recording.stretches?.filter((one) => one.kind !== "sound") ?? [];
  const loudness = recording.state === "kept" ? new Loudness({ callId, durationMs: recording.duration_ms }) : null;
  if (loudness) loudness.onTrouble = (error) => say(byId("polite"), t("音の波形を読み込めませんでした。{why}", { why: tError(error) }));
  axis.setSound(loudness, silent);
  loudness?.open();
}

async function open() {
  let told;
  try {
    told = (await api.read(api.callPath(callId, "/review"), { timeoutMs: LONGEST_MS })).body;
  } catch (error) {
    byId("failure").hidden = false;
    byId("talk-empty").hidden = true;
    say(byId("failure-word"), tError(error) || t("読み込めませんでした。もう一度お試しください。"));
    return;
  }
  byId("failure").hidden = true;
  const reviewed = new ReviewedCall(told);
  const { state } = told.recording;
  const source = state === "kept" ? api.callPath(callId, "/recording.wav") : null;
  const sound = new Sound(byId("sound"), source, reviewed.durationMs);
  let transcript = null;
  const jump = (ms) => {
    sound.seek(ms);
    transcript?.setFollowing(true);
  };
  drawHead(told);
  say(byId("time-whole"), clock(reviewed.durationMs));
  byId("talk-empty").hidden = reviewed.rows.length > 0;
  say(byId("talk-empty"), t("この通話には、文字にできた発言がありません。"));
  transcript = new Transcript({ scroll: byId("talk-scroll"), rows: reviewed.rows, models: told.models, onJump: jump, onFollow: (following) => (byId("follow").hidden = following) });
  new Find({ transcript });
  const axis = new Axis({ reviewed, sound, onSeek: jump, onMarks: (marks) => lead(marks) });
  const player = new Player({ reviewed, sound, onSeek: jump, onMuted: () => axis.drawNear() });
  if (state !== "kept") player.tellWhy(told.recording);
  const deeds = new Deeds({ reviewed, onJump: jump });
  const tabs = openTabs(byId("side-tabs"));
  const lead = (marks) => {
    tabs.show("deeds");
    deeds.lead(marks);
  };
  drawVersions(told);
  byId("follow").addEventListener("click", () => transcript.setFollowing(true));
  sound.listen((atMs) => {
    axis.setPlace(atMs);
    transcript.setPresent(reviewed.rowAt(atMs));
  });
  sound.reload = async () => {
    const again = new ReviewedCall((await api.read(api.callPath(callId, "/review"), { timeoutMs: LONGEST_MS })).body);
    drawHead(again.told);
    transcript.setRows(again.rows, again.told.models);
    deeds.setCall(again);
  };
  const from = Number(new URLSearchParams(window.location.search).get("at"));
  sound.seek(Number.isFinite(from) ? from : 0);
  document.body.dataset.usable = "true";
  drawSound(axis, told);
  for (const Part of [ReviewUnmask, ReviewJudgement, ReviewReport, ReviewRecords, ReviewExports, ReviewPeople, ReviewBasis]) {
    try {
      new Part({ callId, api, sound });
    } catch (error) {
      console.error(error); // one part that fails leaves the others, and the call, to be read
    }
  }
}

byId("again").addEventListener("click", open);
open();
