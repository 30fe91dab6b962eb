"""What auditors and supervisors are told of an ended call, in one answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.auth.identity import Role
from app.ledger import Entry
from app.recordings.chunks import Kind
from app.recordings.models import Recording
from app.settings import Settings
from app.trail.models import TrailRow
from tests.app.review.filled import QUOTE, SAID, THREE_HOURS, WARNING, Filling, add_ended_call
from tests.app.review.recorded import add_recording
from tests.app.running import SECTION, RunningServer, in_own_task, running_server
from tests.fakes_transcriber import ScriptedTranscriber

OTHER_SECTION = "税務課"
CALL = "r-1"
NUMBER = "折り返しは090-1234-5678にお願いします。"
LARGEST_BYTES = 2_000_000


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[RunningServer]:
    async with in_own_task(running_server(settings, ScriptedTranscriber())) as running:
        yield running


async def with_call(server: RunningServer, **facts: Any) -> None:
    now = server.services.clock.now()

    async def change(entry: Entry) -> str:
        return await add_ended_call(entry.session, now, CALL, **facts)

    await server.services.ledger.write(change)


async def asked(
    server: RunningServer, role: Role = Role.SUPERVISOR, section: str = SECTION, call: str = CALL
) -> httpx.Response:
    async with server.client(await server.token(role, section)) as client:
        return await client.get(f"/v1/calls/{call}/review")


async def told(server: RunningServer, role: Role = Role.SUPERVISOR) -> dict[str, Any]:
    answer: dict[str, Any] = (await asked(server, role)).raise_for_status().json()
    return answer


async def test_everything_about_the_call_comes_in_one_answer(server: RunningServer) -> None:
    await with_call(server)

    review = await told(server)

    assert len(review["utterances"]) == 120
    assert len(review["findings"]) == 6
    assert [one["kind"] for one in review["deeds"]].count("warning_spoken") == 2
    assert review["stays"][0] | {"listening": True} == {
        "login": "tanaka",
        "display_name": "田中 一郎",
        "listening": True,
        "start_ms": 240_000,
        "end_ms": 360_000,
    }
    assert len(review["gaps"]) == 2
    assert review["recording"] == {"state": "none"}
    assert review["call"].get("last_words") is None


async def test_what_happened_stands_in_the_order_of_the_sound(server: RunningServer) -> None:
    await with_call(server)

    deeds = (await told(server))["deeds"]

    assert [one["at_ms"] for one in deeds] == sorted(one["at_ms"] for one in deeds)
    assert {one["group"] for one in deeds} == {
        "staff",
        "supervisor",
        "warning",
        "alert",
        "clock",
        "record",
    }


async def test_a_warning_is_told_with_its_exact_words(server: RunningServer) -> None:
    await with_call(server)

    warnings = [one for one in (await told(server))["deeds"] if one["group"] == "warning"]

    assert [(one["number"], one["text"], one["how"]) for one in warnings] == [
        (1, WARNING, "spoken"),
        (2, WARNING, "spoken"),
    ]


async def test_a_finding_is_told_with_its_explanation_and_its_rule(server: RunningServer) -> None:
    await with_call(server)

    finding = (await told(server))["findings"][0]

    assert finding["quote"] == QUOTE
    assert finding["rule"] == "mental.home_visit"
    assert QUOTE in finding["explanation"]["text"]


async def test_it_is_told_which_model_heard_and_which_rules_judged(server: RunningServer) -> None:
    await with_call(server)

    review = await told(server)

    assert [(one["model"], one["utterances"]) for one in review["models"]] == [
        ("whisper-base", 108),
        ("whisper-small", 12),
    ]
    assert [(one["policy_version"], one["decisions"]) for one in review["versions"]] == [
        ("ebetsu-1", 60),
        ("ebetsu-2", 60),
    ]
    assert review["utterances"][-1]["model"] == 1


async def test_an_auditor_reads_telephone_numbers_covered_and_a_supervisor_whole(
    server: RunningServer,
) -> None:
    await with_call(server, texts=(NUMBER, *SAID))

    for_auditor, for_supervisor = await told(server, Role.AUDITOR), await told(server)

    assert for_auditor["covered"] is True
    assert "1234" not in str(for_auditor["utterances"])
    assert len(for_auditor["utterances"][0]["text"]) == len(NUMBER)
    assert for_supervisor["utterances"][0]["text"] == NUMBER


@pytest.mark.parametrize(
    ("role", "section", "status", "code"),
    [
        (Role.OPERATOR, SECTION, 403, "role_not_allowed"),
        (Role.ADMINISTRATOR, SECTION, 403, "role_not_allowed"),
        (Role.STREAM, SECTION, 403, "role_not_allowed"),
        (Role.SUPERVISOR, OTHER_SECTION, 403, "other_section"),
        (Role.AUDITOR, OTHER_SECTION, 404, "call_unknown"),
    ],
)
async def test_who_may_not_see_the_call_is_told_nothing_of_it(
    server: RunningServer, role: Role, section: str, status: int, code: str
) -> None:
    await with_call(server)

    answer = await asked(server, role, section)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert QUOTE not in answer.text


async def test_an_auditor_of_the_whole_office_reads_every_section(server: RunningServer) -> None:
    await with_call(server)

    assert (await asked(server, Role.AUDITOR, section="")).status_code == 200


async def test_a_call_that_goes_on_is_not_looked_at_again_yet(server: RunningServer) -> None:
    await with_call(server, live=True)

    answer = await asked(server, Role.SUPERVISOR)

    assert (answer.status_code, answer.json()["code"]) == (409, "call_not_over")


@pytest.mark.parametrize("call", ["none", "%00", "x" * 200])
async def test_a_call_that_is_not_there_is_not_found(server: RunningServer, call: str) -> None:
    assert (await asked(server, Role.AUDITOR, call=call)).status_code == 404


async def test_looking_at_a_call_again_is_on_the_trail(server: RunningServer) -> None:
    await with_call(server)
    await told(server, Role.AUDITOR)

    async with server.services.database.transaction() as session:
        query = select(TrailRow).where(TrailRow.kind == "review.seen")
        (link,) = (await session.scalars(query)).all()

    assert (link.call_id, link.role) == (CALL, "auditor")


async def test_what_there_is_to_hear_is_told_with_its_holes(server: RunningServer) -> None:
    await with_call(server)
    holes = [(Kind.PAUSED, 60_000, 70_000), (Kind.LOST, 90_000, 95_000)]
    await add_recording(server.services, CALL, Filling(), holes)

    review = await told(server)

    assert review["recording"]["state"] == "kept"
    assert review["recording"]["duration_ms"] == 720_000
    silent = [one for one in review["recording"]["stretches"] if one["kind"] != "sound"]
    assert silent == [
        {"start_ms": 60_000, "end_ms": 70_000, "kind": "paused"},
        {"start_ms": 90_000, "end_ms": 95_000, "kind": "lost"},
    ]
    kinds = [one["kind"] for one in review["deeds"] if one["group"] == "record"]
    assert {"recording_paused", "recording_lost"} <= set(kinds)


async def test_a_recording_whose_key_is_gone_leaves_the_words_to_be_read(
    server: RunningServer,
) -> None:
    await with_call(server)
    await add_recording(server.services, CALL, Filling())

    async def lose_key(entry: Entry) -> None:
        row = await entry.session.get(Recording, CALL)
        assert row is not None
        row.key_id = "0123456789abcdef"

    await server.services.ledger.write(lose_key)
    review = await told(server)

    assert review["recording"]["state"] == "unreadable"
    assert review["recording"]["code"] == "recording_key_missing"
    assert len(review["utterances"]) == 120


async def test_the_loudness_of_a_part_is_that_part_of_the_whole(server: RunningServer) -> None:
    await with_call(server)
    await add_recording(server.services, CALL, Filling())
    path = f"/v1/calls/{CALL}/recording/peaks"

    async with server.client(await server.token(Role.AUDITOR)) as client:
        whole = (await client.get(f"{path}?bins=720")).json()
        part = (await client.get(f"{path}?bins=60&from_ms=60000&to_ms=120000")).json()

    assert part["duration_ms"] == 60_000
    # base64 writes three bytes as four letters: 60 bins from the 60th on are the letters 80 to 160.
    assert part["peaks"]["caller"] == whole["peaks"]["caller"][80:160]


async def test_three_hours_fit_into_one_answer(server: RunningServer) -> None:
    await with_call(server, filling=THREE_HOURS)

    answer = await asked(server)

    assert len(answer.json()["utterances"]) == 5_000
    assert len(answer.content) < LARGEST_BYTES
