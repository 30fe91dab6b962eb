"""What a page says in English: every text that it names, and nothing that the server does not know."""

from __future__ import annotations

import ast
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from app.callers.measures import LABELS, STATE_WORDS
from app.feedback.pages import SPANS
from app.notices.pages import KINDS, STATES
from app.screens.catalogues import catalogue_of
from app.screens.language import Catalogue, Language, language_of, phrase
from app.screens.words import EMERGENCY_HINT, HELP_INSTEAD, LEVELS, ROLES, screen_words

APP = Path(__file__).resolve().parents[2] / "app"
SCREENS = APP / "screens"
IN_TEMPLATES = re.compile(r"""\b_\(\s*(["'])(.+?)\1""")
IN_SCRIPTS = re.compile(r"""\bt\(\s*(["'])(.+?)\1""")
PLACES = re.compile(r"\{(\w+)\}")
JAPANESE = re.compile(r"[ぁ-ゖァ-ヺ一-鿿々]")
COMMENTS = {
    ".html": re.compile(r"\{#.*?#\}|<!--.*?-->", re.DOTALL),
    ".js": re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL),
}
TRANSLATED = re.compile(r"""\b(?:_|t)\(\s*(["'])(?:.+?)\1""")
REFUSALS = {
    "BadRequest",
    "NotSignedIn",
    "NotAllowed",
    "NotFound",
    "Conflict",
    "TooMany",
    "Unavailable",
    "FieldRefused",
    "NotControllable",
    "ExchangeAway",
    "ExchangeRefused",
    "OutcomeUnknown",
}
WITHOUT_PAGES = {"bench", "cli", "demo", "evaluation", "telephony"}
"""What these refuse is told in a terminal, or to an exchange."""
TOLD_AT_THE_START = {
    "announcement_name",
    "caller_keys_unreadable",
    "record_keys_unreadable",
    "control_settings",
    "data_dir_unusable",
    "nats_not_supported",
    "notice_settings",
    "trail_keys_unreadable",
}
"""In the terminal of who starts the server or adds a recording."""
SPOKEN_TO_OTHERS = {
    "card-report.js",  # what is read out to the police, who speak Japanese
}
UNTRANSLATED_ON_PURPOSE = {
    "base.html": ["日本語"],  # the link to the other language is written in that language
}


def texts_named() -> dict[str, str]:
    """Return every text that pages and scripts translate, with the file that names it."""
    named: dict[str, str] = {}
    for file in sorted(SCREENS.rglob("*.html")):
        named |= {found[1]: file.name for found in IN_TEMPLATES.findall(file.read_text("utf-8"))}
    for file in sorted(SCREENS.rglob("*.js")):
        named |= {found[1]: file.name for found in IN_SCRIPTS.findall(file.read_text("utf-8"))}
    return named


def phrases_named() -> dict[str, str]:
    """Return every text that the server hands to pages as a phrase, with the file that names it."""
    return {
        str(call.args[0].value): file.name
        for file in sorted(APP.rglob("*.py"))
        for call in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "phrase"
        and isinstance(call.args[0], ast.Constant)
    }


def codes_refused() -> dict[str, str]:
    """Return the code of every refusal that a page may tell, with the file that names it."""
    codes: dict[str, str] = {}
    for file in sorted(APP.rglob("*.py")):
        if file.relative_to(APP).parts[0] in WITHOUT_PAGES:
            continue
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
                continue
            if call.func.id not in REFUSALS:
                continue
            given = call.args[1:] if call.func.id == "FieldRefused" else call.args
            if given and isinstance(given[0], ast.Constant):
                codes[str(given[0].value)] = file.name
    return codes


def left_in_japanese(file: Path) -> list[str]:
    """Return the lines of *file* with Japanese in them that is neither translated nor a comment."""
    plain = COMMENTS[file.suffix].sub("", file.read_text("utf-8"))
    rest = TRANSLATED.sub("", plain)
    for allowed in UNTRANSLATED_ON_PURPOSE.get(file.name, []):
        rest = rest.replace(allowed, "")
    return [line.strip() for line in rest.splitlines() if JAPANESE.search(line)]


