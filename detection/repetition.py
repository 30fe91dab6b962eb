"""Pure: recognises a demand that comes back after it was answered, and how long the talk has not moved.

To say the same again is not persistence by itself. It counts only where the operator
answered or refused in between, the caller heard it, and nothing new was said.
Utterances of the two tracks arrive up to some seconds out of order, so the last of them
are replayed from a settled state each time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from operator import attrgetter
from typing import Final

from rapidfuzz.distance import Levenshtein

from detection.types import Assessment, Cue, Speaker, Utterance

REORDER_MS: Final = 8_000
"""A segment is at most 8 s long, so what began earlier may arrive later by that much."""
MOST_PENDING: Final = 24
MOST_TOPICS: Final = 8
MOST_WORDS: Final = 48
MOST_RETOLD: Final = 64
STALEMATE_LAPSES_MS: Final = 300_000
"""A demand that has not come back for five minutes does not hold up the talk."""

_LIKE_WORD: Final = 0.75
"""Two words of three letters or more count as one from here: the recogniser's slips."""
_NEW_WORDS: Final = 3
_NEW_SHARE: Final = 0.7
"""So many unheard words, and so large a share of the statement, make it a new circumstance."""

_EMPTY: Final = """
する 為る 言う 下さい 下さる くださる 呉れる くれる 願う お願い 御願い 欲しい ほしい 貰う もらう 頂く
成る なる 居る いる 有る ある 無い ない 遣る やる 致す 思う 分かる 出来る できる 良い いい 早い 駄目
何 もう 今 直ぐ すぐ 兎に角 とにかく だから そう 此れ これ 其れ それ 事 こと 物 もの 方 人 私 俺 為 訳
何度 何回 同じ 絶対 ちゃんと 話
"""
_EMPTY_WORDS: Final = frozenset(_EMPTY.split())
"""Words that any demand may hold; alone they say nothing about *which* demand."""
_CONTENT: Final = re.compile(r"[一-龯々]{1,4}|[ァ-ヶー]{2,}")
"""For a demand whose words the detector did not give."""
_NEW_CIRCUMSTANCE: Final = re.compile(
    r"実は|言い忘れ|伝え忘れ|新しく|見つか[りっ]|出てき|届い[たて]|届きまし|診断書|今日になって|その後"
    r"|[状事]{1}[況情]が変わ|別の件|もう[一1]つ|ところで|ちなみに|調べ(?:てみ)?たら|聞いたら|確認したら"
)

_REASON: Final = re.compile(r"ので|くて|んです|ものですから")
"""「足が悪くて」: a caller who explains is not insisting, as long as the words are new."""
_NEW_IN_REASON: Final = 2


class MoveKind(StrEnum):
    STATED = "stated"
    ANSWERED = "answered"
    REFUSED = "refused"
    UNHEARD = "unheard"
    """The caller did not hear or understand: the answer has not arrived."""
    CALMED = "calmed"
    FAULT = "fault"
    """The city was wrong: what was demanded so far was a claim, not persistence."""


@dataclass(frozen=True, slots=True)
class Move:
    """What one utterance does to the question of repetition."""

    at_ms: int
    """Middle of the utterance: words that were talked over were not heard."""
    kind: MoveKind
    utterance: Utterance
    words: frozenset[str] = frozenset()
    new: bool = False
    """Says of itself that it is new: 「実は」「届いたので」."""
    explains: bool = False


@dataclass(frozen=True, slots=True)
class Topic:
    """One demand, in all the ways it has been said."""

    words: frozenset[str]
    statements: tuple[frozenset[str], ...]
    """The last three, for comparison."""
    stated_ms: int
    answered: bool = False
    """Since it was last stated."""
    returns: int = 0
    """Times it came back after an answer."""


@dataclass(frozen=True, slots=True)
class Return:
    """A demand that came back after an answer."""

    utterance: Utterance
    returns: int


@dataclass(frozen=True, slots=True)
class Talk:
    """The settled state of a fold over moves."""

    topics: tuple[Topic, ...] = ()
    """Most recently stated last."""
    stalled_since_ms: int | None = None
    stalled_until_ms: int = 0
    """When the demand last came back."""
    only_refusals_answer: bool = False
    refused: bool = False

    def stalemate_ms(self, now_ms: int) -> int:
        if self.stalled_since_ms is None or now_ms - self.stalled_until_ms > STALEMATE_LAPSES_MS:
            return 0
        return max(0, now_ms - self.stalled_since_ms)


@dataclass(frozen=True, slots=True)
class Repetition:
    """What is known of a call's repetitions; bounded however long the call."""

    settled: Talk = field(default_factory=Talk)
    pending: tuple[Move, ...] = ()
    talk: Talk = field(default_factory=Talk)
    """``settled`` with ``pending`` on top."""
    told: tuple[str, ...] = ()
    """Utterances whose return was already reported."""


def moves_of(utterance: Utterance, assessment: Assessment) -> tuple[Move, ...]:
    """Return what *utterance* does, in the order in which it takes effect."""
    at_ms = (utterance.start_ms + utterance.end_ms) // 2
    cues = frozenset(assessment.cues)
    if utterance.speaker is Speaker.OPERATOR:
        kinds = (
            (Cue.FAULT_ADMITTED, MoveKind.FAULT),
            (Cue.ANSWER, MoveKind.ANSWERED),
            (Cue.REFUSAL, MoveKind.REFUSED),
        )
        return tuple(Move(at_ms, kind, utterance) for cue, kind in kinds if cue in cues)
    moves = []
    if Cue.NOT_HEARD in cues or Cue.WELFARE in cues:
        moves.append(Move(at_ms, MoveKind.UNHEARD, utterance))
    if Cue.CALMED in cues:
        moves.append(Move(at_ms, MoveKind.CALMED, utterance))
    elif Cue.DEMAND in cues or assessment.demand:
        words = content_words(assessment.demand or " ".join(_CONTENT.findall(utterance.text)))
        new = _NEW_CIRCUMSTANCE.search(utterance.text) is not None
        explains = _REASON.search(utterance.text) is not None
        moves.append(Move(at_ms, MoveKind.STATED, utterance, words, new, explains))
    return tuple(moves)


