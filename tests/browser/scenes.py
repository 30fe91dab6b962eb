"""Pure: scripted calls, one for each state of the screens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from tests.browser.stage import WELL, Json, Stage

CALL: Final = "c-1"
CLAUSES: Final = {
    "mental_attack": "脅迫、中傷、名誉棄損、侮辱、暴言など精神的な攻撃",
    "physical_attack": "暴行、傷害など身体的な攻撃",
    "intimidation": "威圧的な言動",
    "persistence": "継続的、執拗な言動",
    "personal_attack": "職員個人への攻撃、要求",
    "apology": "妥当性を欠く土下座などの謝罪の要求",
    "compensation": "妥当性を欠く金銭などの補償の要求",
}
REASONS: Final = {
    "mental_attack": "職員を侮辱する言葉です",
    "physical_attack": "身体に危害を加えるという予告のおそれがあります",
    "intimidation": "強い口調で不利益をほのめかしています",
    "persistence": "ご説明の後に同じご要求が3回続いています",
    "personal_attack": "職員個人の名前や住まいを求めています",
    "apology": "土下座を求めています",
    "compensation": "根拠のない金銭を求めています",
}


@dataclass(slots=True)
class Talk:
    """Writes the events of one call in the order of its sound."""

    stage: Stage
    call_id: str = CALL
    count: int = 0

    def says(
        self, track: str, at: str, text: str, *, doubts: tuple[str, ...] = (), seconds: int = 4
    ) -> str:
        self.count += 1
        start_ms = ms(at)
        utterance_id = f"{self.call_id}.{track[0]}{start_ms}"
        self.stage.tell(
            "transcript.final",
            self.call_id,
            {
                "utterance_id": utterance_id,
                "track": track,
                "start_ms": start_ms,
                "end_ms": start_ms + seconds * 1000,
                "text": text,
                "confidence": 0.4 if doubts else 0.9,
                "doubts": list(doubts),
            },
        )
        return utterance_id

    def saying(self, track: str, at: str, text: str, *, seconds: int = 3) -> str:
        """Show the words so far of a sentence that is still being spoken."""
        start_ms = ms(at)
        utterance_id = f"{self.call_id}.{track[0]}{start_ms}"
        self.stage.tell(
            "transcript.partial",
            self.call_id,
            {
                "utterance_id": utterance_id,
                "track": track,
                "start_ms": start_ms,
                "end_ms": start_ms + seconds * 1000,
                "text": text,
                "confidence": 0.8,
            },
        )
        return utterance_id

    def found(self, utterance_id: str, text: str, quote: str, category: str, severity: int) -> None:
        start = text.index(quote)
        self.stage.tell(
            "finding",
            self.call_id,
            {
                "utterance_id": utterance_id,
                "category": category,
                "severity": severity,
                "start": start,
                "end": start + len(quote),
                "quote": quote,
                "rule": f"lexicon:{category}.1",
                "clause": CLAUSES[category],
                "reason": REASONS[category],
                "score": 0.9,
            },
        )

    def harasses(
        self,
        at: str,
        text: str,
        quote: str,
        category: str,
        *,
        level: int,
        change: str = "alert.raised",
        count: int = 1,
        needs_check: bool = False,
    ) -> str:
        """Let the caller say *text*, with its finding and its alert."""
        utterance_id = self.says("caller", at, text)
        self.found(utterance_id, text, quote, category, level)
        self.stage.tell(
            change,
            self.call_id,
            alert(category, level, quote, ms(at), utterance_id, count=count, check=needs_check),
        )
        return utterance_id

    def level(self, level: int, outcome: str = "harassment_suspected") -> None:
        self.stage.tell("level.changed", self.call_id, {"level": level, "outcome": outcome})

    def suggests(self, step: str, text: str, category: str | None, *, draft: bool = True) -> None:
        self.stage.tell(
            "script.suggested",
            self.call_id,
            {
                "script_id": f"{step}-1",
                "text": text,
                "step": step,
                "category": category,
                "draft": draft,
                "version": 0 if draft else 1,
                "note": "",
                "recorded": False,
            },
        )


def ms(at: str) -> int:
    minutes, seconds = at.split(":")
    return (int(minutes) * 60 + int(seconds)) * 1000


def alert(
    category: str,
    level: int,
    quote: str,
    start_ms: int,
    utterance_id: str,
    *,
    count: int = 1,
    check: bool = False,
) -> dict[str, Any]:
    minutes, seconds = divmod(start_ms // 1000, 60)
    when = f"通話開始から{minutes}分{seconds}秒" if minutes else f"通話開始から{seconds}秒"
    return {
        "alert_id": f"a-{category}",
        "level": level,
        "categories": [category],
        "utterance_id": utterance_id,
        "quote": quote,
        "start_ms": start_ms,
        "end_ms": start_ms + 4000,
        "reason": REASONS[category],
        "clause": CLAUSES[category],
        "count": count,
        "needs_check": check,
        "explanation": {
            "text": f"{when}、相手の方の「{quote}」という言葉は、"
            f"方針の「{CLAUSES[category]}」に当たるおそれがあります。"
            "あらかじめ登録された言い方に一致しました。",
            "parts": [
                {"kind": "said", "label": "言葉", "lines": [f"「{quote}」"]},
                {"kind": "when", "label": "いつ", "lines": [when]},
                {
                    "kind": "how",
                    "label": "見つけ方",
                    "lines": [
                        "あらかじめ登録された言い方に一致しました。",
                        f"{REASONS[category]}。",
                    ],
                },
                {
                    "kind": "clause",
                    "label": "方針の箇所",
                    "lines": [
                        f"「{CLAUSES[category]}」",
                        "江別市職員カスタマーハラスメント対策基本方針",
                    ],
                },
                {
                    "kind": "severity",
                    "label": "重さ",
                    "lines": [
                        "「注意」:お話は続けられます。",
                        "この言い方に、あらかじめ決めてある重さです。",
                    ],
                },
                {
                    "kind": "considered",
                    "label": "ほかに検討したこと",
                    "lines": ["ほかに当たりうるものはありませんでした。"],
                },
                {"kind": "versions", "label": "版", "lines": ["ルール:mental.fool"]},
            ],
        },
        "withdrawn": False,
    }


def nothing(_stage: Stage) -> None:
    """No call at all."""


def begun(stage: Stage) -> None:
    stage.begin(CALL, age_ms=4_000)


def quiet(stage: Stage) -> None:
    stage.begin(CALL, age_ms=ms("1:24"))
    talk = Talk(stage)
    talk.says("operator", "0:02", "お電話ありがとうございます。江別市役所道路管理課の佐藤です。")
    talk.says("caller", "0:08", "もしもし、家の前の道路の除雪のことで聞きたいんですけど。")
    talk.says("operator", "0:14", "はい、除雪についてですね。ご住所の町名を教えていただけますか。")
    talk.says("caller", "0:20", "野幌町です。昨日の夜から全然来てないんですよ。")
    talk.says(
        "operator",
        "0:27",
        "ご不便をおかけしております。野幌地区は今夜から作業に入る予定です。",
        seconds=6,
    )
    talk.says("caller", "0:36", "今夜って何時ごろですか。", doubts=("low_probability",))
    talk.says("operator", "0:41", "おおむね午後11時から明け方にかけての作業になります。")


def complaint(stage: Stage) -> None:
    quiet(stage)
    talk = Talk(stage)
    talk.says(
        "caller", "0:50", "前にも頼んだのに連絡がなかったじゃないですか。どうなってるんですか。"
    )
    talk.level(0, "legitimate_complaint")
    talk.suggests(
        "listen",
        "ご連絡が行き届かず、申し訳ございません。経過を確認してお伝えします。",
        None,
        draft=False,
    )


def level1(stage: Stage) -> None:
    quiet(stage)
    talk = Talk(stage)
    talk.harasses(
        "0:52",
        "夜中じゃ困るんだよ。こっちは税金払ってるんだ、ふざけるな。",
        "ふざけるな",
        "mental_attack",
        level=1,
        needs_check=True,
    )
    talk.level(1)
    talk.suggests(
        "ask_to_stop",
        "ご用件は承りますので、そのようなお言葉はお控えください。",
        "mental_attack",
    )


def level2(stage: Stage) -> None:
    level1(stage)
    talk = Talk(stage)
    talk.says("operator", "1:02", "ご用件は承りますので、そのようなお言葉はお控えください。")
    talk.harasses(
        "1:10",
        "お前みたいな無能じゃ話にならん。名前と住所を言え。",
        "名前と住所を言え",
        "personal_attack",
        level=2,
    )
    text = "お前みたいな無能じゃ話にならん。名前と住所を言え。"
    talk.found(f"{CALL}.c{ms('1:10')}", text, "無能", "mental_attack", 2)
    stage.tell(
        "alert.updated",
        CALL,
        alert("mental_attack", 2, "お前みたいな無能", ms("1:10"), f"{CALL}.c{ms('1:10')}", count=2),
    )
    stage.tell(
        "gap",
        CALL,
        {"track": "caller", "start_ms": ms("1:15"), "end_ms": ms("1:20"), "reason": "overload"},
    )
    again = "だから今すぐ除雪に来いって言ってるんだ。"
    repeated = talk.says("caller", "1:21", again)
    talk.found(repeated, again, again, "persistence", 1)
    stage.tell(
        "alert.raised",
        CALL,
        alert("persistence", 1, "だから今すぐ除雪に来い", ms("1:21"), repeated, count=3),
    )
    talk.level(2)
    stage.tell("stalemate.started", CALL, {"stalemate_ms": 45_000})
    stage.beside["progress"] = {
        "warning_limit": 3,
        "asked": [
            {
                "at_ms": ms("1:02"),
                "text": "ご用件は承りますので、そのようなお言葉はお控えください。",
                "utterance_id": f"{CALL}.o{ms('1:02')}",
            }
        ],
        "next": {
            "text": "警告はあと2回。その後は終了を検討できます",
            "clause": CLAUSES["mental_attack"],
        },
    }
    stage.tell(
        "warning.spoken", CALL, {"count": 1, "limit": 3, "utterance_id": f"{CALL}.o{ms('1:02')}"}
    )
    talk.suggests(
        "warn",
        "ただいまのご発言は、職員に対するカスタマーハラスメントに当たるおそれがあります。続くようでしたら、お電話を終了させていただきます。",
        "mental_attack",
    )


def level3(stage: Stage) -> None:
    level2(stage)
    talk = Talk(stage)
    talk.says(
        "operator", "1:27", "ただいまのご発言は、カスタマーハラスメントに当たるおそれがあります。"
    )
    talk.harasses(
        "1:36",
        "うるさい。今から行ってお前を刺してやるからな。待ってろ。",
        "お前を刺してやるからな",
        "physical_attack",
        level=3,
    )
    talk.level(3)
    stage.beside["progress"]["next"] = {
        "text": "段階を踏まず、すぐに上司と共有してください",
        "clause": CLAUSES["physical_attack"],
    }
    stage.tell(
        "warning.spoken", CALL, {"count": 2, "limit": 3, "utterance_id": f"{CALL}.o{ms('1:27')}"}
    )
    talk.suggests(
        "emergency",
        "ただいまのお言葉は、職員の安全に関わります。警察に通報することがあります。",
        "physical_attack",
    )


def demand(stage: Stage) -> None:
    """The same request for the fifth time, three answers given, and an office with limits."""
    level1(stage)
    talk = Talk(stage)
    asked = (
        ("1:10", "だから今すぐ除雪に来てくれって言ってるんだ。"),
        ("2:04", "そんなこと聞いてない。今すぐ来い。"),
        ("3:20", "何回言わせるんだ。今日の昼までに除雪に来いと言ってるんだよ。"),
        ("4:31", "とにかく今すぐ来ればいいんだ。"),
    )
    answered = (
        ("1:30", "野幌地区は今夜11時から作業に入る予定で、これより早く伺うことはできません。"),
        ("2:20", "申し訳ございませんが、順番に作業しており、今すぐには伺えません。"),
        ("3:40", "繰り返しになりますが、今夜11時からの作業となります。"),
    )
    first = {"at_ms": ms("0:20"), "text": "野幌町です。昨日の夜から全然来てないんですよ。"}
    statements = [{**first, "utterance_id": f"{CALL}.c{ms('0:20')}"}]
    answers: list[dict[str, object]] = []
    lines = [*((at, "caller", text) for at, text in asked)]
    lines += [(at, "operator", text) for at, text in answered]
    for at, track, text in sorted(lines, key=lambda line: ms(line[0])):
        utterance_id = talk.says(track, at, text)
        told = {"at_ms": ms(at), "text": text, "utterance_id": utterance_id}
        (statements if track == "caller" else answers).append(told)
    begun_at = stage.now() - timedelta(milliseconds=ms("26:30"))
    stage.calls[CALL]["call"]["started_at"] = begun_at.isoformat()
    stage.tell("stalemate.started", CALL, {"stalemate_ms": ms("5:12")})
    stage.beside["progress"] = {
        "limits": {"held": ms("30:00"), "stalemate": ms("30:00")},
        "next": {
            "text": "通話30分をめどに、理由を告げて終了を検討できます",
            "clause": "不退去、居座り、監禁など拘束的な行動",
        },
        "demand": {
            "stated": len(statements),
            "answered": len(answers),
            "since_ms": ms("0:20"),
            "statements": statements,
            "answers": answers,
        },
    }


def behind(stage: Stage) -> None:
    level1(stage)
    behind = {"recognition_delay_ms": 6_000, "status": "behind", "shedding": "operator"}
    stage.tell("health", CALL, behind)


def down(stage: Stage) -> None:
    level1(stage)
    stage.tell("health", CALL, {**WELL, "status": "down"})
    stage.tell(
        "gap",
        CALL,
        {"track": "caller", "start_ms": ms("1:00"), "end_ms": ms("1:08"), "reason": "unavailable"},
    )


def help_requested(stage: Stage) -> None:
    level2(stage)
    stage.tell("note", CALL, {"kind": "help_requested", "text": "", "by": "sato"})


def welfare(stage: Stage) -> None:
    stage.begin(CALL, age_ms=ms("3:10"))
    talk = Talk(stage)
    talk.says("caller", "2:58", "もう生きていても仕方ないのかなって、最近思うんです。")
    talk.suggests(
        "welfare", "お話しくださってありがとうございます。もう少しお聞かせいただけますか。", None
    )


def ended(stage: Stage) -> None:
    level2(stage)
    stage.beside["progress"]["next"] = {
        "text": "所属長に報告してください",
        "clause": "組織としての対応",
    }
    stage.tell("call.ended", CALL, {"reason": "stop", "duration_ms": ms("12:34")})


def hard_call(stage: Stage) -> None:
    """A threat, the end, and the break that is proposed after it."""
    level3(stage)
    stage.tell("call.ended", CALL, {"reason": "stop", "duration_ms": ms("12:34")})
    note = {"kind": "break_proposed", "text": "", "by": "", "because": "stop"}
    stage.tell("note", CALL, note)


def unset(stage: Stage) -> None:
    """A caller who needs support, in an office that has entered no contacts."""
    welfare(stage)
    stage.beside["aids"]["office_unset"] = True


def listed(stage: Stage) -> None:
    """Two live calls, one of them asking for help, and ended ones."""
    begun_at = stage.now()
    for index, (level, minutes, words) in enumerate(
        [
            (0, 9, "ありがとうございました。助かりました。"),
            (3, 14, "家に火をつけてやるからな。"),
            (1, 31, "だから責任者を出せと言ってるんです。"),
            (0, 6, "分かりました。書類を持って伺います。"),
        ]
    ):
        call_id = f"past-{index}"
        started = begun_at - timedelta(hours=index + 1, minutes=7 * index)
        outcome = (
            "harassment_suspected"
            if level
            else ("legitimate_complaint" if index == 3 else "ordinary")
        )
        stage.begin(call_id, started_at=started.isoformat(), operator="sato")
        talk = Talk(stage, call_id)
        talk.says("caller", "5:00", words)
        talk.level(level, outcome)
        stage.tell("call.ended", call_id, {"reason": "stop", "duration_ms": minutes * 60_000})
    level2(stage)
    stage.tell("note", CALL, {"kind": "help_requested", "text": "", "by": "sato"})
    stage.begin("c-2", age_ms=ms("0:40"), operator="suzuki", caller_number="")
    Talk(stage, "c-2").says("caller", "0:30", "住民票の写しはコンビニでも取れますか。")


def long_call(stage: Stage) -> None:
    """Three hours of talk, as many lines as such a call has."""
    stage.begin(CALL, age_ms=ms("180:00"))
    talk = Talk(stage)
    for turn in range(1_300):
        seconds = turn * 8
        track = "caller" if turn % 2 else "operator"
        talk.says(
            track,
            f"{seconds // 60}:{seconds % 60:02d}",
            f"{turn}番目の発話です。同じご説明になります。",
        )


SCENES: Final[Mapping[str, Callable[[Stage], None]]] = {
    "nothing": nothing,
    "begun": begun,
    "quiet": quiet,
    "complaint": complaint,
    "level1": level1,
    "level2": level2,
    "level3": level3,
    "demand": demand,
    "behind": behind,
    "down": down,
    "help": help_requested,
    "welfare": welfare,
    "ended": ended,
    "hard-call": hard_call,
    "unset": unset,
    "list": listed,
    "long": long_call,
}

__all__ = ["CALL", "SCENES", "Json", "Talk", "alert", "ms"]
