"""Glue: what a decision found, each with the words that it rests on and with its explanation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from detection.explanation import Circumstances, Explanation, explain
from detection.overrun import HELD, HELD_AFTER_ABUSE, STALEMATE
from detection.policy import Policy
from detection.rule_book import CONVERSATION_RULES, RuleBook
from detection.talk_so_far import TalkSoFar
from detection.types import Alert, Assessment, Decision, Finding, Speaker, Utterance

_BY_THE_CLOCK: Final = frozenset({HELD, HELD_AFTER_ABUSE, STALEMATE})


@dataclass(frozen=True, slots=True)
class Explained:
    finding: Finding
    said: Utterance
    """The words that it rests on: not always those just heard."""
    explanation: Explanation


class Explainer:
    """Explains findings under one office's policy. Keeps nothing."""

    def __init__(self, policy: Policy, book: RuleBook) -> None:
        self._policy = policy
        self._book = book

    def explained(
        self,
        decision: Decision,
        talk: TalkSoFar,
        said: Utterance | None = None,
        assessment: Assessment | None = None,
        *,
        early: bool = False,
        cut_short: bool = False,
    ) -> tuple[Explained, ...]:
        """Explain what *decision* found, in its order.

        *said* and *assessment* are of the words just heard; None where only time has passed.
        """
        rests_on = [_rests_on(finding, decision, talk, said) for finding in decision.findings]
        together = list(zip(decision.findings, rests_on, strict=True))
        counted = {(finding.rule, finding.span) for finding in decision.findings}
        explained = []
        for finding, words in together:
            just_heard = said is not None and words.utterance_id == said.utterance_id
            heard = assessment if just_heard else None
            around = Circumstances(
                said=words,
                at_ms=decision.at_ms if finding.rule in _BY_THE_CLOCK else words.start_ms,
                policy=self._policy,
                detector_version=decision.detector_version,
                found=tuple(f for f, on in together if on.utterance_id == words.utterance_id),
                uncounted=tuple(
                    f for f in (heard.findings if heard else ()) if (f.rule, f.span) not in counted
                ),
                set_aside=heard.set_aside if heard else (),
                answers=talk.answers,
                early=early and just_heard,
                cut_short=cut_short and just_heard,
            )
            explained.append(Explained(finding, words, explain(finding, around, self._book)))
        return tuple(explained)


def explanation_of(alert: Alert, explained: Iterable[Explained]) -> dict[str, Any] | None:
    """Return the explanation of what *alert* shows, as it is stored; None where it is not among *explained*."""
    shown = (alert.categories[0], alert.utterance_id, alert.quote, alert.reason)
    for one in explained:
        finding = one.finding
        if (finding.category, one.said.utterance_id, finding.quote, finding.reason) == shown:
            return one.explanation.fields()
    return None


def _rests_on(
    finding: Finding, decision: Decision, talk: TalkSoFar, said: Utterance | None
) -> Utterance:
    if said is not None and finding.rule not in CONVERSATION_RULES:
        return said
    # The line knows which words it were; who said the same once more has not said them there.
    shown = {
        alert.utterance_id
        for alert in decision.alerts
        if (alert.quote, alert.reason) == (finding.quote, finding.reason)
    }
    remembered = next((said for said in talk.said if said.utterance_id in shown), None)
    if (remembered := remembered or talk.last_saying(finding.quote)) is not None:
        return remembered
    return _shown_by(decision.alerts, finding, decision.at_ms)


def _shown_by(alerts: Sequence[Alert], finding: Finding, at_ms: int) -> Utterance:
    """Return the words as the line on the screen knows them."""
    for alert in alerts:
        if finding.category in alert.categories:
            return Utterance(
                alert.utterance_id, Speaker.CALLER, finding.quote, alert.start_ms, alert.end_ms
            )
    return Utterance("", Speaker.CALLER, finding.quote, at_ms, at_ms)
