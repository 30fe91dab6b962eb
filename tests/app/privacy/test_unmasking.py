"""An auditor reads an ended call covered in every answer, and uncovered for some minutes once they said why."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import delete, select, update

from app.auth.access import COOKIE, CSRF_HEADER, every_route, roles_of
from app.auth.administration import Administration
from app.auth.identity import Identity, Role
from app.errors import NotFound
from app.events import Audience, EventType
from app.ledger import Entry
from app.main import create_app
from app.models import Call
from app.privacy.models import Unmasking
from app.privacy.settings import PrivacySettings
from app.privacy.unmasking import unmask
from app.settings import Settings
from app.trail.models import TrailRow
from tests.app.privacy.conftest import (
    AGAIN,
    CALL,
    HOUSE,
    INTRODUCED,
    MARKED,
    NAME,
    NUMBER,
    marked_call,
)
from tests.app.running import SECTION, RunningServer, hear_until, running_server
from tests.fakes_transcriber import ScriptedTranscriber

REASON: Final = "開示の請求があり、発言の内容を確かめるため"
PATH: Final = f"/v1/calls/{CALL}/unmask"


Person = Callable[[RunningServer, str, Role], Awaitable[httpx.AsyncClient]]


@pytest_asyncio.fixture
async def person() -> AsyncIterator[Person]:
    """Signs somebody in as a browser does."""
    async with AsyncExitStack() as opened:

        async def signed_in(server: RunningServer, login: str, role: Role) -> httpx.AsyncClient:
            client = await opened.enter_async_context(
                httpx.AsyncClient(base_url=server.url, timeout=60, headers={"Origin": server.url})
            )
            await sign_in(server, client, login, role)
            return client

        yield signed_in


async def sign_in(server: RunningServer, client: httpx.AsyncClient, login: str, role: Role) -> None:
    accounts = Administration(server.services.database, server.services.clock)
    made = await accounts.create_user(
        login=login, display_name=f"{login}さん", role=role, section=SECTION
    )
    given = await accounts.reset_password(made.user.id, must_change=False)
    fields = {"login": login, "password": given.one_time_password}
    await client.post("/login", data=fields)
    assert COOKIE in client.cookies
    shown = await client.get("/password", headers={"Accept": "text/html"})
    csrf = re.search(r'name="csrf-token" content="([^"]+)"', shown.text)
    assert csrf is not None
    client.headers[CSRF_HEADER] = csrf[1]


def addresses_of_auditors() -> list[str]:
    """Return every path that an auditor may read, filled with the marked call."""
    app = create_app(Settings())
    return [
        re.sub(r"\{call_id\}", CALL, route.path or "")
        for route in every_route(app.routes)
        if "GET" in (route.methods or ()) and Role.AUDITOR in (roles_of(route) or ())
    ]


async def test_no_answer_to_an_auditor_holds_what_was_told_of_a_person(
    served: RunningServer, person: Person
) -> None:
    auditor = await person(served, "kanda", Role.AUDITOR)
    paths = addresses_of_auditors()
    about_the_call = [path for path in paths if CALL in path]

    held = dict[str, list[str]]()
    answered = dict[str, int]()
    for path in paths:
        asked = re.sub(r"\{[^}]*\}", "1", path)
        answer = await auditor.get(asked)
        answered[path] = answer.status_code
        shown = json.dumps(answer.json(), ensure_ascii=False) if _is_json(answer) else answer.text
        found = [word for word in MARKED if word in shown]
        if found:
            held[path] = found

    assert held == {}
    assert len(about_the_call) >= 8
    assert answered[f"/v1/calls/{CALL}"] == answered[f"/v1/calls/{CALL}/findings"] == 200


def _is_json(answer: httpx.Response) -> bool:
    kind: str = answer.headers.get("content-type", "")
    return kind.startswith("application/json")


async def test_places_stay_true_under_the_covers(served: RunningServer, person: Person) -> None:
    auditor = await person(served, "kanda", Role.AUDITOR)
    supervisor = await person(served, "mori", Role.SUPERVISOR)

    covered = (await auditor.get(f"/v1/calls/{CALL}")).json()
    whole = (await supervisor.get(f"/v1/calls/{CALL}")).json()

    assert [len(one["text"]) for one in covered["utterances"]] == [
        len(one["text"]) for one in whole["utterances"]
    ]
    assert whole["utterances"][0]["text"] == INTRODUCED
    assert whole["call"]["caller_number"] == NUMBER
    assert covered["call"]["caller_number"] == "****5678"
    assert covered["call"]["last_words"] == AGAIN.replace(NAME, "●" * len(NAME))
    assert covered["alerts"][0]["quote"] == covered["call"]["last_words"]


async def test_a_reason_uncovers_one_call_for_one_person_and_is_shown_to_others(
    served: RunningServer, person: Person
) -> None:
    auditor = await person(served, "kanda", Role.AUDITOR)
    other = await person(served, "inoue", Role.AUDITOR)

    before = (await auditor.get(PATH)).json()
    told = (await auditor.post(PATH, json={"reason": REASON})).json()
    read = (await auditor.get(f"/v1/calls/{CALL}")).json()
    seen = (await other.get(PATH)).json()

    assert (before["covered"], before["may_uncover"], before["minutes"]) == (True, True, 15)
    assert (told["covered"], told["may_uncover"]) == (False, False)
    assert read["utterances"][0]["text"] == INTRODUCED
    assert read["call"]["caller_number"] == NUMBER
    assert HOUSE in (await auditor.get(f"/v1/calls/{CALL}/matter")).json()["matter"]
    assert seen["covered"] is True
    assert [(one["by"], one["reason"]) for one in seen["unmaskings"]] == [("kanda", REASON)]
    assert NAME not in (await other.get(f"/v1/calls/{CALL}")).text
    async with served.services.database.transaction() as session:
        trail = (
            await session.scalars(
                select(TrailRow).where(TrailRow.kind.in_(["call.unmasked", "call.covered"]))
            )
        ).all()
    assert [(row.kind, row.by_login, row.role, row.call_id) for row in trail] == [
        ("call.unmasked", "kanda", "auditor", CALL)
    ]


async def test_it_is_covered_again_when_the_time_is_over_or_the_person_says_so(
    served: RunningServer, person: Person
) -> None:
    auditor = await person(served, "kanda", Role.AUDITOR)
    await auditor.post(PATH, json={"reason": REASON})

    covered = (await auditor.delete(PATH)).json()
    after = (await auditor.get(f"/v1/calls/{CALL}")).text
    await auditor.post(PATH, json={"reason": REASON})
    async with served.services.database.transaction() as session:
        late = served.services.clock.now() - timedelta(seconds=1)
        await session.execute(update(Unmasking).values(until=late))
    run_out = (await auditor.get(f"/v1/calls/{CALL}")).text

    assert covered["covered"] is True
    assert covered["unmaskings"][0]["covered_at"] is not None
    assert NAME not in after
    assert NAME not in run_out


@pytest.mark.parametrize(
    ("role", "call_id", "reason", "code"),
    [
        (Role.AUDITOR, CALL, "ため", "bad_request"),
        (Role.AUDITOR, CALL, "    ため    ", "bad_request"),
        (Role.AUDITOR, CALL, "あ" * 501, "bad_request"),
        (Role.AUDITOR, "unknown", REASON, "call_unknown"),
        (Role.SUPERVISOR, CALL, REASON, "nothing_covered"),
        (Role.OPERATOR, CALL, REASON, "call_unknown"),
        (Role.ADMINISTRATOR, CALL, REASON, "role_not_allowed"),
    ],
)
async def test_without_a_reason_or_a_cover_nothing_is_uncovered(
    served: RunningServer, person: Person, role: Role, call_id: str, reason: str, code: str
) -> None:
    somebody = await person(served, "kanda", role)

    answer = await somebody.post(f"/v1/calls/{call_id}/unmask", json={"reason": reason})

    assert answer.json()["code"] == code
    async with served.services.database.transaction() as session:
        assert (await session.scalars(select(Unmasking))).all() == []


async def test_a_call_that_has_just_been_deleted_is_not_found(served: RunningServer) -> None:
    database = served.services.database
    async with database.transaction() as session:
        call = await session.get(Call, CALL)
        assert call is not None
    async with database.transaction() as session:
        await session.execute(delete(Call).where(Call.id == CALL))

    with pytest.raises(NotFound):
        await unmask(
            served.services, Identity("kanda", "", Role.AUDITOR, "", user_id=1), call, REASON
        )


async def test_a_program_can_give_no_reason(served: RunningServer) -> None:
    async with served.client(await served.token(Role.AUDITOR)) as program:
        answer = await program.post(PATH, json={"reason": REASON})
        covered = await program.get(f"/v1/calls/{CALL}")

    assert answer.json()["code"] == "person_needed"
    assert NAME not in covered.text


async def test_where_supervisors_read_covered_events_of_ended_calls_are_covered_too(
    tmp_path: Path,
) -> None:
    settings = Settings(data_dir=tmp_path, privacy=PrivacySettings(masked_for=("supervisor",)))
    async with running_server(settings, ScriptedTranscriber()) as server:
        async with server.services.database.transaction() as session:
            await marked_call(session, server)
        await server.services.ledger.write(_telling)
        after = server.services.ledger.last_seq - 1
        async with server.screen(await server.token(Role.SUPERVISOR), f"?after={after}") as screen:
            told = (await hear_until(screen, "transcript.final"))[-1]
        async with server.client(await server.token(Role.AUDITOR, name="a")) as auditor:
            read = (await auditor.get(f"/v1/calls/{CALL}")).json()

    assert told["data"]["utterance_id"] == "u"
    assert told["data"]["text"].startswith("●●●●●と申します。")
    assert len(told["data"]["text"]) == len(INTRODUCED)
    assert read["utterances"][0]["text"] == INTRODUCED


async def _telling(entry: Entry) -> None:
    said = {"utterance_id": "u", "track": "caller", "start_ms": 0, "end_ms": 1, "text": INTRODUCED}
    entry.tell(EventType.TRANSCRIPT_FINAL, CALL, Audience("sato", SECTION), said)
