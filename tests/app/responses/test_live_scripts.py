"""The sentences follow the office's approvals, and claim a recording only where the caller was told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.administration import Administration
from app.auth.identity import Role
from app.db import Database
from app.models import Call, StaffAction
from app.responses.live_scripts import KnownWarnings, LiveScripts, Warns
from app.responses.models import ScriptVersion
from app.responses.repository import VersionState
from app.responses.scripts import load_scripts
from detection.types import Category, Decision, Outcome, Severity, Step
from tests.fakes_clock import FakeClock

AT: Final = datetime(2026, 4, 6, 9, tzinfo=UTC)
NEW: Final = "これ以上はお話を承れません。続く場合は、お電話を終えます。"


def decision(step: Step, focus: Category | None = None) -> Decision:
    return Decision(
        at_ms=0,
        level=Severity.WARNING,
        outcome=Outcome.HARASSMENT_SUSPECTED,
        step=step,
        focus=focus,
        findings=(),
        alerts=(),
        warnings_spoken=0,
        held_ms=0,
        stalemate_ms=0,
        welfare=False,
        policy_version="p",
        detector_version="d",
    )


WARN: Final = decision(Step.WARN, Category.SEXUAL)


class Same:
    """Knows a sentence by its letters, and counts how often it had to learn."""

    def __init__(self) -> None:
        self.learned = 0

    def __call__(self, sentences: Iterable[str]) -> Warns:
        self.learned += 1
        return frozenset(sentences).__contains__


def approved(script_id: str, version: int, approval: int, text: str = NEW) -> ScriptVersion:
    return ScriptVersion(
        script_id=script_id,
        version=version,
        based_on=version - 1,
        text=text,
        text_when_recorded="",
        note="",
        reason="短く",
        proposed_by="kanri",
        proposed_at=AT,
        state=VersionState.APPROVED.value,
        decided_by="mori",
        decided_at=AT,
        decision_reason="",
        approval=approval,
    )


@pytest.fixture
async def call_id(database: Database, clock: FakeClock) -> str:
    return await begin(database, clock, {})


async def begin(database: Database, clock: FakeClock, metadata: dict[str, Any]) -> str:
    made = await Administration(database, clock).create_token(
        name="exchange", role=Role.STREAM, section="市民課"
    )
    async with database.transaction() as session:
        session.add(
            Call(
                id="c1",
                token_id=made.token.id,
                stream_format={"metadata": metadata},
                started_at=clock.now(),
            )
        )
    return "c1"


async def said(scripts: LiveScripts, session: AsyncSession, wanted: Decision = WARN) -> str:
    suggestion = await scripts.suggestion(session, "c1", wanted)
    return suggestion.text if suggestion is not None else ""


async def test_another_process_says_the_new_words_from_its_next_decision_on(
    database: Database, call_id: str
) -> None:
    here, there = LiveScripts(load_scripts()), LiveScripts(load_scripts())
    async with database.transaction() as session:
        before = await said(there, session)
        session.add(approved("warn.sexual", 1, 1))
    async with database.transaction() as session:
        after = [await said(one, session) for one in (here, there)]
        session.add(approved("warn.sexual", 3, 2, text="お控えください。"))
    async with database.transaction() as session:
        later = await said(there, session)

    assert before == load_scripts().for_step(Step.WARN, Category.SEXUAL).text  # type: ignore[union-attr]
    assert after == [NEW, NEW]
    assert later == "お控えください。"
    assert (there.by_id("warn.sexual").version, there.by_id("warn.sexual").draft) == (3, False)  # type: ignore[union-attr]


async def test_what_waits_or_was_returned_is_said_by_nobody(
    database: Database, call_id: str
) -> None:
    scripts = LiveScripts(load_scripts())
    async with database.transaction() as session:
        for version, state in enumerate((VersionState.RETURNED, VersionState.WAITING), 1):
            row = approved("warn.sexual", version, 1)
            row.state, row.approval = state.value, None
            session.add(row)
        await session.flush()
        heard = await said(scripts, session)

    assert heard != NEW


async def test_words_for_a_place_that_no_longer_ships_are_left_out(
    database: Database, call_id: str
) -> None:
    scripts = LiveScripts(load_scripts())
    async with database.transaction() as session:
        session.add(approved("warn.long_gone", 1, 1))
        await session.flush()
        now = await scripts.current(session)

    assert now.all == load_scripts().all


async def test_warnings_of_the_office_are_known_to_who_begins_later_and_stay_known(
    database: Database,
) -> None:
    known = Same()
    warnings = KnownWarnings(known, ("元の警告",))
    scripts = LiveScripts(load_scripts(), warnings=warnings)
    earlier = warnings.now
    async with database.transaction() as session:
        session.add(approved("warn.sexual", 1, 1))
        session.add(approved("ask.sexual", 1, 2, text="お控えください。"))
        session.add(approved("warn.sexual", 2, 3, text="続く場合は切ります。"))
        await session.flush()
        await scripts.catch_up(session)
        await scripts.catch_up(session)

    assert [warnings.now(text) for text in ("元の警告", NEW, "続く場合は切ります。")] == [True] * 3
    assert not warnings.now("お控えください。")
    assert earlier("元の警告")
    assert not earlier(NEW)
    assert known.learned == 2


PLAYED: Final = {"announcement": "recording_notice", "result": "done"}


@pytest.mark.parametrize(
    ("metadata", "click", "told"),
    [
        ({}, None, False),
        ({"recording_notice": "played"}, None, True),
        ({"customConfig.recording_notice": "played"}, None, True),
        ({"recording_notice": "skipped"}, None, False),
        ({"recording_notice": True}, None, False),
        ({}, PLAYED, True),
        ({}, PLAYED | {"result": "failed"}, False),
        ({}, PLAYED | {"result": "unknown"}, False),
        ({}, PLAYED | {"result": "asked"}, False),
        ({}, PLAYED | {"announcement": "warning_1"}, False),
        ({}, PLAYED | {"announcement": "own_notice"}, True),
    ],
)
async def test_a_recording_is_claimed_only_where_the_caller_was_told_of_it(
    database: Database,
    clock: FakeClock,
    metadata: dict[str, Any],
    click: dict[str, Any] | None,
    told: bool,
) -> None:
    scripts = LiveScripts(load_scripts(), ("recording_notice", "own_notice"))
    await begin(database, clock, metadata)
    async with database.transaction() as session:
        if click is not None:
            session.add(
                StaffAction(
                    call_id="c1",
                    kind="telephone_play",
                    by_login="sato",
                    at=clock.now(),
                    detail=click,
                )
            )
        await session.flush()
        warned = await scripts.suggestion(session, "c1", WARN)
        asked = await scripts.suggestion(session, "c1", decision(Step.ASK_TO_STOP))

    assert warned is not None
    assert asked is not None
    assert (warned.recorded, "録音" in warned.text) == (told, told)
    assert "録音" not in asked.text


async def test_a_sentence_without_a_second_wording_says_the_same_in_both(
    database: Database, clock: FakeClock
) -> None:
    scripts = LiveScripts(load_scripts())
    await begin(database, clock, {"recording_notice": "played"})
    async with database.transaction() as session:
        suggestion = await scripts.suggestion(
            session, "c1", decision(Step.WARN, Category.PERSISTENCE)
        )

    assert suggestion is not None
    assert suggestion.text == suggestion.script.text
    assert not suggestion.recorded


async def test_nothing_is_read_while_an_ordinary_talk_needs_no_sentence() -> None:
    ordinary = decision(Step.LISTEN)
    nobody: Any = None

    suggestion = await LiveScripts(load_scripts()).suggestion(nobody, "c1", ordinary)

    assert suggestion is None
