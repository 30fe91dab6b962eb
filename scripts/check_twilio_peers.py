"""Glue: checks the Twilio-shaped door against software that others wrote. Development only.

    python -m scripts.check_twilio_peers                                     signatures, messages, a simulated stream
    python -m scripts.check_twilio_peers --server ws://127.0.0.1:8000/v1/stream/twilio --token mim_…    and a server

The packages ``twilio`` (signatures), ``pipecat-ai`` (messages of four exchanges) and ``streamdouble`` (a simulator of
Media Streams) are no dependencies of ours: install them into an environment of their own, with numpy, pydantic,
anyio and websockets, and run this there. What is not installed is left out, and said.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import sys
import tempfile
import wave
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import anyio
import numpy as np
from websockets.asyncio.server import ServerConnection, serve

from app.calls.protocol import Track
from app.simulate.exchange import SimulatedCall
from app.simulate.native import CallSound
from app.simulate.twilio import TwilioExchange
from app.telephony.messages import CallBegan, CallOver, Noticed, Step, TrackSound
from app.telephony.track_clock import SEAMLESS_MS
from app.telephony.twilio import TwilioStream
from app.telephony.twilio_signature import sign, verify
from asr.codec import decode, encode, encode_mulaw
from asr.types import Encoding

PIP: Final = "pip install twilio streamdouble pipecat-ai numpy pydantic anyio websockets"
FORMS: Final = 5_000
CALL_SECONDS: Final = 3
RATE_HZ: Final = 8_000
LOSS: Final = 0.1
SHAPES: Final = ("twilio", "telnyx", "plivo", "exotel")
_LETTERS: Final = "abcXYZ019 +&=%?/:あ課\u3000é"


class Differs(Exception):  # noqa: N818 - named as a fact
    """A peer sees it differently."""


def main() -> int:
    """Run all checks that can be run; return 0 if none failed."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--server", help="WebSocket address of a running door")
    arguments.add_argument("--token", default="", help="a stream token of that server")
    given = arguments.parse_args()
    checks: list[tuple[str, str, Callable[[], str]]] = [
        ("twilio", "signatures", compare_signatures),
        ("pipecat", "messages", lambda: anyio.run(compare_messages)),
        ("streamdouble", "a whole stream", lambda: anyio.run(hear_stream, 0.0)),
        ("streamdouble", f"a stream with {LOSS:.0%} loss", lambda: anyio.run(hear_stream, LOSS)),
    ]
    if given.server:
        door = given.server.replace("://", f"://exchange:{given.token}@", 1)
        checks.append(("streamdouble", "a server", lambda: anyio.run(play_to_server, door)))
    failed = 0
    for package, what, check in checks:
        try:
            importlib.import_module(package)
        except ImportError:
            print(f"left out  {what}: {package} is not installed here ({PIP})")
            continue
        try:
            print(f"agrees    {what}: {check()}")
        except Differs as differs:
            failed += 1
            print(f"DIFFERS   {what}: {differs}")
    return 1 if failed else 0


# Signatures


def compare_signatures() -> str:
    """Sign and check random requests on both sides."""
    validator_of: Any = importlib.import_module("twilio.request_validator").RequestValidator
    dice = random.Random(1)
    for _ in range(FORMS):
        url, form, token = _url(dice), _form(dice), _word(dice) or "x"
        theirs: str = validator_of(token).compute_signature(url, form)
        ours = sign(url, form.items(), token)
        if theirs != ours:
            raise Differs(f"{url!r} {form!r}: {theirs} and {ours}")
        if not validator_of(token).validate(url, form, ours):
            raise Differs(f"ours is refused for {url!r} {form!r}")
        if not verify(url, form.items(), token, theirs):
            raise Differs(f"theirs is refused for {url!r} {form!r}")
        if verify(url, [*form.items(), ("Changed", "1")], token, theirs):
            raise Differs(f"a changed form is accepted for {url!r}")
    return f"{FORMS} random requests, both ways"


def _url(dice: random.Random) -> str:
    scheme = dice.choice(["https", "wss"])
    port = dice.choice(["", "", ":8443", ":443"])
    path = "/".join(dice.choice(["v1", "stream", "twilio", "a%20b"]) for _ in range(3))
    query = dice.choice(["", "", "?a=1&b=2", "?section=%E8%AA%B2"])
    return f"{scheme}://mimamori.example{port}/{path}{query}"


def _form(dice: random.Random) -> dict[str, str]:
    return {f"F{_word(dice)}": _word(dice) for _ in range(dice.randrange(12))}


def _word(dice: random.Random) -> str:
    return "".join(dice.choice(_LETTERS) for _ in range(dice.randrange(12)))


# Messages


