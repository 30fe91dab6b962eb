"""What is asked of a transcription server, and what is made of its answers."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.openai_protocol import (
    FIRST_PAUSE_MS,
    LONGEST_PAUSE_MS,
    UNTOLD_LOGPROB,
    UNTOLD_NO_SPEECH,
    AnswerMalformed,
    Fault,
    fault_of,
    form_fields,
    pause_ms,
    read_model_names,
    read_transcription,
    reason_of,
    server_address,
    wanted_pause_ms,
)
from asr.plausibility import judge
from asr.types import Doubt, RawTranscript

SECOND = 16_000

# Where callers' voices may go


@pytest.mark.parametrize(
    ("url", "root", "host"),
    [
        ("https://asr.example", "https://asr.example/v1", "asr.example"),
        ("https://asr.example/", "https://asr.example/v1", "asr.example"),
        ("https://ASR.example:8443/v1/", "https://asr.example:8443/v1", "asr.example:8443"),
        ("https://asr.example/openai/v1", "https://asr.example/openai/v1", "asr.example"),
        ("https://asr.example/v1/audio/transcriptions", "https://asr.example/v1", "asr.example"),
        ("http://localhost:8000", "http://localhost:8000/v1", "localhost:8000"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1", "[::1]:8000"),
        (" http://192.168.1.9 ", "http://192.168.1.9/v1", "192.168.1.9"),
    ],
)
def test_an_address_is_understood_as_people_write_it(url: str, root: str, host: str) -> None:
    address = server_address(url)

    assert (address.root, address.host) == (root, host)
    assert address.transcriptions == f"{root}/audio/transcriptions"
    assert address.models == f"{root}/models"


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1"),
        *("localhost", "[::1]", "[fd00::5]"),
    ],
)
def test_inside_the_office_plain_http_will_do(host: str) -> None:
    assert server_address(f"http://{host}:8000").root == f"http://{host}:8000/v1"


@pytest.mark.parametrize(
    "host",
    [
        *("8.8.8.8", "172.32.0.1", "192.0.2.1", "100.64.0.1", "169.254.169.254", "0.0.0.0"),
        *("[2001:db8::1]", "[::ffff:8.8.8.8]", "[::]"),
        *("asr.example", "localhost.example", "gpu01", "127.1", "2130706433", "0x7f000001"),
    ],
)
def test_outside_it_plain_http_needs_to_be_allowed(host: str) -> None:
    with pytest.raises(ValueError, match=r"https.*SERVER_ALLOW_PLAIN_HTTP"):
        server_address(f"http://{host}:8000")

    assert server_address(f"http://{host}:8000", allow_plain_http=True).host == f"{host}:8000"
    assert server_address(f"https://{host}:8000").host == f"{host}:8000"


@pytest.mark.parametrize(
    "url",
    [
        *("", "asr.example", "localhost:8000", "ftp://127.0.0.1", "file:///etc/passwd", "https://"),
        *("http://127.0.0.1:99999", "http://[::1", "http://127.0.0.1:port"),
        *("https://user:hush@asr.example", "https://hush@asr.example", "http://127.0.0.1@8.8.8.8"),
        *("https://asr.example/v1?key=hush", "https://asr.example/#hush"),
        *("https://音声.example", "https://asr.example\\@8.8.8.8", "https://asr.example/%2e%2e"),
        *("https://[fe80::1%25eth0]", "https://-", "https://asr.example/v1 x"),
    ],
)
def test_what_is_no_plain_address_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ValueError, match=r"^must ") as refused:
        server_address(url, allow_plain_http=True)

    assert "hush" not in str(refused.value)


@given(st.text(max_size=60) | st.text(max_size=40).map("http://".__add__), st.booleans())
def test_any_text_is_an_address_or_refused(url: str, allowed: bool) -> None:
    try:
        address = server_address(url, allow_plain_http=allowed)
    except ValueError:
        return

    assert address.root.isascii()
    assert address.root.startswith(("http://", "https://"))
    assert server_address(address.root, allow_plain_http=allowed) == address


@given(st.ip_addresses())
def test_over_plain_http_only_addresses_of_the_office_are_reached(
    number: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    host = f"[{number}]" if number.version == 6 else str(number)
    try:
        server_address(f"http://{host}")
    except ValueError:
        return

    assert number.is_private or number.is_loopback


# What is asked


def test_details_and_nouns_are_asked_for_only_when_they_are_wanted() -> None:
    plain = form_fields(model="m", detailed=False)
    full = form_fields(model="m", detailed=True, prompt="住民票")

    assert plain == {
        "model": "m",
        "language": "ja",
        "temperature": "0",
        "response_format": "json",
    }
    assert full == {**plain, "response_format": "verbose_json", "prompt": "住民票"}


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pauses_grow_to_a_bound_and_are_never_the_same_for_everybody(
    tries: int, luck: float
) -> None:
    shortest, pause, longest = (pause_ms(tries, each) for each in (0.0, luck, 1.0))

    assert shortest <= pause <= longest <= LONGEST_PAUSE_MS
    assert shortest == longest // 2
    assert longest >= min(FIRST_PAUSE_MS * tries, LONGEST_PAUSE_MS)


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3_000),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "1e9"}, None),
        ({"retry-after": "99999999"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:05 GMT"}, None),
        (
            {
                "retry-after": "Wed, 21 Oct 2026 07:28:05 GMT",
                "date": "Wed, 21 Oct 2026 07:28:00 GMT",
            },
            5_000,
        ),
        (
            {
                "retry-after": "Wed, 21 Oct 2026 07:27:05 GMT",
                "date": "Wed, 21 Oct 2026 07:28:00 GMT",
            },
            0,
        ),
    ],
)
def test_a_server_says_in_seconds_or_by_its_clock_how_long_to_wait(
    headers: dict[str, str], wanted: int | None
) -> None:
    assert wanted_pause_ms(headers) == wanted


# What an answer means


@pytest.mark.parametrize(
    ("status", "fault", "step"),
    [
        (307, Fault.SETTING, "SERVER_URL"),
        (401, Fault.SETTING, "SERVER_KEY"),
        (402, Fault.SETTING, "account"),
        (403, Fault.SETTING, "SERVER_KEY"),
        (404, Fault.SETTING, "SERVER_MODEL"),
        (405, Fault.SETTING, "SERVER_URL"),
        (407, Fault.SETTING, "SERVER_URL"),
        (400, Fault.SEGMENT, "SERVER_MODEL"),
        (413, Fault.SEGMENT, "1 MB"),
        (422, Fault.SEGMENT, "SERVER_MODEL"),
        (408, Fault.MOMENT, "SERVER_MODEL"),
        (429, Fault.MOMENT, "SERVER_CONNECTIONS"),
        (500, Fault.MOMENT, "log"),
        (503, Fault.MOMENT, "log"),
    ],
)
def test_every_refusal_has_somebody_at_fault_and_a_next_step(
    status: int, fault: Fault, step: str
) -> None:
    reason = reason_of(status, "asr.example:8000")

    assert fault_of(status) is fault
    assert step in reason
    assert "asr.example:8000" in reason
    assert str(status) in reason


def transcript(sample_count: int = 10 * SECOND, **content: Any) -> RawTranscript:
    return read_transcription(json.dumps(content).encode(), sample_count=sample_count)


def test_a_detailed_answer_says_how_sure_the_server_is() -> None:
    heard = transcript(
        text=" 住民票をください。",
        segments=[
            {"text": "住民票を", "avg_logprob": -0.2, "no_speech_prob": 0.1, "tokens": [1, 2, 3]},
            {"text": "ください。", "avg_logprob": -1.1, "no_speech_prob": 0.5, "tokens": [4]},
        ],
    )

    assert heard.text == "住民票をください。"
    assert heard.avg_logprob == pytest.approx((4 * -0.2 + 5 * -1.1) / 9)
    assert heard.no_speech_probability == pytest.approx((4 * 0.1 + 5 * 0.5) / 9)
    assert heard.token_count == 4
    assert not heard.truncated


@pytest.mark.parametrize(
    "segments",
    [
        None,
        [],
        "segments",
        [None, 1, "x"],
        [{}],
        [{"avg_logprob": None, "no_speech_prob": None}],
        [{"avg_logprob": 0, "no_speech_prob": -1}],
        [{"avg_logprob": 0.0, "no_speech_prob": 1.5}],
        [{"avg_logprob": True, "no_speech_prob": "0.5"}],
        [{"avg_logprob": math.nan, "no_speech_prob": math.nan}],
        [{"avg_logprob": -math.inf, "no_speech_prob": math.inf}],
        [{"avg_logprob": -(10**400), "no_speech_prob": 10**400}],
    ],
)
def test_what_the_server_does_not_tell_is_neutral(segments: object) -> None:
    heard = transcript(text="もしもし", segments=segments)

    assert heard.avg_logprob == UNTOLD_LOGPROB
    assert heard.no_speech_probability == UNTOLD_NO_SPEECH
    assert heard.token_count == 4


def test_an_untold_confidence_is_neither_certainty_nor_doubt() -> None:
    untold = judge(transcript(text="もしもし"), duration_ms=2_000, voice_ratio=0.9, model_name="m")

    assert untold.doubts == ()
    assert untold.confidence == pytest.approx(0.725)


def test_a_server_that_writes_on_and_on_is_cut_and_marked() -> None:
    heard = transcript(SECOND, text="あいうえおかきくけこ" * 100_000)

    assert len(heard.text) == 31
    assert heard.truncated
    judged = judge(heard, duration_ms=1_000, voice_ratio=1.0, model_name="m")
    assert {Doubt.TRUNCATED, Doubt.TOO_FAST} <= set(judged.doubts)


def test_signs_that_no_database_takes_are_left_out() -> None:
    answer = rb'{"text": "\u0000\u3082\ud800\u3057\u001b\n"}'

    heard = read_transcription(answer, sample_count=SECOND)

    assert heard.text == "もし"


@pytest.mark.parametrize(
    "answer",
    [
        *(b"", b"null", b"[]", b"{}", b'{"text": null}', b'{"text": ["a"]}', b"<html>", b"\xff"),
        b"[" * 100_000,
        b'{"text": "' + b"9" * 10,
    ],
)
def test_an_answer_without_a_text_is_malformed(answer: bytes) -> None:
    with pytest.raises(AnswerMalformed):
        read_transcription(answer, sample_count=SECOND)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(
    st.binary()
    | st.fixed_dictionaries(
        {},
        optional={
            "text": json_values,
            "data": json_values,
            "segments": st.lists(
                st.dictionaries(
                    st.sampled_from(["text", "avg_logprob", "no_speech_prob", "tokens"]),
                    json_values,
                )
            ),
        },
    ).map(lambda content: json.dumps(content).encode())
)
def test_any_answer_is_a_transcript_that_can_be_stored_or_malformed(answer: bytes) -> None:
    try:
        heard = read_transcription(answer, sample_count=SECOND)
    except AnswerMalformed:
        pass
    else:
        assert heard.text.encode("utf-8").decode("utf-8") == heard.text
        assert "\0" not in heard.text
        assert len(heard.text) <= 31
        assert heard.avg_logprob < 0
        assert 0 <= heard.no_speech_probability <= 1
        assert heard.token_count >= 0
    with contextlib.suppress(AnswerMalformed):
        assert all(isinstance(name, str) for name in read_model_names(answer))


def test_models_are_read_by_their_names() -> None:
    answer = b'{"object": "list", "data": [{"id": "a"}, {"id": "b"}, {"id": 3}, {}, 7]}'

    assert read_model_names(answer) == {"a", "b"}
