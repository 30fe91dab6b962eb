"""After which calls a break is proposed, and what stands of the aids: pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.aids.break_rule import LONG_WARNING, at_warning, why_break
from app.aids.schemas import BreakBecause
from app.aids.settings import AidsSettings
from app.aids.standing import AidKind, aids_of

BEGAN = datetime(2026, 4, 6, 9, 0, tzinfo=UTC)


def after(minutes: float) -> datetime:
    return BEGAN + timedelta(minutes=minutes)


def test_a_call_that_reached_the_third_level_asks_for_a_break_however_short() -> None:
    assert why_break(3, [(after(0), 3)], after(0.1)) is BreakBecause.STOP


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([(after(1), 2)], BreakBecause.LONG_WARNING),
        ([(after(5), 2)], None),  # 15 minutes are not more than 15
        ([(after(0), 1), (after(6), 2)], None),
        ([(after(0), 2), (after(8), 1), (after(10), 2)], BreakBecause.LONG_WARNING),
        ([], None),
    ],
)
def test_long_at_warning_counts_all_its_stretches(changes: Any, expected: Any) -> None:
    assert why_break(2, changes, after(20)) is expected


LEVELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3_600)), max_size=20)


@given(LEVELS, st.integers(0, 3_600))
def test_time_at_warning_is_never_more_than_the_call(
    steps: list[tuple[int, int]], last_s: int
) -> None:
    at, changes = BEGAN, []
    for level, seconds in steps:
        changes.append((at, level))
        at += timedelta(seconds=seconds)
    ended = at + timedelta(seconds=last_s)

    held = at_warning(changes, ended)

    assert timedelta() <= held <= ended - BEGAN
    assert (why_break(2, changes, ended) is None) == (held <= LONG_WARNING)


def deed(kind: str, **detail: Any) -> Any:
    return SimpleNamespace(kind=kind, by_login="sato", at=BEGAN, detail=detail)


@given(st.lists(st.sampled_from([*AidKind, "help_requested", "false_alarm"]), max_size=30))
def test_marks_keep_their_numbers_whatever_else_was_done(kinds: list[str]) -> None:
    aids = aids_of(deed(str(kind), number=1, at_ms=5) for kind in kinds)

    marked = sum(kind == AidKind.MISSED for kind in kinds)
    assert [one.number for one in aids.missed] == list(range(1, marked + 1))
    assert all(not one.undone for one in aids.missed[1:])


def test_the_last_word_counts() -> None:
    aids = aids_of(
        [
            deed("prompts_muted"),
            deed("prompts_unmuted"),
            deed("emergency_called"),
            deed("emergency_undone"),
            deed("missed_marked", at_ms=1),
            deed("missed_explained", number=1, category="sexual", reason="a"),
            deed("missed_explained", number=1, category="", reason="b"),
        ]
    )

    assert (aids.prompts_muted, aids.called) == (False, None)
    assert (aids.missed[0].category, aids.missed[0].reason) == ("", "b")


@pytest.mark.parametrize(
    ("given_settings", "where"),
    [
        ({"office_telephone": "お電話ください"}, "office_telephone"),
        ({"office_name": "江別市役所\n本庁舎"}, "office_name"),
        ({"office_address": "高" * 121}, "office_address"),
        ({"welfare_contacts": [{"name": "管理課"}]}, "number"),
        ({"welfare_contacts": [{"name": " ", "number": "110"}]}, "name"),
        ({"national_line": {"name": "相談", "number": "いつでも"}}, "number"),
        ({"staff_desk": {"name": "職員課", "number": "内線2345", "mail": "a"}}, "mail"),
        ({"places": {"道路管理課": ""}}, "places"),
    ],
)
def test_a_setting_that_nobody_could_use_is_refused_by_name(
    given_settings: dict[str, Any], where: str
) -> None:
    with pytest.raises(ValidationError, match=where):
        AidsSettings.model_validate(given_settings)


@pytest.mark.parametrize(
    "number", ["110", "#9110", "011-382-4141", "011(382)4141", "内線 2345", "011-382-4141 内線 12"]
)
def test_numbers_are_written_as_offices_write_them(number: str) -> None:
    desk = {"name": "職員課", "number": number}

    settings = AidsSettings.model_validate({"staff_desk": desk})

    assert settings.staff_desk is not None
    assert settings.staff_desk.number == number
