"""Pure: recognises a demand that comes back after it was answered, and how long the talk has not moved.

To say the same again is not persistence by itself. It counts only where the operator
answered or refused in between, the caller heard it, and nothing new was said. Which demand
it is shows in its words, in its meaning, and in what the operator refuses: who hears the same
refusal again has asked for the same again, however it was put.
Utterances of the two tracks arrive up to some seconds out of order, so the last of them
are replayed from a settled state each time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Final

from detection.likeness import MOST_WORDS, Said, known_of, said_alike
from detection.moves import Move, MoveKind
from detection.topics import Topic, anew_of, answered_by, quote_of, quoting
from detection.types import Demand, Utterance

REORDER_MS: Final = 8_000
"""A segment is at most 8 s long, so what began earlier may arrive later by that much."""
MOST_PENDING: Final = 24
MOST_TOPICS: Final = 6
MOST_OPEN: Final = 4
MOST_RETOLD: Final = 64
STALEMATE_LAPSES_MS: Final = 300_000
"""A demand that has not come back for five minutes does not hold up the talk."""
AGREEMENT_HOLDS_MS: Final = 20_000
"""「わかりました。でも…」: who goes on at once has not agreed."""

SHOWN_FROM_RETURNS: Final = 2
"""Shown when it came back so often, at least once surely. Of 109 fair or ordinary calls that shows 1, in which
the same was asked three times; from the first return on it would be 5, in three of them two different things.
Of 46 calls with a repeated demand it shows 37, instead of 41; counting nothing unsure towards it, 25."""

_MOST_STATEMENTS: Final = 4
_MOST_REFUSALS: Final = 3
_SAID_MARGIN: Final = 0.1
"""So much surer must the likeness be of what is no demand by its wording."""
_MOST_NEW_WORDS: Final = 2
"""What brings more unheard words than this, or than heard ones, is taken for the same demand only if it is
refused like it. Of 130 pairs of different statements 9 pass instead of 54, of 133 that say the same 31 instead
of 63 (docs/detection.md): the others are left to what the operator refuses."""
_REFUSED_ALIKE: Final = 0.7
"""Two refusals as alike as this refuse one demand."""
_BOTH_ALIKE: Final = 0.85
"""… or statements and refusals as alike as this in sum."""


@dataclass(frozen=True, slots=True)
class Return:
    """A demand that came back after an answer."""

    utterance: Utterance
    returns: int
    refused: bool
    """Not only explained: somebody said no to it."""
    firm: bool
    """Known for the same by more than that refusals sound alike."""


@dataclass(frozen=True, slots=True)
class Talk:
    """The settled state of a fold over moves."""

    topics: tuple[Topic, ...] = ()
    """Most recently stated last."""
    open: tuple[Move, ...] = ()
    """What the caller said since the last answer and that is no known demand yet."""
    stalled_since_ms: int | None = None
    stalled_until_ms: int = 0
    """When the demand last came back."""
    agreed_ms: int | None = None
    """The caller accepted; not yet known whether it lasts."""
    only_refusals_answer: bool = False
    refused: bool = False

    def stalemate_ms(self, now_ms: int) -> int:
        since_ms = self._stalled_since_ms(now_ms)
        return 0 if since_ms is None else max(0, now_ms - since_ms)

    def demand(self, now_ms: int) -> Demand | None:
        """Return the demand that the talk does not get past, None while it moves.

        What is taken for the same only because refusals sound alike is neither counted nor quoted:
        two requests must never be shown as one.
        """
        since_ms = self._stalled_since_ms(now_ms)
        if since_ms is None or not self.topics:
            return None
        topic = self.topics[-1]
        if topic.returns < SHOWN_FROM_RETURNS or not topic.sure_returns:
            return None
        return Demand(
            topic.sure_returns + 1, topic.answered_times, since_ms, topic.quotes, topic.answers
        )

    def _stalled_since_ms(self, now_ms: int) -> int | None:
        if self.agreed_ms is not None or now_ms - self.stalled_until_ms > STALEMATE_LAPSES_MS:
            return None
        return self.stalled_since_ms


@dataclass(frozen=True, slots=True)
class Repetition:
    """What is known of a call's repetitions; bounded however long the call."""

    settled: Talk = field(default_factory=Talk)
    pending: tuple[Move, ...] = ()
    talk: Talk = field(default_factory=Talk)
    """``settled`` with ``pending`` on top."""
    told: tuple[str, ...] = ()
    """Utterances whose return was already reported."""


Taken = tuple[Talk, tuple[Return, ...]]


