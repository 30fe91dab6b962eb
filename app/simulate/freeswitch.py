"""Adapter: a FreeSWITCH with mod_audio_stream that plays a call: metadata, then both sides as bare samples.

After a broken socket it comes back with the same metadata; what was said meanwhile is lost, as it
is when the module tries again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

import anyio
from websockets.asyncio.client import ClientConnection

from app.simulate.exchange import SimulatedCall, paced
from app.simulate.native import CallSound
from app.simulate.raw_stream import FRAME_MS, LineBroken, as_l16, frame_of, open_stream

AWAY_MS: Final = 500
"""How long the module takes to come back."""


@dataclass(slots=True)
class FreeSwitchExchange:
    """One call to one server; ``call.key`` set: it says who it is with Basic, as mod_audio_fork does."""

    call: SimulatedCall
    reconnects: int = 0

    async def play(self) -> None:
        """Play the whole call.

        Raises:
            StreamClosed: the server refused it.
        """
        sound, position = as_l16(self.call.sound), 0
        while True:
            try:
                async with open_stream(self.call) as socket:
                    await self._send(socket, sound, position)
                    return
            except LineBroken as broken:
                self.reconnects += 1
                away_samples = sound.rate_hz * AWAY_MS // 1000
                position = min(broken.at_sample + away_samples, sound.samples)
            await anyio.sleep(AWAY_MS / 1000 / self.call.speed)

    async def _send(self, socket: ClientConnection, sound: CallSound, from_sample: int) -> None:
        """Send from there to the end; raise LineBroken where the line breaks."""
        trouble = self.call.trouble
        metadata, due_ms = self._metadata(), trouble.late_start_ms
        if not due_ms:
            await socket.send(metadata)
        told = not due_ms
        async for stretch in paced(self.call, FRAME_MS, from_sample=from_sample):
            if not stretch.lost:
                await socket.send(frame_of(sound, stretch.begin_sample, stretch.end_sample))
            sent_ms = (stretch.end_sample - from_sample) * 1000 // sound.rate_hz
            if not told and sent_ms >= due_ms:
                await socket.send(metadata)
                told = True
            if self._breaks_at(stretch.end_sample * 1000 // sound.rate_hz):
                raise LineBroken(stretch.end_sample)
        await socket.send(json.dumps({"event": "hangup"}))

    def _breaks_at(self, position_ms: int) -> bool:
        breaks_ms = self.call.trouble.reconnect_at_ms
        return breaks_ms is not None and not self.reconnects and position_ms >= breaks_ms

    def _metadata(self) -> str:
        call = self.call
        said = {
            "call_id": call.call_id,
            "from": call.from_number,
            "to": call.to_number,
            "operator": call.operator,
            "rate": call.sound.rate_hz,
            "mix": "stereo",
        }
        return json.dumps({**said, **call.metadata}, ensure_ascii=False)
