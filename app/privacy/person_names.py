"""Pure: names of persons, by what the dictionary knows and by how people give their names.

市長, 担当者, お客様 name nobody. A family name counts by itself; what is also an everyday word (林, あい)
only where somebody is called so or says that this is their name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from app.privacy.name_words import (
    CALLED,
    NAME_ASKED,
    NAME_BEFORE,
    NEVER,
    NO_NAME_ENDS,
    PLACES,
    RANKS,
    SAYS_NAME,
    SAYS_NAME_SURELY,
    SELF_BEFORE,
)
from app.privacy.spans import Kind, PersonalSpan
from app.privacy.words import Word

_BEFORE_CHARACTERS: Final = 12
_LONGEST_ANSWER: Final = 6
_LONGEST_NAME: Final = 8
_KANJI: Final = re.compile(r"[一-龥々ヶ]+")
_KATAKANA: Final = re.compile(r"[ァ-ヴー]+")
_KANA: Final = re.compile(r"[ぁ-ゖァ-ヴー]+")
_ANSWER_BEGINS: Final = re.compile(r"(?:はい|えー|えっと|あの|私|名前は|名字は|苗字は|[、。 ])*")
_ANSWER_ENDS: Final = re.compile(
    r"(?:です|ですけど|ですが|といいます|と言います|だよ|だけど|[、。 ])*"
)
_IN_HIRAGANA: Final = re.compile(
    r"(?:^|[、。はの\s])([ぁ-ゖー]{3,10}?)と(?:申し|もうし)(?:ます|まして)"
)
_STILL_A_PERSON: Final = frozenset({"ら", "たち", "達", "家", "宅", "方"})


def person_names(text: str, words: Sequence[Word], asked: str = "") -> Iterator[PersonalSpan]:
    """Yield the names in *text*, which is as it was written; *asked* was said to the speaker before."""
    at = 0
    while at < len(words):
        last = at
        if _is_person(words[at]):
            while (after := _rest_of_name(words, last)) is not None:
                last = after
            named = _is_name(text, words, at, last, asked)
        else:
            named = _is_name_of_another_word(text, words, at)
            while named and (after := _rest_of_name(words, last)) is not None:
                last = after
        if named or _answers_with_name(text, words[at], asked):
            yield PersonalSpan(words[at].start, words[last].end, Kind.NAME)
        at = last + 1
    for spelled in _IN_HIRAGANA.finditer(text):
        if NEVER.fullmatch(spelled[1]) is None:
            yield PersonalSpan(spelled.start(1), spelled.end(1), Kind.NAME)


def _rest_of_name(words: Sequence[Word], last: int) -> int | None:
    """Return the place of the word that goes on with the name which ends at *last*, over a space."""
    for after in (last + 1, last + 2):
        if after >= len(words):
            return None
        if _is_person(words[after]):
            return after
        if words[after].surface not in (" ", "\u3000", "・"):
            return None
    return None


def _is_person(word: Word) -> bool:
    return word.kind[2] == "人名" and NEVER.fullmatch(word.surface) is None


def _is_name(text: str, words: Sequence[Word], first: int, last: int, asked: str) -> bool:
    start, end = words[first].start, words[last].end
    name = text[start:end]
    if NEVER.fullmatch(name):
        return False
    kinds = {word.kind[3] for word in words[first : last + 1]}
    short_kana = _KANA.fullmatch(name) is not None and len(name) < 5
    if {"姓", "名"} <= kinds and len(name) >= 3 and not short_kana:
        return True
    if _is_called(words, last) or _gives_name(text, start, end, asked):
        return True
    if start == 0 and "姓" in kinds and len(name) >= 3 and SAYS_NAME.match(text, end):
        return True
    return (
        _KANJI.fullmatch(name) is not None
        and (("姓" in kinds and len(name) >= 2) or ("一般" in kinds and len(name) >= 3))
        and PLACES.fullmatch(name) is None
        and not _stands_in_a_longer_name(words, first, last)
    )


def _stands_in_a_longer_name(words: Sequence[Word], first: int, last: int) -> bool:
    """大和町, 鈴木通り: the name of a place, a firm, a road."""
    if first and words[first - 1].kind[2] == "地名":
        return True
    if last + 1 >= len(words):
        return False
    after = words[last + 1]
    if after.kind[0] == "接尾辞":
        return CALLED.fullmatch(after.surface) is None and after.surface not in _STILL_A_PERSON
    return after.kind[2] == "地名" or (
        after.kind[:2] == ("名詞", "普通名詞") and not _is_called(words, last)
    )


def _is_called(words: Sequence[Word], last: int) -> bool:
    after = "".join(word.surface for word in words[last + 1 : last + 3])
    # 課長 comes as 課 and 長, or as one.
    return CALLED.match(after) is not None or RANKS.match(after) is not None


def _has_rank(words: Sequence[Word], last: int) -> bool:
    after = "".join(word.surface for word in words[last + 1 : last + 3])
    return RANKS.match(after) is not None


def _gives_name(text: str, start: int, end: int, asked: str) -> bool:
    """私、林と申します; 市民課の林です; after the question for the name, the name alone."""
    before = text[max(0, start - _BEFORE_CHARACTERS) : start]
    if SAYS_NAME_SURELY.match(text, end) or NAME_BEFORE.search(before):
        return True
    if SAYS_NAME.match(text, end) is None and text[end:].strip("。、 "):
        return False
    return NAME_ASKED.search(asked) is not None or SELF_BEFORE.search(before) is not None


def _is_name_of_another_word(text: str, words: Sequence[Word], at: int) -> bool:
    """千葉と申します, 福島さん, グエンと申します: a place or an unknown word that is somebody's name here."""
    word = words[at]
    name = word.surface
    if word.kind[0] != "名詞" or word.kind[1] == "数詞" or NEVER.fullmatch(name):
        return False
    if NO_NAME_ENDS.fullmatch(name) or len(name) > _LONGEST_NAME:
        return False
    before = words[at - 1] if at else None
    place = word.kind[2] == "地名"
    unknown = (
        word.unknown
        and len(name) >= 2
        and (_KANJI.fullmatch(name) or _KANA.fullmatch(name)) is not None
    )
    if SAYS_NAME_SURELY.match(text, word.end):
        goes_on = before is not None and before.kind[0] in ("名詞", "接頭辞", "連体詞")
        fits = place or unknown or word.kind[1] == "固有名詞" or len(name) <= 3
        return fits and not (goes_on and before is not None and not _is_person(before))
    if not (place or unknown):
        return False
    if at + 1 < len(words) and (
        words[at + 1].surface in ("さん", "様", "さま", "氏") or _has_rank(words, at)
    ):
        return before is None or before.kind[2] != "地名"
    said_before = text[max(0, word.start - _BEFORE_CHARACTERS) : word.start]
    return not place and NAME_BEFORE.search(said_before) is not None


def _answers_with_name(text: str, word: Word, asked: str) -> bool:
    """林です, after the question for the name: the whole answer is one noun."""
    return (
        NAME_ASKED.search(asked) is not None
        and word.kind[0] == "名詞"
        and _ANSWER_BEGINS.fullmatch(text, 0, word.start) is not None
        and _ANSWER_ENDS.fullmatch(text, word.end) is not None
        and len(word.surface) <= _LONGEST_ANSWER
        and (_KANJI.fullmatch(word.surface) or _KATAKANA.fullmatch(word.surface)) is not None
        and NO_NAME_ENDS.fullmatch(word.surface) is None
        and NEVER.fullmatch(word.surface) is None
    )
