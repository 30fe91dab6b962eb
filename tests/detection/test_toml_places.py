"""Where the keys of a TOML text stand, held against the standard library's own reading of it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from detection.toml_places import KeyPath, Place, key_places

TRICKY = [
    "",
    "# only = 'a comment'",
    'a = "b = 1" # c = 2\nd = 3',
    'a = """\nb = 1\n"quoted" \\""" c = 2\n"""\nd = 1',
    'a = """"two more""""" # """\nb = 1',
    "a = ''''it''s'''' # '''\n'b' = ''",
    "a = \"\"\nb = ''\nc = \"\"\"\"\"\"\nd = ''''''",
    "a = [ # one\n  1, # two ]\n  [2, 3],\n]\nb = 4",
    "a = { b = 1, 'c d' = { e = [ { f = 2 } ] }, g.h = 3 }\ni = 5",
    "a.b.c = 1\na.b.d = 2\n\"a\".'e' = 3",
    "[a.b]\nc = 1\n[a]\nd = 2\n[ a . 'e f' ]\n",
    "[[t]]\na = 1\n[t.u]\nb = 2\n[[t.v]]\nc = 3\n[[t.v]]\n[[t]]\na = 4\n[[ t.v ]]",
    'a = 1979-05-27 07:32:00 # date\nb = -inf\nc = 1_000\nd = 0xf\n"" = true',
    "a = 1\r\n[b]\r\nc = 2\r\n",
    '"\\u3042.#" = 1\n"a=b" = 2\n"]" = [3]\n"\\"" = "]"',
]


def paths_in(value: object, above: KeyPath = ()) -> Iterator[KeyPath]:
    """Return the path of everything that the parser found."""
    if isinstance(value, dict):
        parts: list[tuple[str | int, object]] = list(value.items())
    elif isinstance(value, list):
        parts = list(enumerate(value))
    else:
        return
    for name, inner in parts:
        yield (*above, name)
        yield from paths_in(inner, (*above, name))


@pytest.mark.parametrize("text", TRICKY)
def test_exactly_the_keys_that_the_parser_knows_have_a_place(text: str) -> None:
    places = key_places(text)

    assert set(places) == set(paths_in(tomllib.loads(text)))


@given(st.text(alphabet="ab1.=\"'[]{},# \n\\", max_size=24))
@example('a="""b"""')
@example("a=[{b=1},{b=2}]")
def test_whatever_the_parser_accepts_is_read_to_its_end(text: str) -> None:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return

    assert set(key_places(text)) == set(paths_in(table))


def test_a_place_is_told_as_an_editor_tells_it() -> None:
    text = '# 方針\ntitle = "試験"\n\n[categories]\n  off = ["sexual",\n   "apology"]\n'

    places = key_places(text)

    assert places[("title",)] == Place(2, 1)
    assert places[("categories",)] == Place(4, 1)
    assert places[("categories", "off")] == Place(5, 3)
    assert places[("categories", "off", 0)] == Place(5, 10)
    assert places[("categories", "off", 1)] == Place(6, 4)


@dataclass
class Written:
    """A document as it is written down, and where each key came to stand."""

    text: str = ""
    places: dict[KeyPath, Place] = field(default_factory=dict)

    def here(self) -> Place:
        last = self.text.rpartition("\n")[2]
        return Place(self.text.count("\n") + 1, len(last) + 1)

    def write(self, text: str) -> None:
        self.text += text


NAMES = st.text(alphabet="abあ.#=[]\"' -_1", max_size=4)
SPACES = st.sampled_from(["", " ", "\t "])
BETWEEN = st.sampled_from(["", "\n", "  \n", "# x = 1\n", "#[y]\n\n"])
SCALARS = st.sampled_from(
    ["1", "-0.5", "true", "1979-05-27 07:32:00", '"a\\"]b # = "', "'c\\'", '"""\n[d]\n""e"""""']
)


def name_written(name: str) -> str:
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return name if bare else f'"{escaped}"'


@st.composite
def documents(draw: st.DrawFn) -> Written:
    """Return tables of pairs, each table with a name of its own, in many layouts."""
    written = Written()
    pairs(draw, written, ())
    for table in draw(st.lists(NAMES, unique=True, max_size=3)):
        written.write(f"\n{draw(BETWEEN)}{draw(SPACES)}")
        # Told apart from the keys at the top, which may have any name of up to 4 letters.
        written.places[(f"table {table}",)] = written.here()
        written.write(f"[{draw(SPACES)}{name_written(f'table {table}')}{draw(SPACES)}]")
        written.write(draw(st.sampled_from(["", " # [no]"])) + "\n")
        pairs(draw, written, (f"table {table}",))
    return written


def pairs(draw: st.DrawFn, written: Written, table: KeyPath) -> None:
    for name in draw(st.lists(NAMES, unique=True, max_size=3)):
        written.write(draw(BETWEEN) + draw(SPACES))
        written.places[(*table, name)] = written.here()
        written.write(f"{name_written(name)}{draw(SPACES)}={draw(SPACES)}")
        value(draw, written, (*table, name), depth=2)
        written.write(draw(SPACES) + draw(st.sampled_from(["", '# "no'])) + "\n")


def value(draw: st.DrawFn, written: Written, path: KeyPath, depth: int) -> None:
    kind = draw(st.sampled_from(["scalar", "array", "table"])) if depth else "scalar"
    if kind == "scalar":
        written.write(draw(SCALARS))
    elif kind == "array":
        written.write("[")
        for number in range(draw(st.integers(0, 3))):
            written.write(("," if number else "") + draw(BETWEEN) + draw(SPACES))
            written.places[(*path, number)] = written.here()
            value(draw, written, (*path, number), depth - 1)
        written.write(draw(BETWEEN) + "]")
    else:
        written.write("{")
        for number, name in enumerate(draw(st.lists(NAMES, unique=True, max_size=2))):
            written.write(("," if number else "") + draw(SPACES))
            written.places[(*path, name)] = written.here()
            written.write(f"{name_written(name)} ={draw(SPACES)}")
            value(draw, written, (*path, name), depth=0)
        written.write(draw(SPACES) + "}")


@given(documents())
def test_every_key_is_found_where_it_was_written(written: Written) -> None:
    places = key_places(written.text)

    assert set(written.places) == set(paths_in(tomllib.loads(written.text)))
    assert places == written.places
