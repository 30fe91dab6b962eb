"""What the board knows after a read and events, in whatever order they arrive."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.screen import Screen
from tests.browser.test_board_order import asked

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

AT = "2026-11-22T10:00:00.000+00:00"


def listed(*calls: dict[str, Any], seq: int = 10) -> dict[str, Any]:
    return {"calls": list(calls), "warning_limit": 3, "limits": None, "health": None, "seq": seq}


def call(name: str = "a", **facts: Any) -> dict[str, Any]:
    return {
        "call_id": name,
        "operator": "sato",
        "operator_name": "佐藤 花子",
        "started_at": AT,
        "level": 0,
        "outcome": "ordinary",
        "alerts": [],
        "last_words": "",
        "stalemate_ms": 0,
        "stalemate_at": None,
        "warnings_spoken": 0,
        "step": "",
        "help": None,
        "joined": [],
        **facts,
    }


def told(seq: int, kind: str, name: str = "a", /, **data: Any) -> dict[str, Any]:
    return {"seq": seq, "type": kind, "call_id": name, "at": AT, "data": data}


async def after(screen: Screen, body: dict[str, Any], *events: dict[str, Any]) -> dict[str, Any]:
    rows: dict[str, Any] = await asked(
        screen,
        "board-state",
        """Object.fromEntries(events.reduce(m.reduceBoard, m.fromBoard(m.emptyBoard(), body, 0)).rows)""",
        body=body,
        events=list(events),
    )
    return rows


async def test_events_change_the_row_of_their_call_alone(screen: Screen) -> None:
    rows = await after(
        screen,
        listed(call("a"), call("b")),
        told(11, "level.changed", level=2, outcome="harassment_suspected"),
        told(12, "alert.raised", alert_id="x", level=2, categories=["sexual"]),
        told(13, "warning.spoken", count=2),
        told(14, "transcript.final", track="caller", text="いいから早くしろ。"),
        told(15, "transcript.final", track="operator", text="少々お待ちください。"),
    )

    assert rows["a"]["level"] == 2
    assert rows["a"]["alerts"] == [{"id": "x", "level": 2, "categories": ["sexual"]}]
    assert (rows["a"]["warnings"], rows["a"]["words"]) == (2, "いいから早くしろ。")
    assert (rows["b"]["level"], rows["b"]["seq"]) == (0, 10)


async def test_an_event_older_than_the_read_changes_nothing(screen: Screen) -> None:
    rows = await after(
        screen,
        listed(call("a", level=1), seq=10),
        told(10, "level.changed", level=3, outcome="ordinary"),
    )

    assert rows["a"]["level"] == 1


async def test_help_asked_for_twice_waits_since_the_first_time(screen: Screen) -> None:
    later = told(12, "note", kind="help_requested", by="sato", text="代わってほしい")
    later["at"] = "2026-11-22T10:01:00.000+00:00"

    rows = await after(
        screen, listed(call("a")), told(11, "note", kind="help_requested", by="sato"), later
    )

    assert rows["a"]["help"]["sinceMs"] == 1_795_341_600_000
    assert rows["a"]["help"]["by"] == "佐藤 花子"
    assert rows["a"]["help"]["text"] == "代わってほしい"


async def test_who_comes_again_stands_there_once(screen: Screen) -> None:
    def came(seq: int, listening: bool) -> dict[str, Any]:
        return told(
            seq, "supervisor.joined", login="tanaka", display_name="田中", listening=listening
        )

    rows = await after(screen, listed(call("a")), came(11, False), came(12, True))

    assert rows["a"]["joined"] == [{"login": "tanaka", "name": "田中", "listening": True}]


async def test_a_call_that_is_over_waits_for_nobody(screen: Screen) -> None:
    rows = await after(
        screen,
        listed(call("a")),
        told(11, "note", kind="help_requested", by="sato"),
        told(12, "call.ended", reason="stop"),
        told(13, "note", kind="help_requested", by="sato"),
    )

    assert rows["a"]["endedMs"] is not None
    assert rows["a"]["help"] is None


async def test_a_read_that_is_older_does_not_take_back_what_has_happened_since(
    screen: Screen,
) -> None:
    rows = await asked(
        screen,
        "board-state",
        """Object.fromEntries(m.fromBoard(
          m.reduceBoard(m.fromBoard(m.emptyBoard(), first, 0), event), second, 7).rows)""",
        first=listed(call("a"), call("gone")),
        event=told(20, "level.changed", level=3, outcome="ordinary"),
        second=listed(call("a"), seq=15),
    )

    assert rows["a"]["level"] == 3
    assert rows["gone"]["endedMs"] == 7


async def test_what_was_heard_while_a_new_call_was_asked_for_is_not_lost(screen: Screen) -> None:
    rows = await asked(
        screen,
        "board-state",
        """Object.fromEntries(m.withCalls(m.emptyBoard(), body, events).rows)""",
        body=listed(call("a"), call("b"), seq=12),
        events=[
            told(12, "level.changed", "a", level=2, outcome="ordinary"),
            told(13, "level.changed", "a", level=1, outcome="ordinary"),
            told(14, "call.ended", "b", reason="stop"),
        ],
    )

    assert rows["a"]["level"] == 1
    assert rows["b"]["endedMs"] is not None


async def test_ended_calls_leave_after_their_time(screen: Screen) -> None:
    left = await asked(
        screen,
        "board-state",
        """(() => {
          const over = m.reduceBoard(m.fromBoard(m.emptyBoard(), body, 0), event);
          const at = over.rows.get("a").endedMs;
          return [at - 1, at].map((before) => [...m.withoutEnded(over, before).rows.keys()]);
        })()""",
        body=listed(call("a"), call("b")),
        event=told(11, "call.ended", reason="stop"),
    )

    assert left == [["a", "b"], ["b"]]