def texts_in(words: object) -> set[str]:
    if isinstance(words, str):
        return {words}
    if isinstance(words, dict):
        return set().union(*(texts_in(value) for value in words.values()))
    return set()


def test_every_text_that_a_page_names_has_its_english() -> None:
    english = catalogue_of(Language.ENGLISH).texts

    missing = {text: where for text, where in texts_named().items() if text not in english}

    assert missing == {}


def test_every_refusal_that_a_page_may_tell_has_its_english() -> None:
    english = catalogue_of(Language.ENGLISH).errors

    missing = {
        code: where
        for code, where in codes_refused().items()
        if code not in english and code not in TOLD_AT_THE_START
    }

    assert missing == {}


def test_every_phrase_that_the_server_writes_on_a_page_has_its_english() -> None:
    english = catalogue_of(Language.ENGLISH).texts
    labels = {*LABELS.values(), *STATE_WORDS.values(), *SPANS.values()}
    labels |= {*KINDS.values(), *STATES.values(), *(level.label for level in LEVELS.values())}

    missing = {text for text in {*phrases_named(), *labels} if text and text not in english}

    assert missing == set()


@pytest.mark.parametrize(
    "file",
    [
        file
        for pattern in ("*.html", "*.js")
        for file in sorted(SCREENS.rglob(pattern))
        if file.name not in SPOKEN_TO_OTHERS
    ],
    ids=lambda file: str(file.relative_to(SCREENS)),
)
def test_no_page_says_anything_in_japanese_that_it_cannot_say_in_english(file: Path) -> None:
    assert left_in_japanese(file) == []


def test_every_word_that_the_server_hands_to_pages_has_its_english() -> None:
    english = catalogue_of(Language.ENGLISH).texts
    handed = texts_in(screen_words()) | set(ROLES.values()) | {EMERGENCY_HINT, HELP_INSTEAD}

    assert {text for text in handed if text and text not in english} == set()


def test_a_translation_keeps_the_places_of_its_text() -> None:
    english = catalogue_of(Language.ENGLISH).texts

    differing = {
        japanese
        for japanese, translated in english.items()
        if set(PLACES.findall(japanese)) != set(PLACES.findall(translated))
    }

    assert differing == set()


def test_words_without_english_stay_japanese_and_numbers_stay_numbers() -> None:
    catalogue = Catalogue({"通常": "Ordinary", "{n}件": "{n} calls"})

    assert catalogue.all_of({"a": ["通常", "段差"], "n": 3}) == {"a": ["Ordinary", "段差"], "n": 3}
    assert catalogue.text("{n}件", n=4) == "4 calls"
    assert catalogue.error("unknown", "不明です。") == "不明です。"


def test_a_phrase_is_said_in_the_language_of_its_reader_with_its_days_and_moments() -> None:
    until = phrase("{kind}は{day}まで", kind=phrase("制限"), day=date(2027, 1, 31))
    at = phrase("{at} {name}", at=datetime(2026, 11, 22, 1, 7, tzinfo=UTC), name="mori")
    english = Catalogue(
        {"{kind}は{day}まで": "{kind} until {day}", "制限": "Restricted"}, {}, Language.ENGLISH
    )

    assert (str(until), english.words(until)) == (
        "制限は2027年1月31日まで",
        "Restricted until 31 January 2027",
    )
    assert (str(at), english.words(at)) == (
        "2026年11月22日 10:07 mori",
        "22 November 2026 10:07 mori",
    )


def test_what_a_value_says_is_never_taken_for_a_place() -> None:
    assert Catalogue().text("{a}と{b}", a="{b}", b="$& \\1") == "{b}と$& \\1"


@pytest.mark.parametrize("chosen", [None, "", "ja", "fr", "en; x"])
def test_whoever_has_chosen_nothing_known_reads_japanese(chosen: str | None) -> None:
    assert language_of(chosen) is Language.JAPANESE
