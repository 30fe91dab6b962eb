"""Glue: the whole server, and who sits at a call."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.settings import Settings
from tests.app.joining.at_a_call import kato, line, sato
from tests.app.joining.joined_server import JoinedServer, joined_server
from tests.app.running import in_own_task
from tests.fakes_transcriber import ScriptedTranscriber

__all__ = ["kato", "line", "sato"]


@pytest.fixture
async def server(
    settings: Settings, transcriber: ScriptedTranscriber
) -> AsyncIterator[JoinedServer]:
    async with in_own_task(joined_server(settings, transcriber)) as opened:
        yield opened
