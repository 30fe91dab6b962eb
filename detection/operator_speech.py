"""Pure: what the operator's own words do in the conversation: answer, refuse, ask to stop, warn, close.

The ladder and the question of repetition rest on this, so it is the words that were really spoken that
count, not a button. Each kind has its patterns in ``cues_operator.toml``; what follows are the few relations
between kinds that no single pattern can know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from detection.lexicon import CueEntry
from detection.text import NormalText
from detection.types import Cue

_LEAST_ANSWER: Final = 14
"""Characters of a statement. 「少々お待ちください」 has 9, 「おっしゃるとおりでございます」 14 and no content."""
_STATES: Final = re.compile(
    r"(?:です|ます|ました|ません|でした|ございます|ください)(?:が|ので|ね|よ)?(?=。|$)"
)
_SAYS_NOTHING: Final = re.compile(
    r"申し訳|恐れ入|お待ち|お調べ|確認(?:いたし|し)ます|確認(?:いたし|し)てまいり|お電話ありがとう|お世話に"
    r"|でございます(?=。|$)|そうでしたか|おっしゃるとおり|おっしゃる通り|おつなぎ|代わり|お伺い|お聞かせ"
    r"|承り?まし|かしこまり|承知|ありがとうございます|ありがとうございました|失礼(?:いた|し)|お察し"
    r"|お気持ち|お名前|ご住所|お電話番号|教えて(?:ください|いただ)|お話し?(?:ください|くださ)"
)


def operator_cues(text: NormalText, entries: Iterable[CueEntry]) -> tuple[Cue, ...]:
    """Return what an operator's utterance does, each kind once."""
    cues = dict.fromkeys(e.cue for e in entries if e.pattern.search(text.normal))
    if Cue.CLOSING in cues:
        # Who ends the call no longer threatens to.
        cues.pop(Cue.ASKED_TO_STOP, None)
        cues.pop(Cue.WARNED, None)
    if not cues and _explains(text.normal):
        cues[Cue.ANSWER] = None
    return tuple(cues)


def _explains(normal: str) -> bool:
    """Say whether some sentence states something, beyond courtesy, questions and 「はい、はい」."""
    return any(
        len(sentence) >= _LEAST_ANSWER
        and _STATES.search(sentence) is not None
        and _SAYS_NOTHING.search(sentence) is None
        for sentence in re.split(r"。|[^。?]*\?", normal)
    )
