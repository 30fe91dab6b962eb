"""Who gets to which call by which route: every route × everybody × own and other section × live and ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select
from websockets.asyncio.client import ClientConnection

from app.auth.access import every_route, roles_of
from app.auth.identity import Identity, Role
from app.auth.visibility import may_see
from app.callers.models import CallerMeasure
from app.exports.keeping import Made, keep
from app.main import create_app
from app.models import AlertRow
from app.reports.writing import begin
from app.retention.models import LegalHold
from app.settings import Settings
from app.tables import Base
from app.trials.models import Trial
from detection.policy_files import load_policy
from detection.policy_writing import policy_toml
from tests.app.joining.joined_server import JoinedServer, joined_server
from tests.app.running import SECTION, hear, hear_until, in_own_task, say, send
from tests.app.sounds import call_bytes, sentences
from tests.app.test_every_route import SOCKETS
from tests.fakes_transcriber import ScriptedTranscriber

OTHER: Final = "税務課"
WORDS: Final = "お前は本当に馬鹿だな、合言葉はひのきのもり"
SECRET: Final = "ひのきのもり"
NUMBER: Final = "0119876543"
NOT_YOURS: Final = {"role_not_allowed", "call_unknown", "other_section"}
"""How somebody is told that a call is not for them."""
GROWS_BY_ASKING: Final = {"trail", "trail_end", "browser_sessions", "access_tokens"}


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody who asks."""

    name: str
    role: Role
    section: str = SECTION

    @property
    def identity(self) -> Identity:
        return Identity(self.name, self.name, self.role, self.section)


