"""Pure: hides small numbers in a table of months, sections and kinds so that nothing shown gives them away.

A *cell* is a count of a time (month, quarter, year), a section (or all of them) and a kind (or all of them). What is
shown adds up: quarters are months, all sections are the sections, all kinds are the kinds. A hidden cell is told as
small (fewer than the least number shown, perhaps none) or as hidden (which says nothing of its number).

Every hidden cell has a witness: another table that shows the very same numbers and the same words, but has one call
more or one less in that cell. A witness moves single calls between two months, two sections and two kinds, so that
all sums that are shown stay. It is looked for when the cell is hidden, and what it moves is hidden with it; as
nothing that was hidden is shown again, it stays true. Who adds and subtracts what is shown can therefore tell no
hidden number, in whatever order they open the tables of a year.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice, product
from typing import Final

ALL: Final = "*"
"""All sections, or all kinds."""
YEAR: Final = "Y"
MONTHS: Final = tuple(f"m{number:02d}" for number in range(12))
"""Of a fiscal year, April first."""
QUARTERS: Final = tuple(f"q{number}" for number in range(4))

Node = tuple[str, str, str]
"""Time, section, kind."""
Witness = Mapping[Node, int]
"""One call more or less in cells of single months, sections and kinds: all shown numbers stay the same."""
TooFew = Callable[[str, str], bool]
"""Whether too few people stand behind a time and a section."""
Ways = list[dict[str, int]]

_QUARTER: Final = {month: QUARTERS[number // 3] for number, month in enumerate(MONTHS)}
_FEW: Final = 2
"""So many other months, sections and kinds are tried beside a cell."""
_VAGUENESS: Final = 2
_KINDS: Final = 3
_CHEAP: Final = 20
"""What costs less hides no figure of a year."""
_ENOUGH: Final = 12
"""After so many tries a cheap witness is taken."""
_FITTING: Final = 6
_MOST_TRIED: Final = 2_000


def quarter_of(month: str) -> str:
    return _QUARTER[month]


def months_in(time: str) -> tuple[str, ...]:
    """Return the months of a month, a quarter or the year."""
    if time in _QUARTER:
        return (time,)
    return MONTHS if time == YEAR else tuple(m for m in MONTHS if _QUARTER[m] == time)


@dataclass(slots=True)
class Table:
    """One table of one year: counts by month, section and kind, all of them at least 0."""

    counts: Mapping[Node, int]
    """Of single months, sections and kinds; those that are left out are 0."""
    sections: tuple[str, ...]
    kinds: tuple[str, ...] = (ALL,)
    """Only ALL for a plain count, which has no kinds."""
    values: dict[Node, int] = field(default_factory=dict)
    """Of every cell that is not 0, sums included."""

    def __post_init__(self) -> None:
        for leaf, count in self.counts.items():
            if count < 0:
                raise ValueError("a count is never negative")
            if count:
                for node in sums_with(leaf):
                    self.values[node] = self.values.get(node, 0) + count

    def value(self, node: Node) -> int:
        return self.values.get(node, 0)


@lru_cache(maxsize=65_536)
def sums_with(leaf: Node) -> tuple[Node, ...]:
    """Return the cells in which a call of *leaf* counts."""
    month, section, kind = leaf
    kinds = (ALL,) if kind == ALL else (kind, ALL)
    return tuple(product((month, _QUARTER[month], YEAR), (section, ALL), kinds))


def changes_of(witness: Witness) -> dict[Node, int]:
    """Return every cell that *witness* changes, and by how much."""
    changed: dict[Node, int] = {}
    for leaf, by in witness.items():
        for node in sums_with(leaf):
            changed[node] = changed.get(node, 0) + by
    return {node: by for node, by in changed.items() if by}


@dataclass(slots=True)
class Hidden:
    """What of one table is not shown."""

    nodes: set[Node] = field(default_factory=set)
    vague: set[Node] = field(default_factory=set)
    """Those of them of which it is not even told that they are small."""
    witnesses: list[Witness] = field(default_factory=list)


def hide_totals(table: Table, least: int, too_few: TooFew) -> Hidden:
    """Hide in a table without kinds what is small, and what too few people stand behind."""
    search = _Search(table, least)
    return search.hide(_due(table, least, too_few, (ALL,)), kinds=lambda _node: [{ALL: 1}])


def hide_kinds(table: Table, totals: Hidden, least: int, too_few: TooFew) -> Hidden:
    """Hide in a table whose kinds add up to totals that are shown as *totals* says.

    A witness of the totals must hold here too: the call that it adds there is of some kind.
    """
    search = _Search(table, least, Hidden(set(totals.nodes), set(totals.vague)))
    for witness in totals.witnesses:
        search.take_cheapest(search.of_kinds(witness), both_ways=False)
    return search.hide(_due(table, least, too_few, table.kinds), kinds=search.other_kinds)


def _due(table: Table, least: int, too_few: TooFew, kinds: Sequence[str]) -> list[Node]:
    """Return the cells that must not be shown for what they say themselves, the finest first."""
    known = set(kinds)
    due = {n for n, value in table.values.items() if value < least and n[2] in known}
    for time, section in product((*MONTHS, *QUARTERS, YEAR), (*table.sections, ALL)):
        if too_few(time, section):
            due |= {(time, section, kind) for kind in kinds}
    return sorted(due, key=lambda node: (_width(node), -table.value(node), node))


def _width(node: Node) -> int:
    return len(months_in(node[0])) + 12 * (node[1] == ALL)


def _inside(places: Sequence[tuple[str, str, int]], node: Node) -> list[int]:
    """Return which of *places* count in the cell."""
    months = months_in(node[0])
    return [n for n, (m, s, _) in enumerate(places) if m in months and node[1] in (s, ALL)]


def _summed(witness: Witness) -> dict[Node, int]:
    """Return *witness* without its kinds."""
    summed: dict[Node, int] = {}
    for (month, section, _), by in witness.items():
        summed[month, section, ALL] = summed.get((month, section, ALL), 0) + by
    return {leaf: by for leaf, by in summed.items() if by}


@lru_cache(maxsize=65_536)
def _worth(node: Node) -> int:
    """Return how much is lost with a cell: a policy is made by the figures of a year and of the whole office."""
    time, section, kind = node
    worth = 20 if time == YEAR else 1 if time in _QUARTER else 4
    return worth * (8 if section == ALL else 1) * (2 if kind == ALL else 1)


@dataclass(slots=True)
class _Search:
    """Looks for witnesses, the cheapest first, and hides what they need."""

    table: Table
    least: int
    hidden: Hidden = field(default_factory=Hidden)

    def hide(self, due: Iterable[Node], kinds: Callable[[Node], Ways]) -> Hidden:
        of_totals = tuple(self.hidden.witnesses)
        for node in due:
            if node in self.hidden.nodes or self.take_cheapest(self._around(node, kinds(node))):
                continue
            # Where calls are, one of them can be of another kind; where none are, one more can be.
            if not self.take_cheapest(self._in_place(node)) and not self.take_cheapest(
                self._in_totals(node, of_totals), both_ways=False
            ):
                # Not known to happen; what cannot be shown to be safe is not shown at all.
                self._hide_everything()
        return self.hidden

    def _hide_everything(self) -> None:
        times, sections = (*MONTHS, *QUARTERS, YEAR), (*self.table.sections, ALL)
        every = set(product(times, sections, self.table.kinds))
        self.hidden.nodes |= every
        self.hidden.vague |= every

    def take_cheapest(self, options: Iterable[Witness], *, both_ways: bool = True) -> bool:
        """Hide what the cheapest of *options* needs; say whether one of them will do."""
        best: tuple[int, Witness] | None = None
        for tried, option in enumerate(options):
            signs = [
                sign for sign in ((1, -1) if both_ways else (1,)) if self._possible(option, sign)
            ]
            if not signs:
                continue
            changed = changes_of(option)
            hiding = sum(_worth(node) for node in changed if node not in self.hidden.nodes)
            if best is not None and hiding >= best[0]:
                continue
            for sign in signs:
                cost = hiding + _VAGUENESS * len(self._vague(changed, sign))
                if best is None or cost < best[0]:
                    best = (cost, {leaf: by * sign for leaf, by in option.items()})
            if best is not None and best[0] < (_CHEAP if tried >= _ENOUGH else 1):
                break
        if best is None:
            return False
        changed = changes_of(best[1])
        self.hidden.nodes |= changed.keys()
        self.hidden.vague |= self._vague(changed, 1)
        self.hidden.witnesses.append(best[1])
        return True

    def other_kinds(self, node: Node) -> Ways:
        """Return the ways to make a call of this kind one of another, the likeliest first."""
        time, section, kind = node
        others = (other for other in self.table.kinds if other != kind)
        return [
            {kind: 1, other: -1} for other in self._partners(others, lambda k: (time, section, k))
        ]

    def of_kinds(self, witness: Witness, wanted: Node | None = None) -> Iterator[Witness]:
        """Yield witnesses of the kinds that say of the totals what *witness* says, the likeliest first.

        With *wanted* only those that change that cell.
        """
        kinds, value = self.table.kinds, self.table.value
        places = [(month, section, by) for (month, section, _), by in witness.items()]
        for kind in kinds if wanted is None else (wanted[2],):
            yield {(month, section, kind): by for month, section, by in places}
        # A call can only be taken where there is one: the same kind elsewhere keeps most sums as they are.
        taken = {k for k in kinds for m, s, by in places if by < 0 and value((m, s, k)) > 0}

        def fitting(month: str, section: str, by: int) -> list[str]:
            counts = {kind: value((month, section, kind)) for kind in kinds}
            able = [kind for kind in kinds if counts[kind] + by >= 0]
            return sorted(able, key=lambda k: (k not in taken, counts[k] == 0, counts[k], k))

        able = [fitting(*place)[:_FITTING] for place in places]
        for forced in _inside(places, wanted) if wanted is not None else (None,):
            lists = [[wanted[2]] if n == forced and wanted else one for n, one in enumerate(able)]
            for chosen in islice(product(*lists), _MOST_TRIED):
                option = {(m, s, k): by for (m, s, by), k in zip(places, chosen, strict=True)}
                if wanted is None or wanted in changes_of(option):
                    yield option

    def _in_totals(self, node: Node, witnesses: Iterable[Witness]) -> Iterator[Witness]:
        """Yield what witnesses of the totals become when their call is of the node's kind."""
        time, section, kind = node
        if kind == ALL:
            return
        for witness in witnesses:
            total = {(month, place, ALL): by for (month, place, _), by in _summed(witness).items()}
            if (time, section, ALL) in changes_of(total):
                yield from self.of_kinds(total, node)

    def _in_place(self, node: Node) -> Iterator[Witness]:
        time, section, kind = node
        inside = self.table.sections if section == ALL else (section,)
        for month, place, other in product(months_in(time), inside, self.table.kinds):
            if other != kind:
                yield {(month, place, kind): 1, (month, place, other): -1}

    def _around(self, node: Node, kinds: Ways) -> Iterator[Witness]:
        for time, section, kind in product(self._times(node), self._sections(node), kinds):
            yield {
                (t, s, k): a * b * c
                for (t, a), (s, b), (k, c) in product(time.items(), section.items(), kind.items())
            }

    def _times(self, node: Node) -> Ways:
        """Return the ways to move a call in time that change the cell's own time."""
        time, section, kind = node
        inside = months_in(time)
        ways: Ways = []
        for month in self._partners(inside, lambda m: (m, section, kind))[:_FEW]:
            others = [other for other in MONTHS if other not in inside and other != month]
            near = [other for other in others if _QUARTER[other] == _QUARTER[month]]
            far = [other for other in others if _QUARTER[other] != _QUARTER[month]]
            far = self._partners(far, lambda m: (m, section, kind))[:_FEW]
            ways += [{month: 1}, *({month: 1, other: -1} for other in (*near, *far))]
        return ways

    def _sections(self, node: Node) -> Ways:
        time, section, kind = node
        inside = self.table.sections if section == ALL else (section,)
        ways: Ways = []
        for one in self._partners(inside, lambda s: (time, s, kind))[:_FEW]:
            others = [other for other in self.table.sections if other != one and section != ALL]
            near = self._partners(others, lambda s: (time, s, kind))[:_FEW]
            ways += [{one: 1}, *({one: 1, other: -1} for other in near)]
        return ways

    def _partners(self, names: Iterable[str], place: Callable[[str], Node]) -> list[str]:
        """Return *names* as they fit best beside a cell: hidden already, then small; empty ones last."""

        def fit(name: str) -> tuple[bool, bool, int, str]:
            node = place(name)
            value = self.table.value(node)
            return (node not in self.hidden.nodes, value == 0, value, name)

        return sorted(names, key=fit)

    def _possible(self, option: Witness, sign: int) -> bool:
        return all(self.table.value(leaf) + by * sign >= 0 for leaf, by in option.items())

    def _vague(self, changed: Mapping[Node, int], sign: int) -> set[Node]:
        """Return the small cells that would no longer be: that they are must not be told."""
        return {
            node
            for node, by in changed.items()
            if node not in self.hidden.vague
            and self.table.value(node) < self.least <= self.table.value(node) + by * sign
        }
