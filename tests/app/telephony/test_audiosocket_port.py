"""AudioSocket's port: closed unless opened, open to allowed addresses alone, and no scan of it stops anything."""

from __future__ import annotations

import socket
import struct
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.errors import Unavailable
from app.settings import Settings
from app.telephony.audiosocket import END, framed
from app.telephony.audiosocket_tcp import listening
from tests.app.running import RunningServer, running_server
from tests.app.telephony.doors import (
    record_of,
    tracks_of,
    with_telephony,
    words,
)
from tests.app.telephony.test_audiosocket_door import (
    CALL,
    closed,
    connection,
    listening_server,
    speak,
)


def _with(server: RunningServer, settings: Settings) -> Any:
    return replace(server.services, settings=settings)


async def test_without_a_setting_no_port_is_opened(settings: Settings) -> None:
    async with running_server(settings, words()) as server, listening(server.services) as port:
        assert port is None


async def test_a_port_that_is_taken_is_told_in_plain_words(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for address in (f"127.0.0.1:{taken.getsockname()[1]}", "127.0.0.1:", "nonsense"):
            async with running_server(settings, words()) as server:
                asked = with_telephony(settings, audiosocket={"listen": address})
                services = _with(server, asked)
                with pytest.raises(Unavailable) as refused:
                    async with listening(services):
                        pass
            assert refused.value.code == "audiosocket_address"


async def test_an_address_that_is_not_allowed_is_not_heard(settings: Settings) -> None:
    async with listening_server(settings, allowed_networks=("192.0.2.0/24",)) as (_, port):
        with capture_logs() as written:
            async with connection(port, None) as stream:
                refused = await closed(stream)

    assert refused
    assert [each for each in written if each["log_level"] == "warning"] == [
        {
            "door": "audiosocket",
            "refusal": "address_not_allowed",
            "event": "telephone line refused",
            "log_level": "warning",
        }
    ]


async def test_a_port_scan_stops_nothing(settings: Settings) -> None:
    async with listening_server(settings) as (server, port):
        for _ in range(30):
            with socket.socket() as scanned:
                scanned.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                scanned.connect(("127.0.0.1", port))
        async with connection(port) as stream:
            await speak(stream)
            await stream.send(framed(END))
            await closed(stream)
        record = await record_of(server, CALL)

    assert tracks_of(record) == ["caller"]
