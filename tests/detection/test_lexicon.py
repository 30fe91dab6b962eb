"""The word lists: what a broken file is told, and that every shipped entry keeps its promises."""

from __future__ import annotations

import pytest

from detection.errors import LexiconInvalid
from detection.lexicon import read_lexicon
from detection.types import Category, Cue, Severity, Speaker
from tests.detection.shipped import LEXICONS, Example, assess, examples

HEAD = 'kind = "findings"\ncategory = "mental_attack"\nclause = "脅迫"\n'
ENTRY = """
[[entry]]
id = "t.fool"
severity = 2
patterns = ['馬鹿']
catches = ["馬鹿"]
spares = ["正直"]
reason = "侮辱のおそれ"
"""
CUES = """kind = "cues"
speaker = "operator"
[[entry]]
id = "t.no"
cue = "refusal"
patterns = ['できません']
catches = ["できません"]
spares = ["できます"]
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + ENTRY.replace("severity = 2", "severity = 4"), "give severity as 1"),
        (HEAD + ENTRY.replace("severity = 2", "severity = 2.0"), "give severity as 1"),
        (HEAD + ENTRY.replace("['馬鹿']", "['馬鹿(']"), "mend the pattern"),
        (HEAD + ENTRY.replace("['馬鹿']", "['馬{99999999999999999999}']"), "mend the pattern"),
        (HEAD + ENTRY.replace("馬鹿", "(" * 5_000 + ")" * 5_000), "mend the pattern"),
        (HEAD + ENTRY.replace("['馬鹿']", "['馬?']"), "does not match an empty text"),
        (HEAD + ENTRY.replace("['馬鹿']", "['{nobody}馬鹿']"), "no fragment {nobody}"),
        (HEAD + ENTRY.replace("patterns = ['馬鹿']\n", ""), "give patterns, readings or both"),
        (HEAD + ENTRY.replace("patterns = ['馬鹿']", "readings = ['ばか']"), "in katakana only"),
        (HEAD + ENTRY.replace('spares = ["正直"]', "spares = []"), "at least 1 text in spares"),
        (HEAD + ENTRY + "score = 1.5\n", "give score as a number"),
        (HEAD + ENTRY + "weight = 1\n", "unknown fields weight"),
        (HEAD + ENTRY + 'keeps = ["nothing"]\n', "keeps knows no rule nothing"),
    ],
)
def test_a_broken_entry_is_named_with_its_file_and_the_cure(text: str, told: str) -> None:
    with pytest.raises(LexiconInvalid) as raised:
        read_lexicon({"wrong.toml": text})

    assert str(raised.value).startswith("wrong.toml: entry t.fool: ")
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind = ", "wrong.toml: not TOML"),
        ("kind = " + "[" * 20_000, "wrong.toml: not TOML"),
        ("kind = " + "9" * 5_000, "wrong.toml: not TOML"),
        ('kind = "songs"', "wrong.toml: give kind as"),
        (HEAD, "wrong.toml: write at least one [[entry]]"),
        (HEAD.replace("mental_attack", "noise") + ENTRY, "wrong.toml: category is 'noise'"),
        (HEAD + ENTRY.replace('id = "t.fool"\n', ""), "wrong.toml: entry number 1: give id"),
        (CUES.replace("refusal", "song"), "wrong.toml: entry t.no: cue is 'song'"),
        ('kind = "fragments"\nyou = 3', "wrong.toml: fragment you: give a text"),
    ],
)
def test_a_broken_file_is_named_with_the_cure(text: str, told: str) -> None:
    with pytest.raises(LexiconInvalid) as raised:
        read_lexicon({"wrong.toml": text})

    assert told in str(raised.value)


def test_two_entries_cannot_share_an_id() -> None:
    files = {"one.toml": HEAD + ENTRY, "two.toml": HEAD + ENTRY}

    with pytest.raises(LexiconInvalid, match=r"rename one: t\.fool"):
        read_lexicon(files)


def test_a_lexicon_holds_what_its_files_say() -> None:
    lexicon = read_lexicon({"a.toml": HEAD + ENTRY + "score = 0.5\n", "b.toml": CUES})

    (entry,), (cue,) = lexicon.entries, lexicon.operator_cues
    assert (entry.id, entry.category, entry.severity, entry.score, entry.clause) == (
        "t.fool",
        Category.MENTAL_ATTACK,
        Severity.WARNING,
        0.5,
        "脅迫",
    )
    assert (cue.id, cue.cue, lexicon.caller_cues) == ("t.no", Cue.REFUSAL, ())


def test_a_fragment_stands_for_its_words_in_any_file() -> None:
    words = 'kind = "fragments"\nyou = "お前|貴様"\nyous = "{you}ら"\n'
    text = HEAD + ENTRY.replace("['馬鹿']", "['{yous}馬鹿']")

    lexicon = read_lexicon({"z.toml": words, "a.toml": text})

    pattern = lexicon.entries[0].pattern
    assert pattern is not None
    assert pattern.search("貴様ら馬鹿")
    assert not pattern.search("ら馬鹿")


def test_katakana_in_a_pattern_meets_the_normal_text() -> None:
    lexicon = read_lexicon({"a.toml": HEAD + ENTRY.replace("['馬鹿']", "['バカ']")})

    pattern = lexicon.entries[0].pattern
    assert pattern is not None
    assert pattern.search("ばか")


def test_the_digest_changes_with_a_word() -> None:
    one = read_lexicon({"a.toml": HEAD + ENTRY})

    other = read_lexicon({"a.toml": HEAD + ENTRY.replace("['馬鹿']", "['阿呆']")})

    assert one.digest != other.digest


@pytest.mark.parametrize("example", examples("findings", "catches"), ids=str)
def test_an_entry_catches_what_it_promises(example: Example) -> None:
    found = assess(example.text).findings

    category = Category(str(example.head["category"]))
    assert category in {f.category for f in found}
    least = example.fields["severity"]
    assert max(f.severity for f in found if f.category is category) >= int(str(least))


@pytest.mark.parametrize("example", examples("findings", "spares"), ids=str)
def test_an_entry_spares_what_it_promises(example: Example) -> None:
    found = assess(example.text).findings

    assert example.entry not in {f.rule for f in found}


@pytest.mark.parametrize("example", examples("innocents", "spares"), ids=str)
def test_innocent_words_raise_nothing(example: Example) -> None:
    assert assess(example.text).findings == ()


@pytest.mark.parametrize("example", examples("cues", "catches"), ids=str)
def test_a_cue_is_heard_where_it_promises(example: Example) -> None:
    cues = assess(example.text, Speaker(str(example.head["speaker"]))).cues

    assert Cue(str(example.fields["cue"])) in cues


@pytest.mark.parametrize("example", examples("cues", "spares"), ids=str)
def test_a_cue_is_not_heard_where_it_promises(example: Example) -> None:
    cues = assess(example.text, Speaker(str(example.head["speaker"]))).cues

    assert Cue(str(example.fields["cue"])) not in cues


def test_every_category_has_its_file() -> None:
    files = {f.name: f.read_text(encoding="utf-8") for f in LEXICONS.iterdir()}
    toml = {name: text for name, text in files.items() if name.endswith(".toml")}

    assert {entry.category for entry in read_lexicon(toml).entries} == set(Category)