def listened(
    before: Repetition, moves: tuple[Move, ...], now_ms: int, same_demand: float
) -> tuple[Repetition, tuple[Return, ...]]:
    """Take *moves* in and return the returns that came to light, each told once."""
    if not moves:
        return before, ()
    for move in moves:
        if move.said.meaning is not None and _likely_compared(before.talk, move):
            move.said.meaning.packed()
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


def _likely_compared(talk: Talk, move: Move) -> bool:
    """Say whether to work the point of *move* out at once: up to five at a later refusal took 20 ms."""
    if move.kind is MoveKind.SAID:
        return any(topic.refused for topic in talk.topics)
    return move.kind in (MoveKind.STATED, MoveKind.REFUSED)


def _taken(talk: Talk, move: Move, same_demand: float) -> Taken:
    match move.kind:
        case MoveKind.STATED:
            return _stated(talk, move, same_demand)
        case MoveKind.SAID:
            return _said(talk, move, same_demand)
        case MoveKind.REFUSED:
            return _refused(talk, move)
        case MoveKind.ANSWERED:
            return (talk if talk.only_refusals_answer else _explained(talk, move)), ()
        case MoveKind.NEW:
            return _told_news(talk, move), ()
        case MoveKind.UNHEARD:
            return _unanswered(talk), ()
        case MoveKind.REOPENED:
            return replace(_unanswered(talk), open=()), ()
        case MoveKind.CALMED:
            return replace(talk, agreed_ms=move.at_ms), ()
        case MoveKind.FAULT if talk.only_refusals_answer:
            # Excusing itself once more, the office has not found a new mistake.
            return talk, ()
        case MoveKind.FAULT:
            forgiven = tuple(anew_of(t) for t in talk.topics)
            return Talk(topics=forgiven, only_refusals_answer=True), ()


def _unanswered(talk: Talk) -> Talk:
    return replace(talk, topics=tuple(replace(t, answered=False) for t in talk.topics))


def _with_answer(talk: Talk, move: Move) -> Talk:
    """Have *move* answer whatever was stated."""
    last = len(talk.topics) - 1
    answered = (
        answered_by(move, topic, latest=place == last) for place, topic in enumerate(talk.topics)
    )
    return replace(talk, topics=tuple(answered))


def _stated(talk: Talk, move: Move, same_demand: float) -> Taken:
    """A demand by its wording, or holding on to the one before."""
    topic = _known(talk.topics, move.said, same_demand)
    if topic is not None and move.takes_another_way:
        nothing_new = known_of(move.said.words, topic.words) == len(move.said.words)
        topic = topic if nothing_new else None
    if topic is None and talk.topics and (move.insists or not move.said.words):
        topic = talk.topics[-1]
    if topic is None:
        return (_kept_open(talk, move) if move.said.words else talk), ()
    return _came_back(talk, topic, move)


def _said(talk: Talk, move: Move, same_demand: float) -> Taken:
    """No demand by its wording: it counts at once only if it is like what was refused and protests."""
    if move.asks:
        return talk, ()
    if (move.holds_on or move.complains) and not move.new:
        topic = _known(talk.topics, move.said, min(1.0, same_demand + _SAID_MARGIN))
        if topic is not None and topic.answered and topic.refused:
            return _came_back(talk, topic, move)
    return _kept_open(talk, move), ()


def _kept_open(talk: Talk, move: Move) -> Talk:
    return replace(talk, open=(*talk.open, move)[-MOST_OPEN:])


def _came_back(talk: Talk, topic: Topic, move: Move, *, firm: bool = True) -> Taken:
    """Count *move* as one more statement of *topic*."""
    talk, topic = _agreement_weighed(talk, topic, move.at_ms)
    moved = move.new and known_of(move.said.words, topic.words) < len(move.said.words)
    counts = topic.answered and not moved and not move.asks
    after = replace(
        topic,
        words=topic.words if len(topic.words) >= MOST_WORDS else topic.words | move.said.words,
        statements=(*topic.statements, move.said)[-_MOST_STATEMENTS:],
        stated_ms=move.at_ms,
        answered=topic.answered and move.asks,
        returns=topic.returns + counts,
        firm=topic.firm or (counts and firm),
        sure_returns=topic.sure_returns + (counts and firm),
        sure=firm or (topic.sure and not counts),
    )
    if firm and (counts or not topic.quotes):
        after = quoting(after, move)
    others = tuple(t for t in talk.topics if t is not topic)
    talk = replace(talk, topics=(*others, after))
    if moved:
        return replace(talk, stalled_since_ms=None), ()
    stalled = talk.stalemate_ms(move.at_ms) > 0
    if not counts:
        return replace(talk, stalled_until_ms=move.at_ms) if stalled else talk, ()
    since_ms = talk.stalled_since_ms if stalled else move.at_ms
    talk = replace(talk, stalled_since_ms=since_ms, stalled_until_ms=move.at_ms)
    return talk, (Return(move.utterance, after.returns, after.refused, after.firm),)


