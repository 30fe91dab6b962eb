"""What the tables say about rules, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import delete

from app.auth.errors import FieldRefused
from app.auth.identity import Identity, Role
from app.bus.memory import MemoryBus
from app.db import Database, open_database
from app.errors import Conflict, NotFound
from app.feedback.precision import Count
from app.feedback.repository import reviews, switched_off_at
from app.feedback.reviewing import decide, rule_table
from app.feedback.reviews import NOTE_CHARACTERS, Key, ReviewKind
from app.feedback.table import RuleLine, RuleTable
from app.ledger import Ledger
from app.models import Call
from app.settings import FeedbackSettings, Settings
from detection.types import Severity
from tests.app.rule_cases import CATEGORY, RULE, Raised, keep, some
from tests.fakes_clock import MONDAY_MORNING, FakeClock

ADMINISTRATOR = Identity("suzuki", "鈴木", Role.ADMINISTRATOR, "")
KEY: Key = (RULE, CATEGORY)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, settings: Settings) -> str:
    if request.param == "sqlite":
        return settings.async_database_url
    plain: str = request.getfixturevalue("postgres_url")
    return Settings(database_url=SecretStr(plain)).async_database_url


@pytest.fixture
async def office(url: str) -> AsyncIterator[Office]:
    async with open_database(url) as database:
        yield Office(database, FakeClock(MONDAY_MORNING + timedelta(hours=1)))


class Office:
    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database = database
        self.clock = clock
        self.ledger = Ledger(database, MemoryBus(8), clock)

    async def table(self, days: int = 90) -> RuleTable:
        return await rule_table(self.database, self.clock.now(), FeedbackSettings(), days)

    async def line(self, days: int = 90) -> RuleLine:
        (line,) = (await self.table(days)).lines
        return line

    async def count(self, days: int = 90) -> Count:
        record = (await self.line(days)).record
        assert record is not None
        return record.count

    async def decide(self, kind: ReviewKind, note: str = "確認しました", key: Key = KEY) -> None:
        self.clock.advance(minutes=1)
        await decide(self.ledger, ADMINISTRATOR, key, kind, note)


async def test_alerts_are_counted_by_rule_category_and_version(office: Office) -> None:
    await keep(
        office.database,
        [
            *some(right=2, false=1),
            Raised(category="sexual"),
            Raised(rule="mental.die"),
            Raised(detector_version="d2", at=MONDAY_MORNING + timedelta(minutes=1), false=True),
        ],
    )

    table = await office.table()

    found = {
        (line.rule, line.category): [(v.detector_version, v.count) for v in line.record.versions]
        for line in table.lines
        if line.record is not None
    }
    assert found == {
        (RULE, CATEGORY): [("d2", Count(1, 1)), ("d1", Count(3, 1))],
        (RULE, "sexual"): [("d1", Count(1, 0))],
        ("mental.die", CATEGORY): [("d1", Count(1, 0))],
    }


async def test_calls_that_go_on_and_alerts_before_the_span_are_not_counted(
    office: Office,
) -> None:
    await keep(
        office.database,
        [
            Raised(),
            Raised(ended=False),
            Raised(at=MONDAY_MORNING - timedelta(days=40), false=True),
        ],
    )

    assert await office.count(days=30) == Count(1, 0)
    assert await office.count(days=90) == Count(2, 1)


async def test_alerts_that_a_whole_sentence_took_back_stand_apart(office: Office) -> None:
    await keep(office.database, [Raised(), Raised(early=True), Raised(early=True, false=True)])

    line = await office.line()

    assert line.record is not None
    assert (line.record.count, line.record.withdrawn) == (Count(1, 0), 2)


async def test_an_office_without_alerts_has_an_empty_table(office: Office) -> None:
    assert (await office.table()).lines == ()


async def test_a_review_clears_the_suggestion_until_new_alerts_are_false(office: Office) -> None:
    await keep(office.database, some(right=16, false=14))
    before = await office.line()
    await office.decide(ReviewKind.REVIEWED, "回覧のうえ継続")
    after = await office.line()
    late = [
        Raised(false=True, at=office.clock.now() + timedelta(seconds=place))
        for place in range(1, 13)
    ]
    await keep(office.database, late)
    office.clock.advance(minutes=1)
    again = await office.line()

    assert before.proposal is not None
    assert after.proposal is None
    assert after.standing.reviewed is not None
    assert (after.standing.reviewed.note, after.standing.reviewed.by) == (
        "回覧のうえ継続",
        "suzuki",
    )
    assert again.proposal is not None
    assert again.proposal.count == Count(12, 12)


async def test_a_rule_is_switched_off_for_calls_that_start_later_and_back_on(
    office: Office,
) -> None:
    await keep(office.database, some(right=1, false=2))
    before = office.clock.now()
    await office.decide(ReviewKind.SWITCHED_OFF)
    during = office.clock.now()
    await office.decide(ReviewKind.SWITCHED_OFF)
    await office.decide(ReviewKind.SWITCHED_ON, "")
    after = office.clock.now()

    async with office.database.transaction() as session:
        off = [(await switched_off_at(session, at)).rules for at in (before, during, after)]
        kept = [(review.kind, review.by) for review in await reviews(session)]

    assert off == [frozenset(), frozenset({KEY}), frozenset()]
    assert kept == [(ReviewKind.SWITCHED_OFF, "suzuki"), (ReviewKind.SWITCHED_ON, "suzuki")]


async def test_a_rule_can_be_used_again_after_its_calls_were_deleted(office: Office) -> None:
    await keep(office.database, [Raised(false=True)])
    await office.decide(ReviewKind.SWITCHED_OFF)
    async with office.database.transaction() as session:
        await session.execute(delete(Call))
    off = await office.line()
    await office.decide(ReviewKind.SWITCHED_ON, "")

    assert (off.record, off.standing.switched_off is not None) == (None, True)
    assert (await office.table()).lines == ()


async def test_a_rule_that_ever_found_a_threat_stays_in_use(office: Office) -> None:
    await keep(office.database, [Raised(severity=Severity.STOP), *some(right=0, false=20)])

    with pytest.raises(Conflict) as refused:
        await office.decide(ReviewKind.SWITCHED_OFF)
    await office.decide(ReviewKind.REVIEWED)
    line = await office.line()

    assert refused.value.code == "rule_always_used"
    assert line.standing.switched_off is None
    assert line.standing.reviewed is not None


async def test_that_a_rule_stays_in_use_is_told_though_its_threat_lies_before_the_span(
    office: Office,
) -> None:
    long_ago = MONDAY_MORNING - timedelta(days=40)
    await keep(office.database, [Raised(severity=Severity.STOP, at=long_ago), Raised(false=True)])

    line = await office.line(days=30)

    assert line.record is not None
    assert line.record.severity is Severity.WARNING
    assert "身の安全" in line.why_always_used


async def test_a_rule_about_the_conversation_is_left_to_the_policy(office: Office) -> None:
    key = ("conversation.persistence", "persistence")
    await keep(office.database, [Raised(rule=key[0], category=key[1])])

    with pytest.raises(Conflict, match="基本方針"):
        await office.decide(ReviewKind.SWITCHED_OFF, key=key)


@pytest.mark.parametrize(
    "key",
    [("nobody", CATEGORY), (RULE, "sexual"), ("\0", CATEGORY), ("a" * 129, CATEGORY), ("", "")],
)
async def test_a_rule_that_never_raised_an_alert_is_unknown(office: Office, key: Key) -> None:
    await keep(office.database, [Raised()])

    with pytest.raises(NotFound):
        await office.decide(ReviewKind.REVIEWED, key=key)


@pytest.mark.parametrize("note", ["", " \n ", "長" * (NOTE_CHARACTERS + 1), "a\0b"])
async def test_a_note_that_will_not_do_changes_nothing(office: Office, note: str) -> None:
    await keep(office.database, [Raised()])

    with pytest.raises(FieldRefused):
        await office.decide(ReviewKind.REVIEWED, note)

    assert (await office.line()).standing.reviewed is None
