"""What the pool and a recogniser say to each other survives the pipe."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from asr.types import RawTranscript, Samples
from asr.wire import (
    MAX_BODY_BYTES,
    PREFIX,
    BrokenMessage,
    Decoded,
    DecodeRequest,
    GaveUp,
    Message,
    Ready,
    decode,
    encode,
    lengths,
    pieces,
)

SEGMENTS = stn.arrays(
    np.float32, st.integers(0, 50), elements=st.floats(-1, 1, width=32), unique=False
)
TRANSCRIPTS = st.builds(
    RawTranscript,
    text=st.text(max_size=20),
    avg_logprob=st.floats(-9, 0),
    no_speech_probability=st.floats(0, 1),
    token_count=st.integers(0, 448),
    truncated=st.booleans(),
    hypotheses=st.lists(st.text(max_size=9), max_size=3).map(tuple),
)


def through_the_pipe(message: Message) -> Message:
    sent = encode(message)
    header_bytes, body_bytes = lengths(sent[: PREFIX.size])
    header_end = PREFIX.size + header_bytes
    assert len(sent) == header_end + body_bytes
    return decode(sent[PREFIX.size : header_end], sent[header_end:])


@given(batch=st.lists(SEGMENTS, max_size=5), request_id=st.integers(0, 2**53))
def test_a_batch_arrives_as_it_was_sent(batch: list[Samples], request_id: int) -> None:
    received = through_the_pipe(DecodeRequest(request_id, tuple(batch)))

    assert isinstance(received, DecodeRequest)
    assert received.request_id == request_id
    assert [segment.tolist() for segment in received.batch] == [s.tolist() for s in batch]


@given(
    transcripts=st.lists(st.none() | TRANSCRIPTS, max_size=5).map(tuple),
    resident_bytes=st.integers(0, 2**40),
)
def test_words_arrive_as_they_were_sent(
    transcripts: tuple[RawTranscript | None, ...], resident_bytes: int
) -> None:
    answer = Decoded(3, transcripts, resident_bytes)

    assert through_the_pipe(answer) == answer


@pytest.mark.parametrize("message", [Ready("whisper-base"), GaveUp("モデルがありません")])
def test_the_first_words_of_a_recogniser_arrive_as_they_were_sent(message: Message) -> None:
    assert through_the_pipe(message) == message


def test_sound_that_is_not_in_one_piece_of_memory_arrives_whole() -> None:
    every_second = np.arange(10, dtype=np.float32)[::2]

    received = through_the_pipe(DecodeRequest(1, (every_second,)))

    assert isinstance(received, DecodeRequest)
    assert received.batch[0].tolist() == [0, 2, 4, 6, 8]


@given(header=st.binary(max_size=60), body=st.binary(max_size=20))
def test_noise_is_refused(header: bytes, body: bytes) -> None:
    with pytest.raises(BrokenMessage):
        decode(header, body)


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (b'{"kind":"decode","request_id":1,"sample_counts":[2]}', b"1234"),
        (b'{"kind":"decode","request_id":1,"sample_counts":[2,-1]}', b"1234"),
        (b'{"kind":"decode","request_id":1,"sample_counts":[1]}', b"12345"),
        (b'{"kind":"decoded","request_id":1,"transcripts":[{"text":"a"}],"resident_bytes":0}', b""),
        (b'{"kind":"shout"}', b""),
        (b"[]", b""),
    ],
)
def test_a_message_that_does_not_add_up_is_refused(header: bytes, body: bytes) -> None:
    with pytest.raises(BrokenMessage):
        decode(header, body)


def test_a_length_that_no_message_has_is_refused_before_it_is_read() -> None:
    with pytest.raises(BrokenMessage):
        lengths(PREFIX.pack(10, MAX_BODY_BYTES + 1))


def test_a_request_is_sent_in_pieces_that_are_its_segments_uncopied() -> None:
    batch = tuple(np.full(size, 0.5, dtype=np.float32) for size in (400, 800))

    head, *segments = pieces(DecodeRequest(1, batch))

    sent = [np.frombuffer(piece, "<f4") for piece in segments]
    assert all(np.shares_memory(*pair) for pair in zip(sent, batch, strict=True))
    assert b"".join([head, *segments]) == encode(DecodeRequest(1, batch))
