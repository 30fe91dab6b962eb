"""The chain of the trail: whatever is done to it afterwards, it breaks where it was done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.trail.chain import Broken, Deed, End, Fault, Link, checked, digest_of, ended_at, sealed

KEYS = {"a1": b"k" * 32, "b2": b"q" * 32}
NOON = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
DEEDS = st.builds(Deed, *[st.text(max_size=20)] * 7)


def chain(deeds: list[Deed], *, key_id: str = "a1") -> list[Link]:
    end, links = End(), list[Link]()
    for seconds, deed in enumerate(deeds):
        at = NOON + timedelta(seconds=seconds)
        link = sealed(end, at, deed, key_id=key_id, key=KEYS[key_id])
        end = End(link.number, link.seal)
        links.append(link)
    return links


def three() -> list[Link]:
    return chain([Deed("call.help", "sato"), Deed("call.seen", "kansa"), Deed("token.created")])


@given(st.lists(DEEDS, max_size=8))
def test_a_chain_that_nobody_touched_ends_where_it_was_written(deeds: list[Deed]) -> None:
    links = chain(deeds)

    end = checked(End(), links, KEYS)

    assert end == (End(len(links), links[-1].seal) if links else End())


@given(st.lists(DEEDS, min_size=2, max_size=6), st.data())
def test_one_changed_word_breaks_the_chain_at_its_link(
    deeds: list[Deed], data: st.DataObject
) -> None:
    links = chain(deeds)
    at = data.draw(st.integers(0, len(links) - 1))
    field = data.draw(
        st.sampled_from(["kind", "by_login", "role", "address", "call_id", "subject", "digest"])
    )
    changed = replace(links[at].deed, **{field: getattr(links[at].deed, field) + "x"})
    links[at] = replace(links[at], deed=changed)

    assert checked(End(), links, KEYS) == Broken(at + 1, Fault.CHANGED)


@pytest.mark.parametrize(
    ("done", "broken"),
    [
        (lambda links: [links[0], links[2]], Broken(2, Fault.MISSING)),
        (lambda links: [links[1], links[2]], Broken(1, Fault.MISSING)),
        (lambda links: [links[0], links[0], *links[1:]], Broken(2, Fault.MISSING)),
        (lambda links: [links[0], links[2], links[1]], Broken(2, Fault.MISSING)),
        (
            lambda links: [replace(links[0], at=NOON + timedelta(hours=1)), *links[1:]],
            Broken(1, Fault.CHANGED),
        ),
        (lambda links: [replace(links[0], key_id="zz"), *links[1:]], Broken(1, Fault.KEY_UNKNOWN)),
    ],
)
def test_taking_out_putting_in_and_moving_break_it(
    done: Callable[[list[Link]], list[Link]], broken: Broken
) -> None:
    assert checked(End(), done(three()), KEYS) == broken


def test_a_link_of_another_chain_does_not_fit_even_with_a_good_seal() -> None:
    other = chain([Deed("call.help", "suzuki"), Deed("call.seen", "kansa")])

    assert checked(End(), [three()[0], other[1]], KEYS) == Broken(2, Fault.TORN)


def test_an_end_cut_off_is_known_by_where_it_should_be() -> None:
    links = three()
    written = End(3, links[2].seal)

    found = checked(End(), links[:2], KEYS)

    assert isinstance(found, End)
    assert ended_at(found, written) == Broken(3, Fault.SHORTENED)
    assert ended_at(written, written) is None
    assert ended_at(End(3, "f" * 64), written) == Broken(3, Fault.CHANGED)


def test_a_new_key_goes_on_with_the_chain_of_the_old_one() -> None:
    old = three()
    end = End(3, old[2].seal)
    new = sealed(end, NOON, Deed("call.seen"), key_id="b2", key=KEYS["b2"])

    assert checked(End(), [*old, new], KEYS) == End(4, new.seal)
    assert checked(End(), [*old, new], {"b2": KEYS["b2"]}) == Broken(1, Fault.KEY_UNKNOWN)


def test_a_moment_in_another_zone_is_the_same_moment() -> None:
    japan = timezone(timedelta(hours=9))
    link = sealed(End(), NOON.astimezone(japan), Deed("call.seen"), key_id="a1", key=KEYS["a1"])

    assert checked(End(), [replace(link, at=NOON)], KEYS) == End(1, link.seal)


def test_a_digest_needs_its_key_and_every_field() -> None:
    row = {"id": 1, "kind": "note", "detail": {"text": "除雪"}}

    assert digest_of(row, KEYS["a1"]) == digest_of(dict(reversed(row.items())), KEYS["a1"])
    assert digest_of(row, KEYS["a1"]) != digest_of(row, KEYS["b2"])
    assert digest_of(row, KEYS["a1"]) != digest_of({**row, "kind": "help"}, KEYS["a1"])
