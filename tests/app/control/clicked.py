"""Glue: the whole server with an exchange that only remembers what it was asked, for browsers and streams."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from types import SimpleNamespace
from typing import Any, cast

from app.auth.access import every_route
from app.auth.administration import Administration
from app.auth.identity import Role
from app.bootstrap import open_services
from app.control import endpoints
from app.control.announcements import Announcements, announcements_in
from app.main import create_app
from app.services import Services
from app.settings import Settings
from app.telephony.live_doors import LiveDoors
from app.telephony.ports import CallAudio
from tests.app.control.office import RecordingControl, RecordingLine
from tests.app.control.serving import serving
from tests.app.running import SECTION, RunningServer
from tests.fakes_transcriber import ScriptedTranscriber


@dataclass
class Clicked:
    server: RunningServer
    control: RecordingControl
    line: RecordingLine
    doors: OpenDoors
    announcements: Announcements


@dataclass
class OpenDoors:
    """The real doors; a call that came over none of them has *line* as its way back."""

    real: LiveDoors
    line: RecordingLine | None

    def audio_of(self, call_id: str) -> CallAudio | None:
        return self.real.audio_of(call_id) or self.line

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


@asynccontextmanager
async def clicked_server(
    settings: Settings, transcriber: ScriptedTranscriber
) -> AsyncIterator[Clicked]:
    control, line = RecordingControl(), RecordingLine()
    opened: list[Services] = []
    doors: list[OpenDoors] = []

    @asynccontextmanager
    async def open_with_control(given: Settings) -> AsyncIterator[Services]:
        async with open_services(given, transcriber=transcriber) as services:
            parts = {part.name: getattr(services, part.name) for part in fields(services)}
            doors.append(OpenDoors(services.doors, line))
            parts |= {"call_control": control, "doors": doors[0]}
            opened.append(cast("Services", SimpleNamespace(**parts)))
            yield opened[0]

    app = create_app(settings, open_services=open_with_control)
    if not any(route.path == "/v1/calls/{call_id}/telephone" for route in every_route(app.routes)):
        app.include_router(endpoints.router)
    async with serving(app, lifespan="on") as url:
        services = opened[0]
        made = await Administration(services.database, services.clock).create_token(
            name="exchange", role=Role.STREAM, section=SECTION
        )
        server = RunningServer(url, services, made.secret)
        yield Clicked(server, control, line, doors[0], announcements_in(settings.data_dir))
