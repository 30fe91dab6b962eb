"""The recogniser's loop, without its process: requests in, answers out."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np

from asr.errors import ModelNotFound, TranscriptionFailed
from asr.ports import SpeechModel
from asr.recogniser import EXIT_GAVE_UP, read_message, serve
from asr.types import Effort, RawTranscript, Samples
from asr.wire import Decoded, DecodeRequest, GaveUp, Message, Ready, encode


class CountingModel:
    """Says how many samples it was given; refuses batches that hold a segment of 13."""

    name = "counting"

    def __init__(self) -> None:
        self.batches: list[int] = []

    def decode(
        self, batch: Sequence[Samples], effort: Effort = Effort.THOROUGH
    ) -> list[RawTranscript]:
        self.batches.append(len(batch))
        if any(samples.size == 13 for samples in batch):
            raise TranscriptionFailed("thirteen")
        return [RawTranscript(f"{samples.size}", -0.1, 0.0, 1) for samples in batch]


def request(request_id: int, *sample_counts: int) -> bytes:
    batch = tuple(np.zeros(count, dtype=np.float32) for count in sample_counts)
    return encode(DecodeRequest(request_id, batch))


def conversation(model: SpeechModel, requests: bytes) -> tuple[int, list[Message]]:
    answers = BytesIO()
    status = serve(lambda: model, BytesIO(requests), answers)
    answers.seek(0)
    said = []
    while (message := read_message(answers)) is not None:
        said.append(message)
    return status, said


def texts(message: Message) -> list[str | None]:
    assert isinstance(message, Decoded)
    return [transcript.text if transcript else None for transcript in message.transcripts]


def test_it_is_ready_answers_in_order_and_ends_with_its_input() -> None:
    status, said = conversation(CountingModel(), request(1, 5, 6) + request(2, 7))

    assert status == 0
    assert said[0] == Ready("counting")
    assert [texts(message) for message in said[1:]] == [["5", "6"], ["7"]]


def test_it_is_warm_before_it_says_that_it_is_ready() -> None:
    model = CountingModel()

    conversation(model, b"")

    assert model.batches == [1]


def test_a_segment_that_cannot_be_decoded_costs_only_itself() -> None:
    model = CountingModel()

    _, said = conversation(model, request(1, 5, 13, 6))

    assert texts(said[1]) == ["5", None, "6"]
    assert model.batches[1:] == [3, 1, 1, 1]


def test_a_request_that_breaks_off_is_the_end() -> None:
    status, said = conversation(CountingModel(), request(1, 5) + request(2, 6)[:-1])

    assert status == 0
    assert [texts(message) for message in said[1:]] == [["5"]]


def test_a_model_that_cannot_be_loaded_is_told_and_not_only_logged() -> None:
    def load() -> SpeechModel:
        raise ModelNotFound("set MIMAMORI_ASR__MODEL")

    answers = BytesIO()
    status = serve(load, BytesIO(), answers)
    answers.seek(0)

    assert status == EXIT_GAVE_UP
    assert read_message(answers) == GaveUp("set MIMAMORI_ASR__MODEL")
