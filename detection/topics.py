"""Pure: one demand of a call, how often it was stated and answered, and both sides' own words for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from detection.likeness import Said
from detection.moves import Move, MoveKind
from detection.types import Quote

MOST_QUOTES: Final = 4
"""Of either side, to be read beside each other."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One demand, in all the ways it has been said."""

    words: frozenset[str]
    statements: tuple[Said, ...]
    """The last ones, for comparison."""
    stated_ms: int
    answered: bool = False
    """Since it was last stated."""
    refusals: tuple[Said, ...] = ()
    """What the operator said to it when refusing, the last ones."""
    refused: bool = False
    returns: int = 0
    """Times it came back after an answer."""
    firm: bool = False
    """At least once by its own words, by insisting, or by what the operator said of it."""
    sure_returns: int = 0
    """Those of its returns in which it was known for the same by more than that the refusals sound alike."""
    sure: bool = True
    """Whether the last statement was."""
    quotes: tuple[Quote, ...] = ()
    """The first statement, and those that count and say which demand it is; the last ones."""
    answers: tuple[Quote, ...] = ()
    """What was said to it, one for each time it was answered, the last ones."""
    answered_times: int = 0
    answer_refuses: bool = False
    """Whether the last of them says no."""


def anew_of(topic: Topic) -> Topic:
    """Return *topic* as if it had not been asked for yet."""
    return replace(
        topic,
        answered=False,
        returns=0,
        firm=False,
        sure_returns=0,
        sure=True,
        quotes=(),
        answers=(),
        answered_times=0,
        answer_refuses=False,
    )


def answered_by(move: Move, topic: Topic, *, latest: bool) -> Topic:
    """Return *topic* as answered by *move*; of several sentences to one statement, a refusal says most."""
    refuses = move.kind is MoveKind.REFUSED
    said = topic.answers
    first = topic.sure and not topic.answered
    says_more = refuses and not topic.answer_refuses and latest and topic.sure
    if first:
        said = (*said, quote_of(move))[-MOST_QUOTES:]
    elif said and says_more:
        said = (*said[:-1], quote_of(move))
    return replace(
        topic,
        answered=True,
        answers=said,
        answered_times=topic.answered_times + first,
        answer_refuses=topic.answer_refuses if said is topic.answers else refuses,
    )


def quoting(topic: Topic, move: Move) -> Topic:
    """Add the caller's words: the first, and what says again which demand it is; 「困っちゃいない」 does not."""
    says_what = move.kind is MoveKind.STATED and len(move.said.words) > move.insists
    if topic.quotes and not says_what:
        return topic
    return replace(topic, quotes=(*topic.quotes, quote_of(move))[-MOST_QUOTES:])


def quote_of(move: Move) -> Quote:
    return Quote(move.utterance.start_ms, move.utterance.text, move.utterance.utterance_id)
