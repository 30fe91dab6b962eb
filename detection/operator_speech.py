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
"""Letters of a statement: 「少々お待ちください」 has 9, 「四月一日から受け付けます」 12 and matches a pattern."""
_SENTENCE: Final = re.compile(r"[^。?]+[。?]?")
_STATES: Final = re.compile(
    r"(?:です|ます|ました|ません|でした|ございます|ください)(?:が|ので|ね|よ|から)?(?:。|$)"
)
_SAYS_NOTHING: Final = re.compile(
    r"申し訳|恐れ入|お待ち|お調べ|確認(?:いたし|し)(?:ます|てまいり)|お電話ありがとう|お電話くださ|お世話に"
    r"|(?:課|係|室|窓口|せんたー?|案内|支所)でございます|そうでしたか|おっしゃる(?:とおり|通り)|お?つな[ぎげ]|代わり(?:ます|いた)"
    r"|お伺い|お聞かせ|かしこまり|承知|ありがとうございま|失礼(?:いた|し)|お察し|お気持ち|おつらかった|お名前|ご住所"
    r"|お電話番号|教えて(?:ください|いただ)|お話し?(?:ください|くださ)|ご発言は|記録いたし|ご?要望(?:は|として)承りました"
)
_COURTESY: Final = re.compile(
    r"^[^。?]{0,16}(?:お察し|申し訳|恐れ入り|心苦し|残念|お気の毒|お気持ち|ご事情|重く受け止め|お詫び)"
    r"[^。?]{0,14}(?:ですが|ますが|ませんが|けれども|けど|(?<=ます)ので)"
)
"""「お気持ちはお察ししますが、…」: what is said comes behind."""
_STEPS: Final = frozenset({Cue.ASKED_TO_STOP, Cue.WARNED, Cue.CLOSING})
_REQUIRES: Final = re.compile(
    r"(?:(?<!それ)でない|調べない|確認しない|いただかない|なければ|ない)と?[^。?]{0,12}でき(?:ません|かね)"
)
"""「ご本人でないとお話しできません」 says what is needed; it refuses no demand for good."""
_CONDITION: Final = re.compile(
    r"場合|よう(?:でした|であれ|な)ら?ば?|のであれば|なければ|ないよう|でしたら|(?:ら|め|け)れるなら|(?:る|い|う)なら|ましたら|(?:た|だ)ら(?:、)?切"
    r"|(?:ます|です|だ)と(?!い|思|存|申|の|お)|続けば|こと(?:が|も)(?:ござい|あり)|ことになります|かねません|あと(?:一|1)(?:度|回)|次(?:は|に)|あと[^。]{1,4}分"
)


def operator_cues(text: NormalText, entries: Iterable[CueEntry]) -> tuple[Cue, ...]:
    """Return what an operator's utterance does, each kind once."""
    known = tuple(entries)
    cues: dict[Cue, None] = {}
    for sentence in _SENTENCE.findall(text.normal):
        cues |= _sentence_cues(sentence, known)
    if Cue.CLOSING in cues:
        # Who ends the call no longer asks or threatens.
        cues.pop(Cue.ASKED_TO_STOP, None)
        cues.pop(Cue.WARNED, None)
    return tuple(cues)


def _sentence_cues(sentence: str, entries: tuple[CueEntry, ...]) -> dict[Cue, None]:
    cues: dict[Cue, None] = dict.fromkeys(
        entry.cue for entry in entries if entry.pattern.search(sentence)
    )
    if Cue.CLOSING in cues and _CONDITION.search(sentence):
        # 「続く場合は、これで終了…」 is still a warning.
        del cues[Cue.CLOSING]
        cues[Cue.WARNED] = None
    if _STEPS & cues.keys():
        # 「そのようなお言葉では、ご用件を伺うことができません」 refuses the tone, not the demand.
        return {cue: None for cue in cues if cue not in (Cue.REFUSAL, Cue.ANSWER)}
    if Cue.REFUSAL in cues and _REQUIRES.search(sentence):
        del cues[Cue.REFUSAL]
        cues[Cue.ANSWER] = None
    if Cue.REFUSAL in cues:
        cues.pop(Cue.ANSWER, None)
    elif not cues and _explains(sentence):
        cues[Cue.ANSWER] = None
    return cues


def _explains(sentence: str) -> bool:
    """Say whether a sentence states something, beyond courtesy, questions and 「はい、はい」."""
    sentence = _COURTESY.sub("", sentence)
    return (
        len(sentence) >= _LEAST_ANSWER
        and _STATES.search(sentence) is not None
        and _SAYS_NOTHING.search(sentence) is None
    )
