"""Pure: what a number that was said is the number of: by its shape, and by the words before it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from app.privacy.digits import SpokenNumber, my_number_is_whole, passes_luhn
from app.privacy.spans import Kind, PersonalSpan

BEFORE_CHARACTERS: Final = 24
AFTER_CHARACTERS: Final = 10

_TELEPHONE: Final = re.compile(
    r"電話|携帯|ケータイ|ケイタイ|連絡先|折リ返|オリカエシ|デンワ|ファックス|FAX", re.IGNORECASE
)
_LAST_DIGITS: Final = re.compile(r"下 ?(?:4|ヨン) ?ケタ|下4桁|下ヨン桁|末尾")
_MY_NUMBER: Final = re.compile(r"マイナンバー|個人番号")
_CARD: Final = re.compile(r"カード|クレジット|デビット|VISA|ビザ|マスター", re.IGNORECASE)
_ACCOUNT: Final = re.compile(r"口座|普通|当座|支店|銀行|信金|信用金庫|農協|ユウチョ|通帳|記号|名義")
_OFFICIAL: Final = re.compile(
    r"免許|保険証|被保険者|保険者番号|年金|旅券|パスポート|受給者|手帳|在留カード|住民票コード|"
    r"診察券|資格確認書|医療証|介護保険|記号番号"
)
_POSTAL: Final = re.compile(r"郵便番号|〒")
_SOME_NUMBER: Final = re.compile(r"番号")
_NOBODYS: Final = re.compile(
    r"法人番号|受付番号|整理番号|問イ合ワセ番号|伝票|文書番号|告示|市役所ノ|市ノ代表|代表番号|窓口ノ番号|課ノ番号"
)
"""Numbers of offices and of papers."""
_COUNTED: Final = re.compile(
    r" ?(?:円|万|億|千|百|人|件|年|月|日|時|分|秒|個|回|度|枚|通|歳|キロ|メートル|平米|%|パーセント|ポイント|"
    r"丁目|番地|条|項)"
)
_SIGN_BEFORE: Final = re.compile(r"[A-Za-zＡ-Ｚａ-ｚ第]")
_SIGN_AFTER: Final = re.compile(r"[A-Za-zＡ-Ｚａ-ｚ号]")
_NAMED_AFTER: Final = re.compile(
    r"ガ|トイウノガ|ッテイウノガ|ノ(?:口座|電話|携帯|カード)|(?:ニ|マデ)(?:オ)?(?:電話|カケ|折リ)"
)
_OPEN_LINES: Final = ("0120", "0800", "0570", "0990")
"""Dialled by anybody: the lines of firms and offices."""
_MOBILE: Final = re.compile(r"0[5-9]0[1-9]\d{7}")
_LANDLINE: Final = re.compile(r"0[1-9]\d{8}")
_WORLD: Final = re.compile(r"81(?:[5-9]0\d{8}|[1-9]\d{8})")
_MOBILE_BEGUN: Final = re.compile(r"0[789]0\d{1,8}")


def kinds_of(number: SpokenNumber, text: str, asked: str = "") -> Iterator[PersonalSpan]:
    """Yield what is personal in *number* of *text*, which is plain; *asked* was said to the speaker before."""
    first = _called_before(number)
    while first < len(number.digits):
        rest = number.part(first, len(number.digits) - first)
        kind, count = _kind(rest, text, number.start, asked)
        if kind is not None:
            found = rest.part(0, count)
            yield PersonalSpan(*_with_signs(text, found.start, found.end, kind), kind)
        first += count


def _called_before(number: SpokenNumber) -> int:
    """Return 1 where the first digit is the さん after a name: 田中さん(090-1234-5678)."""
    start, end = number.places[0]
    if number.digits[0] != "3" or end - start == 1:
        return 0
    size, whole = len(number.digits), _by_shape(number)
    if whole is not None and whole[1] == size:
        return 0
    return 1 if _by_shape(number.part(1, size - 1)) is not None else 0


def _with_signs(text: str, start: int, end: int, kind: Kind) -> tuple[int, int]:
    """Return the place of a number with the letters that belong to it: +81…, AB12345678CD, 第12345号."""
    if kind is Kind.TELEPHONE and start and text[start - 1] == "+":
        return start - 1, end
    if kind is not Kind.OFFICIAL_NUMBER:
        return start, end
    while start and _SIGN_BEFORE.match(text[start - 1]):
        start -= 1
    while end < len(text) and _SIGN_AFTER.match(text[end]):
        end += 1
    return start, end


def _kind(number: SpokenNumber, text: str, begins: int, asked: str) -> tuple[Kind | None, int]:
    """Return what the first digits of *number* are, and how many belong to it; None: nobody's."""
    digits, size = number.digits, len(number.digits)
    before = text[max(0, begins - BEFORE_CHARACTERS) : begins]
    after = text[number.end : number.end + AFTER_CHARACTERS]
    if (
        digits.startswith(_OPEN_LINES)
        or _NOBODYS.search(before)
        or (size < 10 and _COUNTED.match(after))
    ):
        return None, size
    said = asked + before + (after if _NAMED_AFTER.match(after) else "")
    surely = _by_shape(number)
    if surely is not None and not _by_words_first(surely[0], said):
        return surely
    named = _by_words(said, size)
    if named is not None:
        return named, size
    if surely is not None:
        return surely
    if _MOBILE_BEGUN.fullmatch(digits) and size >= 7:
        return Kind.TELEPHONE, size
    return None, size


