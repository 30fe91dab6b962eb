"""Glue: which simulated exchange speaks which dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from app.simulate.asterisk import AsteriskExchange
from app.simulate.audiohook import AudioHookExchange
from app.simulate.audiosocket import AudioSocketExchange
from app.simulate.exchange import SimulatedCall, SimulatedExchange
from app.simulate.freeswitch import FreeSwitchExchange
from app.simulate.jambonz import JambonzExchange
from app.simulate.native import CallSound, NativeTelephone
from app.simulate.twilio import TwilioExchange
from asr.codec import encode
from asr.resampling import resample
from asr.types import Encoding
from asr.wav import Wav

RATE_HZ: Final = 8_000
_LOST_FOR_GOOD: Final = frozenset({"reconnect_at_ms", "late_start_ms"})
"""No exchange of this dialect comes back after a lost socket, or sends sound before it says whose."""
TRACKS: Final = ("caller", "operator")


@dataclass(frozen=True, slots=True)
class SimulatedDialect:
    new: Callable[[SimulatedCall], SimulatedExchange]
    proves_with: str
    """What ``SimulatedCall.secret`` is, in the words of the command's help."""
    path: str = ""
    """Of the door; none: it is no WebSocket."""
    without: frozenset[str] = frozenset()
    """The fields of ``Trouble`` that do nothing here, because such an exchange cannot have that trouble."""
    key_is: str = ""
    """What ``SimulatedCall.key`` has to be, in the words of the command's help; none: it may be left out."""


def _shaped(shape: str) -> SimulatedDialect:
    secret = "auth token" if shape == "twilio" else "ストリームトークン"
    query = "" if shape == "twilio" else f"?shape={shape}"
    return SimulatedDialect(
        lambda call: TwilioExchange(call, shape),
        secret,
        f"/v1/stream/twilio{query}",
        _LOST_FOR_GOOD,
    )


def sound_of(wav: Wav) -> CallSound:
    """Return a recording as exchanges send it: caller and operator, mu-law, 8 kHz.

    A recording of one channel is the caller's; the operator says nothing then.
    """
    channels = wav.channels()[:2]
    heard = [resample(channel, wav.rate_hz, RATE_HZ) for channel in channels]
    coded = [encode(Encoding.MULAW, channel) for channel in heard]
    if len(coded) == 1:
        coded.append(b"\xff" * len(coded[0]))
    woven = bytearray(2 * len(coded[0]))
    woven[0::2], woven[1::2] = coded
    return CallSound(bytes(woven), "mulaw", RATE_HZ, TRACKS)


def _native(call: SimulatedCall) -> SimulatedExchange:
    return NativeTelephone(
        url=call.url,
        token=call.secret if not call.trouble.wrong_signature else f"{call.secret}x",
        sound=call.sound,
        call_id=call.call_id,
        operator=call.operator,
        caller_number=call.from_number,
        called_number=call.to_number,
        metadata=dict(call.metadata),
        speed=call.speed,
        on_position=call.on_position,
        jitter_ms=call.trouble.jitter_ms,
        seed=call.trouble.seed,
        break_at_ms=call.trouble.reconnect_at_ms,
    )


DIALECTS: Final[Mapping[str, SimulatedDialect]] = {
    "native": SimulatedDialect(
        _native, "ストリームトークン", "/v1/stream/native", frozenset({"loss", "late_start_ms"})
    ),
    "asterisk": SimulatedDialect(AsteriskExchange, "ストリームトークン", "/v1/stream/asterisk"),
    "audiosocket": SimulatedDialect(
        AudioSocketExchange, "(なし)", without=_LOST_FOR_GOOD | {"wrong_signature"}
    ),
    "freeswitch": SimulatedDialect(
        FreeSwitchExchange, "ストリームトークン", "/v1/stream/freeswitch"
    ),
    "jambonz": SimulatedDialect(
        JambonzExchange, "ストリームトークン", "/v1/stream/jambonz", _LOST_FOR_GOOD
    ),
    **{name: _shaped(name) for name in ("twilio", "telnyx", "plivo", "signalwire", "exotel")},
    "audiohook": SimulatedDialect(
        AudioHookExchange,
        "client secret(base64)",
        "/v1/stream/audiohook",
        frozenset({"reconnect_at_ms"}),
        "API キー",
    ),
}
