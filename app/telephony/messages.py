"""Pure: what every telephone dialect says in the end: one model for all of them.

A dialect is a state machine (``app.telephony.ports.Dialect``): frames in, a sequence of these steps
out. Tracks are named for an inbound call; the rules of the office turn them round (``placing``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeAlias

from app.calls.protocol import CALL_ID, MAX_FIELD_CHARACTERS, Track, is_storable
from asr.types import AudioFormat, Encoding

BOTH: Final = (Track.CALLER, Track.OPERATOR)
CALL_NAME_CHARACTERS: Final = 64
_NOT_IN_NAMES: Final = re.compile("[^a-z0-9]")
_SECRET_WORDS: Final = ("apikey", "authorization", "credential", "pass", "secret", "token")


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    """The office dialled: what the exchange calls the calling side is the office's own."""


@dataclass(frozen=True, slots=True)
class CallBegan:
    """The exchange says that a call begins, or (from another socket) that a track of it is coming."""

    call_id: str
    """As ``call_name`` makes it."""
    encoding: Encoding
    rate_hz: int
    """8000 or 16000."""
    also_called: str = ""
    """Another name under which the exchange's CTI knows it, as ``call_name`` makes it."""
    brings: tuple[Track, ...] = BOTH
    """The tracks that this socket brings, in the order of their interleaving."""
    speakers_named: bool = False
    """The exchange names tracks for who speaks, not for who dialled: they are never turned round."""
    tracks: tuple[Track, ...] = BOTH
    """All tracks of the call; others than ``brings`` come over other sockets."""
    direction: Direction = Direction.INBOUND
    from_number: str = ""
    """Who dialled."""
    to_number: str = ""
    """What was dialled."""
    operator: str = ""
    """Who is on the line in the office: a login name or an extension."""
    answered: bool = True
    """False: the exchange will say when (``Answered``); nothing is judged before."""
    resume: bool = False
    """The native stream asks for the position of a call that it had begun."""
    proof: str = ""
    """A one-time token bound to the call, where the dialect carries one. Never stored."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What else the exchange told, stored with the call; no secrets."""

    @property
    def format(self) -> AudioFormat:
        """Of the whole call, whichever socket brings it."""
        return AudioFormat(self.encoding, self.rate_hz, len(self.tracks))


@dataclass(frozen=True, slots=True)
class WovenSound:
    """Whole frames: one sample of each track in ``CallBegan.brings`` after the other."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class TrackSound:
    """A stretch of one track. Never interleaved, whatever its length."""

    track: Track
    payload: bytes
    first_sample: int | None = None
    """Its place in the call where the dialect knows it; None: it follows what this track brought before."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Sound that the exchange left out: the clock goes on by so many samples."""

    samples: int
    track: Track | None = None
    """None: every track that this socket brings."""
    told: bool = True
    """False: somebody meant it (a pause): no gap is shown, only the clock is right."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Somebody in the office has picked up: judgement begins, or goes on with somebody else."""

    operator: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """The caller hears music: what sounds now is nobody's speech to judge."""


@dataclass(frozen=True, slots=True)
class Unheld:
    pass


@dataclass(frozen=True, slots=True)
class Transferred:
    """The call leaves this operator. Judgement goes on as a call of its own once it is answered."""

    operator: str = ""
    """The next one, where known already."""
    answered: bool = False
    """They are on the line already."""


@dataclass(frozen=True, slots=True)
class CallOver:
    """The call has ended, and this socket will bring nothing more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A frame to send back now, before the next one is read."""

    frame: str | bytes


@dataclass(frozen=True, slots=True)
class Playing:
    """Frames that make the exchange play something, one every ``pace_ms``; 0: all at once."""

    frames: tuple[str | bytes, ...]
    pace_ms: int = 0


@dataclass(frozen=True, slots=True)
class Probe:
    """The exchange only tries the line: no call is recorded, no sound is expected."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something unknown or out of place that harms nothing: logged once a socket and code, never its content."""

    code: str


Step: TypeAlias = (
    CallBegan
    | WovenSound
    | TrackSound
    | Missed
    | Answered
    | Held
    | Unheld
    | Transferred
    | CallOver
    | Reply
    | Probe
    | Noticed
)


def names_secret(name: str) -> bool:
    """Say whether what is so named must not be stored, whoever wrote it there and however he writes names."""
    plain = _NOT_IN_NAMES.sub("", name.lower())
    return plain.endswith("key") or any(word in plain for word in _SECRET_WORDS)


def kept_number(number: str) -> str:
    """Return *number*, or nothing where no record can hold it: what a telephone calls itself costs nobody the call."""
    return number if len(number) <= MAX_FIELD_CHARACTERS and is_storable(number) else ""


def call_name(door: str, named: str) -> str:
    """Return the call's id here: the exchange's own behind the door's name, so that two exchanges never meet.

    An id with other characters, or too long, is replaced by its hash; the same id has always the same name.
    """
    name = f"{door}.{named}"
    if len(name) <= CALL_NAME_CHARACTERS and CALL_ID.fullmatch(name):
        return name
    return f"{door}.{hashlib.sha256(named.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