def _by_words_first(kind: Kind, said: str) -> bool:
    """Say whether words beat the shape: ten digits after 年金 are no telephone."""
    return (
        kind is Kind.TELEPHONE
        and not _TELEPHONE.search(said)
        and bool(_OFFICIAL.search(said) or _MY_NUMBER.search(said) or _ACCOUNT.search(said))
    )


def _by_shape(number: SpokenNumber) -> tuple[Kind, int] | None:
    digits, groups = number.digits, number.groups
    size = len(digits)
    if size >= 13:
        for count in (16, 15, 14, size):
            if 13 <= count <= min(size, 19) and not digits.startswith("0"):
                head = digits[:count]
                if passes_luhn(head) or (count == size and groups in ((4, 4, 4, 4), (4, 6, 5))):
                    return Kind.CARD, count
    if size == 12 and (my_number_is_whole(digits) or groups == (4, 4, 4)):
        return Kind.MY_NUMBER, size
    for pattern, count in ((_MOBILE, 11), (_LANDLINE, 10), (_WORLD, 12), (_WORLD, 11)):
        ends = size == count or (size > count and _ends_a_group(groups, count))
        if ends and pattern.fullmatch(digits[:count]):
            return Kind.TELEPHONE, count
    return None


def _ends_a_group(groups: tuple[int, ...], count: int) -> bool:
    reached = 0
    for group in groups:
        reached += group
        if reached >= count:
            return reached == count
    return False


def _by_words(said: str, size: int) -> Kind | None:
    """Return the kind that the words nearest to the number speak of."""
    nearest: tuple[int, Kind] | None = None
    for words, kind, least, most in (
        (_TELEPHONE, Kind.TELEPHONE, 4, 13),
        (_LAST_DIGITS, Kind.TELEPHONE, 4, 4),
        (_MY_NUMBER, Kind.MY_NUMBER, 4, 13),
        (_CARD, Kind.CARD, 4, 19),
        (_ACCOUNT, Kind.ACCOUNT, 5, 14),
        (_OFFICIAL, Kind.OFFICIAL_NUMBER, 4, 14),
        (_POSTAL, Kind.ADDRESS, 7, 7),
        (_SOME_NUMBER, Kind.OFFICIAL_NUMBER, 8, 14),
    ):
        if not least <= size <= most:
            continue
        for found in words.finditer(said):
            weak = kind is Kind.OFFICIAL_NUMBER and words is _SOME_NUMBER
            place = -1 if weak else found.end()
            if nearest is None or place >= nearest[0]:
                nearest = (place, kind)
    return nearest[1] if nearest is not None else None
