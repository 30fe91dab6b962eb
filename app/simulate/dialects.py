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
TRACKS: Final = ("caller", "operator")


@dataclass(frozen=True, slots=True)
class SimulatedDialect:
    new: Callable[[SimulatedCall], SimulatedExchange]
    proves_with: str
    """What ``SimulatedCall.secret`` is, in the words of the command's help."""
    path: str = ""
    """Of the door; none: it is no WebSocket."""


def _shaped(shape: str) -> SimulatedDialect:
    secret = "auth token" if shape == "twilio" else "ストリームトークン"
    query = "" if shape == "twilio" else f"?shape={shape}"
    return SimulatedDialect(
        lambda call: TwilioExchange(call, shape), secret, f"/v1/stream/twilio{query}"
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
        metadata=dict(call.metadata),
        speed=call.speed,
        on_position=call.on_position,
    )


DIALECTS: Final[Mapping[str, SimulatedDialect]] = {
    "native": SimulatedDialect(_native, "ストリームトークン", "/v1/stream/native"),
    "asterisk": SimulatedDialect(AsteriskExchange, "ストリームトークン", "/v1/stream/asterisk"),
    "audiosocket": SimulatedDialect(AudioSocketExchange, "(なし)"),
    "freeswitch": SimulatedDialect(
        FreeSwitchExchange, "ストリームトークン", "/v1/stream/freeswitch"
    ),
    "jambonz": SimulatedDialect(JambonzExchange, "ストリームトークン", "/v1/stream/jambonz"),
    **{name: _shaped(name) for name in ("twilio", "telnyx", "plivo", "signalwire", "exotel")},
    "audiohook": SimulatedDialect(
        AudioHookExchange, "client secret(base64)", "/v1/stream/audiohook"
    ),
}
