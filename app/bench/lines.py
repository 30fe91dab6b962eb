"""Glue: the telephone lines of a measurement, in whichever dialect is asked for."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol
from uuid import uuid4

from app.simulate.dialects import DIALECTS
from app.simulate.exchange import SimulatedCall, SimulatedExchange
from app.simulate.native import CallSound, NativeTelephone
from app.simulate.twilio import TwilioExchange
from app.telephony.messages import call_name

NATIVE: Final = "native"
NUMBER: Final = "0000000000"
"""What is dialled; it belongs to the section of the measurement."""
_KEY: Final = "bench"
_SECRET: Final = base64.b64encode(b"a measurement on one's own machine").decode()


class BenchTelephone(Protocol):
    """What a measurement wants of a line."""

    @property
    def begun_at(self) -> float | None:
        """``time.monotonic()`` at which the first sample was due."""
        ...

    @property
    def reconnects(self) -> int: ...

    async def play(self) -> None:
        """Play the call; raise StreamClosed where the server refused it."""
        ...


@dataclass(frozen=True, slots=True)
class DialledCall:
    """One call of a line: how its record is called, and who plays it."""

    call_id: str
    telephone: BenchTelephone


def door_settings(section: str) -> Mapping[str, str]:
    """Return the ``MIMAMORI_…`` variables that let a measurement's own server take every dialect."""
    return {
        "MIMAMORI_TELEPHONY__SECTIONS_BY_NUMBER": f'{{"{NUMBER}": "{section}"}}',
        "MIMAMORI_TELEPHONY__TWILIO__AUTH_TOKEN": _SECRET,
        "MIMAMORI_TELEPHONY__TWILIO__ONE_TIME_TOKEN": "false",
        "MIMAMORI_TELEPHONY__AUDIOHOOK__KEYS": f'{{"{_KEY}": "{_SECRET}"}}',
    }


def dial(
    dialect: str, *, websocket_url: str, token: str, sound: CallSound, operator: str
) -> DialledCall:
    """Return a new call to the server at *websocket_url*, ready to be played."""
    named = str(uuid4())
    url = websocket_url + DIALECTS[dialect].path
    if dialect == NATIVE:
        return DialledCall(
            named,
            NativeTelephone(url=url, token=token, sound=sound, call_id=named, operator=operator),
        )
    signed = dialect in ("twilio", "audiohook")
    call = SimulatedCall(
        url=url,
        sound=sound,
        call_id=named,
        to_number=NUMBER,
        operator=operator,
        secret=_SECRET if signed else token,
        key=_KEY if dialect == "audiohook" else "",
    )
    return DialledCall(call_name(dialect, named), _Exchange(dialect, call))


class _Exchange:
    """A simulated exchange that remembers when its call began."""

    def __init__(self, dialect: str, call: SimulatedCall) -> None:
        self._begun_at: float | None = None
        told = replace(call, on_begin=self._begin)
        self._exchange: SimulatedExchange = (
            TwilioExchange(told, public_url=call.url)
            if dialect == "twilio"
            else DIALECTS[dialect].new(told)
        )

    @property
    def begun_at(self) -> float | None:
        return self._begun_at

    @property
    def reconnects(self) -> int:
        return int(getattr(self._exchange, "reconnects", 0))

    async def play(self) -> None:
        await self._exchange.play()

    def _begin(self, at: float) -> None:
        if self._begun_at is None:
            self._begun_at = at
