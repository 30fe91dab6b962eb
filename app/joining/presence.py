"""Pure: who is at one call, and by which ways: sockets that carry its sound, and the button 「加わる」."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BUTTON: Final = "button"
"""The way that has no socket; a person has it at most once."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which one person is at the call."""

    way_id: str
    """Unique to a socket; ``BUTTON`` for the button."""
    login: str
    display_name: str
    listening: bool


@dataclass(frozen=True, slots=True)
class Person:
    login: str
    display_name: str
    listening: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody came, or began or ceased to listen."""

    person: Person
    came: bool
    """False: was there already."""


@dataclass(frozen=True, slots=True)
class Left:
    person: Person


@dataclass(frozen=True, slots=True)
class Presence:
    """All ways into one call. Somebody is there as long as one way is, and listens as long as one listens."""

    ways: tuple[Way, ...] = ()

    @property
    def people(self) -> dict[str, Person]:
        """Return who is there by login, in the order in which they came."""
        people: dict[str, Person] = {}
        for way in self.ways:
            known = people.get(way.login)
            listening = way.listening or (known is not None and known.listening)
            people[way.login] = Person(way.login, way.display_name, listening)
        return people

    def with_way(self, way: Way) -> Presence:
        """Return what is with *way*; the same way counts once."""
        if any(_same(way, known) for known in self.ways):
            return self
        return Presence((*self.ways, way))

    def without(self, login: str, way_id: str | None = None) -> Presence:
        """Return what is without one way of a person, or without all of them."""
        return Presence(
            tuple(
                way for way in self.ways if way.login != login or way_id not in (None, way.way_id)
            )
        )

    def changes_to(self, after: Presence) -> list[Joined | Left]:
        """Return what has to be told when this becomes *after*: each person at most once."""
        was, now = self.people, after.people
        told: list[Joined | Left] = [
            Left(person) for login, person in was.items() if login not in now
        ]
        for login, person in now.items():
            before = was.get(login)
            if before is None or before.listening is not person.listening:
                told.append(Joined(person, came=before is None))
        return told


def _same(one: Way, other: Way) -> bool:
    return (one.login, one.way_id) == (other.login, other.way_id)
