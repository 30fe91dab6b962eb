"""Adapter: for how long a server's event loop stood still, asked of the server once a second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(slots=True)
class LoopPauses:
    """What ``/v1/health`` told in the course of a measurement, in order."""

    told: list[Mapping[str, int]] = field(default_factory=list)

    def figures(self) -> dict[str, Any] | None:
        """Return the pauses since the first answer; None where there was none."""
        if not self.told:
            return None
        first, last = self.told[0], self.told[-1]
        # The server counts from its start, and starting is what makes its longest pauses: a new
        # record is of the measurement, else the seconds that were looked at must do.
        if last["longest_ms"] > first["longest_ms"]:
            longest_ms = last["longest_ms"]
        else:
            longest_ms = max(told["lately_ms"] for told in self.told)
        return {
            "longest_ms": longest_ms,
            "over_50_ms": last["over_50_ms"] - first["over_50_ms"],
            "over_100_ms": last["over_100_ms"] - first["over_100_ms"],
            "answers": len(self.told),
        }

    async def ask(self, client: httpx.AsyncClient) -> None:
        """Ask once; a server too busy to answer is asked again the next time."""
        try:
            answer = await client.get("/v1/health")
        except httpx.HTTPError:
            return
        if answer.status_code == httpx.codes.OK:
            self.told.append(answer.json()["loop_pauses"])
