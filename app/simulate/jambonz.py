"""Adapter: a jambonz whose ``listen`` brings a call: its attributes, then both sides as bare samples.

If the socket is lost the verb is over: it never comes back.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from typing import Final

from app.simulate.exchange import SimulatedCall, paced
from app.simulate.raw_stream import FRAME_MS, as_l16, frame_of, open_stream
from app.telephony.jambonz import SUBPROTOCOLS

USER: Final = "jambonz"


@dataclass(slots=True)
class JambonzExchange:
    """One ``listen`` with ``wsAuth``: a user name (``call.key``, or ``jambonz``) and the secret as password."""

    call: SimulatedCall

    async def play(self) -> None:
        """Play the whole call.

        Raises:
            StreamClosed: the server refused it, or did not take the subprotocol.
        """
        call, sound = self.call, as_l16(self.call.sound)
        if not call.key:
            call = replace(call, key=USER)
        async with open_stream(call, SUBPROTOCOLS) as socket:
            await socket.send(self._attributes())
            async for stretch in paced(call, FRAME_MS):
                if not stretch.lost:
                    await socket.send(frame_of(sound, stretch.begin_sample, stretch.end_sample))

    def _attributes(self) -> str:
        call = self.call
        said = {
            "sampleRate": call.sound.rate_hz,
            "mixType": "stereo",
            "callSid": call.call_id,
            "direction": "inbound",
            "from": call.from_number,
            "to": call.to_number,
            "callId": str(uuid.uuid5(uuid.NAMESPACE_OID, call.call_id)),
            "sipStatus": 200,
            "callStatus": "in-progress",
            "accountSid": str(uuid.UUID(int=0)),
            "operator": call.operator,
        }
        return json.dumps({**said, **call.metadata}, ensure_ascii=False)
