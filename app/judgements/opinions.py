"""Pure: what auditors found a call to be, and which of it stands when they differ.

Judgements are only ever added. A call stands as its judges agree; where the last words of two of them differ it
stands as 判断保留, until one who had judged before and has seen the others' reasons judges again: that one settles it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

REASON_CHARACTERS: Final = 2_000


class Verdict(StrEnum):
    """What a person found a call to be."""

    HARASSMENT = "harassment"
    """該当."""
    NOT_HARASSMENT = "not_harassment"
    """非該当."""
    UNDECIDED = "undecided"
    """判断保留."""


class Opinion(StrEnum):
    """Whose word it is."""

    FIRST = "first"
    """Of the person who judged the call first."""
    SECOND = "second"
    """Of somebody else."""


class Judged(Protocol):
    """One judgement, as the tables keep it."""

    @property
    def call_id(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    @property
    def by_login(self) -> str: ...
    @property
    def second_wanted(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands for one call, after all its judgements."""

    verdict: Verdict
    """判断保留 as long as opinions differ."""
    judged: int
    """How many judgements there are."""
    judges: tuple[str, ...]
    """Logins, in the order in which they first judged."""
    differing: bool = False
    second_wanted: bool = False
    """Somebody asked for another opinion, and nobody else has given one since."""
    asked_by: str = ""
    """Who; empty where nobody does."""


def standing(judgements: Iterable[Judged]) -> Standing | None:
    """Fold the judgements of one call, in the order in which they were made; None where there are none."""
    last: dict[str, Verdict] = {}
    verdict: Verdict | None = None
    differing, wanted_by, judged = False, "", 0
    for one in judgements:
        found, again = Verdict(one.verdict), one.by_login in last
        last[one.by_login] = found
        judged += 1
        if differing:
            # Who judged before has seen what the others wrote: their new word settles it. A third opinion does not.
            if again:
                verdict, differing = found, False
        elif verdict is None or len(last) == 1 or found is verdict:
            verdict = found
        else:
            differing = True
        if one.second_wanted:
            wanted_by = one.by_login
        elif wanted_by and one.by_login != wanted_by:
            wanted_by = ""
    if verdict is None:
        return None
    return Standing(
        verdict=Verdict.UNDECIDED if differing else verdict,
        judged=judged,
        judges=tuple(last),
        differing=differing,
        second_wanted=bool(wanted_by),
        asked_by=wanted_by,
    )


def opinion_of(login: str, judgements: Iterable[Judged]) -> Opinion:
    """Return whose word a further judgement of *login* is, after *judgements*, in their order."""
    first = next(iter(judgements), None)
    return Opinion.FIRST if first is None or first.by_login == login else Opinion.SECOND
