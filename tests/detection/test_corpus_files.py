"""The corpus as it is shipped, and what a line of it must hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache

import pytest

from detection.corpus_files import CorpusLine, Kind, read_corpus, read_lines
from detection.errors import CorpusInvalid
from detection.text import normalise
from detection.types import Category, Severity

SUBTYPE = "# subtype: waits — 待たされる"
MOST_ALIKE = 0.75
"""Share of common character trigrams from which two lines are one sentence."""


@cache
def shipped() -> tuple[CorpusLine, ...]:
    return read_corpus()


def trigrams(text: str) -> frozenset[str]:
    plain = normalise(text).normal
    return frozenset(plain[i : i + 3] for i in range(len(plain) - 2))


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) > MOST_ALIKE * len(one | other)


def test_each_category_has_at_least_150_utterances() -> None:
    counts = Counter(label for line in shipped() for label in line.labels[:1])

    assert min(counts[category] for category in Category) >= 150


def test_fair_sentences_are_many_and_hard_ones_among_them() -> None:
    kinds = [line.kind for line in shipped()]

    assert kinds.count(Kind.LEGITIMATE) >= 1_500
    assert kinds.count(Kind.HARD_NEGATIVE) >= 600


def test_no_sentence_stands_in_the_corpus_twice() -> None:
    counts = Counter(line.text for line in shipped())

    assert [text for text, count in counts.items() if count > 1] == []


def test_a_template_is_used_in_one_subtype_only() -> None:
    subtypes = defaultdict[str, set[tuple[str, str, str]]](set)
    for line in shipped():
        subtypes[line.template].add((line.kind, line.file, line.subtype))

    assert {template for template, used in subtypes.items() if len(used) > 1} == set()


def test_no_paraphrase_hides_under_another_template() -> None:
    lines = [(line, trigrams(line.text)) for line in shipped()]
    holding = defaultdict[str, list[int]](list)
    pairs = []
    for place, (line, own) in enumerate(lines):
        rarest = sorted(own, key=lambda gram: (len(holding[gram]), gram))
        # Who shares three quarters of the trigrams shares one of the rarest quarter of them.
        near = {other for gram in rarest[: len(own) // 4 + 1] for other in holding[gram]}
        pairs += [
            (line.text, lines[other][0].text)
            for other in near
            if lines[other][0].template != line.template and alike(own, lines[other][1])
        ]
        for gram in own:
            holding[gram].append(place)

    assert pairs == []


def test_a_line_says_what_it_is_an_example_of() -> None:
    row = "waits-01\tblunt\t2\tapology,restraint\t謝るまで切るなよ"

    (line,) = read_lines(Kind.HARASSMENT, "apology", [SUBTYPE, "", "# ひとこと", row])

    assert (line.subtype, line.template, line.style) == ("waits", "waits-01", "blunt")
    assert (line.severity, line.text) == (Severity.WARNING, "謝るまで切るなよ")
    assert line.labels == (Category.APOLOGY, Category.RESTRAINT)


@pytest.mark.parametrize(
    "row",
    [
        "waits-01\tplain\t1\tapology",
        "waits-01\tshouted\t1\tapology\t謝れ",
        "waits-01\tplain\t7\tapology\t謝れ",
        "waits-01\tplain\t1\trudeness\t謝れ",
        "waits-01\tplain\t0\t-\t謝れ",
        "waits-01\tplain\t1\trestraint,apology\t謝れ",
        "\tplain\t1\tapology\t謝れ",
    ],
)
def test_a_line_that_breaks_the_rules_is_named(row: str) -> None:
    with pytest.raises(CorpusInvalid, match=r"harassment/apology\.tsv, line 2"):
        list(read_lines(Kind.HARASSMENT, "apology", [SUBTYPE, row]))


def test_a_fair_sentence_has_no_label() -> None:
    with pytest.raises(CorpusInvalid, match="has none"):
        list(read_lines(Kind.LEGITIMATE, "calm", [SUBTYPE, "w-1\tplain\t1\tapology\t謝って"]))
