"""One recogniser process as the pool sees it."""

from __future__ import annotations

import pytest

from asr.recogniser_process import process_recogniser
from tests.asr.scripted_recogniser import command
from tests.contracts.recogniser import Opened, RecogniserContract


class TestRecogniserProcess(RecogniserContract):
    @pytest.fixture
    def opened(self) -> Opened:
        return process_recogniser(command())

    @pytest.fixture
    def gone(self) -> Opened:
        return process_recogniser(("/nowhere/at/all",))
