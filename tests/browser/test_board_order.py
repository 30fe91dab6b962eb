"""Pure rules of the board, driven where they run: in the browser's own engine."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NOW_MS = 10_000_000
LIMITS = {"held_ms": 3_600_000, "held_after_abuse_ms": None, "stalemate_ms": 600_000}


def row(name: str, /, **facts: Any) -> dict[str, Any]:
    return {
        "id": name,
        "seq": 1,
        "operator": name,
        "name": name,
        "startedMs": NOW_MS - 60_000,
        "endedMs": None,
        "level": 0,
        "outcome": "ordinary",
        "alerts": [],
        "words": "",
        "stalemateMs": 0,
        "stalemateAtMs": None,
        "warnings": 0,
        "welfare": False,
        "help": None,
        "joined": [],
        **facts,
    }


def waiting(since_ms: int) -> dict[str, Any]:
    return {"sinceMs": since_ms, "by": "", "text": ""}


def stalled(ms: int) -> dict[str, Any]:
    return {"stalemateMs": ms, "stalemateAtMs": NOW_MS}


async def asked(screen: Screen, module: str, call: str, **given: Any) -> Any:
    """Return what *call* says, with the names of *module* and of *given* known to it."""
    await screen.page.goto(f"{screen.preview.address}/board")
    return await ask(screen, module, call, **given)


async def ask(screen: Screen, module: str, call: str, **given: Any) -> Any:
    names = ", ".join(given)
    return await screen.evaluate(
        f"""(async () => {{
          const m = await import("/static/js/{module}.js");
          const {{ {names} }} = {json.dumps(given)};
          return {call};
        }})()"""
    )


async def test_need_sorts_help_then_levels_then_overdue_then_the_rest(screen: Screen) -> None:
    rows = [
        row("rest"),
        row("caution", level=1),
        row("overdue", **stalled(600_000)),
        row("warning", level=2),
        row("stop", level=3),
        row("help", help=waiting(NOW_MS)),
    ]

    ids = await asked(screen, "board-order", f"m.sorted(rows, {NOW_MS}, l)", rows=rows, l=LIMITS)

    assert ids == ["help", "stop", "warning", "overdue", "caution", "rest"]


async def test_who_waits_longest_for_help_stands_first_and_else_who_began_first(
    screen: Screen,
) -> None:
    rows = [
        row("helped later", help=waiting(NOW_MS - 1)),
        row("late", startedMs=NOW_MS - 1),
        row("early", startedMs=NOW_MS - 9),
        row("helped first", help=waiting(NOW_MS - 9)),
    ]

    ids = await asked(screen, "board-order", f"m.sorted(rows, {NOW_MS}, l)", rows=rows, l=LIMITS)

    assert ids == ["helped first", "helped later", "early", "late"]


async def test_a_caller_who_needs_care_stands_with_the_warnings(screen: Screen) -> None:
    rows = [row("caution", level=1), row("care", welfare=True)]

    ids = await asked(screen, "board-order", f"m.sorted(rows, {NOW_MS}, l)", rows=rows, l=LIMITS)

    assert ids == ["care", "caution"]


async def test_without_limits_no_call_is_overdue(screen: Screen) -> None:
    none = dict.fromkeys(LIMITS)

    late = await asked(
        screen,
        "board-order",
        f"[m.overdue(one, {NOW_MS}, none), m.overdue(one, {NOW_MS}, l)]",
        one=row("a", **stalled(9_000_000)),
        none=none,
        l=LIMITS,
    )

    assert late == [False, True]


async def test_a_long_call_that_moves_is_not_overdue(screen: Screen) -> None:
    late = await asked(
        screen,
        "board-order",
        f"[moving, still].map((one) => m.overdue(one, {NOW_MS}, l))",
        moving=row("a", startedMs=0),
        still=row("b", startedMs=0, **stalled(30_000)),
        l=LIMITS,
    )

    assert late == [False, True]


async def test_a_stalemate_runs_on_between_two_ticks_but_not_for_ever(screen: Screen) -> None:
    one = row("a", stalemateMs=60_000, stalemateAtMs=NOW_MS)

    told = await asked(
        screen,
        "board-order",
        f"[0, 10_000, 3_600_000].map((later) => m.stalemateOf(one, {NOW_MS} + later))",
        one=one,
    )

    assert told == [60_000, 70_000, 105_000]


async def test_a_list_in_use_stays_still_and_says_so(screen: Screen) -> None:
    before = {"ids": ["a", "b"], "sortedAtMs": 0, "stale": False}
    rows = [row("a"), row("b", level=3), row("new")]
    clock = {"nowMs": NOW_MS, "limits": LIMITS}

    held = await asked(
        screen,
        "board-order",
        "m.nextOrder(before, rows, { ...clock, held: true })",
        before=before,
        rows=rows,
        clock=clock,
    )
    asked_for = await ask(
        screen,
        "board-order",
        "m.nextOrder(before, rows, { ...clock, held: true, atOnce: true })",
        before=before,
        rows=rows,
        clock=clock,
    )

    assert (held["ids"], held["stale"]) == (["a", "b", "new"], True)
    assert (asked_for["ids"], asked_for["stale"]) == (["b", "a", "new"], False)


async def test_a_free_list_is_sorted_every_two_seconds_at_most(screen: Screen) -> None:
    before = {"ids": ["a", "b"], "sortedAtMs": NOW_MS, "stale": False}

    orders = await asked(
        screen,
        "board-order",
        f"""[1_999, 2_000].map((later) =>
          m.nextOrder(before, rows, {{ nowMs: {NOW_MS} + later, limits: l }}).ids)""",
        before=before,
        rows=[row("a"), row("b", level=3)],
        l=LIMITS,
    )

    assert orders == [["a", "b"], ["b", "a"]]


async def test_places_for_the_urgent_are_kept_by_who_has_them(screen: Screen) -> None:
    rows = [
        row("first", level=3),
        row("second", help=waiting(NOW_MS)),
        row("third", help=waiting(NOW_MS - 5)),
        row("over", level=3, endedMs=NOW_MS),
    ]

    placed = await asked(
        screen,
        "board-order",
        """[m.placesOf([], rows, 3), m.placesOf(["gone", "first", "gone"], rows, 4)]""",
        rows=rows,
    )

    assert placed[0] == {"places": ["third", "second", "first"], "more": 0}
    assert placed[1] == {"places": ["third", "first", "second", None], "more": 0}


async def test_many_who_wait_for_help_do_not_hide_a_threat(screen: Screen) -> None:
    rows = [row(f"help {index}", help=waiting(index)) for index in range(5)]

    placed = await asked(
        screen,
        "board-order",
        """[m.placesOf([], rows, 3), m.placesOf(["help 0", "help 1", null], [...rows, threat], 3)]""",
        rows=rows,
        threat=row("threat", level=3),
    )

    assert placed[0] == {"places": ["help 0", "help 1", None], "more": 3}
    assert placed[1] == {"places": ["help 0", "help 1", "threat"], "more": 3}


async def test_names_are_found_however_they_are_typed(screen: Screen) -> None:
    one = row("sato", name="佐藤 花子")

    found = await asked(
        screen,
        "board-order",
        f"""["", "佐藤花子", "花", "SATO", "鈴木"].map((name) =>
          m.matches(one, {{ filter: "all", name, me: "x" }}, {NOW_MS}, l))""",
        one=one,
        l=LIMITS,
    )

    assert found == [True, True, True, True, False]


async def test_filters_and_counts_agree(screen: Screen) -> None:
    me = [{"login": "me", "name": "", "listening": True}]
    rows = [
        row("rest"),
        row("mine", joined=me),
        row("help", help=waiting(NOW_MS)),
        row("stop", level=3),
        row("over", level=3, endedMs=NOW_MS),
    ]

    numbers, found = await asked(
        screen,
        "board-order",
        f"""[m.counts(rows, "me", {NOW_MS}, l), m.FILTERS.map((filter) => rows.filter((one) =>
          m.matches(one, {{ filter, name: "", me: "me" }}, {NOW_MS}, l)).map((one) => one.id))]""",
        rows=rows,
        l=LIMITS,
    )

    assert numbers == {"all": 4, "attention": 2, "help": 1, "mine": 1}
    assert found == [["rest", "mine", "help", "stop", "over"], ["help", "stop"], ["help"], ["mine"]]


async def test_news_is_what_began_not_what_lasts(screen: Screen) -> None:
    before = [row("a", level=3), row("b"), row("c", help=waiting(1)), row("d", level=2)]
    after = [
        row("a", level=3, words="…"),
        row("b", help=waiting(2)),
        row("c", help=waiting(1), level=3),
        row("d", level=3),
        row("new", level=3),
    ]

    news = await asked(
        screen,
        "board-order",
        """m.newsOf(...[before, after].map((rows) => new Map(rows.map((one) => [one.id, one]))))
          .map(({ kind, row }) => `${kind} ${row.id}`)""",
        before=before,
        after=after,
    )

    assert news == ["help b", "stop c", "stop d", "stop new"]


needs = st.fixed_dictionaries(
    {
        "level": st.integers(0, 3),
        "welfare": st.booleans(),
        "startedMs": st.integers(NOW_MS - 9_000_000, NOW_MS),
        "stalemateMs": st.sampled_from([0, 30_000, 900_000]),
        "help": st.one_of(st.none(), st.integers(0, NOW_MS).map(waiting)),
    }
)


async def test_whatever_the_calls_are_nobody_in_greater_need_stands_lower(screen: Screen) -> None:
    await screen.page.goto(f"{screen.preview.address}/board")
    houses: list[list[dict[str, Any]]] = []

    @settings(max_examples=60, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(needs, max_size=12))
    def collect(house: list[dict[str, Any]]) -> None:
        houses.append([row(f"r{index}", **facts) for index, facts in enumerate(house)])

    collect()
    kept = await ask(
        screen,
        "board-order",
        f"""houses.every((rows) => {{
          const ids = m.sorted(rows, {NOW_MS}, l);
          const byId = new Map(rows.map((one) => [one.id, one]));
          const needs = ids.map((id) => m.needOf(byId.get(id), {NOW_MS}, l));
          const again = m.sorted([...rows].reverse(), {NOW_MS}, l);
          return new Set(ids).size === rows.length && String(again) === String(ids)
            && needs.every((need, index) => index === 0 || needs[index - 1] <= need);
        }})""",
        houses=houses,
        l=LIMITS,
    )

    assert kept is True
    assert len(houses) >= 60
