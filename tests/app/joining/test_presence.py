"""Who is at a call is told once, however many ways in somebody has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.joining.presence import BUTTON, Joined, Left, Person, Presence, Way

LOGINS = ("kato", "mori")
WAYS = st.builds(
    lambda login, way: Way(way, login, f"{login}さん", listening=way != BUTTON),
    st.sampled_from(LOGINS),
    st.sampled_from((BUTTON, "s1", "s2")),
)
STEPS = st.lists(st.tuples(st.sampled_from(("come", "go", "leave")), WAYS), max_size=30)


def test_whoever_presses_the_button_and_then_listens_joined_once_and_listens() -> None:
    button = Presence().with_way(Way(BUTTON, "kato", "加藤", listening=False))

    listening = button.with_way(Way("s1", "kato", "加藤", listening=True))

    assert Presence().changes_to(button) == [Joined(Person("kato", "加藤", False), came=True)]
    assert button.changes_to(listening) == [Joined(Person("kato", "加藤", True), came=False)]


def test_whoever_closes_one_of_two_screens_is_still_there() -> None:
    two = (
        Presence()
        .with_way(Way("s1", "kato", "加藤", True))
        .with_way(Way("s2", "kato", "加藤", True))
    )

    one = two.without("kato", "s1")

    assert two.changes_to(one) == []
    assert one.changes_to(one.without("kato")) == [Left(Person("kato", "加藤", True))]


@given(STEPS)
def test_who_follows_what_is_told_knows_who_is_there(steps: list[tuple[str, Way]]) -> None:
    presence, known = Presence(), dict[str, Person]()
    for step, way in steps:
        match step:
            case "come":
                after = presence.with_way(way)
            case "go":
                after = presence.without(way.login, way.way_id)
            case _:
                after = presence.without(way.login)
        for told in presence.changes_to(after):
            if isinstance(told, Left):
                del known[told.person.login]
            else:
                assert told.came is (told.person.login not in known)
                known[told.person.login] = told.person
        presence = after

        assert known == presence.people
