"""What a search finds. That PostgreSQL finds the same is in test_same_on_both.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from app.auth.identity import Identity, Role
from app.db import Database
from app.judgements.models import Judgement
from app.search.asking import Facts, JudgedAs, Order, Scope, Track, days_in_japan
from app.search.finding import MOST_COUNTED, FoundPage
from app.search.queries import sections
from detection.types import Category, Outcome
from tests.app.search.said import AUDITOR, Talk, found, ids_of, keep, keep_and_fill
from tests.fakes_clock import MONDAY_MORNING

TALKS = (
    Talk("kneel", ["同げざして謝れって言ってるんだ", ">それはできかねます"], 0, level=2),
    Talk(
        "tax",
        ["お前、馬鹿か。この税金泥棒が。", "責任者を出せ", ">担当に代わります"],
        1,
        level=3,
        outcome="harassment_suspected",
        category="mental_attack",
        minutes=40,
    ),
    Talk(
        "snow", ["除雪のことで聞きたいんですけど", ">除雪は道路課が担当です"], 2, section="道路課"
    ),
    Talk("wide", ["ＡＢＣ １．５ｶﾞﾂ ｺｺｱ", ">１５０円です"], 3, false_alarm=True),
    Talk("sad", ["もう生きていても仕方がない"], 4, welfare=True),
    Talk("two", ["税金の話です", "泥棒が入ったんです"], 5, level=1),
    Talk("name", ["佐藤と申します、電話は090-1234-5678です", ">佐藤様ですね"], 6),
    Talk("live", ["税金泥棒"], 7, ended=False),
    Talk("silent", [], 8),
)
BLANK = Facts()
WORDS: list[tuple[str, list[str]]] = [
    ("税金", ["two", "tax"]),
    ("税", ["two", "tax"]),
    ("税金泥棒", ["tax"]),
    ("税金 泥棒", ["two", "tax"]),
    ("税金　泥棒", ["two", "tax"]),
    ("税金 -泥棒", []),
    ("税金 -責任者", ["two"]),
    ("-税金", ["silent", "name", "sad", "wide", "snow", "kneel"]),
    ("土下座", ["kneel"]),
    ("どげざ", ["kneel"]),
    ("ドゲザ", ["kneel"]),
    ("「土下座」", []),
    ("「お前、馬鹿」", ["tax"]),
    ('"お前 馬鹿か"', ["tax"]),
    ("バカ", ["tax"]),
    ("abc", ["wide"]),
    ("ABC1.5", ["wide"]),
    ("1.5がつ", ["wide"]),
    ("ガツ", ["wide"]),
    ("15", ["wide"]),
    ("ココア", ["wide"]),
    ("泥棒が", ["two", "tax"]),
    ("責任者を出せ 馬鹿", ["tax"]),
    ("除雪", ["snow"]),
    ("道路課", ["snow"]),
    ("佐藤", []),
    ("090", []),
    ("申します", ["name"]),
    ("存在しない言葉", []),
    ("鬱", []),
]


@pytest.fixture
async def office(database: Database) -> Database:
    """A database with the calls of ``TALKS`` in its index."""
    await keep_and_fill(database, TALKS)
    return database


@pytest.mark.parametrize(("typed", "ids"), WORDS)
async def test_words_find_the_calls_in_which_they_were_said(
    office: Database, typed: str, ids: list[str]
) -> None:
    page = await found(office, typed)

    assert ids_of(page) == ids
    assert page.count == len(ids)


@pytest.mark.parametrize(
    ("typed", "track", "scope", "ids"),
    [
        ("担当", Track.CALLER, Scope.CALL, []),
        ("担当", Track.OPERATOR, Scope.CALL, ["snow", "tax"]),
        ("除雪 担当", Track.BOTH, Scope.CALL, ["snow"]),
        ("除雪 担当", Track.CALLER, Scope.CALL, []),
        ("税金 泥棒", Track.BOTH, Scope.UTTERANCE, ["tax"]),
        ("税金 -泥棒", Track.BOTH, Scope.UTTERANCE, ["two"]),
        ("馬鹿 責任者", Track.BOTH, Scope.UTTERANCE, []),
    ],
)
async def test_words_are_looked_for_on_one_side_or_both_in_a_call_or_an_utterance(
    office: Database, typed: str, track: Track, scope: Scope, ids: list[str]
) -> None:
    page = await found(office, typed, track=track, scope=scope)

    assert ids_of(page) == ids


@pytest.mark.parametrize(
    ("facts", "ids"),
    [
        (BLANK, ["silent", "name", "two", "sad", "wide", "snow", "tax", "kneel"]),
        (replace(BLANK, levels=frozenset({2, 3})), ["tax", "kneel"]),
        (replace(BLANK, section="道路課"), ["snow"]),
        (replace(BLANK, categories=frozenset({Category.MENTAL_ATTACK})), ["tax"]),
        (replace(BLANK, outcomes=frozenset({Outcome.HARASSMENT_SUSPECTED})), ["tax"]),
        (replace(BLANK, false_alarm=True), ["wide"]),
        (replace(BLANK, welfare=True), ["sad"]),
        (replace(BLANK, shortest_ms=10 * 60_000), ["tax"]),
        (replace(BLANK, longest_ms=0), []),
        (replace(BLANK, recording=True), []),
        (replace(BLANK, report=True), []),
        (replace(BLANK, caller_hashes=frozenset({"x"})), []),
    ],
)
async def test_facts_find_calls_without_any_words(
    office: Database, facts: Facts, ids: list[str]
) -> None:
    page = await found(office, "", facts)

    assert ids_of(page) == ids
    assert page.count == len(ids)


async def test_days_are_those_of_japan(office: Database) -> None:
    # Monday 9:00 UTC is 18:00 in Japan.
    monday = MONDAY_MORNING.date()
    first, after = days_in_japan(monday, date(monday.year, monday.month, monday.day + 1))

    page = await found(office, "", replace(BLANK, began_from=first, began_before=after))

    assert ids_of(page) == ["tax", "kneel"]


async def test_the_judgement_that_stands_is_asked_for(office: Database) -> None:
    async with office.transaction() as session:
        session.add_all(
            [
                judged("tax", "harassment", "a", 0),
                judged("snow", "not_harassment", "a", 1),
                judged("two", "harassment", "a", 2),
                judged("two", "not_harassment", "b", 3),
            ]
        )

    async def those(verdict: JudgedAs, typed: str = "") -> list[str]:
        return ids_of(await found(office, typed, replace(BLANK, judged=verdict)))

    assert await those(JudgedAs.HARASSMENT) == ["tax"]
    assert await those(JudgedAs.NOT_HARASSMENT) == ["snow"]
    assert await those(JudgedAs.UNDECIDED) == ["two"], "two opinions differ"
    assert await those(JudgedAs.UNDECIDED, "税金") == ["two"]
    assert await those(JudgedAs.NONE, "もう") == ["sad"]


def judged(call_id: str, verdict: str, by: str, minute: int) -> Judgement:
    return Judgement(
        call_id=call_id,
        verdict=verdict,
        opinion="first",
        reason="",
        callers_side="",
        considered={},
        second_wanted=False,
        by_login=by,
        at=MONDAY_MORNING + timedelta(minutes=minute),
    )


@pytest.mark.parametrize(
    ("identity", "ids"),
    [
        (AUDITOR, ["two", "tax"]),
        (Identity("a", "", Role.AUDITOR, "道路課"), []),
        (Identity("s", "", Role.SUPERVISOR, "市民課"), ["two", "tax"]),
        (Identity("s", "", Role.SUPERVISOR, "道路課"), []),
        (Identity("x", "", Role.ADMINISTRATOR, ""), []),
        (Identity("x", "", Role.STREAM, ""), []),
    ],
)
async def test_nobody_finds_a_call_that_they_may_not_see_nor_one_that_goes_on(
    office: Database, identity: Identity, ids: list[str]
) -> None:
    assert ids_of(await found(office, "税金", identity=identity)) == ids
    assert "live" not in ids_of(await found(office, "", identity=identity))


async def test_only_sections_that_one_may_see_are_offered(office: Database) -> None:
    async with office.transaction() as session:
        assert await sections(session, AUDITOR) == ["市民課", "道路課"]
        assert await sections(session, Identity("s", "", Role.SUPERVISOR, "道路課")) == ["道路課"]


async def test_the_best_match_comes_first_where_that_is_asked_for(office: Database) -> None:
    await keep_and_fill(
        office,
        [
            Talk("often", ["土下座しろ", "土下座だ", ">土下座はいたしません"], -30),
            Talk("once", ["土下座の写真"], -20),
        ],
    )

    newest = await found(office, "土下座")
    best = await found(office, "土下座", order=Order.RELEVANCE)

    assert ids_of(newest) == ["kneel", "once", "often"]
    assert ids_of(best) == ["often", "once", "kneel"]
    assert [len(one.hits) for one in best.calls] == [3, 1, 1]


@pytest.mark.parametrize("typed", ["", "除雪"])
@pytest.mark.parametrize("order", Order)
async def test_pages_follow_each_other_without_a_call_lost_or_shown_twice(
    office: Database, typed: str, order: Order
) -> None:
    await keep_and_fill(
        office, [Talk(f"c{n:02}", ["除雪を"] * (1 + n % 3), day=-1 - n // 5) for n in range(23)]
    )
    whole = ids_of(await found(office, typed, order=order))

    pages = list[FoundPage]()
    after = None
    while after is not None or not pages:
        pages.append(await found(office, typed, order=order, limit=5, after=after))
        after = pages[-1].next_after

    assert [one for page in pages for one in ids_of(page)] == whole
    assert [page.count for page in pages] == [len(whole)] + [None] * (len(pages) - 1)


@pytest.mark.parametrize("typed", ["", "除雪"])
async def test_beyond_a_thousand_nothing_is_counted(office: Database, typed: str) -> None:
    async def page_of() -> FoundPage:
        return await found(office, typed, replace(BLANK, section="除雪課"), limit=3)

    talks = [Talk(f"m{n:04}", ["除雪"], -n, section="除雪課") for n in range(MOST_COUNTED)]
    await keep_and_fill(office, talks)
    exact = await page_of()
    await keep_and_fill(
        office, [Talk(f"n{n}", ["除雪"], -2_000 - n, section="除雪課") for n in range(5)]
    )

    assert (exact.count, (await page_of()).count) == (MOST_COUNTED, MOST_COUNTED + 1)


async def test_a_call_is_found_by_facts_before_its_words_are_indexed(office: Database) -> None:
    await keep(office, [Talk("fresh", ["税金"], 20)])

    assert ids_of(await found(office, ""))[0] == "fresh"
    assert "fresh" not in ids_of(await found(office, "税金"))
