"""Facts about what is made of what was seen of a server under fire."""

from __future__ import annotations

from typing import Any

from scripts.siege import Seen, memory_figures, report, traces_in

MEGABYTE = 2**20


def seen(**more: Any) -> Seen:
    return Seen(memory=[500 * MEGABYTE] * 9, healthy=[{"door": "native", "faults": []}], **more)


def broken(noted: Seen, log: str = "") -> list[str]:
    found: list[str] = report(noted, 30.0, None, log)["broken"]
    return found


def test_nothing_is_broken_where_nothing_was_lost() -> None:
    assert broken(seen(), "timestamp='…' level='info' event='telephone line' noticed='cut'") == []


def test_a_server_error_an_internal_close_a_trace_and_a_lost_turn_are_broken_promises() -> None:
    noted = seen()
    noted.tally.answered("voice", 500)
    noted.tally.closed("twilio", 4500)
    noted.tally.closed("twilio", 4400)
    noted.not_ready = 2
    noted.healthy.append({"door": "jambonz", "faults": ["not ended"]})
    noted.healthy.append({"door": "asterisk"})

    assert broken(noted, "level='error' event='stream failed' failure='KeyError'") == [
        "healthy call 1 (jambonz): not ended",
        "healthy call 2 (asterisk): not over",
        "not ready 2 times",
        "HTTP: voice 500",
        "closed as failed or not ready: twilio 4500",
        "in the log: level='error' event='stream failed' failure='KeyError'",
    ]


def test_memory_is_flat_until_its_last_third_is_a_tenth_above_its_first() -> None:
    grown = [size * MEGABYTE for size in (500, 510, 520, 530, 540, 550, 560, 570, 580)]

    assert not memory_figures(grown)["flat"]
    assert memory_figures([*grown[:3], *grown[:6]])["flat"]
    assert memory_figures([500 * MEGABYTE])["flat"]


def test_traces_of_any_library_are_found_whatever_their_case() -> None:
    lines = (
        "Traceback (most recent call last):",
        "ERROR asyncio: Task was destroyed but it is pending!",
        "level='error' event='a leg was not ended'",
        "WARNING uvicorn.error: Invalid HTTP request received.",
    )

    assert traces_in("\n".join(lines)) == list(lines[:3])
