"""Pure: what one utterance does to the question whether a demand keeps coming back after it was answered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from detection.likeness import NOTHING_SAID, Said, content_words
from detection.types import Assessment, Cue, Speaker, Utterance

_CONTENT: Final = re.compile(r"[一-龯々]{1,4}|[ァ-ヶー]{2,}")
"""For words that the detector did not give."""
_SCOLDS: Final = frozenset({Cue.WARNED, Cue.ASKED_TO_STOP})
_LEAST_LETTERS: Final = 8
"""「そうですか」「ははあ、なるほど」 state nothing; 「弁償なしで」 is said with more around it."""
_GRANTS: Final = re.compile(
    r"(?:お返し|返金|お送り|送付|発送|手配|お届け|お持ち|用意|対応|お渡し|ご連絡|お電話|発行|訂正|修正|お支払い|補償|ご?報告)"
    r"(?:を)?(?:いた|致)?し(?:ます|たします)|(?:お)?(?:伺い|参り|まいり|向かい|向かわせ|来させ|行かせ)ます|差し上げます"
    r"|(?<!意見として)(?<!要望として)承(?:り|れ)ます|お受け(?:いた)?します|(?:で|ても|でも)(?:結構です|かまいません|構いません|大丈夫です)"
)
"""What was asked for will be done: such a sentence answers no demand that could come back."""
_TAKES_ANOTHER_WAY: Final = re.compile(
    r"^(?:そう(?:ですか|か|なんですね)|わか(?:った|りました)|分か(?:った|りました)|はい|ああ)?[、。…\s]*"
    r"(?:じゃあ?|では|それなら|それでは|だったら|でしたら|なら)(?!な[いく])"
)
"""「じゃあ金曜日に」: something else is asked for, unless that is refused like the first."""
_HOLDS_ON: Final = re.compile(
    r"^[、。…\s]*(?:(?:あの|ええ|えー|はあ|うーん|まあ|そう(?:ですか|か)|なるほど|わか(?:った|りました)|分か(?:った|りました))[、。…ー\s]*)?"
    r"(?:いや|いえ(?!いえ)|でも|だって|だから|ですから|ただ[、しで]|しかし|けど[、ね]|そうは(?:言|い)|それでも|それじゃ|とにかく|そこを|そんな|なんで|何で|どうして(?:も)?)"
    r"|^[^。??]{0,14}(?:なんて|なんか|じゃ(?:遅|駄目|だめ|なく)|では?なく|は(?:もう)?いい(?:です|よ|から|んだ|。|、|$)|(?:は|なんか)?いら(?:ない|ん))"
    r"|(?:できる|出来る|やれる|やれば)(?:でしょう|だろう|だろ|はず|じゃない)|そう(?:言|おっしゃ)わずに"
)
"""Speaks against the answer, or waves an offer away."""
_PRESSES: Final = re.compile(
    r"(?:ろ|くれ|せ|なさい|べき(?:だ|です|でしょう)|当たり前(?:だ|です)|頼みますよ)(?:よ|や|って)?[。!!??]*$"
    r"|(?:だろう?|でしょう?|じゃない(?:か|の|ですか)?|(?:もら|いただ|くださ)[^。]{0,3}よ)[。!!??]*$"
)
"""Asks with pressure: four such demands, each refused, are one push, however differently they are worded."""
_SAME_CONDUCT: Final = re.compile(
    r"求め|要求|ご?要望|強い(?:る|ら)|強要|同じ(?:こと|お話|内容|ご|お)|繰り返|何度も|毎日|お詫びを|謝罪を|お金を|金銭"
)
"""A warning that names what is asked for, not only the tone, says no to it once more."""
_ASKS: Final = re.compile(
    r"(?<!じゃない)(?<!じゃないです)(?<!もんです)(?<!ありません)(?<!ではないです)(?<!やない)(?<!いうの)(?<!つもり)(?<!もの)"
    r"(?:か|かな|かね|かしら|かい)[。??]*$|^[^。]{0,12}(?:です|でした)よね[。??]*$|[??]$"
    r"|(?:いつ|どこ|誰|だれ|いくら|何時|何日|どのくらい|どれくらい|どちら)[^。]{0,14}(?:か|の|んだ)?(?:ね|な|よ)?[。?]?$"
)
"""「ほかの窓口なら出るんですか。」 wants to know; 「何とかなるもんじゃないですか。」 does not."""


class MoveKind(StrEnum):
    STATED = "stated"
    SAID = "said"
    """The caller said something that is no demand by its wording; what the operator answers tells."""
    NEW = "new"
    """The caller told something that was not known before."""
    UNHEARD = "unheard"
    """The caller did not hear or understand: the answer has not arrived."""
    CALMED = "calmed"
    ANSWERED = "answered"
    REFUSED = "refused"
    REOPENED = "reopened"
    """The operator wants to hear it, looks into it, or another person took over."""
    FAULT = "fault"
    """The city was wrong: what was demanded so far was a claim, not persistence."""


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that an utterance does."""

    at_ms: int
    """Middle of the utterance: words that were talked over were not heard."""
    kind: MoveKind
    utterance: Utterance
    said: Said = NOTHING_SAID
    new: bool = False
    """Says of itself that it is new: 「実は」「届いたので」."""
    insists: bool = False
    """Will not have the answer: goes on with the latest demand, whatever words it has."""
    holds_on: bool = False
    """Speaks against the answer: goes on with what was refused, if that is refused once more."""
    takes_another_way: bool = False
    """Asks for something else instead: 「じゃあ金曜日に」."""
    presses: bool = False
    """Asks with pressure: 「…しろよ」「…できるだろ」."""
    complains: bool = False
    asks: bool = False
    """A question, or making sure of something: never persistence by itself."""
    same: bool = False
    """The operator says that the answer is the one already given."""


