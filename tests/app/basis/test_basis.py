"""What decisions rest on: noted at every start that changes it, told of every call, its text kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sqlalchemy import select
from structlog.testing import capture_logs

from app.auth.identity import Role
from app.basis.keeping import (
    Basis,
    BasisKind,
    clock_state,
    keep_basis,
    note_basis,
    present_basis,
)
from app.basis.models import BasisInUse, BasisText
from app.db import Database
from app.settings import Settings
from detection.policy_files import policy_text
from tests.app.running import running_server, send
from tests.app.sounds import call_bytes, sentences
from tests.app.test_stream import begin, stop
from tests.fakes_clock import FakeClock
from tests.fakes_transcriber import ScriptedTranscriber

THREAT = "今からそっちに行って刺してやるからな"


async def noted(database: Database, kind: BasisKind) -> list[tuple[str, str]]:
    async with database.transaction() as session:
        rows = await session.scalars(
            select(BasisInUse).where(BasisInUse.kind == kind.value).order_by(BasisInUse.id)
        )
        return [(row.version, row.digest) for row in rows]


async def test_a_start_that_changes_nothing_notes_nothing(
    database: Database, clock: FakeClock, settings: Settings
) -> None:
    for _ in range(3):
        await note_basis(database, clock, settings, "d1")

    for kind in BasisKind:
        assert len(await noted(database, kind)) == 1


async def test_two_contents_under_one_version_are_told_apart_and_both_kept(
    database: Database, clock: FakeClock
) -> None:
    first = Basis(BasisKind.POLICY, "ebetsu-2025-10-01", "points = 3")
    changed = Basis(BasisKind.POLICY, "ebetsu-2025-10-01", "points = 4")

    for basis in (first, changed, first):
        async with database.transaction() as session:
            await keep_basis(session, clock, [basis])

    digests = [digest for _, digest in await noted(database, BasisKind.POLICY)]
    assert digests == [first.digest, changed.digest, first.digest]
    async with database.transaction() as session:
        kept = set(await session.scalars(select(BasisText.text)))
    assert kept == {"points = 3", "points = 4"}


async def test_a_call_tells_by_what_it_was_judged_and_the_policys_text_can_be_read(
    settings: Settings,
) -> None:
    async with running_server(settings, ScriptedTranscriber(THREAT)) as server:
        auditor, administrator = (
            await server.token(Role.AUDITOR),
            await server.token(Role.ADMINISTRATOR),
        )
        async with server.stream() as stream:
            await begin(stream, call_id="c1")
            await send(stream, call_bytes(sentences(1)))
            await stop(stream)
        async with server.client(auditor) as client:
            told = (await client.get("/v1/calls/c1/basis")).json()
        policy = next(one for one in told["in_use"] if one["kind"] == "policy")
        async with server.client(administrator) as client:
            text = (await client.get(f"/v1/basis/{policy['digest']}")).json()
            unseen = await client.get("/v1/calls/c1/basis")
            file = await client.get(f"/v1/basis/{policy['digest']}.txt")
            unknown = await client.get(f"/v1/basis/{'0' * 64}")
            unknown_file = await client.get(f"/v1/basis/{'0' * 64}.txt")

    (judged,) = told["decided"]
    assert judged["policy_version"] == policy["version"] == "ebetsu-2025-10-01"
    assert judged["decisions"] == 1
    assert len(told["recognition_models"]) == 1
    assert {one["kind"] for one in told["in_use"]} == {kind.value for kind in BasisKind}
    assert text["text"] == policy_text("ebetsu")[0]
    assert hashlib.sha256(text["text"].encode()).hexdigest() == policy["digest"]
    assert hashlib.sha256(file.content).hexdigest() == policy["digest"]
    assert file.headers["content-disposition"].startswith("attachment")
    assert [unseen.status_code, unknown.status_code, unknown_file.status_code] == [403, 404, 404]


def test_an_offices_own_policy_is_kept_as_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(policy_text("ebetsu")[0] + "\n# 市の覚え書き\n", encoding="utf-8")
    settings = Settings(data_dir=tmp_path).model_copy(
        update={"detection": Settings().detection.model_copy(update={"policy": str(file)})}
    )

    policy, lexicons, *_ = present_basis(settings, "d1")

    assert "市の覚え書き" in policy.text
    assert "mental_attack.toml" in lexicons.text


def test_the_state_of_the_clock_is_one_of_three_words() -> None:
    assert clock_state() in {"synchronised", "unsynchronised", "unknown"}


async def test_what_hinders_the_note_is_told_and_harms_nothing(
    database: Database, clock: FakeClock, settings: Settings
) -> None:
    lost = settings.model_copy(
        update={"detection": settings.detection.model_copy(update={"policy": "/no/such.toml"})}
    )

    with capture_logs() as told:
        await note_basis(database, clock, lost, "d1")

    assert [(one["log_level"], one["error"]) for one in told] == [("warning", "PolicyNotFound")]
    assert await noted(database, BasisKind.POLICY) == []