def _agreement_weighed(talk: Talk, topic: Topic, at_ms: int) -> tuple[Talk, Topic]:
    """A demand that comes back long after the caller accepted is asked for anew."""
    if talk.agreed_ms is None or at_ms < talk.agreed_ms:
        # What the caller gave up was said before; that it is refused now takes nothing back.
        return talk, topic
    if at_ms - talk.agreed_ms <= AGREEMENT_HOLDS_MS:
        return replace(talk, agreed_ms=None), topic
    anew = {id(t): anew_of(t) for t in talk.topics}
    talk = replace(
        talk, topics=tuple(anew.values()), agreed_ms=None, stalled_since_ms=None, open=()
    )
    return talk, anew[id(topic)]


def _refused(talk: Talk, move: Move) -> Taken:
    """A refusal also says what was asked for: what the caller just said, and mostly the same as before."""
    returns: tuple[Return, ...] = ()
    asked = [m for m in talk.open if not m.asks]
    if asked:
        demand = _demand_of(asked)
        topic = _refused_before(talk.topics, asked, move)
        talk = replace(talk, open=())
        if topic is None:
            talk = _with_topic(talk, asked)
        else:
            firm = move.same or any(m.insists for m in asked)
            talk, returns = _came_back(talk, topic, demand, firm=firm)
    talk = replace(_with_answer(talk, move), open=(), refused=True)
    if talk.topics:
        latest = talk.topics[-1]
        refusals = (*latest.refusals, move.said)[-_MOST_REFUSALS:]
        latest = replace(latest, refusals=refusals, refused=True)
        talk = replace(talk, topics=(*talk.topics[:-1], latest))
    return talk, returns


def _refused_before(topics: tuple[Topic, ...], asked: list[Move], refusal: Move) -> Topic | None:
    """Return the demand that was refused once more, None where it is another one."""
    best, alike = None, 0.0
    for topic in topics:
        if not topic.refused:
            continue
        refusals = max((said_alike(refusal.said, r) for r in topic.refusals), default=0.0)
        statements = max(said_alike(m.said, s) for m in asked for s in topic.statements)
        held = refusal.same or asked[-1].holds_on or asked[-1].presses
        if held or refusals >= _REFUSED_ALIKE or refusals + statements >= _BOTH_ALIKE:
            likeness = refusals + statements
            if best is None or likeness >= alike:
                best, alike = topic, likeness
    return best


def _explained(talk: Talk, move: Move) -> Talk:
    demands = [m for m in talk.open if m.kind is MoveKind.STATED and not m.asks]
    if demands:
        talk = _with_topic(talk, demands)
    return replace(_with_answer(talk, move), open=())


def _with_topic(talk: Talk, asked: list[Move]) -> Talk:
    """Add what was *asked* as one demand: the talk moves."""
    words = frozenset[str]().union(*(m.said.words for m in asked))
    statements = tuple(m.said for m in asked)[-_MOST_STATEMENTS:]
    quotes = (quote_of(_demand_of(asked)),)
    fresh = Topic(frozenset(sorted(words)[:MOST_WORDS]), statements, asked[-1].at_ms, quotes=quotes)
    return replace(talk, topics=(*talk.topics, fresh)[-MOST_TOPICS:], stalled_since_ms=None)


def _demand_of(asked: list[Move]) -> Move:
    """Return what was demanded by its wording, else what was said last."""
    return next((m for m in reversed(asked) if m.kind is MoveKind.STATED), asked[-1])


def _told_news(talk: Talk, move: Move) -> Talk:
    """What nobody knew opens the matter anew; the same news again does not."""
    known = frozenset[str]().union(*(t.words for t in talk.topics))
    if known_of(move.said.words, known) >= len(move.said.words) or not talk.topics:
        return talk
    talk = _unanswered(talk)
    latest = talk.topics[-1]
    if len(latest.words) < MOST_WORDS:
        latest = replace(latest, words=latest.words | move.said.words)
    return replace(talk, topics=(*talk.topics[:-1], latest), stalled_since_ms=None)


def _known(topics: tuple[Topic, ...], said: Said, at_least: float) -> Topic | None:
    if not topics or not (said.words or said.meaning is not None):
        return None
    likeness, best = max(
        ((max(said_alike(said, s) for s in t.statements), t) for t in topics),
        key=lambda pair: (pair[0], pair[1].stated_ms),
    )
    heard = known_of(said.words, best.words)
    unheard = len(said.words) - heard
    new = unheard > _MOST_NEW_WORDS or unheard > heard
    return best if likeness >= at_least and not new else None
