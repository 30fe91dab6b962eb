"""Pure: a match and the words around it: its sentence, its quotation marks, and whether the caller insists."""

from __future__ import annotations

import re
from dataclasses import dataclass
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
    rf"{SAID}?.{{0,4}}(?:言われ|呼ばれ|書かれ|思われ)(?:たい|たくな|なきゃ|なければ|ないと|る前|て(?:も|当然|当たり前|もしょうが|も仕方)|ても|るん?だ(?:よ|ぞ)|んだよ|るぞ|るのが)"
)
_INSISTS: Final = re.compile(
    r"[^。?]{0,16}?(?:と|って)(?:さっきから|何度も|何回も|ずっと|俺は|私は|こっちは|だから)?(?:言っ?て[いん]?(?:る|ん)|言うて[るん]|ゆうて[るん]|言っ?と[るん]|いっ?てる?ん|言っただろ|言ったよな|(?:何度|何回)(?:も)?言(?:わせ|えば|ったら)|言うぞ|言いたい|思って(?:る|い))"
    r"(?!(?:人|方|奴|やつ|男|女|子|の(?:が|を|は|も)[聞き見]|んですけど誰))"
)

_FINISHED: Final = re.compile(r"(?:だろう?|でしょう?|のに|ぞ|とけ|んだよ|やろ)$")
_PAUSED: Final = re.compile(
    r"(?:けど|けれど|が|から|ので|なら|たら|れば|んだ|です|ます|ました|ですよ|よ|ね|な|だ|ない|いい|し|け|ろ)$"
)


@dataclass(frozen=True)
class Surroundings:
    """A match in the normal text, and what kind of entry matched."""

    text: NormalText
    start: int
    end: int
    category: Category
    severity: Severity

    @cached_property
    def matched(self) -> str:
        return self.text.normal[self.start : self.end]

    @cached_property
    def before(self) -> str:
        """Up to the match, from the start of its sentence or `_BEFORE` characters."""
        return re.split(r"[。?]", self.text.normal[: self.start])[-1][-_BEFORE:]

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
        rest = self.text.normal[self.end : self.end + _AFTER]
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
