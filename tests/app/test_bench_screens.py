"""Facts about what a measurement of an office's screens makes of what they are sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.identity import Role
from app.bench.calls import CallsPlan
from app.bench.latency import SpokenTurn
from app.bench.observed import Observed
from app.bench.recorded_calls import RecordedCall
from app.bench.screens import ScreensPlan, measure_screens, measure_screens_on
from app.bench.screens_line import open_line
from app.bench.screens_people import sign_in_people
from app.bench.screens_table import screens_table
from app.bench.screens_tally import ScreenKind, Sight, Tally, head_of, late
from app.bench.server import SECTION
from app.errors import BadRequest, Unavailable
from app.events import Audience, Event, EventType
from app.settings import Settings
from app.simulate.native import CallSound
from tests.app.running import SECTION as OFFICE
from tests.app.running import hear, running_server, say
from tests.app.sounds import call_bytes, joined, silence, speech
from tests.app.test_bench_calls import CALLER, Recorded, alert, bench_server, words
from tests.fakes_transcriber import ScriptedTranscriber

EPOCH = 1_700_000_000.0
OPENED_AT = 100.0


def frame(
    seq: int, kind: EventType = EventType.NOTE, *, at: float = OPENED_AT, **data: Any
) -> bytes:
    moment = datetime.fromtimestamp(EPOCH + at, UTC)
    return Event(seq, kind, "c1", moment, data, Audience("sato", SECTION)).written().encode()


def sight(tally: Tally, kind: ScreenKind = ScreenKind.BOARD, after: int = 0) -> Sight:
    return Sight(tally, kind, after=after, opened_at=OPENED_AT, epoch=EPOCH)


@given(st.integers(0, 10**12), st.sampled_from(EventType), st.text(max_size=20))
def test_the_head_is_what_reading_the_whole_message_would_tell(
    seq: int, kind: EventType, words: str
) -> None:
    sent = frame(seq, kind, at=1.234, text=words)

    head = head_of(sent)

    whole = json.loads(sent)
    assert head is not None
    assert (head.seq, head.type.decode(), head.call_id) == (seq, whole["type"], whole["call_id"])
    assert head.at == datetime.fromisoformat(whole["at"]).timestamp()


def test_an_event_is_late_by_the_time_since_its_write_began() -> None:
    tally = Tally()

    sight(tally).take(frame(1, at=102.0), 102.025)

    assert late(tally.kinds[ScreenKind.BOARD].late_ms) == {
        "count": 1,
        "p50": 25.0,
        "p95": 25.0,
        "max": 25.0,
    }


def test_what_a_screen_catches_up_with_is_not_late_for_it() -> None:
    tally = Tally()

    sight(tally).take(frame(1, at=OPENED_AT - 1), OPENED_AT)

    of_kind = tally.kinds[ScreenKind.BOARD]
    assert (late(of_kind.late_ms), of_kind.messages) == ({"count": 0}, 1)


def test_a_board_knows_what_it_was_not_sent_and_what_came_twice() -> None:
    tally = Tally()
    board = sight(tally)

    for seq in (1, 2, 2, 5):
        board.take(frame(seq), OPENED_AT)
    board.take(frame(5, EventType.HEALTH), OPENED_AT)

    assert (tally.missed, tally.repeated) == (2, 1)


def test_an_operators_screen_does_not_miss_the_numbers_of_other_calls() -> None:
    tally = Tally()
    desk = sight(tally, ScreenKind.CALL)

    desk.take(frame(1), OPENED_AT)
    desk.take(frame(9), OPENED_AT)

    assert tally.missed == 0


def test_an_alert_is_late_by_the_time_since_the_words_at_every_screen() -> None:
    tally = Tally()
    seen = Observed({"c": Recorded()})
    seen.note(words(CALLER, 2_400, 6_200), 107.0)
    seen.note({**alert("u", 2_400, 6_200), "seq": 7}, 107.0)

    sight(tally).take(frame(7, EventType.ALERT_RAISED), 107.5)
    sight(tally, ScreenKind.CALL).take(frame(7, EventType.ALERT_RAISED), 107.25)
    sight(tally).take(frame(8, EventType.ALERT_RAISED), 108.0)

    [timed] = seen.alerts
    ends = {timed.seq: timed.ended_at}
    assert not timed.early
    assert tally.alert_ms(ends, ScreenKind.BOARD) == [1_500]
    assert tally.alert_ms(ends, ScreenKind.CALL) == [1_250]


def test_a_screen_that_was_too_slow_is_told_from_one_that_was_cut() -> None:
    tally = Tally()

    for code in (4408, None, 4408, 1012):
        tally.lost(code)

    assert tally.closed == {"too_slow": 2, "cut": 1, "1012": 1}


def test_what_is_no_message_is_counted_and_passed_over() -> None:
    tally = Tally()

    assert sight(tally).take(b'{"type":"note"}', OPENED_AT) is None
    assert tally.strange == 1


async def test_screens_follow_their_calls_and_miss_nothing(settings: Settings) -> None:
    sound = CallSound(call_bytes(joined(silence(200), speech(600), silence(1_200))))
    recording = RecordedCall("short", sound, (SpokenTurn(CALLER, 200, 800),))
    plan = ScreensPlan(
        CallsPlan([recording], calls=2, seconds=2.5), operators=3, boards=2, settle_seconds=0.0
    )
    steps: list[float] = []

    async with running_server(settings, ScriptedTranscriber("もしもし", "はい", "ええ")) as server:
        bench = await bench_server(server)
        result = await measure_screens_on(bench, plan, steps.append, OFFICE)

    assert result["event_latency_ms"]["operator_call"]["count"] >= 2
    assert result["event_latency_ms"]["board"]["count"] >= 8
    assert (result["events_missed"], result["events_repeated"]) == (0, 0)
    assert result["screens_closed"] == {"too_slow": 0}
    assert result["frames_not_understood"] == 0
    assert result["cores"]["with_screens"]["server"] > 0
    assert "監督者(全通話)" in screens_table(result)
    assert steps == sorted(steps)


async def test_a_person_of_the_measurement_sees_what_a_browser_of_theirs_would(
    settings: Settings,
) -> None:
    frames: list[bytes] = []

    async with running_server(settings, ScriptedTranscriber()) as server:
        [person] = await sign_in_people(settings.data_dir, ["bench-0"], Role.OPERATOR)
        headers, url = person.headers(server.url), "ws" + server.url.removeprefix("http")
        line = await open_line(
            f"{url}/v1/events", headers, lambda frame, _: frames.append(frame), lambda: None
        )
        async with server.screen(await server.token(Role.SUPERVISOR)) as screen:
            async with server.stream() as stream:
                await say(stream, {"type": "start", "operator": "bench-0"})
                await hear(stream)
            while (await hear(screen))["type"] != "call.started":
                pass
        line.close()

    assert b"call.started" in frames[0]


async def test_a_screen_that_the_server_does_not_take_says_what_to_do(settings: Settings) -> None:
    async with running_server(settings, ScriptedTranscriber()) as server:
        url = "ws" + server.url.removeprefix("http")
        with pytest.raises(Unavailable, match="画面をサーバーにつなげません"):
            await open_line(f"{url}/nowhere", {}, lambda _frame, _at: None, lambda: None)


async def test_fewer_operators_than_calls_are_refused(settings: Settings) -> None:
    plan = ScreensPlan(CallsPlan([], calls=2, seconds=5), operators=1, boards=0)

    with pytest.raises(BadRequest, match="--operators"):
        await measure_screens(plan, settings.data_dir, settings.data_dir / "log", lambda _: None)