def moves_of(utterance: Utterance, assessment: Assessment) -> tuple[Move, ...]:
    """Return what *utterance* does, in the order in which it takes effect."""
    cues = frozenset(assessment.cues)
    if utterance.speaker is Speaker.OPERATOR:
        return _of_operator(utterance, assessment, cues)
    return _of_caller(utterance, assessment, cues)


def _of_operator(
    utterance: Utterance, assessment: Assessment, cues: frozenset[Cue]
) -> tuple[Move, ...]:
    at_ms, kinds = _middle(utterance), list[MoveKind]()
    if Cue.FAULT_ADMITTED in cues:
        kinds.append(MoveKind.FAULT)
    scolds = not cues.isdisjoint(_SCOLDS) and _SAME_CONDUCT.search(utterance.text) is not None
    same = scolds or Cue.SAME_ANSWER in cues
    if Cue.REFUSAL in cues or same:
        kinds.append(MoveKind.REFUSED)
    elif Cue.REOPENED in cues:
        kinds.append(MoveKind.REOPENED)
    elif Cue.ANSWER in cues and not _GRANTS.search(utterance.text):
        kinds.append(MoveKind.ANSWERED)
    words = assessment.words or " ".join(_CONTENT.findall(utterance.text))
    said = Said(content_words(words), assessment.meaning)
    return tuple(Move(at_ms, kind, utterance, said, same=same) for kind in kinds)


def _of_caller(
    utterance: Utterance, assessment: Assessment, cues: frozenset[Cue]
) -> tuple[Move, ...]:
    at_ms, moves = _middle(utterance), list[Move]()
    if Cue.NOT_HEARD in cues or Cue.WELFARE in cues:
        moves.append(Move(at_ms, MoveKind.UNHEARD, utterance))
    demands = Cue.DEMAND in cues or bool(assessment.demand)
    insists = Cue.INSISTS in cues
    if Cue.CALMED in cues and not demands and not insists:
        moves.append(Move(at_ms, MoveKind.CALMED, utterance))
        return tuple(moves)
    words = content_words(
        assessment.demand or assessment.words or " ".join(_CONTENT.findall(utterance.text))
    )
    said = Said(words, assessment.meaning)
    new = Cue.NEW_CIRCUMSTANCE in cues
    asks = Cue.CONFIRMING in cues
    holds_on = insists or _HOLDS_ON.search(utterance.text) is not None
    presses = _PRESSES.search(utterance.text) is not None
    another = not insists and _TAKES_ANOTHER_WAY.search(utterance.text) is not None
    if demands or (insists and not asks):
        moves.append(
            Move(
                at_ms,
                MoveKind.STATED,
                utterance,
                said,
                new,
                insists,
                holds_on,
                another,
                presses,
                asks=asks,
            )
        )
    elif Cue.NOT_HEARD not in cues and _states(utterance.text, words, assessment):
        asks = asks or (not (holds_on or presses) and _ASKS.search(utterance.text) is not None)
        moves.append(
            Move(
                at_ms,
                MoveKind.SAID,
                utterance,
                said,
                new,
                holds_on=holds_on,
                presses=presses,
                complains=Cue.COMPLAINT in cues,
                asks=asks,
            )
        )
    if new:
        moves.append(Move(at_ms, MoveKind.NEW, utterance, said))
    return tuple(moves)


def _states(text: str, words: frozenset[str], assessment: Assessment) -> bool:
    """Say whether there is anything in it that a later sentence could repeat."""
    letters = sum(letter.isalnum() for letter in text)
    return letters >= _LEAST_LETTERS and (bool(words) or assessment.meaning is not None)


def _middle(utterance: Utterance) -> int:
    return (utterance.start_ms + utterance.end_ms) // 2
