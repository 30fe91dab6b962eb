"""Facts about the bus inside one process: who is told what, and who is cut off."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio
import pytest
from anyio.abc import ObjectReceiveStream
from anyio.streams.memory import MemoryObjectReceiveStream
from hypothesis import given
from hypothesis import strategies as st

from app.auth.identity import Identity, Role
from app.bus.memory import MemoryBus
from app.events import Audience, Event, EventType
from app.screens.screen_ws import view_of

MORNING = datetime(2026, 4, 1, 9, tzinfo=UTC)


def event(seq: int, call_id: str = "c1", operator: str = "sato", section: str = "市民課") -> Event:
    return Event(seq, EventType.NOTE, call_id, MORNING, {}, Audience(operator, section))


def person(login: str, role: Role = Role.SUPERVISOR, section: str = "市民課") -> Identity:
    return Identity(login, f"{login} さん", role, section)


def heard(stream: ObjectReceiveStream[Event]) -> list[int]:
    assert isinstance(stream, MemoryObjectReceiveStream)
    numbers = []
    while stream.statistics().current_buffer_used:
        numbers.append(stream.receive_nowait().seq)
    return numbers


@dataclass(eq=False, slots=True)
class Asked:
    """Wants even numbers, and knows how often it was asked."""

    numbers: list[int] = field(default_factory=list)

    def __call__(self, told: Event) -> bool:
        self.numbers.append(told.seq)
        return told.seq % 2 == 0


async def test_who_wants_the_same_is_asked_for_once_and_told_in_order() -> None:
    bus, wanted = MemoryBus(8), Asked()

    async with (
        bus.subscribe(wanted) as one,
        bus.subscribe(wanted) as other,
        bus.subscribe() as all_,
    ):
        await bus.publish([event(1), event(2)])
        await bus.publish([event(3), event(4)])

        assert wanted.numbers == [1, 2, 3, 4]
        assert heard(one) == heard(other) == [2, 4]
        assert heard(all_) == [1, 2, 3, 4]


async def test_who_is_too_slow_is_cut_off_alone_and_not_by_what_it_does_not_want() -> None:
    bus, wanted = MemoryBus(2), Asked()

    async with bus.subscribe(wanted) as slow, bus.subscribe(wanted) as quick:
        for seq in (1, 2, 3, 4, 5):
            await bus.publish([event(seq)])
            if seq == 4:
                assert heard(quick) == [2, 4]
        await bus.publish([event(6)])

        assert heard(quick) == [6]
        assert heard(slow) == [2, 4]
        with pytest.raises(anyio.EndOfStream):
            await slow.receive()


async def test_who_has_left_is_not_asked_any_more() -> None:
    bus, wanted = MemoryBus(8), Asked()

    async with bus.subscribe(wanted):
        pass
    await bus.publish([event(2)])

    assert wanted.numbers == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (person("suzuki"), person("tanaka"), True),
        (person("suzuki"), person("suzuki", section="税務課"), False),
        (person("sato", Role.OPERATOR), person("ito", Role.OPERATOR), False),
        (person("sato", Role.OPERATOR), person("sato", Role.OPERATOR, "税務課"), True),
        (person("sato", Role.AUDITOR), person("sato"), False),
    ],
)
def test_screens_share_a_view_only_where_nothing_tells_them_apart(
    one: Identity, other: Identity, *, same: bool
) -> None:
    assert (view_of(one, None) == view_of(other, None)) is same
    assert view_of(one, "c1") != view_of(one, None)


@given(
    st.sampled_from([Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR]),
    st.sampled_from(["c1", "c2", None]),
    st.lists(st.tuples(st.sampled_from(["c1", "c2"]), st.sampled_from(["sato", "ito", ""]))),
)
def test_a_view_never_shows_an_operator_the_call_of_another(
    role: Role, call_id: str | None, calls: list[tuple[str, str]]
) -> None:
    view = view_of(person("sato", role), call_id)

    seen = [told for told in (event(1, call, operator) for call, operator in calls) if view(told)]

    assert all(call_id in (None, told.call_id) for told in seen)
    if role is Role.OPERATOR:
        assert all(told.audience.operator == "sato" for told in seen)


def test_an_event_is_written_once_and_as_its_message_says() -> None:
    told = event(7)

    assert told.written() is told.written()
    assert '"seq":7,"type":"note","call_id":"c1"' in told.written()
    assert told == event(7)
