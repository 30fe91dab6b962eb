"""Pure: where somebody lives: a town with its numbers. The name of a city alone tells of nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from app.privacy.spans import Kind, PersonalSpan
from app.privacy.words import Word

_COUNT: Final = r"[\d十百]{1,6}"
_HOUSE: Final = re.compile(
    rf"ノ?\s?(?:[北南]\s?{_COUNT}\s?条\s?[東西]\s?{_COUNT}(?:\s?丁目)?|{_COUNT}\s?条\s?(?:[東西南北]\s?)?{_COUNT}\s?丁目|"
    rf"{_COUNT}\s?(?:丁目|番地|番\s?ノ?\s?{_COUNT}(?:\s?号(?!室|棟|線|車))?|番(?=\s?{_COUNT}\s?号)|[-ー]\s?{_COUNT}(?=\s?[-ー番号]|$|[^\d十百年月円人件%個回時分歳条項度勝]))|{_COUNT}\s?ノ\s?{_COUNT}(?=ノ|デス|$|[、。]))"
    rf"(?:\s?[-ー、ノ]?\s?{_COUNT}\s?(?:丁目|番地|番(?!目|窓口)|号室|号棟|号(?!線|車)|-|ー|(?=ノ|デス|ニ|$|[、。\s])))*"
    rf"(?:\s?[-ー、ノ]\s?{_COUNT}(?!\s?[年月円人件%個回時分歳度]))?"
)
_HOUSE_BEGINS: Final = re.compile(r"[\d北南]|十")
_BUILDING: Final = re.compile(
    rf"[、\s]?(?:[一-龥ァ-ヴーA-Za-z0-9]{{0,14}}(?:マンション|アパート|団地|荘|ハイツ|コーポ|メゾン|レジデンス|ビル|住宅|寮|コート|パレス)[一-龥ァ-ヴーA-Za-z]{{0,8}}?[、\sノ]?)?"
    rf"(?:\s?{_COUNT}\s?号?棟[ノ\s]?)?(?:\s?{_COUNT}\s?号室?|\s?{_COUNT}\s?階)?"
)
_ROOM: Final = re.compile(
    rf"(?:マンション|アパート|団地|荘|ハイツ|コーポ|メゾン|レジデンス|コート|パレス|寮)[ァ-ヴーA-Za-z一-龥]{{0,8}}?[ノ、\s]{{0,2}}(?:{_COUNT}\s?号棟[ノ\s]?)?{_COUNT}\s?(?:号室|号)"
)
_LIVES: Final = re.compile(r"住所|住ンデ|住マイ|在住|自宅|実家|家ハ|引ッ越|転入|転居|転出|宛")
_LIVES_AFTER: Final = re.compile(
    r".{0,4}(?:住ン|住マイ|在住|自宅|ニ引ッ越|ニ転居|ニアル(?:家|自宅)|ノ自宅)"
)
_TOWN: Final = re.compile(
    r".+[都道府県市郡区].*(?:町|村|字.+|台|丘|野|区|条|通|ケ丘|ヶ丘|本町|東|西|南|北|.{2,})$"
)
_CITY: Final = re.compile(r"(?:.{2,3}[都道府県])?.{1,6}?[市郡区]")
_WHOLE: Final = re.compile(r"(?:.{2,3}[都道府県])?(?:.{1,5}郡)?.{1,6}?[市区町村](?:.{1,5}区)?")
_TOWN_END: Final = re.compile(
    r"(?:町|丁|村|台|丘|字|条|通|野|区|市|島|原|沢|川|山|里|郷|田|井|浜|崎|谷|木|東|西|南|北|幌|別|内|坂|端|目|口)$"
)
_OFFICES: Final = re.compile(
    r"(?:市役所|区役所|役場|庁舎|窓口|課|係|室|部|議案|条例|規則|法|令|予算|請求|番号|電話|第|約|全|ルート|国道|道道|県道)$"
)


def addresses(text: str, words: Sequence[Word], asked: str = "") -> Iterator[PersonalSpan]:
    """Yield the addresses in *text*, which is plain; *words* are those of the text as it was written."""
    yield from _towns(text, words, asked)
    for room in _ROOM.finditer(text):
        yield PersonalSpan(room.start(), room.end(), Kind.ADDRESS)
    if _HOUSE_BEGINS.search(text) is None:
        return
    done = 0
    for at, word in enumerate(words):
        if word.start < done or not _HOUSE_BEGINS.match(text, word.start):
            continue
        begins = _place_before(text, words, at)
        if begins is None:
            continue
        house = _HOUSE.match(text, begins[1])
        if house is None or house.end() <= word.start:
            continue
        end = house.end()
        building = _BUILDING.match(text, end)
        if building is not None and building[0].strip("、 "):
            end = building.end()
        while end > house.start() + 1 and text[end - 1] in "-ー、ノ ":
            end -= 1
        yield PersonalSpan(begins[0], end, Kind.ADDRESS)
        done = end


def _place_before(text: str, words: Sequence[Word], at: int) -> tuple[int, int] | None:
    """Return where the place before the word *at* begins and ends; None where none stands there."""
    first = at
    if first and words[first - 1].surface in ("の", "、", " "):
        first -= 1
    end = words[first - 1].end if first else 0
    named = False
    start: int | None = None
    while first:
        word = words[first - 1]
        if word.kind[0] not in ("名詞", "接尾辞", "接頭辞", "形状詞") or (
            word.kind[1] == "数詞" and start is None
        ):
            break
        if _OFFICES.search(word.surface):
            break
        named = named or word.kind[2] == "地名"
        start = word.start
        first -= 1
        if end - start > 24:
            break
    if start is None:
        return None
    place = text[start:end]
    if not named and not re.search(r"[町丁村台丘字]$", place):
        return None
    if _OFFICES.search(place) or not (_TOWN_END.search(place) or named):
        return None
    return start, end


def _towns(text: str, words: Sequence[Word], asked: str) -> Iterator[PersonalSpan]:
    """Yield a town without its numbers, where the words round it say that somebody lives there."""
    for at, word in enumerate(words):
        if word.kind[2] != "地名" or (at and words[at - 1].kind[2] == "地名"):
            continue
        last = at
        while last + 1 < len(words) and (
            words[last + 1].kind[2] == "地名"
            or words[last + 1].surface in ("町", "区", "村", "台", "丘", "本町")
        ):
            last += 1
        start, end = word.start, words[last].end
        whole = _WHOLE.match(text, start, end)
        if whole is None or end - whole.end() < 2:
            continue
        before = text[max(0, start - 14) : start]
        if _LIVES.search(before) or _LIVES.search(asked) or _LIVES_AFTER.match(text, end):
            yield PersonalSpan(start, end, Kind.ADDRESS)