async def compare_messages() -> str:
    """Let both sides read what our simulated exchanges send."""
    runner: Any = importlib.import_module("pipecat.runner.utils")
    told = []
    for shape in SHAPES:
        async with recording(shape) as (url, frames):
            sound = CallSound(_voice(1, seconds=1) + _voice(2, seconds=1))
            await TwilioExchange(SimulatedCall(url, sound, "CA1", speed=10.0), shape).play()
        named = {runner._detect_transport_type_from_message(json.loads(frame)) for frame in frames}  # noqa: SLF001
        if shape not in named:
            raise Differs(f"{shape} is taken for {named}")
        reader: Any = _reader(shape)
        await reader.setup(SimpleNamespace(audio_in_sample_rate=RATE_HZ))
        read = [await reader.deserialize(frame) for frame in frames]
        theirs = Counter(bytes(each.audio) for each in read if hasattr(each, "audio"))
        ours = Counter(_linear(step) for step in steps_of(frames) if isinstance(step, TrackSound))
        if theirs != ours:
            raise Differs(
                f"{shape}: {(theirs - ours).total()} of {theirs.total()} frames sound otherwise"
            )
        told.append(f"{shape} {ours.total()} frames")
    return ", ".join(told)


def _reader(shape: str) -> object:
    module: Any = importlib.import_module(f"pipecat.serializers.{shape}")
    kind: Any = getattr(module, f"{shape.capitalize()}FrameSerializer")
    settings: dict[str, Any] = {}
    if shape != "exotel":
        settings["params"] = kind.InputParams(auto_hang_up=False)
    if shape == "telnyx":
        return kind("MZ1", "PCMU", "PCMU", **settings)
    return kind("MZ1", **settings)


def _linear(step: TrackSound) -> bytes:
    # Exotel's sound is linear already: its frames of 100 ms are told by their length.
    if len(step.payload) > RATE_HZ // 10:
        return step.payload
    return encode(Encoding.PCM_S16LE, decode(Encoding.MULAW, step.payload))


# Streams


async def hear_stream(loss: float) -> str:
    """Let the simulator play both voices to our dialect; the sound must be there, each stretch in its place."""
    async with recording() as (url, frames):
        await _play(url, loss)
    steps = steps_of(frames)
    if not isinstance(steps[0], CallBegan) or not isinstance(steps[-1], CallOver):
        raise Differs(f"begins with {steps[0]} and ends with {steps[-1]}")
    shares = [f"{track} {_heard_of(steps, track, seed):.1%}" for seed, track in enumerate(Track, 1)]
    noticed = sorted({step.code for step in steps if isinstance(step, Noticed)})
    return f"{len(frames)} frames; came {', '.join(shares)}; noticed {noticed or 'nothing'}"


def _heard_of(steps: list[Step], track: Track, seed: int) -> float:
    """Return which share of a voice came; each stretch may be as far from its place as a hole is not seen."""
    played, heard = _one_zero(_voice(seed)), 0
    for step in steps:
        if isinstance(step, TrackSound) and step.track is track:
            begin = step.first_sample or 0
            end = begin + len(step.payload) + SEAMLESS_MS * RATE_HZ // 1000
            # The last frame of a stream is filled up with silence.
            if played.find(_one_zero(step.payload).rstrip(b"\xff"), begin, end) < 0:
                raise Differs(f"{track}: sound in another place, or another sound, at {begin}")
            heard += len(step.payload)
    return heard / len(played)


async def play_to_server(url: str) -> str:
    """Play one call to a running server; it must take it without a word back."""
    told = await _play(url, 0.0)
    return f"took the call; streamdouble says: {told}"


async def _play(url: str, loss: float) -> str:
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{seed}.wav" for seed in (1, 2)]
        for seed, file in enumerate(files, start=1):
            _write_wav(file, _voice(seed))
        done = await anyio.run_process(
            [
                str(Path(sys.executable).parent / "streamdouble"),
                *("call", url, "--fork", "--strict-fork", "--track", "both"),
                *("--audio", str(files[0]), "--agent-audio", str(files[1])),
                *("--packet-loss", str(loss), "--param", "from=+819012345678", "--quiet"),
                "--allow-no-audio",
            ],
            check=False,
        )
    said = " ".join((done.stdout + done.stderr).decode().split())
    if done.returncode:
        raise Differs(f"streamdouble ends with {done.returncode}: {said}")
    return said or "nothing"


@asynccontextmanager
async def recording(shape: str = "") -> AsyncIterator[tuple[str, list[str]]]:
    """Listen on a free port of this machine; give the address and the frames that come."""
    frames: list[str] = []

    async def hear(frames: list[str], socket: ServerConnection) -> None:
        async for frame in socket:
            frames.append(str(frame))
            if json.loads(str(frame)).get("event") == "stop":
                return

    async with serve(partial(hear, frames), "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/v1/stream/twilio{f'?shape={shape}' if shape else ''}", frames


def steps_of(frames: list[str]) -> list[Step]:
    stream = TwilioStream()
    return [step for i, frame in enumerate(frames) for step in stream.text(frame, i * 10)]


def _voice(seed: int, *, seconds: int = CALL_SECONDS) -> bytes:
    """Return noise in mu-law: every stretch of it is like no other."""
    noise = np.random.default_rng(seed).normal(0, 0.1, RATE_HZ * seconds).astype(np.float32)
    return encode_mulaw(noise)


def _one_zero(sound: bytes) -> bytes:
    """Return what sounds the same: mu-law has two zeros."""
    return sound.replace(b"\x7f", b"\xff")


def _write_wav(file: Path, sound: bytes) -> None:
    with wave.open(str(file), "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(RATE_HZ)
        written.writeframes(encode(Encoding.PCM_S16LE, decode(Encoding.MULAW, sound)))


if __name__ == "__main__":
    sys.exit(main())