SEATS: Final = (
    Seat("sato", Role.OPERATOR),
    Seat("suzuki", Role.OPERATOR),
    Seat("kato", Role.SUPERVISOR),
    Seat("mori", Role.SUPERVISOR, OTHER),
    Seat("ono", Role.AUDITOR),
    Seat("abe", Role.AUDITOR, OTHER),
    Seat("ueda", Role.AUDITOR, ""),
    Seat("kanri", Role.ADMINISTRATOR, ""),
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A call that is asked for."""

    call_id: str
    operator: str
    section: str
    live: bool

    def is_for(self, seat: Seat) -> bool:
        return may_see(seat.identity, operator=self.operator, section=self.section, live=self.live)


SUBJECTS: Final = (
    Subject("c-here-live", "sato", SECTION, live=True),
    Subject("c-here-ended", "sato", SECTION, live=False),
    Subject("c-there-live", "ito", OTHER, live=True),
    Subject("c-there-ended", "ito", OTHER, live=False),
)


@dataclass(frozen=True, slots=True)
class Way:
    """A route that names a call."""

    method: str
    path: str
    roles: frozenset[Role]

    @property
    def is_page(self) -> bool:
        return not self.path.startswith("/v1/")

    @property
    def names_more(self) -> bool:
        """Also something of the call, or about it, that these calls do not have: nobody finds it."""
        return self.path.count("{") > 1

    def to(self, subject: Subject) -> str:
        path = self.path.replace("{call_id}", subject.call_id)
        while "{" in path:
            before, _, rest = path.partition("{")
            path = before + "1" + rest.partition("}")[2]
        return path


def ways() -> list[Way]:
    app = create_app(Settings())
    return [
        Way(method, route.path or "", roles)
        for route in every_route(app.routes)
        if "{call_id}" in (route.path or "")
        and route.path not in SOCKETS
        and not (route.path or "").startswith("/v1/stream/")
        if (roles := roles_of(route)) is not None
        for method in sorted(set(route.methods or {"GET"}) - {"HEAD", "OPTIONS"})
    ]


def bodies() -> Mapping[tuple[str, str], Any]:
    """Return for every route that wants one a body that is right in form."""
    described = create_app(Settings()).openapi()
    return {
        (method.upper(), path): _example(content["application/json"]["schema"], described)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if "application/json" in (content := operation.get("requestBody", {}).get("content", {}))
    }


def _example(schema: Mapping[str, Any], described: Mapping[str, Any]) -> Any:
    if "$ref" in schema:
        return _example(
            described["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], described
        )
    if "default" in schema:
        return schema["default"]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return _example(schema[choice][0], described)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    match schema.get("type"):
        case "object":
            wanted = schema.get("required", [])
            return {name: _example(schema["properties"][name], described) for name in wanted}
        case "array":
            return []
        case "integer" | "number":
            return max(1, schema.get("minimum", 1))
        case "boolean":
            return False
        case _ if schema.get("format") == "date":
            return "2030-01-31"
        case _:
            return "確認のため。"


@dataclass(frozen=True, slots=True)
class Town:
    """An office with two sections, a live and an ended call in each."""

    server: JoinedServer
    clients: Mapping[str, httpx.AsyncClient]

    async def ask(self, seat: Seat, way: Way, subject: Subject, body: Any) -> httpx.Response:
        client = self.clients[seat.name]
        accept = {"Accept": "text/html" if way.is_page else "application/json"}
        given = {"json": body} if body is not None else {}
        return await client.request(way.method, way.to(subject), headers=accept, **given)

    async def rows(self) -> dict[str, int]:
        async with self.server.running.services.database.transaction() as session:
            return {
                name: await session.scalar(select(func.count()).select_from(table)) or 0
                for name, table in Base.metadata.tables.items()
                if name not in GROWS_BY_ASKING
            }


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    opened = joined_server(settings, ScriptedTranscriber(*[WORDS] * 4))
    async with in_own_task(opened) as server, AsyncExitStack() as stack:
        clients = {
            seat.name: (
                await stack.enter_async_context(server.person(seat.name, seat.role, seat.section))
            ).client
            for seat in SEATS
        }
        tokens = {
            section: await server.running.token(Role.STREAM, section)
            for section in (SECTION, OTHER)
        }
        for subject in SUBJECTS:
            line = await stack.enter_async_context(server.running.stream(tokens[subject.section]))
            await _call(server, line, subject)
        yield Town(server, clients)


async def _call(server: JoinedServer, line: ClientConnection, subject: Subject) -> None:
    start = {"call_id": subject.call_id, "operator": subject.operator, "from": NUMBER}
    await say(line, {"type": "start", **start})
    await hear(line)
    supervisor = await server.running.token(Role.SUPERVISOR, subject.section)
    async with server.running.screen(supervisor) as screen:
        await send(line, call_bytes(sentences(1)))
        await hear_until(screen, "transcript.final")
    if not subject.live:
        await say(line, {"type": "stop", "reason": "hangup"})
        await hear_until(line, "stopped")


def matrix() -> Iterator[tuple[Seat, Way, Subject]]:
    for way in ways():
        for seat in SEATS:
            for subject in SUBJECTS:
                yield seat, way, subject


def code_of(answer: httpx.Response) -> str:
    try:
        found = answer.json()
    except ValueError:
        return ""
    return str(found.get("code", "")) if isinstance(found, dict) else ""


async def test_who_may_not_see_a_call_gets_nothing_of_it_by_any_route_and_changes_nothing(
    town: Town,
) -> None:
    wrong, given = [], bodies()
    before = await town.rows()

    for seat, way, subject in matrix():
        if seat.role in way.roles and subject.is_for(seat):
            continue
        answer = await town.ask(seat, way, subject, given.get((way.method, way.path)))
        refused = answer.status_code in ((400, 403, 404) if way.names_more else (403, 404))
        told = way.is_page or way.names_more or code_of(answer) in NOT_YOURS
        if not (refused and told) or SECRET in answer.text or NUMBER in answer.text:
            wrong.append((seat.name, way.method, way.path, subject.call_id, answer.status_code))

    assert wrong == []
    assert await town.rows() == before


async def test_who_may_see_a_call_is_not_told_that_there_is_none(town: Town) -> None:
    wrong, given = [], bodies()
    asked = sorted(matrix(), key=lambda one: one[1].method != "GET")

    for seat, way, subject in asked:
        if seat.role not in way.roles or not subject.is_for(seat):
            continue
        answer = await town.ask(seat, way, subject, given.get((way.method, way.path)))
        if answer.status_code >= 500 or code_of(answer) in {"call_unknown", "role_not_allowed"}:
            wrong.append((seat.name, way.method, way.path, subject.call_id, answer.status_code))

    assert wrong == []


THINGS: Final = frozenset({"report_id", "export_id", "alert_id", "measure_id", "trial_id"})
"""What routes name of a section beside its calls."""
DEFINED_BY_SECTION: Final = frozenset({"measure_id", "trial_id"})
"""Seen by who looks after the section; the others by who sees the call."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something of an ended call, or of its section."""

    name: str
    id: str
    subject: Subject

    def is_for(self, seat: Seat, roles: frozenset[Role]) -> bool:
        if seat.role not in roles:
            return False
        if self.name == "export_id":
            return seat.name == MAKER
        if self.name in DEFINED_BY_SECTION:
            return seat.role is Role.ADMINISTRATOR or seat.section in ("", self.subject.section)
        return self.subject.is_for(seat)


MAKER: Final = "nobody"
"""Who made the exports: none of those who ask."""


def secret_of(subject: Subject) -> str:
    return f"{SECRET} {subject.call_id}"


async def things_of(town: Town, subject: Subject) -> list[Thing]:
    """Put one of each into the records of *subject*, which is over."""
    secret = secret_of(subject)
    services, call_id = town.server.running.services, subject.call_id
    author = Identity(subject.operator, "", Role.OPERATOR, subject.section, user_id=1)
    report_id, _ = await begin(services, author, call_id)
    made = Made(
        "vcon", lambda target: target.write(secret.encode()), "x", "text/plain", False, False
    )
    maker = Identity(MAKER, "", Role.AUDITOR, "", user_id=1)
    export = await keep(services, maker, call_id, made)
    now = services.clock.now()
    async with services.database.transaction() as session:
        alert_id = await session.scalar(select(AlertRow.id).where(AlertRow.call_id == call_id))
        measure = CallerMeasure(
            caller_hash=uuid4().hex,
            caller_key_id="k",
            call_id=call_id,
            section=subject.section,
            office_wide=False,
            kind="in_writing",
            detail="",
            reason=secret,
            words=secret,
            clause="",
            begins_on=now.date(),
            ends_on=now.date(),
            requested_by="ito",
            requested_at=now,
        )
        trial = Trial(
            id=uuid4().hex,
            title=secret,
            change={"off": [], "on": [], "added": [secret], "removed": []},
            section=subject.section,
            most_calls=1,
            state="done",
            why="",
            by_login="ueda",
            at=now,
            policy_before=policy_toml(load_policy()),
            policy_after=policy_toml(load_policy()),
            off_before=[],
            versions={},
        )
        session.add_all((measure, trial))
        await session.flush()
        ids = {
            "report_id": str(report_id),
            "export_id": export.id,
            "alert_id": str(alert_id),
            "measure_id": str(measure.id),
            "trial_id": trial.id,
        }
    return [Thing(name, value, subject) for name, value in ids.items()]


def ways_to_things() -> list[tuple[Way, str]]:
    app = create_app(Settings())
    return [
        (Way(method, route.path or "", roles), name)
        for route in every_route(app.routes)
        for name in THINGS
        if f"{{{name}}}" in (route.path or "")
        if (roles := roles_of(route)) is not None
        for method in sorted(set(route.methods or {"GET"}) - {"HEAD", "OPTIONS"})
    ]


async def test_what_belongs_to_another_s_call_or_section_is_found_by_no_id(town: Town) -> None:
    wrong, given, asked = [], bodies(), 0
    ended = [subject for subject in SUBJECTS if not subject.live]
    things = [thing for subject in ended for thing in await things_of(town, subject)]
    before = await town.rows()

    for way, name in ways_to_things():
        for seat in SEATS:
            for thing in things:
                if thing.name != name or thing.is_for(seat, way.roles):
                    continue
                path = way.path.replace(f"{{{name}}}", thing.id)
                here = Way(way.method, path, way.roles)
                body = given.get((way.method, way.path))
                answer = await town.ask(seat, here, thing.subject, body)
                asked += 1
                # A page that refuses may show what this person has of their own.
                told = secret_of(thing.subject) in answer.text
                if answer.status_code not in (403, 404) or told:
                    wrong.append((seat.name, way.method, way.path, answer.status_code))

    assert asked > 200
    assert wrong == []
    assert await town.rows() == before


async def test_a_hold_is_lifted_through_its_own_call_alone(town: Town) -> None:
    services, now = town.server.running.services, town.server.running.services.clock.now()
    here, there = (subject for subject in SUBJECTS if not subject.live)
    async with services.database.transaction() as session:
        hold = LegalHold(
            call_id=there.call_id, reason="x", by_login="mori", at=now, until=None, lifted_by=None
        )
        session.add(hold)
        await session.flush()
        hold_id = hold.id
    supervisor = town.clients["kato"]

    answer = await supervisor.post(
        f"/v1/calls/{here.call_id}/holds/{hold_id}/lift", json={"reason": "確認のため。"}
    )

    assert (answer.status_code, code_of(answer)) == (404, "hold_unknown")


async def test_no_list_names_a_call_to_who_may_not_see_it(town: Town) -> None:
    app = create_app(Settings())
    lists = [
        (route.path or "", roles)
        for route in every_route(app.routes)
        if "{" not in (route.path or "") and "GET" in (route.methods or ())
        if (roles := roles_of(route)) is not None
    ]
    wrong = []

    for seat in SEATS:
        for path, roles in lists:
            if seat.role not in roles or path in SOCKETS:
                continue
            answer = await town.clients[seat.name].get(path, headers={"Accept": "application/json"})
            named = {one.call_id for one in SUBJECTS if one.call_id in answer.text}
            hidden = {one.call_id for one in SUBJECTS if not one.is_for(seat)}
            if answer.status_code >= 500 or named & hidden:
                wrong.append((seat.name, path, answer.status_code, sorted(named & hidden)))

    assert len(lists) > 20
    assert wrong == []
