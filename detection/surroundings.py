"""Pure: judged words and what stands around them: their sentence, quotation marks, and whether the caller insists.

The judged words may be one word, a clause or the whole utterance. A clause holds the words that would take
its harm away (「殺すぞって言われました」): `clauses` leads to the parts that are judged each by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from detection.text import NormalText
from detection.types import Category, Severity

_BEFORE: Final = 28
"""Characters of the same sentence before a match that may change its meaning."""
_AFTER: Final = 36
_NEXT: Final = 24
"""Characters of the next sentence; only an apology reaches that far."""

_THREAT: Final = frozenset({Category.PHYSICAL_ATTACK})
SAID: Final = (
    r"(?:と|って|とか|など(?:と)?|なんて|みたいな(?:こと)?(?:を)?|ような(?:こと)?(?:を)?|的な)"
)

# 「馬鹿って言われたいのか」, 「…と言われても仕方ない」: the caller's own words in a passive dress.
OWN_PASSIVE: Final = re.compile(
    rf"{SAID}?.{{0,4}}(?:言われ|呼ばれ|書かれ|思われ)(?:たい|たくな|なきゃ|なければ|ないと|る前|て(?:も(?!う)|当然"
    rf"|当たり前)|るだけ|たら(?:する|しろ|やる|やれ|さっさ)|たこと(?:が)?(?:あり|ある|な)[^。?]{{0,4}}(?:か|だろ"
    rf"|でしょ|\?)|るん?だ(?:よ|ぞ)|んだよ|るぞ|るのが)"
)
_INSISTS: Final = re.compile(
    r"[^。?]{0,16}?(?:と|って)(?:さっきから|何度も|何回も|ずっと|俺は|私は|こっちは|だから)?(?:言っ?て[いん]?(?:る"
    r"|ん)|言うて[るん]|ゆうて[るん]|言っ?と[るん]|いっ?てる?ん|言っただろ|言ったよな|(?:何度|何回)(?:も)?言(?:わせ"
    r"|えば|ったら)|言うぞ|言いたい|思って(?:る|い))"
    r"(?!(?:人|方|奴|やつ|男|女|子|の(?:が|を|は|も)[聞き見]|んですけど誰))"
)

_FINISHED: Final = re.compile(r"(?:だろう?|でしょう?|のに|ぞ|とけ|んだよ|やろ)$")
_PAUSED: Final = re.compile(
    r"(?:けど|けれど|(?<=[すただるいん])が|から|ので|なら|たら|れば|んだ|です|ます|ました|ですよ|よ|ね|な|だ|ない"
    r"|いい|し|け|ろ)$"
)

# 「断ったら、どうなるか」 is one thing that is said.
_CONDITION: Final = re.compile(r"(?:たら|だら|れば|ければ|えば|なら|ても|でも|ないと)$")
# A clause ends here even where the recogniser wrote no comma.
_JOINT: Final = re.compile(
    r"(?:けれども|けれど|けど|ので|のに|んですが|ですが|ますが|ましたが|(?:た|る|す|い|だ)から(?!な|ね|よ|で|だ))"
)
_AIMED_END: Final = re.compile(
    r"(?:(?:て|で)(?:や(?:る|っ)|たる|ちゃる|てえ)(?:か|よ|わ|から|ぞ|ん)?|[うくすつぬむるぐぶ]ぞ|から(?:な|ね)"
    r"|もらう(?:ぞ|か|よ)?|もらおうか"
    r"|(?:[しせべれけてめえ]ろ|やがれ|なさい|死ね|しね|くたばれ|殺せ|謝れ|黙れ|だまれ|出せ|よこせ|払え|来い|こい"
    r"|やれ|返せ|どけ|[いし]?とけ))(?:よ|や|な)?[。?]?$"
)
_AIMED: Final = re.compile(
    r"お前|おまえ|てめ[えー]|貴様|きさま|あんた|おたく|お宅|覚え(?:て|と)(?:ろ|け|れ|お)|覚悟|後悔|ただ(?:じゃ"
    r"|では)|許さ|許せ(?:ん|ない|ねえ)|思い知|痛い目"
    r"|(?:分かって|わかって|知って)[いん]?(?:る|ん|ます)(?:よ|だ|で|の|か|ん)|どうな(?:る|って)[もか]|知りませんよ"
    r"|知らない(?:よ|ぞ|から)|この(?:野郎|税金|無能)"
)
# Whoever threatens politely speaks of the office and the staff without 「お前」.
_ADDRESSED: Final = re.compile(
    r"あなた|そちら|そっち|職員|担当|係の|課長|窓口|役所|庁舎|君ら|ご家族|お子さん|奥さん|名前"
)


@dataclass(frozen=True)
class Surroundings:
    """A match in the normal text, and what kind of entry matched."""

    text: NormalText
    start: int
    end: int
    category: Category
    severity: Severity
    until: int | None = None
    """Where the clause ends to which a rule is to keep; None reads on to the end of the sentence."""

    @cached_property
    def matched(self) -> str:
        return self.text.normal[self.start : self.end]

    @cached_property
    def before(self) -> str:
        """Up to the match, from the start of its sentence or `_BEFORE` characters."""
        near = self.text.normal[max(0, self.start - _BEFORE) : self.start]
        return re.split(r"[。?]", near)[-1]

    @cached_property
    def clause(self) -> str:
        """`before`, less what a finished clause says: 「先生もそう言ってたぞ、」 has its own subject."""
        start = self.start
        if re.match(r"[^。?]{0,4}(?:のに|けど|んだ|なら)", self.matched):
            return ""  # the match itself begins in the clause before
        for at in range(start, start - len(self.before), -1):
            said = self.text.normal[max(0, at - 6) : at]
            if _FINISHED.search(said) or (_PAUSED.search(said) and self._pause_at(at)):
                return self.text.normal[at:start]
        return self.before

    def _pause_at(self, at: int) -> bool:
        """Whether a comma, which the normal text does not keep, stood before a letter."""
        spans = self.text.spans
        return any(c in "、,，" for c in self.text.original[spans[at - 1].end : spans[at].start])

    @cached_property
    def after(self) -> str:
        """From the match to the end of its sentence, the mark included."""
        last = self.end + _AFTER
        rest = self.text.normal[self.end : last if self.until is None else min(last, self.until)]
        found = re.search(r"[。?]", rest)
        # 「殺すぞ。」と言われました: a full stop inside a quotation does not end the sentence.
        if found and re.match(r"(?:と|って)(?:言|い|怒|叫|脅)", rest[found.end() :]):
            return rest[: found.start()] + rest[found.end() :]
        return rest[: found.end()] if found else rest

    @cached_property
    def following(self) -> str:
        """`after`, and the beginning of what comes behind it."""
        return self.text.normal[self.end : self.end + _AFTER + _NEXT]

    @cached_property
    def quoted(self) -> bool:
        """Whether the caller's words set the match in quotation marks."""
        span = self.text.locate(self.start, self.end)
        original = self.text.original
        opened = max(original.rfind(mark, 0, span.start + 1) for mark in "「『“")
        closed = max(original.rfind(mark, 0, span.start) for mark in "」』”")
        closes = min(
            (at for mark in "」』”" if (at := original.find(mark, span.start)) >= 0), default=-1
        )
        # A text that is nothing but a quotation is somebody's way of writing, not a report.
        return (
            opened > closed and closes >= 0 and bool(original[closes + 1 :].strip("。．.!！?？ "))
        )

    @property
    def is_threat(self) -> bool:
        return self.severity is Severity.STOP or self.category in _THREAT

    @property
    def insists(self) -> bool:
        return bool(_INSISTS.match(self.after) or OWN_PASSIVE.match(self.after))

    # A clause, a sentence, the whole utterance ---------------------------------------------------------

    def part(self, start: int, end: int, until: int | None = None) -> Surroundings:
        """Return the surroundings of another range, judged as the same kind."""
        return replace(self, start=start, end=end, until=until)

    @cached_property
    def is_clause(self) -> bool:
        """Whether the judged words run from one border between clauses to another."""
        return self._is_border(self.start) and self._is_border(self.end)

    def _is_border(self, at: int) -> bool:
        normal = self.text.normal
        if at <= 0 or at >= len(normal) or normal[at - 1] in "。?" or normal[at] in "。?":
            return True
        said = normal[max(0, at - 6) : at]
        return self._pause_at(at) or bool(re.search(rf"{_JOINT.pattern}$", said))

    @cached_property
    def clauses(self) -> tuple[Surroundings, ...]:
        """The clauses of which the judged words consist, in order."""
        normal, borders = self.text.normal, [self.start]
        joints = {self.start + found.end() for found in _JOINT.finditer(self.matched)}
        for at in range(self.start + 1, self.end):
            ends = normal[at - 1] in "。?" or at in joints
            if not ends and self._pause_at(at):
                said = normal[max(0, at - 6) : at]
                ends = bool(_FINISHED.search(said) or _PAUSED.search(said) or said.endswith("て"))
                ends = ends and not _CONDITION.search(said)
                # 「…やるからな、って言われました」: a quotation goes on behind its pause.
                ends = ends and not re.match(r"(?:と|って|とか|など|なんて)", normal[at : at + 3])
            if ends:
                borders.append(at)
        ranges = zip(borders, [*borders[1:], self.end], strict=True)
        return tuple(self.part(*range_) for range_ in ranges if range_[0] < range_[1])

    @cached_property
    def ends_aimed(self) -> bool:
        """Whether the words end as one speaks to somebody whom one means: 「…てやる」, 「…ろよ」."""
        return bool(_AIMED_END.search(self.matched))

    @cached_property
    def is_aimed(self) -> bool:
        """Whether the words, by their mood alone, are meant for the one who listens."""
        if self.ends_aimed or _AIMED.search(self.matched):
            return True
        return self.is_threat and bool(_ADDRESSED.search(self.matched))
