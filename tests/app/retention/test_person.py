"""What one person may ask for: all that is kept of their calls, covered where it is others', or its deletion."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace

import anyio
import pytest
from sqlalchemy import insert, select, update

from app.auth.errors import FieldRefused
from app.auth.identity import Identity, Role
from app.callers.keys import CallerKeys, open_caller_keys
from app.callers.models import CallerMeasure
from app.db import Database
from app.errors import Conflict, NotAllowed
from app.models import Call, UtteranceRow
from app.privacy.numbers import sealed_number
from app.retention.asking import (
    FOLDER,
    approve_erasure,
    ask,
    asked,
    drop_expired,
    fetch,
    refuse_erasure,
)
from app.retention.erasing import erase_waiting
from app.retention.kinds import KIND_WORDS, WHY_WORDS
from app.retention.models import LegalHold, PersonRequest, PurgeRun
from app.retention.opening import open_parts
from app.retention.person import ERASE, EXPORT, STAYS_WORDS
from app.retention.person_pages import KINDS, STATES
from app.retention.running import CallFiles, PurgeParts
from app.retention.telling import WHAT_WORDS, WHY_RUN, WIPED_WORDS
from app.retention.turns import one_at_a_time
from app.screens.catalogues import catalogue_of
from app.screens.language import Language
from app.sealing import open_record_keys
from app.services import Services
from app.settings import Settings
from app.trail.models import TrailRow
from tests.app.retention.filling import MARK, fill_call
from tests.app.retention.test_purging import Locked, files_with, ids_left, measure
from tests.fakes_clock import FakeClock

NUMBER = "011-382-4141"
OTHER = "090-1234-5678"


def auditor(login: str = "kansa", section: str = "") -> Identity:
    return Identity(login, login, Role.AUDITOR, section, user_id=1)


class NoRecordings:
    async def find(self, _call_id: str) -> None:
        return None


@pytest.fixture
def services(either: Settings, trailed: Database, clock: FakeClock) -> Services:
    return SimpleNamespace(  # type: ignore[return-value]
        settings=either,
        database=trailed,
        clock=clock,
        record_keys=open_record_keys(either.data_dir),
        recordings=NoRecordings(),
        registry=SimpleNamespace(live_calls=()),
    )


async def call_from(services: Services, call_id: str, number: str, **given: object) -> None:
    keys = open_caller_keys(services.settings.data_dir)
    stored = keys.hash_of_caller(number)
    sealed = sealed_number(services.record_keys, call_id, number)
    assert stored is not None
    assert sealed is not None
    async with services.database.transaction() as session:
        await fill_call(
            session,
            call_id,
            ended_at=given.get("ended_at", services.clock.now()),  # type: ignore[arg-type]
            caller_hash=stored.hash,
            caller_key_id=stored.key_id,
            caller_number="",
            number_box=sealed.box,
            number_key_id=sealed.key_id,
            section="市民課",
        )


def keys_of(services: Services) -> CallerKeys:
    return open_caller_keys(services.settings.data_dir)


async def erase_now(services: Services, *files: CallFiles) -> bool:
    """Do what the server does every two seconds; with *files* in the place of all others, where there are any."""

    async def opened() -> PurgeParts:
        parts = await open_parts(
            services.settings,
            services.database,
            services.clock,
            record_keys=services.record_keys,
        )
        return replace(parts, files=files) if files else parts

    return await erase_waiting(services.database, opened)


async def approved(services: Services, *, by: str = "second") -> str:
    """Register an erasure and approve it; return its id."""
    keys = keys_of(services)
    request_id = await ask(services, auditor(), keys, kind=ERASE, number=NUMBER, reason="請求")
    await approve_erasure(services, auditor(by), keys, request_id, NUMBER)
    return request_id


async def request_of(services: Services, request_id: str) -> PersonRequest:
    async with services.database.transaction() as session:
        row = await session.get(PersonRequest, request_id)
    assert row is not None
    return row


async def test_an_export_holds_every_call_of_the_number_and_says_what_each_file_should_be(
    services: Services,
) -> None:
    await call_from(services, "one", NUMBER)
    await call_from(services, "two", "0113824141")
    await call_from(services, "another's", OTHER)

    request_id = await ask(
        services, auditor(), keys_of(services), kind=EXPORT, number=NUMBER, reason="請求 第1号"
    )
    content = b"".join(await fetch(services, auditor(), request_id))

    package = zipfile.ZipFile(io.BytesIO(content))
    manifest = json.loads(package.read("manifest.json"))
    records = json.loads(package.read("calls/0001/records.json"))
    lines = list(csv.reader(io.StringIO(package.read("calls.csv").decode("utf-8-sig"))))
    assert manifest["calls"] == 2
    assert {
        name: hashlib.sha256(package.read(name)).hexdigest()
        for name in package.namelist()
        if name != "manifest.json"
    } == manifest["sha256"]
    assert records["utterances"][0]["text"] == MARK
    assert records["alerts"][0]["quote"] == MARK
    assert records["judgements"][0]["by_login"] == "(職員)"
    assert "caller_hash" not in records["calls"][0]
    assert records["calls"][0]["caller_number"] == NUMBER
    assert len(lines) == 3
    assert MARK in package.read("summary.html").decode()


async def test_an_export_covers_what_was_told_anywhere_in_the_call(
    services: Services, trailed: Database
) -> None:
    await call_from(services, "one", NUMBER)
    asked_for_name = {"track": "operator", "start_ms": 0, "end_ms": 100, "text": "お名前は"}
    answered = {"track": "caller", "start_ms": 200, "end_ms": 300, "text": "林です"}
    async with trailed.transaction() as session:
        one = (await session.execute(select(UtteranceRow.__table__))).mappings().first()
        assert one is not None
        rows = [
            dict(one) | {"id": f"x-{at}", "call_id": "one"} | said
            for at, said in enumerate((asked_for_name, answered))
        ]
        await session.execute(insert(UtteranceRow), rows)

    request_id = await ask(
        services, auditor(), keys_of(services), kind=EXPORT, number=NUMBER, reason="請求"
    )
    content = b"".join(await fetch(services, auditor(), request_id))

    records = json.loads(zipfile.ZipFile(io.BytesIO(content)).read("calls/0001/records.json"))
    assert {row["text"] for row in records["utterances"]} == {"お名前は", "●です", MARK}


async def test_an_export_lies_sealed_is_fetched_once_and_gone(
    services: Services, clock: FakeClock
) -> None:
    await call_from(services, "one", NUMBER)
    request_id = await ask(
        services, auditor(), keys_of(services), kind=EXPORT, number=NUMBER, reason="請求"
    )
    folder = services.settings.data_dir / FOLDER
    sealed = next(folder.iterdir()).read_bytes()

    with pytest.raises(NotAllowed):
        await fetch(services, auditor("another"), request_id)
    away = next(folder.iterdir()).rename(services.settings.data_dir / "away")
    with pytest.raises(Conflict):
        await fetch(services, auditor(), request_id)
    nothing_left = (await request_of(services, request_id)).state
    away.rename(folder / request_id)
    b"".join(await fetch(services, auditor(), request_id))
    with pytest.raises(Conflict) as over:
        await fetch(services, auditor(), request_id)

    assert nothing_left == "ready"
    assert b"PK" not in sealed[:64]
    assert over.value.code == "export_over"
    assert list(folder.iterdir()) == []


async def test_of_many_who_fetch_in_the_same_moment_one_is_given_the_file(
    services: Services,
) -> None:
    await call_from(services, "one", NUMBER)
    request_id = await ask(
        services, auditor(), keys_of(services), kind=EXPORT, number=NUMBER, reason="請求"
    )
    outcomes: list[str] = []

    async def fetch_it() -> None:
        try:
            b"".join(await fetch(services, auditor(), request_id))
            outcomes.append("given")
        except Conflict as over:
            outcomes.append(over.code)

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(fetch_it)

    async with services.database.transaction() as session:
        links = await session.scalars(select(TrailRow).where(TrailRow.kind == "person.exported"))
        assert len(links.all()) == 1
    assert sorted(outcomes) == ["export_over"] * 7 + ["given"]


async def test_an_export_that_nobody_fetched_is_deleted_when_its_time_is_over(
    services: Services, clock: FakeClock
) -> None:
    await call_from(services, "one", NUMBER)
    await ask(services, auditor(), keys_of(services), kind=EXPORT, number=NUMBER, reason="請求")
    folder = services.settings.data_dir / FOLDER

    await drop_expired(services)
    before = len(list(folder.iterdir()))
    clock.advance(minutes=31)
    await drop_expired(services)

    assert (before, list(folder.iterdir())) == (1, [])


async def test_an_erasure_needs_another_person_who_types_the_same_number(
    services: Services, trailed: Database, clock: FakeClock, either: Settings
) -> None:
    await call_from(services, "one", NUMBER)
    await call_from(services, "another's", OTHER)
    keys = keys_of(services)
    request_id = await ask(
        services, auditor(), keys, kind=ERASE, number=NUMBER, reason="請求 第2号"
    )

    with pytest.raises(NotAllowed) as own:
        await approve_erasure(services, auditor(), keys, request_id, NUMBER)
    with pytest.raises(FieldRefused) as wrong:
        await approve_erasure(services, auditor("second"), keys, request_id, OTHER)
    untouched = await ids_left(trailed)
    await approve_erasure(services, auditor("second"), keys, request_id, "011 382 4141")
    with pytest.raises(Conflict) as twice:
        await approve_erasure(services, auditor("third"), keys, request_id, NUMBER)
    await erase_now(services)

    async with trailed.transaction() as session:
        row = (await session.scalars(select(PersonRequest))).one()
        run = (await session.scalars(select(PurgeRun))).one()
    assert (own.value.code, wrong.value.code) == ("second_person_erases", "other_number")
    assert twice.value.code == "request_not_waiting"
    assert untouched == {"one", "another's"}
    assert await ids_left(trailed) == {"another's"}
    assert (row.state, row.hashes, row.run_id) == ("done", [], run.id)
    assert (run.why, run.by_login, run.calls, run.left) == ("erasure", "second", 1, {})


async def test_an_erasure_that_was_approved_is_not_taken_back_and_waits_for_its_turn(
    services: Services, trailed: Database
) -> None:
    await call_from(services, "one", NUMBER)
    request_id = await approved(services)

    with pytest.raises(Conflict, match="承認待ちではありません"):
        await refuse_erasure(services, auditor(), request_id)
    async with one_at_a_time(services.database, services.settings.data_dir):
        with pytest.raises(Conflict, match="ほかの削除"):
            await erase_now(services)
    waiting = await request_of(services, request_id)
    await erase_now(services)

    done = await request_of(services, request_id)
    assert (waiting.state, waiting.decided_by) == ("approved", "second")
    assert (done.state, done.decided_by) == ("done", "second")
    assert await ids_left(trailed) == set()


async def test_an_erasure_of_which_something_would_not_go_is_gone_on_with(
    services: Services, trailed: Database, clock: FakeClock
) -> None:
    for call_id in ("stuck", "free"):
        await call_from(services, call_id, NUMBER)
    async with trailed.transaction() as session:
        row = measure("free", clock.now())
        row.caller_hash = keys_of(services).hashes_of_caller(NUMBER)[0].hash
        session.add(row)
    request_id = await approved(services)

    first = await erase_now(services, Locked("stuck"))
    again = await erase_now(services, Locked("stuck"))
    between = await request_of(services, request_id)
    left = await ids_left(trailed)
    last = await erase_now(services)

    done = await request_of(services, request_id)
    async with trailed.transaction() as session:
        runs = (await session.scalars(select(PurgeRun))).all()
        measures = (await session.scalars(select(CallerMeasure))).all()
        told = (
            await session.scalars(select(TrailRow.by_login).where(TrailRow.kind == "person.erased"))
        ).all()
    assert (first, again, last) == (False, False, True)
    assert (between.state, between.hashes != [], left) == ("approved", True, {"stuck"})
    assert (done.state, done.hashes, await ids_left(trailed)) == ("done", [], set())
    assert [(run.id, run.calls, run.interrupted) for run in runs] == [(done.run_id, 2, True)]
    assert measures == []
    assert told == ["second"]


@dataclass(frozen=True, slots=True)
class CutOff:
    """Files in the midst of which the power goes: nothing tidies up after it."""

    call_id: str
    name: str = "cupboard"

    async def delete(self, call_id: str) -> int:
        if call_id == self.call_id:
            raise RuntimeError("the power is gone")
        return 0

    async def left(self, call_ids: Sequence[str]) -> int:
        return 0 * len(call_ids)


async def test_an_erasure_that_was_cut_off_is_finished_with_the_next_start(
    services: Services, trailed: Database
) -> None:
    for call_id in ("first", "second", "third"):
        await call_from(services, call_id, NUMBER)
    request_id = await approved(services)

    with pytest.raises(RuntimeError):
        await erase_now(services, CutOff("second"))
    between = await ids_left(trailed)
    state = (await request_of(services, request_id)).state
    await erase_now(services)

    done = await request_of(services, request_id)
    async with trailed.transaction() as session:
        runs = (await session.scalars(select(PurgeRun).order_by(PurgeRun.started_at))).all()
    assert (len(between), state) == (2, "approved")
    assert (done.state, done.hashes, await ids_left(trailed)) == ("done", [], set())
    assert sorted((run.interrupted, run.calls) for run in runs) == [(False, 1), (True, 2)]
    assert all(run.finished_at is not None and not run.left for run in runs)


async def test_an_erasure_takes_only_calls_that_were_over_when_it_was_approved(
    services: Services, trailed: Database, clock: FakeClock
) -> None:
    await call_from(services, "before", NUMBER)
    await call_from(services, "live", NUMBER, ended_at=None)
    request_id = await approved(services)

    clock.advance(minutes=5)
    await call_from(services, "after", NUMBER)
    async with trailed.transaction() as session:
        await session.execute(update(Call).where(Call.id == "live").values(ended_at=clock.now()))
    await erase_now(services)

    assert await ids_left(trailed) == {"live", "after"}
    assert (await request_of(services, request_id)).state == "partly"


async def test_requests_that_nobody_finished_give_up_the_hash_of_the_number(
    services: Services, clock: FakeClock
) -> None:
    def request(request_id: str, state: str, minutes: int | None) -> PersonRequest:
        now = clock.now()
        return PersonRequest(
            id=request_id,
            kind=EXPORT,
            state=state,
            hashes=["h"],
            reason="請求",
            calls=1,
            asked_by="kansa",
            asked_at=now,
            decided_by=None,
            decided_at=None,
            expires_at=None if minutes is None else now + timedelta(minutes=minutes),
        )

    async with services.database.transaction() as session:
        # A server that was killed while it made one; and one whose file went with a deleted call.
        session.add_all([request("a", "waiting", None), request("b", "ready", 30)])

    await drop_expired(services)
    before = [(await request_of(services, one)).state for one in "ab"]
    clock.advance(hours=7)
    await drop_expired(services)

    after = [await request_of(services, one) for one in "ab"]
    assert before == ["waiting", "ready"]
    assert [(row.state, row.hashes) for row in after] == [("expired", [])] * 2


def test_every_word_of_the_pages_has_its_english() -> None:
    english = catalogue_of(Language.ENGLISH).texts
    words = {
        word
        for table in (
            KINDS,
            STATES,
            STAYS_WORDS,
            KIND_WORDS,
            WHY_WORDS,
            WHAT_WORDS,
            WHY_RUN,
            WIPED_WORDS,
        )
        for word in table.values()
    }

    assert {word for word in words if word not in english} == set()


async def test_held_calls_are_named_and_stay_and_with_them_the_measures(
    services: Services, trailed: Database, clock: FakeClock
) -> None:
    await call_from(services, "free", NUMBER)
    await call_from(services, "held", NUMBER)
    keys = keys_of(services)
    async with trailed.transaction() as session:
        session.add(LegalHold(call_id="held", reason="訴訟", by_login="k", at=clock.now()))
        row = measure("free", clock.now())
        row.caller_hash = keys.hashes_of_caller(NUMBER)[0].hash
        session.add(row)

    request_id = await ask(services, auditor(), keys, kind=ERASE, number=NUMBER, reason="請求")
    shown = await asked(services, auditor(), request_id)
    await approve_erasure(services, auditor("second"), keys, request_id, NUMBER)
    await erase_now(services)

    async with trailed.transaction() as session:
        measures = (await session.scalars(select(CallerMeasure))).all()
    assert [(one.call_id, one.why) for one in shown.found.staying] == [("held", "held")]
    assert await ids_left(trailed) == {"held"}
    assert (await request_of(services, request_id)).state == "partly"
    assert len(measures) == 1


async def test_an_erasure_takes_the_measures_about_the_number_along(
    services: Services, trailed: Database, clock: FakeClock
) -> None:
    await call_from(services, "one", NUMBER)
    keys = keys_of(services)
    async with trailed.transaction() as session:
        row = measure("one", clock.now())
        row.caller_hash = keys.hashes_of_caller(NUMBER)[0].hash
        session.add(row)

    request_id = await ask(services, auditor(), keys, kind=ERASE, number=NUMBER, reason="請求")
    await approve_erasure(services, auditor("second"), keys, request_id, NUMBER)
    await erase_now(services)

    async with trailed.transaction() as session:
        assert (await session.scalars(select(CallerMeasure))).all() == []


async def test_the_number_is_in_no_table_and_no_file(
    services: Services, trailed: Database, either: Settings
) -> None:
    await call_from(services, "one", NUMBER)
    keys = keys_of(services)

    first = await ask(services, auditor(), keys, kind=ERASE, number=NUMBER, reason="請求")
    await refuse_erasure(services, auditor("second"), first)

    async with trailed.transaction() as session:
        deeds = (await session.scalars(select(TrailRow.kind))).all()
    assert all(files_with(either.data_dir, form) == [] for form in (NUMBER, "0113824141"))
    assert [kind for kind in deeds if kind.startswith("person.")] == [
        "person.erase.asked",
        "person.erase.refused",
    ]


@pytest.mark.parametrize(
    ("number", "reason", "code"),
    [
        ("内線 12", "請求", "number_unknown"),
        (OTHER, "請求", "no_calls_of_number"),
        (NUMBER, "  ", "why_missing"),
    ],
)
async def test_what_will_not_do_is_said_at_its_field(
    number: str, reason: str, code: str, services: Services
) -> None:
    await call_from(services, "one", NUMBER)

    with pytest.raises(FieldRefused) as refused:
        await ask(services, auditor(), keys_of(services), kind=EXPORT, number=number, reason=reason)

    assert refused.value.code == code


async def test_an_auditor_of_one_section_does_not_ask_for_a_person(services: Services) -> None:
    with pytest.raises(NotAllowed) as refused:
        await ask(
            services,
            auditor(section="市民課"),
            keys_of(services),
            kind=EXPORT,
            number=NUMBER,
            reason="請求",
        )

    assert refused.value.code == "whole_office_needed"
