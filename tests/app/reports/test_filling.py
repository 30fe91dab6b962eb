"""What the record says of a call by itself, and what two people typed laid together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from app.reports.difference import difference
from app.reports.filling import chosen_at_first, clock, filled
from app.reports.form import BY_KEY, FIELDS, LARGEST, checked_text, edited_in, fitted, missing_in
from app.reports.merging import Changed, mark_of, merged, own_changes
from app.reports.record import CallRecord, Clause, InForce, Said, Stay, Warned

RECORD: Final = CallRecord(
    section="市民課",
    operator="sato",
    began_at=datetime(2026, 11, 23, 14, 50, tzinfo=UTC),
    ended_at=datetime(2026, 11, 23, 15, 20, 30, tzinfo=UTC),
    duration_ms=1_830_000,
    end_reason="hangup",
    ended_by="",
    top_level=3,
    outcome="harassment_suspected",
    demand="除雪をすること。",
    demand_stated=4,
    answer="順番をご説明した。",
    content=(),
    manner=(Clause("mental_attack", "脅迫など精神的な攻撃", 3, 2),),
    warnings=(Warned(1, 310_000, "お電話を終了します。", pressed=False),),
    stays=(Stay("yamada", 190_000, None, listening=True),),
    turns=(),
    called_at=datetime(2026, 11, 23, 15, 18, tzinfo=UTC),
    announced=True,
    recorded="part",
    break_proposed=True,
    break_answer="given",
    earlier_24_hours=1,
    earlier_90_days=3,
    number_known=True,
    measures=(InForce("書面のみで受ける", date(2026, 11, 1), date(2027, 1, 31)),),
    verdict="harassment",
    verdict_differing=True,
    policy_version="ebetsu-1",
    detector_version="d1",
    recognisers=("whisper",),
    said=(),
)


def said(place: int, severity: int, *, false_alarm: bool = False) -> Said:
    return Said(
        f"u{place}", "caller", place * 1000, place * 1000 + 500, "文", (), severity, false_alarm
    )


def test_a_call_over_midnight_says_both_days_in_japans_time() -> None:
    assert filled(RECORD)["when"] == (
        "2026年11月23日(月曜日) 23時50分から2026年11月24日 0時20分まで(日本時間)"
    )


def test_a_record_that_the_system_broke_off_does_not_say_that_somebody_hung_up() -> None:
    ended = filled(replace(RECORD, end_reason="error"))["ended"]

    assert ended.startswith("システムの不具合のため、記録が終わった。")
    assert "電話が切れた" not in ended


def test_every_automatic_field_is_filled_in_and_no_other() -> None:
    assert set(filled(RECORD)) == {field.key for field in FIELDS if field.automatic}


def test_what_is_recorded_is_stated_as_recorded() -> None:
    texts = filled(RECORD)

    assert texts["demand"] == "除雪をすること。(通話の中で4回)"
    assert texts["joined"] == (
        "監督者(職員ID yamada) 03:10から通話の終わりまで(音を聞いて加わった)"
    )
    assert texts["warnings"] == "1回目 05:10 「お電話を終了します。」(職員の発言による記録)"
    assert "2026年11月24日 0時18分" in texts["reported"]
    assert texts["recording"] == "録音のお知らせあり。録音あり(一時停止または欠落の部分あり)。"
    assert texts["judgement"] == "該当(意見が分かれている)"
    assert "同じ人とは限らない" in texts["earlier"]
    assert "2027年1月31日まで" in texts["earlier"]


def test_a_call_without_anything_grave_is_not_made_a_suspect() -> None:
    plain = replace(
        RECORD, manner=(), warnings=(), called_at=None, verdict="", outcome="legitimate_complaint"
    )

    texts = filled(plain)

    assert "検知されていない" in texts["manner"]
    assert "記録されていない" in texts["warnings"]
    assert "正当な苦情" in texts["ended"]
    assert "まだ記録されていない" in texts["judgement"]


def test_the_gravest_sentences_are_quoted_at_first_in_the_order_of_the_call() -> None:
    spoken = [said(place, 1) for place in range(30)]
    spoken[3], spoken[25], spoken[7] = said(3, 3), said(25, 2), said(7, 3, false_alarm=True)

    chosen = chosen_at_first(spoken)

    assert len(chosen) == 12
    assert {"u3", "u25"} <= set(chosen)
    assert "u7" not in chosen
    assert chosen == tuple(sorted(chosen, key=lambda one: int(one[1:])))


def test_moments_of_the_call_are_minutes_and_seconds_and_from_an_hour_on_hours() -> None:
    assert [clock(0), clock(65_000), clock(3_723_000)] == ["00:00", "01:05", "1:02:03"]


def test_a_field_that_nobody_filled_in_is_never_marked_as_edited() -> None:
    assert edited_in({"demand": "文", "where": "別"}, {"demand": "", "where": "市民課"}) == {
        "where"
    }


def test_what_must_be_written_is_named_in_the_order_of_the_form() -> None:
    assert [field.key for field in missing_in({"when": "x", "where": "y", "answer": " "})] == [
        "demand",
        "answer",
        "effect",
        "future",
    ]


@given(st.sampled_from(sorted(BY_KEY)), st.text(max_size=5000))
def test_what_the_record_fills_in_can_always_be_saved_as_it_is(key: str, text: str) -> None:
    stored = fitted(key, text)

    assert len(stored) <= LARGEST[BY_KEY[key].kind]
    assert checked_text(key, stored) == stored


@given(st.text("あいう\n", max_size=60), st.text("あいう\n", max_size=60))
def test_a_difference_holds_both_texts_whole(before: str, after: str) -> None:
    parts = difference(before, after)

    assert "".join(part.text for part in parts if part.kind != "added") == before
    assert "".join(part.text for part in parts if part.kind != "taken") == after


TEXT: Final = st.text("あい", max_size=3)


@given(opened=TEXT, typed=TEXT, saved=TEXT)
def test_nothing_of_two_who_write_at_once_is_lost(opened: str, typed: str, saved: str) -> None:
    found = merged(typed, mark_of(opened), saved)

    if typed not in (opened, saved):
        assert found.text == typed
        assert found.saved == saved
    else:
        assert found.text == saved
    assert (found.changed is Changed.BOTH) == (typed not in (opened, saved) and saved != opened)


def test_only_what_somebody_changed_is_sent_on() -> None:
    marks = {"a": mark_of("一"), "b": mark_of("二")}

    assert own_changes({"a": "一", "b": "弐"}, marks) == {"b": "弐"}
