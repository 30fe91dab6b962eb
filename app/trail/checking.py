"""Glue: checks the whole trail beside everything else, one check at a time, and notes what it found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, cast

import anyio
import anyio.to_thread
import structlog
from starlette.requests import HTTPConnection

from app.db import Database
from app.ports import Clock
from app.services import services_of
from app.settings import Settings
from app.trail.acting import Acting, acting
from app.trail.chain import Deed
from app.trail.models import TrailCheckRow
from app.trail.opening import open_trail_keys
from app.trail.verifying import verify
from app.trail.writing import record

log = structlog.get_logger()
STORED_ALTERED: Final = 20


@dataclass(slots=True)
class TrailChecks:
    """Of one process. A check that breaks off is told as failed and harms nothing."""

    settings: Settings
    database: Database
    clock: Clock
    running: bool = False
    failed: bool = False
    done: int = 0
    of: int = 0
    _wanted: anyio.Event = field(default_factory=anyio.Event)
    _by: Acting = field(default_factory=Acting)

    def ask(self, by: Acting) -> bool:
        """Have the trail checked soon; say whether no check was under way."""
        if self.running:
            return False
        self.running, self.failed, self.done, self.of, self._by = True, False, 0, 0, by
        self._wanted.set()
        return True

    async def keep_checking(self) -> None:
        """Check whenever somebody asks, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            try:
                await self._check()
            except Exception as error:  # noqa: BLE001 - the boundary: calls are judged on, whatever breaks here
                self.failed = True
                log.warning("the trail could not be checked", error=type(error).__name__)
            finally:
                self.running = False

    async def _check(self) -> None:
        keys = await anyio.to_thread.run_sync(open_trail_keys, self.settings.data_dir)

        def progress(done: int, of: int) -> None:
            self.done, self.of = done, of

        found = await verify(self.database, keys, progress=progress)
        acting.set(self._by)
        async with self.database.transaction() as session:
            session.add(
                TrailCheckRow(
                    at=self.clock.now(),
                    by_login=self._by.login,
                    links=found.links,
                    broken_number=found.broken.number if found.broken else None,
                    fault=found.broken.fault.value if found.broken else "",
                    altered=list(found.altered[:STORED_ALTERED]),
                    end_number=found.end.number,
                    end_seal=found.end.seal,
                )
            )
            await record(session, Deed("trail.checked", subject=str(found.links)))


def trail_checks_of(connection: HTTPConnection) -> TrailChecks:
    """Return the process's checks, started with the application (``app.trail.endpoints``)."""
    state = connection.app.state
    if not hasattr(state, "trail_checks"):
        services = services_of(connection)
        state.trail_checks = TrailChecks(services.settings, services.database, services.clock)
    return cast("TrailChecks", state.trail_checks)
