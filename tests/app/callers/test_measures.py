"""A measure is two persons' decision, has a last day, and nothing but a decision makes one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.errors import FieldRefused
from app.auth.identity import Identity, Role
from app.callers.measures import (
    LABELS,
    LONGEST,
    Kind,
    Proposal,
    Standing,
    State,
    check_approver,
    check_lifter,
    proposal,
    state_of,
)
from app.errors import AppError

TODAY = date(2026, 4, 6)
MORI = Identity("mori", "森", Role.SUPERVISOR, "市民課", user_id=1)
OKADA = Identity("okada", "岡田", Role.SUPERVISOR, "市民課", user_id=2)
ADMIN = Identity("admin", "管理", Role.ADMINISTRATOR, "", user_id=3)
WAITING = Standing(
    section="市民課",
    office_wide=False,
    requested_by="mori",
    begins_on=TODAY,
    ends_on=TODAY + timedelta(90),
    approved=False,
    lifted=False,
)


def proposed(**changes: Any) -> Proposal:
    wanted: dict[str, Any] = {
        "kind": Kind.TIME_LIMIT,
        "detail": "30",
        "office_wide": False,
        "reason": "4月1日から5日まで、同じ内容の電話が毎日1時間を超えた",
        "words": "",
        "begins_on": TODAY,
        "ends_on": TODAY + timedelta(90),
        "today": TODAY,
    }
    return proposal(**{**wanted, **changes})


def test_the_words_to_say_fit_the_kind_unless_somebody_wrote_others() -> None:
    written = proposed(words=" お話は30分までとお願いします。 ")

    assert "30分" in proposed().words
    assert "30分" in proposed(detail="\uff13\uff10").words  # full width, as offices type
    assert proposed(kind=Kind.ONE_SECTION, detail="広報課").words.count("広報課") == 2
    assert written.words == "お話は30分までとお願いします。"
    assert proposed(reason="4月6日　3時間の電話").reason == "4月6日　3時間の電話"


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_name_words_and_a_clause(kind: Kind) -> None:
    detail = {Kind.TIME_LIMIT: "30", Kind.ONE_SECTION: "広報課"}.get(kind, "")

    made = proposed(kind=kind, detail=detail)

    assert LABELS[kind]
    assert made.words
    assert "{" not in made.words
    assert "組織" in made.clause


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"reason": "あ" * 301}, "reason"),
        ({"reason": "a\x00b"}, "reason"),
        ({"words": "あ" * 301}, "words"),
        ({"detail": ""}, "detail"),
        ({"detail": "4"}, "detail"),
        ({"detail": "121"}, "detail"),
        ({"detail": "-30"}, "detail"),
        ({"kind": Kind.ONE_SECTION, "detail": " "}, "detail"),
        ({"kind": Kind.ONE_SECTION, "detail": "課" * 65}, "detail"),
        ({"begins_on": TODAY - timedelta(1)}, "begins_on"),
        ({"begins_on": TODAY + timedelta(91)}, "ends_on"),
        ({"ends_on": TODAY + LONGEST + timedelta(1)}, "ends_on"),
        ({"ends_on": date.max}, "ends_on"),
    ],
)
def test_a_proposal_that_will_not_do_names_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldRefused) as refused:
        proposed(**changes)

    assert refused.value.field == field


def test_a_year_is_the_longest() -> None:
    made = proposed(ends_on=TODAY + LONGEST)

    assert made.ends_on - made.begins_on == timedelta(365)


def test_another_supervisor_or_an_administrator_may_approve() -> None:
    for person in (OKADA, ADMIN):
        check_approver(WAITING, person, TODAY)


@pytest.mark.parametrize(
    ("measure", "person", "code"),
    [
        (WAITING, MORI, "second_person_needed"),
        (replace(WAITING, requested_by="admin"), ADMIN, "second_person_needed"),
        (WAITING, replace(OKADA, section="税務課"), "other_section"),
        (WAITING, replace(OKADA, role=Role.OPERATOR), "other_section"),
        (WAITING, replace(OKADA, role=Role.AUDITOR), "other_section"),
        (replace(WAITING, office_wide=True), OKADA, "administrator_needed"),
        (replace(WAITING, approved=True), OKADA, "not_waiting"),
        (replace(WAITING, lifted=True), OKADA, "not_waiting"),
        (replace(WAITING, ends_on=TODAY - timedelta(1)), OKADA, "not_waiting"),
    ],
)
def test_an_approval_that_is_not_one_says_why(
    measure: Standing, person: Identity, code: str
) -> None:
    with pytest.raises(AppError) as refused:
        check_approver(measure, person, TODAY)

    assert refused.value.code == code


def test_one_person_is_enough_to_lift_also_who_proposed() -> None:
    in_force = replace(WAITING, approved=True)

    reasons = [check_lifter(in_force, one, " 収まったため ", TODAY) for one in (MORI, OKADA, ADMIN)]

    assert reasons == ["収まったため"] * 3


@pytest.mark.parametrize(
    ("measure", "person", "reason", "code"),
    [
        (WAITING, MORI, " ", "reason_missing"),
        (WAITING, replace(OKADA, section="税務課"), "理由", "other_section"),
        (replace(WAITING, lifted=True), MORI, "理由", "already_over"),
        (replace(WAITING, ends_on=TODAY - timedelta(1)), MORI, "理由", "already_over"),
    ],
)
def test_a_lifting_that_is_not_one_says_why(
    measure: Standing, person: Identity, reason: str, code: str
) -> None:
    with pytest.raises(AppError) as refused:
        check_lifter(measure, person, reason, TODAY)

    assert refused.value.code == code


@given(st.booleans(), st.booleans(), st.integers(-400, 400), st.integers(0, 365))
def test_a_measure_is_in_force_only_when_approved_not_lifted_and_within_its_days(
    approved: bool, lifted: bool, begins_in: int, lasts: int
) -> None:
    begins = TODAY + timedelta(begins_in)
    measure = replace(
        WAITING,
        approved=approved,
        lifted=lifted,
        begins_on=begins,
        ends_on=begins + timedelta(lasts),
    )

    in_force = state_of(measure, TODAY) is State.IN_FORCE

    assert in_force is (approved and not lifted and begins <= TODAY <= measure.ends_on)
    assert state_of(measure, TODAY + timedelta(1_000)) in (State.ENDED, State.LIFTED)
