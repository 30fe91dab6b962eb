"""Glue: the whole server with a telephone exchange that only writes down what it is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.settings import Settings
from tests.app.control.office import RecordingControl
from tests.app.joining.at_a_call import kato, line, sato
from tests.app.joining.joined_server import JoinedServer, joined_server
from tests.app.running import in_own_task
from tests.fakes_transcriber import ScriptedTranscriber

__all__ = ["kato", "line", "sato"]


@pytest.fixture
def control() -> RecordingControl:
    return RecordingControl()


@pytest.fixture
async def server(settings: Settings, control: RecordingControl) -> AsyncIterator[JoinedServer]:
    running = joined_server(settings, ScriptedTranscriber(), call_control=control)
    async with in_own_task(running) as opened:
        yield opened
