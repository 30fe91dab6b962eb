"""The tables of trials, on both databases: what is worked on next, what is counted, what a restart may write twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.auth.identity import Identity, Role
from app.db import Database, open_database
from app.judgements.models import Judgement
from app.settings import Settings
from app.trials.models import Trial, TrialCall
from app.trials.repository import (
    Range,
    add_calls,
    call_states,
    calls_in,
    give_up_unprepared,
    judged_levels,
    move,
    next_call,
    next_trial,
    note_call,
    note_versions,
    open_trials,
    stored_call,
    trial_for,
    trials_for,
)
from app.trials.running import alone
from app.trials.states import CallState, TrialState
from app.trials.viewing import calls_view, trial_view
from detection.policy_files import load_policy
from detection.policy_writing import policy_toml
from detection.types import Pressed, Utterance
from tests.app.past_calls import RUDE, Past, keep_calls
from tests.fakes_clock import MONDAY_MORNING

DAY = timedelta(days=1)
AUDITOR = Identity("mori", "森", Role.AUDITOR, "")
POLICY = policy_toml(load_policy("ebetsu"))
CALLS = [
    Past("c1"),
    Past("c2", at=MONDAY_MORNING + DAY, section="税務課"),
    Past("c3", at=MONDAY_MORNING + 2 * DAY),
    Past("live", at=MONDAY_MORNING + 3 * DAY, ended=False),
]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, settings: Settings) -> str:
    if request.param == "sqlite":
        return settings.async_database_url
    plain: str = request.getfixturevalue("postgres_url")
    return "postgresql+asyncpg://" + plain.split("://", 1)[1]


@pytest.fixture
async def both(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as opened:
        await keep_calls(opened, CALLS)
        yield opened


def trial(trial_id: str, state: TrialState = TrialState.WAITING, *, minutes: int = 0) -> Trial:
    return Trial(
        id=trial_id,
        title="",
        change={"off": [], "on": [], "added": [], "removed": []},
        section="",
        since=None,
        until=None,
        most_calls=10,
        state=state.value,
        why="",
        by_login="mori",
        at=MONDAY_MORNING + timedelta(minutes=minutes),
        started_at=None,
        ended_at=None,
        policy_before=POLICY,
        policy_after=POLICY,
        off_before=[],
        versions={},
    )


def waiting(trial_id: str, *call_ids: str) -> list[TrialCall]:
    return [
        TrialCall(
            trial_id=trial_id,
            call_id=call_id,
            place=place,
            state=CallState.WAITING.value,
            why="",
            level_before=0,
            level_after=0,
            come=0,
            gone=0,
            differs=False,
            differences=[],
        )
        for place, call_id in enumerate(call_ids)
    ]


async def test_the_latest_ended_calls_of_the_range_are_chosen(both: Database) -> None:
    async with both.transaction() as session:
        chosen = [
            await calls_in(session, Range()),
            await calls_in(session, Range(most_calls=1)),
            await calls_in(session, Range(section="税務課")),
            await calls_in(session, Range(since=MONDAY_MORNING + DAY)),
            await calls_in(session, Range(until=MONDAY_MORNING + DAY)),
        ]

    assert chosen == [["c3", "c2", "c1"], ["c3"], ["c2"], ["c3", "c2"], ["c1"]]


async def test_what_was_begun_goes_before_what_waits_and_what_is_over_is_not_moved(
    both: Database,
) -> None:
    async with both.transaction() as session:
        session.add_all(
            [
                trial("a", TrialState.DONE),
                trial("b"),
                trial("c", TrialState.RUNNING, minutes=5),
                trial("d", minutes=1),
            ]
        )
    async with both.transaction() as session:
        first = await next_trial(session)
        assert first is not None
        moved = await move(session, "c", TrialState.DONE, at=MONDAY_MORNING)
        second = await next_trial(session)
        over = await move(session, "a", TrialState.RUNNING, at=MONDAY_MORNING)
        left = await open_trials(session)
        listed = [one.id for one in await trials_for(session, AUDITOR, 3)]

    assert (first.id, moved) == ("c", True)
    assert second is not None
    assert (second.id, over, left) == ("b", False, 2)
    assert listed == ["c", "d", "a"]


async def test_a_trial_begins_once_however_often_it_is_taken_up(both: Database) -> None:
    async with both.transaction() as session:
        session.add(trial("a"))
        await session.flush()
        await move(session, "a", TrialState.RUNNING, at=MONDAY_MORNING)
        await move(session, "a", TrialState.RUNNING, at=MONDAY_MORNING + DAY)
        await note_versions(session, "a", {"before": "x", "after": "y"})
    async with both.transaction() as session:
        found = await trial_for(session, AUDITOR, "a")

    assert found is not None
    assert (found.started_at, found.versions["after"]) == (MONDAY_MORNING, "y")


async def test_a_call_is_counted_once_and_calls_that_move_come_first(both: Database) -> None:
    compared: dict[str, object] = {"state": "compared", "differs": True, "gone": 1}
    async with both.transaction() as session:
        session.add(trial("a", TrialState.RUNNING))
        await session.flush()
        session.add_all(waiting("a", "c3", "c2", "c1"))
        session.add(
            Judgement(
                call_id="c1",
                verdict="harassment",
                opinion="first",
                reason="x",
                callers_side="x",
                considered={},
                second_wanted=False,
                by_login="mori",
                at=MONDAY_MORNING,
            )
        )
    async with both.transaction() as session:
        first = await next_call(session, "a")
        await note_call(session, "a", "c3", {"state": "not_comparable", "why": "too_slow"})
        await note_call(session, "a", "c1", compared | {"level_before": 2, "level_after": 0})
        await note_call(session, "a", "c1", compared | {"gone": 99})
        second = await next_call(session, "a")
        await note_call(session, "a", "c2", {"state": "compared"})
    async with both.transaction() as session:
        states = await call_states(session, ["a"])
        judged = await judged_levels(session, "a")
        found = await trial_for(session, AUDITOR, "a")
        assert found is not None
        view = await trial_view(session, AUDITOR, found, least_shown=5)
        calls = await calls_view(session, AUDITOR, found, only_differing=True, offset=0, limit=9)
        done = await next_call(session, "a")

    assert (first, second, done) == ("c3", "c2", None)
    assert states == {"a": {"compared": 2, "not_comparable": 1}}
    assert [(one.call_id, one.gone) for one in judged] == [("c1", 1)]
    assert (view.tally.alerts_gone, view.tally.same, view.tally.differing) == (1, 1, 1)
    assert (view.tally.harassment_missed, view.tally.down, view.not_comparable) == (1, 1, 1)
    assert [call.call_id for call in calls.calls] == ["c1", "c3"]


async def test_a_trial_that_was_cut_off_while_it_was_prepared_ends_as_failed(
    both: Database,
) -> None:
    async with both.transaction() as session:
        session.add_all(
            [trial("old", TrialState.PREPARING), trial("new", TrialState.PREPARING, minutes=9)]
        )
    async with both.transaction() as session:
        last = MONDAY_MORNING + timedelta(minutes=5)
        none = await next_trial(session)
        await give_up_unprepared(session, before=last, at=last)
    async with both.transaction() as session:
        states = {one.id: (one.state, one.why) for one in await trials_for(session, AUDITOR, 9)}

    assert none is None
    assert states == {"old": ("failed", "interrupted"), "new": ("preparing", "")}


async def test_of_several_servers_on_one_postgresql_one_works_on_trials(
    both: Database, database_url: str
) -> None:
    async with (
        open_database(database_url) as another,
        alone(both) as first,
        alone(another) as beside,
    ):
        pass
    async with alone(both) as again:
        pass

    # On SQLite there is one server.
    assert (first, beside, again) == (True, not both.is_postgresql, True)


async def test_calls_that_were_deleted_meanwhile_are_left_out(both: Database) -> None:
    async with both.transaction() as session:
        session.add(trial("a", TrialState.PREPARING))
        await session.flush()
        await add_calls(session, "a", ["c1", "gone", "c2"], 250)
        await add_calls(session, "a", ["gone"], 500)

        places = dict((await session.execute(select(TrialCall.call_id, TrialCall.place))).all())

    assert places == {"c1": 250, "c2": 252}


async def test_nothing_is_taken_up_of_a_trial_that_was_cancelled(both: Database) -> None:
    async with both.transaction() as session:
        session.add(trial("a", TrialState.RUNNING))
        await session.flush()
        session.add_all(waiting("a", "c1"))
        await session.flush()
        await move(session, "a", TrialState.CANCELLED, at=MONDAY_MORNING)

        assert await next_call(session, "a") is None
        assert await session.scalar(select(TrialCall.state)) == "waiting"


async def test_a_call_is_read_with_its_presses_in_their_place(both: Database) -> None:
    pressed = Past(
        "pressed",
        marks=("script_used",),
        at=MONDAY_MORNING + 9 * DAY,
        detail={"at_ms": 1_000, "text": "お控えください", "step": "warn"},
    )
    await keep_calls(both, [pressed])
    async with both.transaction() as session:
        call = await stored_call(session, "pressed")
        none = await stored_call(session, "nowhere")

    assert call is not None
    assert none is None
    assert isinstance(call.told[0], Pressed)
    assert [one.text for one in call.told if isinstance(one, Utterance)][-1] == RUDE
