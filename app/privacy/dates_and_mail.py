"""Pure: dates of birth and addresses of electronic mail, written or as they are spoken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from app.privacy.spans import Kind, PersonalSpan

_COUNT: Final = r"[\d十百千]{1,7}"
_YEAR: Final = (
    rf"(?:(?:明治|大正|昭和|平成|令和|西暦|[MTSHRmtshr]\.?)?\s?(?:{_COUNT}|元)\s?年|"
    r"(?:[MTSHRmtshr]\.?)?\d{1,4}\s?[./](?=\s?\d{1,2}\s?[./]))"
)
_DAY: Final = rf"(?:{_COUNT}\s?月\s?(?:{_COUNT}\s?日)?|\s?\d{{1,2}}\s?[./]\s?\d{{1,2}}(?!\d))"
_DATE: Final = re.compile(rf"(?:{_YEAR}[\sノ、]{{0,2}})?{_DAY}|(?<!\d)(?:19|20)\d{{6}}(?!\d)")
_BORN_AFTER: Final = re.compile(r"[\sノ、ニ]{0,2}(?:生マレ|ウマレ|生レ|出生|生(?![一-龥ァ-ヴ]))")
_BORN_BEFORE: Final = re.compile(
    r"生年月日|誕生日|生マレタ日|生マレタノ|生マレハ|生マレガ|ウマレハ|バースデー"
)
_BEFORE_CHARACTERS: Final = 14
_ANOTHER_DATE: Final = re.compile(r"届|締切|期限|受付|予約|開庁|提出")

_WORD: Final = r"[A-Za-z0-9_+-]{1,64}|[ァ-ヶー]{1,40}"
_DOT: Final = r"\s?(?:\.|ドット|テン)\s?"
_SIGN: Final = r"(?:ドット|ハイフン|アンダーバー|アンダースコア)"
# Whatever was taken stays taken (possessive): a rule that tries a line of dashes in every way stops the server.
_NAME_PART: Final = r"(?:(?:(?![aA]t ?マーク)[A-Za-z0-9_+-]){1,64}+|(?:(?!アット)[ァ-ヶー]){1,40}+)"
_NAME_GOES_ON: Final = (
    rf"(?>\s?(?:\.|{_SIGN}|[-_])\s?|"
    r"(?:(?<=[-_])|(?<=ドット)|(?<=ハイフン)|(?<=アンダーバー)|(?<=アンダースコア))\s?)"
)
_MAIL: Final = re.compile(
    rf"{_NAME_PART}(?:{_NAME_GOES_ON}{_NAME_PART}){{0,8}}+"
    rf"\s?(?:@|[aA]t ?マーク|アットマーク|アット)\s?(?:{_WORD})(?:{_DOT}(?:{_WORD}))*"
)
_KATAKANA_AT: Final = re.compile(r"アット|@|[aA]t ?マーク")
_ENDS: Final = re.compile(r"\.|ドット|テン")
_ROOM_FOR_ASCII: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
"""Letters as wide as a kanji, as narrow ones."""


def birth_dates(text: str, asked: str = "") -> Iterator[PersonalSpan]:
    """Yield days that *text*, which is plain, calls somebody's birth; *asked* was said to the speaker before."""
    for found in _DATE.finditer(text):
        before = text[max(0, found.start() - _BEFORE_CHARACTERS) : found.start()]
        told_whole = any(sign in found[0] for sign in "年./") or found[0].isdigit()
        if not told_whole and "日" not in found[0]:
            continue
        asked_for = _BORN_BEFORE.search(asked) and not _ANOTHER_DATE.search(before)
        born = _BORN_AFTER.match(text, found.end())
        if born and not told_whole and "ニ" in born[0]:
            born = None  # 5月3日に生まれた制度
        if asked_for or born or _BORN_BEFORE.search(before):
            yield PersonalSpan(found.start(), found.end(), Kind.BIRTH_DATE)


def mail_addresses(text: str) -> Iterator[PersonalSpan]:
    """Yield addresses in *text*, which is as it was written: hiragana between them are no part of one."""
    written = text.translate(_ROOM_FOR_ASCII)
    if _KATAKANA_AT.search(written) is None:
        return
    for found in _MAIL.finditer(written):
        if "@" in found[0] or _ENDS.search(found[0]):
            yield PersonalSpan(found.start(), found.end(), Kind.EMAIL)
