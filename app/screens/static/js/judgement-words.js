/** Pure: what judgements are called. */

import { t } from "./language.js";

const VERDICTS = {
  harassment: t("該当"),
  not_harassment: t("非該当"),
  undecided: t("判断保留"),
};

export function verdictWord(verdict) {
  return VERDICTS[verdict] ?? t("まだ判断がありません");
}

/** Where a call stands, in one line. */
export function standingWord({ verdict, differing, second_wanted: secondWanted, judged }) {
  if (judged === 0) return t("まだ判断がありません");
  if (differing) return t("判断保留(意見が分かれています)");
  return secondWanted ? t("{verdict}(別の意見を求めています)", { verdict: verdictWord(verdict) }) : verdictWord(verdict);
}

export const QUESTIONS = [
  { name: "content", words: t("要求の内容は、許容される範囲を超えていましたか"), answers: beyond() },
  { name: "manner", words: t("言い方・やり方は、許容される範囲を超えていましたか"), answers: beyond() },
  {
    name: "repeated",
    words: t("一度だけでしたか、繰り返されましたか"),
    answers: [["once", t("一度だけ")], ["repeated", t("お願いや説明の後も繰り返した")], ["unclear", t("わからない")]],
  },
  { name: "office_fault", words: t("市の側に誤りや不手際がありましたか"), answers: yesNo() },
  { name: "accommodation", words: t("障害などへの配慮を求める申出でしたか"), answers: yesNo() },
];

function beyond() {
  return [["within", t("範囲内")], ["beyond", t("超えていた")], ["unclear", t("わからない")]];
}

function yesNo() {
  return [["no", t("いいえ")], ["yes", t("はい")], ["unclear", t("わからない")]];
}

/** The answer that was given to a question, in words; empty where it was left open. */
export function answerWord(question, value) {
  return question.answers.find(([id]) => id === value)?.[1] ?? "";
}

/** What to think of before 該当 is written down, given what was answered. */
export function cautions(verdict, considered) {
  if (verdict !== "harassment") return [];
  const told = [];
  if (considered.accommodation === "yes") told.push(t("配慮を求める申出そのものは、カスタマーハラスメントに当たりません。申出とは別の言動が理由かを、理由の欄に書いてください。"));
  if (considered.office_fault === "yes") told.push(t("市の誤りに対する苦情そのものは、正当な申入れです。誤りに見合わない言動が理由かを、理由の欄に書いてください。"));
  if (considered.content === "within" && considered.manner === "within") told.push(t("内容も言い方も範囲内という答えです。該当とする理由を、もう一度お確かめください。"));
  if (considered.repeated === "once" && considered.manner !== "beyond") told.push(t("一度だけの強い言葉は、それだけで該当とはしません。"));
  return told;
}
