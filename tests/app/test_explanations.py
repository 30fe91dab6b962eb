"""Why each finding stands: stored with it, told with its alert, and read again by who may see the call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from app.auth.identity import Role
from app.calls.recovery import recover
from app.calls.repository import alerts_of, findings_of
from app.events import EventType
from app.settings import Settings
from detection.conversation import CallConversation
from detection.detector import load_lexicon_detector
from detection.policy_files import load_policy
from tests.app.exchange import Exchange, exchange
from tests.app.running import RunningServer, hear, in_own_task, running_server, say, send
from tests.app.sounds import call_bytes, joined, sentences, silence, speech
from tests.app.speaking import PAUSE_MS, begun, speak, watched
from tests.fakes_transcriber import ScriptedTranscriber

THREAT = "今からそっちに行って刺してやるからな、お前の顔は覚えたぞ"
THREAT_SO_FAR = "今からそっちに行って刺してやるからな、お前の顔は"
HARMLESS = "住民票の写しがほしいのですが"
SENTENCE = (
    "相手の方の「今からそっちに行って刺してやるからな」という言葉は、"
    "方針の「暴行、傷害など身体的な攻撃」に当たるおそれがあります。"
)


def by_words(settings: Settings, transcriber: ScriptedTranscriber) -> Any:
    return exchange(settings, transcriber, detector=load_lexicon_detector())


def part(explanation: dict[str, Any], kind: str) -> list[str]:
    lines: list[str] = next(p["lines"] for p in explanation["parts"] if p["kind"] == kind)
    return lines


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def either(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    if request.param == "sqlite":
        return settings
    url: str = request.getfixturevalue("postgres_url")
    return settings.model_copy(update={"database_url": SecretStr(url)})


@pytest.fixture
async def server(either: Settings) -> AsyncIterator[RunningServer]:
    transcriber = ScriptedTranscriber(HARMLESS, THREAT)
    async with in_own_task(running_server(either, transcriber)) as running:
        yield running


async def test_who_may_see_the_call_reads_why_and_nobody_else_does(server: RunningServer) -> None:
    async with server.stream() as stream:
        await say(stream, {"type": "start", "call_id": "c1", "operator": "sato"})
        await hear(stream)
        await send(stream, call_bytes(sentences(2)))
        await say(stream, {"type": "stop"})
        await hear(stream)
    read = {}
    for role, section in (
        (Role.SUPERVISOR, "市民課"),
        (Role.SUPERVISOR, "税務課"),
        (Role.AUDITOR, ""),
        (Role.ADMINISTRATOR, ""),
    ):
        async with server.client(await server.token(role, section)) as client:
            read[role, section] = await client.get("/v1/calls/c1/findings")
            record = (await client.get("/v1/calls/c1")).json()
            if role is Role.AUDITOR:
                alerts = record["alerts"]

    statuses = [answer.status_code for answer in read.values()]
    assert statuses == [200, 403, 200, 403]
    findings = read[Role.AUDITOR, ""].json()["findings"]
    assert findings == read[Role.SUPERVISOR, "市民課"].json()["findings"]
    threat = next(f for f in findings if f["category"] == "physical_attack")
    seconds = threat["start_ms"] // 1_000
    assert threat["explanation"]["text"].startswith(f"通話開始から{seconds}秒、{SENTENCE}")
    assert part(threat["explanation"], "versions")[0] == f"ルール:{threat['rule']}"
    assert alerts[0]["explanation"] == threat["explanation"]


async def test_an_auditor_reads_nothing_while_the_call_goes_on(server: RunningServer) -> None:
    token = await server.token(Role.AUDITOR)
    async with server.stream() as stream, server.client(token) as client:
        await say(stream, {"type": "start", "call_id": "c1", "operator": "sato"})
        await hear(stream)
        answer = await client.get("/v1/calls/c1/findings")

    assert answer.status_code == 404


async def test_an_alert_is_told_with_its_reason_from_half_a_sentence_on(settings: Settings) -> None:
    transcriber = ScriptedTranscriber(THREAT, partials=[THREAT_SO_FAR])
    async with watched(settings, transcriber, detector=load_lexicon_detector()) as (
        office,
        screens,
    ):
        attached = await office.attach("c1")
        await speak(attached.call, begun(2_600))
        await screens.until(EventType.ALERT_RAISED)
        await speak(attached.call, joined(speech(800), silence(PAUSE_MS)))
        await screens.until(EventType.ALERT_UPDATED)
        await office.registry.stop(attached, "stop")
        (early,) = screens.of(EventType.ALERT_RAISED)
        whole = screens.of(EventType.ALERT_UPDATED)[-1]
        (row,) = await alert_rows(office)

    assert early["explanation"]["text"].endswith(
        "話の途中の聞き取りによるもので、文の終わりまでは要確認です。"
    )
    assert whole["explanation"]["text"].endswith(
        f"{SENTENCE}あらかじめ登録された言い方に一致しました。"
    )
    assert row.explanation == whole["explanation"]


async def alert_rows(office: Exchange) -> list[Any]:
    async with office.database.transaction() as session:
        return list(await alerts_of(session, "c1"))


async def test_what_was_set_aside_in_the_same_words_is_kept_for_who_looks_back(
    settings: Settings,
) -> None:
    text = "夫に殺してやると言われて、怖いんです。聞いてるのか、馬鹿野郎"
    async with by_words(settings, ScriptedTranscriber(text)) as office:
        await office.call("c1", call_bytes(sentences(1)))
        async with office.database.transaction() as session:
            found = list(await findings_of(session, "c1"))

    considered = [line for row in found for line in part(row.explanation or {}, "considered")]
    assert (
        "「暴行、傷害など身体的な攻撃」に当たりうる言葉もありましたが、"
        "人の言葉を伝えるお話のため、数えていません。"
    ) in considered


async def test_a_line_that_weighs_less_after_an_admitted_mistake_says_so_where_it_is_explained(
    settings: Settings,
) -> None:
    claim, fault = "慰謝料として百万円払え", "申し訳ございません、こちらの誤りでした"
    async with by_words(settings, ScriptedTranscriber(claim, fault)) as office:
        attached = await office.attach("c1")
        sound = joined(silence(2_500), sentences(1))
        attached.call.hear(call_bytes(sentences(1), sound))
        await office.registry.stop(attached, "stop")
        (row,) = await alert_rows(office)

    assert (row.level, row.count) == (1, 1)
    assert part(row.explanation, "severity") == [
        "「注意」:お話は続けられます。",
        "市が誤りを認めたため、もとの重さから一段下げています。",
    ]
    assert part(row.explanation, "said")[-1].endswith(f"「{claim}」")


async def test_the_answers_given_are_still_known_after_a_crash(settings: Settings) -> None:
    detector, policy = load_lexicon_detector(), load_policy("ebetsu")
    refusal = "申し訳ありませんが、回収はできません"
    async with by_words(settings, ScriptedTranscriber(HARMLESS, refusal)) as office:
        attached = await office.attach("c1")
        sound = joined(silence(2_500), sentences(1))
        attached.call.hear(call_bytes(sentences(1), sound))
        await office.registry.stop(attached, "stop")
        again = await recover(
            office.database,
            "c1",
            detector=detector,
            new_conversation=lambda: CallConversation(policy, detector.version),
        )

    assert [(answer.words, answer.refused) for answer in again.talk.answers] == [(refusal, True)]
    assert [utterance.text for utterance in again.talk.said] == [HARMLESS]
