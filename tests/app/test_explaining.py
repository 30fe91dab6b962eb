"""On which words a finding of the conversation rests, however late it comes to light."""

from __future__ import annotations

from app.calls.explaining import Explainer
from detection.conversation import CallConversation
from detection.rule_book import load_rule_book
from detection.talk_so_far import TalkSoFar
from detection.types import Cue, Decision, Utterance
from tests.detection.calls import PLAIN, Turn, demand, operator

ASK = demand("市民税を減免しろ", "市民税 減免")
REFUSE = operator("減免はいたしかねます", Cue.REFUSAL)
LATE = (
    ASK.at(0),
    REFUSE.at(3_000),
    ASK.at(6_000),
    ASK.at(11_500),
    ASK.at(15_000),
    REFUSE.at(9_000),
)
"""The second refusal is judged last: only then it is known that the third time was one too many."""


def heard(turns: tuple[Turn, ...]) -> tuple[Decision, TalkSoFar, Utterance]:
    """Return the last decision, the talk, and what was heard last."""
    conversation, talk = CallConversation(PLAIN, "detector-1"), TalkSoFar()
    for number, turn in enumerate(turns):
        utterance, assessment = turn.heard(number)
        decision = conversation.hear(utterance, assessment)
        talk = talk.after(utterance, assessment)
    return decision, talk, utterance


def test_words_that_came_too_often_are_told_where_they_were_said_though_said_once_more_since() -> (
    None
):
    decision, talk, last = heard(LATE)

    (told,) = Explainer(PLAIN, load_rule_book()).explained(decision, talk, last)

    assert told.said.start_ms == decision.alerts[0].start_ms == 11_500
    assert told.explanation.sentence.startswith("通話開始から11秒、")


def test_what_the_caller_said_is_never_laid_to_the_operator() -> None:
    decision, _, last = heard(LATE)

    (told,) = Explainer(PLAIN, load_rule_book()).explained(decision, TalkSoFar(), last)

    assert told.said.utterance_id == decision.alerts[0].utterance_id
    assert told.said.utterance_id != last.utterance_id