def content_words(demand: str) -> frozenset[str]:
    """Return the words of *demand* that say which demand it is."""
    return frozenset(word for word in demand.split()[:MOST_WORDS] if word not in _EMPTY_WORDS)


def listened(
    before: Repetition, moves: tuple[Move, ...], now_ms: int, same_demand: float
) -> tuple[Repetition, tuple[Return, ...]]:
    """Take *moves* in and return the returns that came to light, each told once."""
    if not moves:
        return before, ()
    pending = tuple(sorted((*before.pending, *moves), key=attrgetter("at_ms")))
    settled, settling = before.settled, True
    talk, returns, kept = before.settled, list[Return](), list[Move]()
    for number, move in enumerate(pending):
        talk, came_back = _taken(talk, move, same_demand)
        returns += came_back
        overfull = len(pending) - number > MOST_PENDING
        settling = settling and (overfull or move.at_ms < now_ms - REORDER_MS)
        if settling:
            settled = talk
        else:
            kept.append(move)
    new = tuple(r for r in returns if r.utterance.utterance_id not in before.told)
    told = (*before.told, *(r.utterance.utterance_id for r in new))[-MOST_RETOLD:]
    return Repetition(settled, tuple(kept), talk, told), new


def _taken(talk: Talk, move: Move, same_demand: float) -> tuple[Talk, tuple[Return, ...]]:
    match move.kind:
        case MoveKind.STATED:
            return _stated(talk, move, same_demand)
        case MoveKind.ANSWERED if not talk.only_refusals_answer:
            return _answered(talk, answered=True), ()
        case MoveKind.ANSWERED:
            return talk, ()
        case MoveKind.REFUSED:
            return replace(_answered(talk, answered=True), refused=True), ()
        case MoveKind.UNHEARD:
            return _answered(talk, answered=False), ()
        case MoveKind.CALMED:
            return replace(talk, stalled_since_ms=None), ()
        case MoveKind.FAULT:
            forgiven = tuple(replace(t, answered=False, returns=0) for t in talk.topics)
            return Talk(topics=forgiven, only_refusals_answer=True), ()


def _answered(talk: Talk, *, answered: bool) -> Talk:
    return replace(talk, topics=tuple(replace(t, answered=answered) for t in talk.topics))


def _stated(talk: Talk, move: Move, same_demand: float) -> tuple[Talk, tuple[Return, ...]]:
    topic = _same_topic(talk.topics, move.words, same_demand)
    if topic is None:
        if not move.words:
            return talk, ()
        fresh = Topic(move.words, (move.words,), move.at_ms)
        topics = (*talk.topics, fresh)[-MOST_TOPICS:]
        return replace(talk, topics=topics, stalled_since_ms=None), ()
    others = tuple(t for t in talk.topics if t is not topic)
    moved = _is_new(topic, move)
    after = replace(
        topic,
        words=topic.words if len(topic.words) >= MOST_WORDS else topic.words | move.words,
        statements=(*topic.statements, move.words)[-3:] if move.words else topic.statements,
        stated_ms=move.at_ms,
        answered=False,
        returns=topic.returns + (topic.answered and not moved),
    )
    talk = replace(talk, topics=(*others, after))
    if moved:
        return replace(talk, stalled_since_ms=None), ()
    stalled = talk.stalemate_ms(move.at_ms) > 0
    if not topic.answered:
        return replace(talk, stalled_until_ms=move.at_ms) if stalled else talk, ()
    since_ms = talk.stalled_since_ms if stalled else move.at_ms
    talk = replace(talk, stalled_since_ms=since_ms, stalled_until_ms=move.at_ms)
    return talk, (Return(move.utterance, after.returns),)


def _same_topic(
    topics: tuple[Topic, ...], words: frozenset[str], same_demand: float
) -> Topic | None:
    """Words that say nothing by themselves (「いいからやって」) go on with the latest demand."""
    if not topics or not words:
        return topics[-1] if topics else None
    likeness, best = max(
        ((max(likeness_of(words, s) for s in t.statements), t) for t in topics),
        key=lambda pair: (pair[0], pair[1].stated_ms),
    )
    return best if likeness >= same_demand else None


def _is_new(topic: Topic, move: Move) -> bool:
    unheard = [w for w in move.words if not any(_alike(w, known) for known in topic.words)]
    if move.new or move.explains:
        return len(unheard) >= (1 if move.new else _NEW_IN_REASON)
    return len(unheard) >= _NEW_WORDS and len(unheard) >= _NEW_SHARE * len(move.words)


def likeness_of(one: frozenset[str], other: frozenset[str]) -> float:
    """Return which share of the shorter statement's words both hold, 0..1."""
    if not one or not other:
        return 0.0
    shorter, longer = (one, other) if len(one) <= len(other) else (other, one)
    shared = sum(any(_alike(word, candidate) for candidate in longer) for word in shorter)
    return shared / len(shorter)


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    if min(len(one), len(other)) < 3:
        return False
    return bool(Levenshtein.normalized_similarity(one, other) >= _LIKE_WORD)
