"""Genesys AudioHook: a session from ``open`` to ``closed``, its numbers, and whatever breaks its rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calls.protocol import CLOSE_CODES, Refusal, StreamRefused, Track
from app.telephony.audiohook import CLOSE_REASONS, AudioHookStream
from app.telephony.messages import (
    CallBegan,
    CallOver,
    Direction,
    Held,
    Missed,
    Noticed,
    Probe,
    Reply,
    Step,
    Unheld,
    WovenSound,
)
from app.telephony.placing import PlacingRules, place
from asr.types import AudioFormat, Encoding

SESSION = "30b0e395-84d3-4570-ac13-9a62d8f514c0"
ORGANIZATION = "d7934305-0972-4844-938e-9060eef73d05"
CORRELATION = "e160e428-53e2-487c-977d-96989bf5c99d"
CONVERSATION = "7a1b2c3d-0000-4000-8000-000000000001"
PARTICIPANT = "7a1b2c3d-0000-4000-8000-000000000002"
NULL = "00000000-0000-0000-0000-000000000000"


def media(*channels: str, encoding: str = "PCMU", rate: object = 8_000) -> dict[str, Any]:
    return {"type": "audio", "format": encoding, "channels": list(channels), "rate": rate}


STEREO = media("external", "internal")
OPEN: dict[str, Any] = {
    "organizationId": ORGANIZATION,
    "conversationId": CONVERSATION,
    "participant": {
        "id": PARTICIPANT,
        "ani": "+81312345678",
        "aniName": "山田",
        "dnis": "+81119999999",
    },
    "media": [STEREO, media("external"), media("internal")],
}
PROBE = OPEN | {
    "conversationId": NULL,
    "participant": {"id": NULL, "ani": "", "aniName": "", "dnis": ""},
}


class Client:
    """The other side of one session: numbers its messages, and remembers what it was answered."""

    def __init__(self, stream: AudioHookStream | None = None) -> None:
        self.stream = stream or AudioHookStream(SESSION, ORGANIZATION, correlation_id=CORRELATION)
        self.seq = 0
        self.heard: list[dict[str, Any]] = []

    def message(self, kind: str, parameters: object = None, /, **fields: object) -> str:
        self.seq += 1
        return json.dumps(
            {
                "version": "2",
                "id": SESSION,
                "type": kind,
                "seq": self.seq,
                "serverseq": len(self.heard),
                "position": "PT0S",
                "parameters": {} if parameters is None else parameters,
            }
            | fields
        )

    def say(self, kind: str, parameters: object = None, /, **fields: object) -> list[Step]:
        return self.take(self.stream.text(self.message(kind, parameters, **fields), 0))

    def take(self, steps: Any) -> list[Step]:
        self.heard.extend(json.loads(step.frame) for step in steps if isinstance(step, Reply))
        return [step for step in steps if not isinstance(step, Reply)]

    def open(self, **changed: object) -> CallBegan:
        (began,) = self.say("open", OPEN | changed)
        assert isinstance(began, CallBegan)
        self.take(self.stream.attached(began.call_id, 0))
        return began

    def refused(self, kind: str, parameters: object = None, /, **fields: object) -> StreamRefused:
        with pytest.raises(StreamRefused) as caught:
            self.say(kind, parameters, **fields)
        return caught.value

    @property
    def kinds(self) -> list[str]:
        return [message["type"] for message in self.heard]


def opened(**changed: object) -> Client:
    client = Client()
    client.open(**changed)
    return client


def test_an_open_tells_who_calls_whom_and_how_it_sounds() -> None:
    began = Client().open()

    assert began == CallBegan(
        call_id=f"audiohook.{SESSION}",
        encoding=Encoding.MULAW,
        rate_hz=8_000,
        brings=(Track.CALLER, Track.OPERATOR),
        tracks=(Track.CALLER, Track.OPERATOR),
        speakers_named=True,
        also_called=f"audiohook.{CONVERSATION}",
        from_number="+81312345678",
        to_number="+81119999999",
        metadata={
            "conversationId": CONVERSATION,
            "participantId": PARTICIPANT,
            "organizationId": ORGANIZATION,
            "correlationId": CORRELATION,
            "aniName": "山田",
            "channels": "external,internal",
        },
    )
    assert began.format == AudioFormat(Encoding.MULAW, 8_000, 2)


def test_nothing_is_opened_before_the_call_is_taken() -> None:
    client = Client()
    client.say("open", OPEN)
    before = client.kinds

    client.take(client.stream.attached("audiohook.x", 0))

    assert before == []
    assert client.heard == [
        {
            "version": "2",
            "id": SESSION,
            "type": "opened",
            "seq": 1,
            "clientseq": 1,
            "parameters": {"media": [STEREO], "startPaused": False},
        }
    ]


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([STEREO], STEREO),
        ([media("internal", "external")], media("internal", "external")),
        ([media("external"), STEREO], STEREO),
        ([media("internal"), media("external")], media("internal")),
        ([media("external", "internal", encoding="L16"), media("external")], media("external")),
        ([{"type": "video"}, 5, None, media("external", "external"), STEREO], STEREO),
        ([media("external", "internal", rate=16_000), media("internal")], media("internal")),
        ([STEREO | {"new": {"thing": 1}}], STEREO),
    ],
)
def test_the_first_mu_law_with_both_sides_is_chosen_then_the_first_with_one(
    offered: list[Any], chosen: dict[str, Any]
) -> None:
    client = opened(media=offered)

    assert client.heard[0]["parameters"]["media"] == [chosen]


@pytest.mark.parametrize(
    ("channels", "tracks"),
    [
        (("external", "internal"), (Track.CALLER, Track.OPERATOR)),
        (("internal", "external"), (Track.OPERATOR, Track.CALLER)),
        (("external",), (Track.CALLER,)),
        (("internal",), (Track.OPERATOR,)),
    ],
)
def test_external_is_the_caller_wherever_it_stands(
    channels: tuple[str, ...], tracks: tuple[Track, ...]
) -> None:
    began = Client().open(media=[media(*channels)])

    assert (began.brings, began.tracks) == (tracks, tracks)


def test_external_is_the_caller_also_when_the_office_dialled() -> None:
    began = Client().open(customConfig={"direction": "outbound"})

    placed = place(began, PlacingRules({}, {}, ()))

    assert began.direction is Direction.OUTBOUND
    assert placed.started.tracks == (Track.CALLER, Track.OPERATOR)


@pytest.mark.parametrize(
    "offered",
    [[], [media("external", "internal", encoding="L16")], [media()], [media("left", "right")]],
)
def test_without_mu_law_there_is_nothing_to_hear_and_it_is_said(offered: list[Any]) -> None:
    client = Client()

    refused = client.refused("open", OPEN | {"media": offered})
    client.take(client.stream.refused(refused))

    assert refused.refusal is Refusal.UNSUPPORTED_ENCODING
    assert client.heard[0]["parameters"]["reason"] == "error"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("tel:+81312345678", "+81312345678"),
        ("sip:+81312345678@edge.example;user=phone", "+81312345678"),
        ("SIPS:anonymous@anonymous.invalid", "anonymous"),
        ("0312345678", "0312345678"),
        (None, ""),
        ("sip:" + "x" * 65 + "@edge.example", ""),
        ("5\u0000", ""),
        ("5\ud800", ""),
    ],
)
def test_a_number_is_taken_out_of_what_is_written_round_it(written: object, number: str) -> None:
    began = Client().open(participant=OPEN["participant"] | {"ani": written})

    assert began.from_number == number


def test_what_the_office_wrote_into_its_integration_goes_along() -> None:
    config = {
        "operator": "sato",
        "section": "市民課",
        "site": "本庁",
        "floor": 3,
        "test": False,
        "nested": {"x": 1},
        "apiToken": "abc",
        "long": "あ" * 300,
        "cut": "\ud800x\u0000",
    }

    began = Client().open(customConfig=config, language="ja-JP")

    assert began.operator == "sato"
    assert began.metadata["section"] == "市民課"
    assert began.metadata["language"] == "ja-JP"
    assert began.metadata["customConfig.site"] == "本庁"
    assert began.metadata["customConfig.floor"] == 3
    assert began.metadata["customConfig.test"] is False
    assert began.metadata["customConfig.long"] == "あ" * 256
    assert began.metadata["customConfig.cut"] == "?x?"
    assert not {"customConfig.nested", "customConfig.apiToken"} & set(began.metadata)


def test_metadata_is_bounded() -> None:
    began = Client().open(customConfig={f"key{number}": 10**30 + number for number in range(50)})
    many = Client().open(customConfig={f"key{number}": number for number in range(50)})

    assert "customConfig.key1" not in began.metadata
    assert len(many.metadata) <= 32


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"organizationId": CONVERSATION}, Refusal.UNAUTHORISED),
        ({"organizationId": "mine"}, Refusal.BAD_MESSAGE),
        ({"conversationId": None}, Refusal.BAD_MESSAGE),
        ({"conversationId": [CONVERSATION]}, Refusal.BAD_MESSAGE),
        ({"participant": None}, Refusal.BAD_MESSAGE),
        ({"participant": {"id": 5}}, Refusal.BAD_MESSAGE),
        ({"participant": {"id": PARTICIPANT, "ani": 5}}, Refusal.BAD_MESSAGE),
        ({"customConfig": {"operator": "x" * 65}}, Refusal.BAD_MESSAGE),
        ({"media": None}, Refusal.BAD_MESSAGE),
        ({"media": {"0": STEREO}}, Refusal.BAD_MESSAGE),
    ],
)
def test_a_bad_open_is_refused_with_its_reason(change: dict[str, Any], refusal: Refusal) -> None:
    assert Client().refused("open", OPEN | change).refusal is refusal


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"version": "3"}, Refusal.BAD_MESSAGE),
        ({"version": 2}, Refusal.BAD_MESSAGE),
        ({"id": CONVERSATION}, Refusal.BAD_MESSAGE),
        ({"id": None}, Refusal.BAD_MESSAGE),
        ({"type": 5}, Refusal.BAD_MESSAGE),
        ({"parameters": None}, Refusal.BAD_MESSAGE),
        ({"parameters": []}, Refusal.BAD_MESSAGE),
        ({"position": None}, Refusal.BAD_MESSAGE),
        ({"position": "5"}, Refusal.BAD_MESSAGE),
        ({"position": "PT1M"}, Refusal.BAD_MESSAGE),
        ({"position": "PT-1S"}, Refusal.BAD_MESSAGE),
        ({"position": "PT.S"}, Refusal.BAD_MESSAGE),
        ({"position": "PT1S\n"}, Refusal.BAD_MESSAGE),
        ({"position": "PT٣S"}, Refusal.BAD_MESSAGE),
        ({"position": "PT" + "1" * 40 + "S"}, Refusal.BAD_MESSAGE),
        ({"seq": "2"}, Refusal.BAD_MESSAGE),
        ({"seq": True}, Refusal.BAD_MESSAGE),
        ({"seq": -1}, Refusal.BAD_MESSAGE),
        ({"seq": 1}, Refusal.BAD_SEQUENCE),
        ({"seq": 3}, Refusal.BAD_SEQUENCE),
        ({"serverseq": None}, Refusal.BAD_MESSAGE),
        ({"serverseq": 2}, Refusal.BAD_SEQUENCE),
    ],
)
def test_every_message_must_be_complete_and_in_its_turn(
    fields: dict[str, Any], refusal: Refusal
) -> None:
    assert opened().refused("ping", **fields).refusal is refusal


@pytest.mark.parametrize("position", ["PT0S", "PT0.02S", "PT.5S", "PT12.S", "PT123456.000125S"])
def test_a_position_is_seconds_with_or_without_a_fraction(position: str) -> None:
    client = opened()

    client.say("ping", position=position)

    assert client.kinds == ["opened", "pong"]


@pytest.mark.parametrize(
    ("frame", "refusal"),
    [
        ("hello", Refusal.NOT_JSON),
        ("", Refusal.NOT_JSON),
        ("[" * 10_000, Refusal.NOT_JSON),
        ("[]", Refusal.BAD_MESSAGE),
        ("{}", Refusal.BAD_MESSAGE),
        ('"' + "x" * 65_534 + '"', Refusal.FRAME_TOO_LARGE),
    ],
)
def test_what_is_no_message_is_refused(frame: str, refusal: Refusal) -> None:
    with pytest.raises(StreamRefused) as caught:
        opened().stream.text(frame, 0)

    assert caught.value.refusal is refusal


def test_each_ping_is_answered_at_once_under_its_own_number() -> None:
    client = opened()
    client.say("ping")
    client.say("ping", {"rtt": "PT0.05S"})

    assert [(each["type"], each["seq"], each["clientseq"]) for each in client.heard] == [
        ("opened", 1, 1),
        ("pong", 2, 2),
        ("pong", 3, 3),
    ]


def test_sound_is_taken_as_it_comes() -> None:
    client = opened()

    steps = [client.stream.binary(frame, 0) for frame in (b"\xff\x7f" * 800, b"\x00\x01", b"")]

    assert steps == [(WovenSound(b"\xff\x7f" * 800),), (WovenSound(b"\x00\x01"),), ()]


def test_a_frame_must_hold_a_sample_of_every_channel() -> None:
    with pytest.raises(StreamRefused) as caught:
        opened().stream.binary(b"\xff\xff\xff", 0)
    single = opened(media=[media("external")]).stream.binary(b"\xff\xff\xff", 0)

    assert caught.value.refusal is Refusal.ODD_FRAME_LENGTH
    assert single == (WovenSound(b"\xff\xff\xff"),)


def test_a_frame_above_the_limit_is_refused() -> None:
    client = opened()

    taken = client.stream.binary(b"\xff" * 65_536, 0)
    with pytest.raises(StreamRefused) as caught:
        client.stream.binary(b"\xff" * 65_538, 0)

    assert taken == (WovenSound(b"\xff" * 65_536),)
    assert caught.value.refusal is Refusal.FRAME_TOO_LARGE


def test_sound_that_nobody_expects_is_counted_and_loses_no_call() -> None:
    client = Client()
    before = client.stream.binary(b"\xff\xff", 0)
    client.open()
    client.say("paused")
    paused = client.stream.binary(b"\xff\xff", 0)
    client.say("close", {"reason": "end"})
    after = client.stream.binary(b"\xff\xff\xff", 0)

    assert [before, paused, after] == [
        (Noticed("sound_before_open"),),
        (Noticed("sound_while_paused"),),
        (Noticed("sound_after_close"),),
    ]
    assert client.stream.ignored_bytes == 7


def test_a_pause_holds_the_call_and_its_length_is_made_up_for() -> None:
    client = opened()

    paused = client.say("paused")
    again = client.say("paused")
    resumed = client.say("resumed", {"start": "PT1.5S", "discarded": "PT2.25S"})
    sound = client.stream.binary(b"\xff\xff", 0)

    assert paused == [Held()]
    assert again == [Noticed("paused_when_not_active")]
    assert resumed == [Missed(18_000, told=False), Unheld()]
    assert sound == (WovenSound(b"\xff\xff"),)


def at(client: Client, now_ms: int, kind: str, parameters: object = None, **fields: object) -> Any:
    """Say something *now_ms* into the session."""
    return client.take(client.stream.text(client.message(kind, parameters, **fields), now_ms))


def test_a_long_pause_is_told_with_every_ping_as_the_client_s_clock_goes_on() -> None:
    client = opened()

    at(client, 1_000, "paused", position="PT1S")
    so_far = [
        at(client, now_ms, "ping", position=f"PT{now_ms / 1000}S") for now_ms in (6_000, 11_000)
    ]
    resumed = at(client, 13_000, "resumed", {"start": "PT1S", "discarded": "PT12S"})
    again = at(client, 20_000, "paused", position="PT20S")
    later = at(client, 21_000, "resumed", {"start": "PT20S", "discarded": "PT1S"})

    assert so_far == [[Missed(40_000, told=False)]] * 2
    assert resumed == [Missed(16_000, told=False), Unheld()]
    assert (again, later) == ([Held()], [Missed(8_000, told=False), Unheld()])
    assert client.kinds == ["opened", "pong", "pong"]


def test_a_pause_is_never_longer_than_it_has_lasted_nor_counted_twice() -> None:
    client = opened()

    at(client, 0, "paused", position="PT1S")
    absurd = at(client, 5_000, "ping", position="PT9999999S")
    discarded = at(
        client, 6_000, "discarded", {"start": "PT6S", "discarded": "PT1S"}, position="PT7S"
    )
    back = at(client, 7_000, "ping", position="PT0S")
    resumed = at(client, 8_000, "resumed", {"start": "PT1S", "discarded": "PT4S"})

    assert absurd == [Missed(40_000, told=False)]
    assert discarded == [Missed(8_000, told=True)]
    assert (back, resumed) == ([], [Unheld()])


def test_a_call_that_goes_on_as_if_nothing_was_missed_misses_nothing() -> None:
    client = opened()

    resumed = client.say("resumed", {"start": "PT0S", "discarded": "PT0S"})

    assert resumed == [Noticed("resumed_when_not_paused")]


def test_sound_that_was_thrown_away_is_a_gap_of_its_length() -> None:
    client = opened()

    steps = client.say("discarded", {"start": "PT1S", "discarded": "PT0.2S"})

    assert steps == [Missed(1_600, told=True)]


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"start": "PT0S"},
        {"discarded": "PT1S"},
        {"start": "PT0S", "discarded": 5},
        {"start": "PT0S", "discarded": "PT14400.1S"},
        {"start": "PT0S", "discarded": "PT99999999999999999999999999S"},
    ],
)
def test_a_hole_without_a_length_or_longer_than_any_call_is_refused(
    parameters: dict[str, Any],
) -> None:
    assert opened().refused("discarded", parameters).refusal is Refusal.BAD_MESSAGE


def test_a_change_of_language_is_acknowledged() -> None:
    client = opened()

    client.say("update", {"language": "en-US"})

    assert client.kinds == ["opened", "updated"]


def test_who_asks_for_the_languages_is_told_the_one() -> None:
    client = opened(supportedLanguages=True)

    assert client.heard[0]["parameters"]["supportedLanguages"] == ["ja-JP"]


@pytest.mark.parametrize(
    ("kind", "parameters", "noticed"),
    [
        ("error", {"code": 429, "message": "slow"}, "client_error_429"),
        ("error", {"code": "x\n"}, "client_error"),
        ("error", {}, "client_error"),
        ("dtmf", {"digit": "5"}, "dtmf"),
        ("playback_started", {}, "playback_started"),
        ("something\nnew", {}, "unknown_type"),
        ("open", OPEN, "second_open"),
    ],
)
def test_what_harms_nothing_is_noticed(kind: str, parameters: dict[str, Any], noticed: str) -> None:
    client = opened()

    steps = client.say(kind, parameters)
    client.say("ping")

    assert steps == [Noticed(noticed)]
    assert client.kinds == ["opened", "pong"]


def test_a_close_is_answered_once_everything_was_judged() -> None:
    client = opened()

    over = client.say("close", {"reason": "end"})
    before = client.kinds
    client.take(client.stream.judged())
    client.take(client.stream.judged())

    assert over == [CallOver("end")]
    assert before == ["opened"]
    assert client.kinds == ["opened", "closed"]
    assert client.heard[-1]["clientseq"] == client.seq
    assert client.stream.closed(1000) == CallOver("end")


@pytest.mark.parametrize("reason", [None, "because", 5, ["end"]])
def test_a_close_for_an_unknown_reason_is_a_close(reason: object) -> None:
    steps = opened().say("close", {"reason": reason})

    assert steps == [Noticed("unknown_close_reason"), CallOver("end")]


def test_what_follows_a_close_is_not_heard_but_an_error_is_noticed() -> None:
    client = opened()
    client.say("close", {"reason": "error"})

    late = client.say("ping")
    error = client.say("error", {"code": 408, "message": "Close transaction timeout"})

    assert late == [Noticed("text_after_close")]
    assert error == [Noticed("client_error_408")]


def test_a_socket_that_goes_without_a_close_is_lost() -> None:
    assert opened().stream.closed(1006) is None


def test_a_close_before_any_call_is_answered_at_once() -> None:
    client = Client()

    steps = client.say("close", {"reason": "end"})

    assert steps == [CallOver("end")]
    assert client.kinds == ["closed"]
    assert list(client.stream.judged()) == []


def test_a_probe_is_answered_like_a_call_and_is_none() -> None:
    client = Client()

    steps = client.say("open", PROBE)
    client.say("ping")
    sound = client.stream.binary(b"\xff\xff", 0)
    over = client.say("close", {"reason": "end"})

    assert steps == [Probe()]
    assert client.heard[0]["parameters"]["media"] == [STEREO]
    assert client.kinds == ["opened", "pong", "closed"]
    assert sound == (Noticed("sound_in_probe"),)
    assert over == [CallOver("end")]


def test_a_probe_needs_no_sound() -> None:
    client = Client()

    client.say("open", PROBE | {"media": []})

    assert client.heard[0]["parameters"]["media"] == []


@pytest.mark.parametrize(
    ("refusal", "reason", "info"),
    [
        (Refusal.BAD_SIGNATURE, "unauthorized", "bad_signature"),
        (Refusal.UNAUTHORISED, "unauthorized", "unauthorised"),
        (Refusal.NOT_ALLOWED, "unauthorized", "not_allowed"),
        (Refusal.TOO_MANY_CALLS, "error", "too_many_calls: 満員です。"),
    ],
)
def test_a_refusal_is_told_and_the_clients_close_is_answered(
    refusal: Refusal, reason: str, info: str
) -> None:
    client = Client()
    client.take(client.stream.refused(StreamRefused(refusal, "満員です。")))

    on_its_way = client.say("open", OPEN)
    over = client.say("close", {"reason": "disconnect"})
    late = client.say("ping")

    assert client.heard[0]["parameters"] == {"reason": reason, "info": info}
    assert client.kinds == ["disconnect", "closed"]
    assert [each["seq"] for each in client.heard] == [1, 2]
    assert on_its_way == [Noticed("text_after_refusal")]
    assert over == [CallOver("disconnect")]
    assert late == [Noticed("text_after_closed")]


def test_a_live_call_that_is_refused_is_not_judged_again() -> None:
    client = opened()

    client.take(client.stream.refused(StreamRefused(Refusal.IDLE_TIMEOUT, "")))
    client.take(client.stream.refused(StreamRefused(Refusal.INTERNAL, "")))
    client.say("close", {"reason": "disconnect"})

    assert client.kinds == ["opened", "disconnect", "closed"]


def test_whoever_waits_for_closed_gets_it_also_when_judging_failed() -> None:
    client = opened()
    client.say("close", {"reason": "end"})

    client.take(client.stream.refused(StreamRefused(Refusal.INTERNAL, "")))

    assert client.kinds == ["opened", "closed"]


def test_whoever_has_no_id_of_his_own_is_refused_under_none() -> None:
    client = Client(AudioHookStream("\ud800", "", correlation_id=""))

    client.take(client.stream.refused(StreamRefused(Refusal.UNAUTHORISED, "")))

    assert client.heard[0]["id"] == NULL


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
kinds = st.sampled_from(
    ["open", "ping", "paused", "resumed", "discarded", "update", "close", "error", "dtmf"]
)
durations = st.sampled_from(["PT0S", "PT1.5S", "PT9999999999S", "PT", 5])
holes = st.fixed_dictionaries({"start": durations, "discarded": durations})
opens = st.dictionaries(st.sampled_from([*OPEN, "customConfig"]), json_values).map(
    lambda change: OPEN | change
)
parameters = st.one_of(st.just({}), st.just(OPEN), st.just(PROBE), opens, holes, json_values)
told = st.sampled_from(["attached", "judged", "refused"])
arrivals = st.one_of(
    st.tuples(st.just("frame"), st.text(max_size=100)),
    st.tuples(st.just("sound"), st.binary(max_size=100)),
    st.tuples(st.just("told"), told),
    st.tuples(kinds, parameters),
    st.tuples(kinds, parameters),
)


def telling(stream: AudioHookStream) -> dict[str, Callable[[], Sequence[Reply]]]:
    """What a shell may tell at any time."""
    return {
        "attached": lambda: stream.attached("audiohook.x", 0),
        "judged": stream.judged,
        "refused": lambda: stream.refused(StreamRefused(Refusal.INTERNAL, "")),
    }


@given(st.lists(arrivals, max_size=20), st.booleans())
def test_whatever_arrives_the_numbers_have_no_gap_and_nothing_else_is_raised(
    arriving: list[tuple[str, Any]], begun: bool
) -> None:
    client = opened() if begun else Client()
    stream = client.stream

    for kind, what in arriving:
        try:
            if kind == "told":
                client.take(telling(stream)[what]())
            elif kind == "sound":
                client.take(stream.binary(what, 0))
            elif kind == "frame":
                client.take(stream.text(what, 0))
            else:
                client.say(kind, what)
        except StreamRefused as refused:
            known = refused.stream_close_code in CLOSE_CODES.values()
            client.take(stream.refused(refused))
        else:
            known = True
        assert known

    assert [message["seq"] for message in client.heard] == list(range(1, len(client.heard) + 1))
    assert client.kinds.count("opened") <= 1
    assert client.kinds.count("closed") <= 1
    assert client.kinds.count("disconnect") <= 1
    assert "closed" not in client.kinds[:-1]
    over = stream.closed(1006)
    assert over is None or over.reason in CLOSE_REASONS
