"""Pure: judges one call: a fold over its utterances, and the object that carries the state.

Bounded in size however long the call: a 3-hour call of 2,000 turns costs as much per turn as a short one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from detection import persistence
from detection.alerting import Evidence, closed, lowered, placed
from detection.call_state import (
    MOST_HEARD,
    ConversationState,
    Turn,
    middle,
)
from detection.foresight import GRAVE_ENOUGH, new_line, safe_early
from detection.ladder import Mark, MarkKind, Offence, escalates, noted, remembered
from detection.likeness import Said, content_words
from detection.moves import moves_of
from detection.overrun import RESTATED_AFTER_MS, finding_of, overruns
from detection.persistence import persistent
from detection.policy import Policy
from detection.pressed import kind_of, noted_press
from detection.progress import Progress, progress_of
from detection.repetition import Return, listened
from detection.spoken import heard_from_operator
from detection.types import (
    Alert,
    Assessment,
    Cue,
    Decision,
    Finding,
    Pressed,
    Severity,
    Speaker,
    Utterance,
)
from detection.verdict import concluded, in_need, settled, standing_of
from detection.weighing import (
    Quiet,
    eased,
    gravest_first,
    only_a_faint_sign,
    only_a_mild_demand,
    quieted,
    weighed,
)

PERSISTENCE: Final = persistence.RULE

PERSISTENCE_BY_MEANING: Final = "meaning.persistence"
"""Before any answer nobody can be persistent: 「私が毎日送ってるんですよ」 tells of oneself."""
_SAME_OUTBURST_MS: Final = 15_000
"""「金返せ、金返せよ」 is one outburst."""
_FAINT_HOLDS_MS: Final = 180_000
"""A faint sign is kept, and marked in the words; a second one within this time makes a line."""


def advance(
    before: ConversationState, utterance: Utterance, assessment: Assessment, policy: Policy
) -> tuple[ConversationState, Decision]:
    """Take one more utterance of either side; one that was already heard changes nothing.

    An utterance may come some seconds late; it takes its place in the order of the sound.
    """
    if utterance.utterance_id in before.heard:
        return concluded(Turn(before), policy)
    state = replace(
        before,
        now_ms=max(before.now_ms, utterance.end_ms),
        heard=(*before.heard, utterance.utterance_id)[-MOST_HEARD:],
    )
    cues = frozenset(assessment.cues)
    own: tuple[Finding, ...] = ()
    turn = settled(Turn(state), policy)
    if utterance.speaker is Speaker.OPERATOR:
        turn = _operator_spoke(turn, utterance, assessment, policy)
    else:
        own = _own_findings(state, utterance, assessment, policy)
        heard = _caller_spoke(turn.state, utterance, cues, calm=not own)
        turn = replace(turn, state=heard)
    repetition, returns = listened(
        turn.state.repetition,
        moves_of(utterance, assessment),
        turn.state.now_ms,
        policy.same_demand,
    )
    turn = replace(turn, state=replace(turn.state, repetition=repetition))
    for said, findings in _by_utterance(turn.state, utterance, own, returns, policy):
        turn = _counted(turn, said, findings, policy)
    return concluded(_overrun_checked(turn, policy), policy)


def tick(
    before: ConversationState, at_ms: int, policy: Policy
) -> tuple[ConversationState, Decision]:
    """Let the time come to *at_ms*, even when nobody spoke."""
    state = replace(before, now_ms=max(before.now_ms, at_ms))
    return concluded(_overrun_checked(settled(Turn(state), policy), policy), policy)


def dismiss(
    before: ConversationState, alert_key: str, policy: Policy
) -> tuple[ConversationState, Decision]:
    """Take out what the alert stood for and keep its rules quiet; an unknown key changes nothing."""
    false = [o for o in before.offences if o.alert_key == alert_key and alert_key]
    until_ms = before.now_ms + policy.alert_cooldown_ms
    called_wrong = (
        Quiet(finding.rule, finding.category, finding.quote, until_ms)
        for offence in false
        for finding in offence.findings
    )
    board, changes = closed(before.board, [alert_key])
    state = replace(
        before,
        board=board,
        offences=tuple(offence for offence in before.offences if offence not in false),
        quiets=quieted(before.quiets, called_wrong, before.now_ms),
    )
    return concluded(Turn(state, alerts=changes), policy)


def press(
    before: ConversationState, pressed: Pressed, assessment: Assessment, policy: Policy
) -> tuple[ConversationState, Decision]:
    """Take in that a person says a sentence was spoken; *assessment* is of its words as the operator's.

    A warning counts as one that was heard, by the same rules of the policy. Heard as well, it counts once.
    """
    state = replace(before, now_ms=max(before.now_ms, pressed.at_ms))
    turn = settled(Turn(state), policy)
    kind = kind_of(pressed, frozenset(assessment.cues))
    if kind is not None:
        state = noted_press(turn.state, pressed, kind, _said_of(assessment), policy)
        turn = replace(turn, state=state)
    return concluded(turn, policy)


def foresee(
    state: ConversationState, utterance: Utterance, assessment: Assessment, policy: Policy
) -> Decision | None:
    """Say what the call would come to by a sentence that is not over yet; None where nothing safe is new.

    Only the caller's own grave words count, not what the clock or a returning demand would add.
    The decision holds one alert, always to be checked.
    """
    if utterance.speaker is not Speaker.CALLER or utterance.utterance_id in state.heard:
        return None
    early = safe_early(utterance, assessment)
    findings = tuple(
        finding
        for finding in _own_findings(state, utterance, early, policy)
        if finding.severity >= GRAVE_ENOUGH
    )
    if not findings:
        return None
    now = replace(state, now_ms=max(state.now_ms, utterance.end_ms))
    turn = _counted(settled(Turn(now), policy), utterance, findings, policy)
    line = new_line(state.board, turn.alerts, utterance.utterance_id)
    if line is None:
        return None
    return replace(concluded(turn, policy)[1], alerts=(line,))


class CallConversation:
    """One call's judge. Keeps nothing but its state; calls do not know of each other."""

    __slots__ = ("_policy", "_state", "_warns")

    def __init__(
        self,
        policy: Policy,
        detector_version: str,
        warns: Callable[[str], bool] | None = None,
    ) -> None:
        """*warns* says whether the operator's words are one of the office's own warnings, reworded."""
        self._policy = policy
        self._warns = warns
        self._state = ConversationState(detector_version=detector_version)

    @property
    def state(self) -> ConversationState:
        return self._state

    @property
    def lines(self) -> tuple[Alert, ...]:
        return self._state.board.alerts

    def hear(self, utterance: Utterance, assessment: Assessment) -> Decision:
        if utterance.speaker is Speaker.OPERATOR:
            assessment = self._with_office_warning(utterance.text, assessment)
        self._state, decision = advance(self._state, utterance, assessment, self._policy)
        return decision

    def foresee(self, utterance: Utterance, assessment: Assessment) -> Decision | None:
        return foresee(self._state, utterance, assessment, self._policy)

    def tick(self, at_ms: int) -> Decision:
        self._state, decision = tick(self._state, at_ms, self._policy)
        return decision

    def press(self, pressed: Pressed, assessment: Assessment) -> Decision:
        assessment = self._with_office_warning(pressed.words, assessment)
        self._state, decision = press(self._state, pressed, assessment, self._policy)
        return decision

    def dismiss(self, alert_key: str) -> Decision:
        self._state, decision = dismiss(self._state, alert_key, self._policy)
        return decision

    def progress(self) -> Progress:
        return progress_of(self._state, self._policy)

    def _with_office_warning(self, words: str, assessment: Assessment) -> Assessment:
        told = Cue.WARNED in assessment.cues or Cue.CLOSING in assessment.cues
        if told or self._warns is None or not self._warns(words):
            return assessment
        return replace(assessment, cues=(*assessment.cues, Cue.WARNED))


def _operator_spoke(
    turn: Turn, utterance: Utterance, assessment: Assessment, policy: Policy
) -> Turn:
    cues = frozenset(assessment.cues)
    if Cue.FAULT_ADMITTED in cues and not turn.state.fault_admitted:
        turn = _fault_admitted(turn)
    said = _said_of(assessment)
    return replace(turn, state=heard_from_operator(turn.state, utterance, cues, policy, said))


def _said_of(assessment: Assessment) -> Said:
    return Said(content_words(assessment.words), assessment.meaning)


def _fault_admitted(turn: Turn) -> Turn:
    """The claim so far rested on the city's own mistake: it weighs less, and so do its lines."""
    state, offences, fallen = turn.state, list[Offence](), list[str]()
    for offence in state.offences:
        claims = (eased(f) for f in offence.findings if f.rule != PERSISTENCE)
        findings = tuple(sorted((f for f in claims if f), key=lambda f: -f.severity))
        if findings:
            offences.append(replace(offence, findings=findings))
        if not findings or findings[0].category is not offence.category:
            fallen.append(offence.alert_key)
    standing_for: dict[str, tuple[Finding, ...]] = {}
    for offence in offences:
        known = standing_for.get(offence.alert_key, ())
        standing_for[offence.alert_key] = (*known, offence.findings[0])
    board, closings = closed(state.board, [key for key in fallen if key not in standing_for])
    board, changes = lowered(board, standing_for)
    state = replace(state, fault_admitted=True, offences=tuple(offences), board=board)
    return replace(turn, state=state, alerts=(*turn.alerts, *closings, *changes))


def _caller_spoke(
    state: ConversationState, utterance: Utterance, cues: frozenset[Cue], *, calm: bool
) -> ConversationState:
    at_ms = middle(utterance)
    latest = state.last_said is None or middle(state.last_said) <= at_ms
    state = replace(
        state,
        last_said=utterance if latest else state.last_said,
        complained=state.complained or Cue.COMPLAINT in cues,
        welfare_ms=at_ms if Cue.WELFARE in cues else state.welfare_ms,
    )
    if Cue.CALMED in cues and calm:
        state = replace(state, moments=noted(state.moments, Mark(at_ms, MarkKind.CALMED)))
    return state


def _own_findings(
    state: ConversationState, utterance: Utterance, assessment: Assessment, policy: Policy
) -> tuple[Finding, ...]:
    talk = state.repetition.talk
    answered = talk.refused or any(topic.answered or topic.returns for topic in talk.topics)
    return weighed(
        (f for f in assessment.findings if answered or f.rule != PERSISTENCE_BY_MEANING),
        at_ms=middle(utterance),
        quiets=state.quiets,
        fault_admitted=state.fault_admitted,
        needs_help=Cue.WELFARE in assessment.cues,
        policy=policy,
    )


def _by_utterance(
    state: ConversationState,
    utterance: Utterance,
    own: tuple[Finding, ...],
    returns: tuple[Return, ...],
    policy: Policy,
) -> Iterable[tuple[Utterance, tuple[Finding, ...]]]:
    """Join the findings of the words with those of the conversation, utterance by utterance."""
    again = {
        said.utterance_id: (said, (finding,))
        for said, finding in persistent(state, returns, policy)
    }
    _, also = again.pop(utterance.utterance_id, (utterance, ()))
    if own or also:
        yield utterance, gravest_first((*own, *also))
    yield from again.values()


def _counted(turn: Turn, said: Utterance, findings: tuple[Finding, ...], policy: Policy) -> Turn:
    state, at_ms = turn.state, middle(said)
    if standing_of(state, policy).level is Severity.NONE and only_a_mild_demand(findings, policy):
        first_ms = state.forgiven_ms
        if first_ms is None or abs(at_ms - first_ms) <= _SAME_OUTBURST_MS:
            return replace(turn, state=replace(state, forgiven_ms=at_ms))
    if standing_of(state, policy).level is Severity.NONE and only_a_faint_sign(findings, policy):
        first_ms = state.faint_ms
        state = replace(state, faint_ms=at_ms)
        if first_ms is None or abs(at_ms - first_ms) > _FAINT_HOLDS_MS:
            return Turn(state, (*turn.findings, *findings), turn.alerts)
        turn = replace(turn, state=state)
    evidence = Evidence(findings, said.utterance_id, said.start_ms, said.end_ms, said.confidence)
    return _shown(turn, evidence, at_ms, policy)


def _shown(turn: Turn, evidence: Evidence, at_ms: int, policy: Policy) -> Turn:
    state = turn.state
    evidence = _with_escalation(state, evidence, at_ms)
    board, changes, key = placed(state.board, evidence, state.now_ms, policy)
    offence = Offence(at_ms, evidence.findings, key)
    state = replace(state, board=board, offences=remembered(state.offences, offence))
    return Turn(state, (*turn.findings, *evidence.findings), (*turn.alerts, *changes))


def _with_escalation(state: ConversationState, evidence: Evidence, at_ms: int) -> Evidence:
    first, *others = evidence.findings
    if not escalates(state.offences, at_ms, first.severity):
        return evidence
    first = replace(first, reason=f"{first.reason}(言動が強まっています)")
    return replace(evidence, findings=(first, *others))


def _overrun_checked(turn: Turn, policy: Policy) -> Turn:
    state, last = turn.state, turn.state.last_said
    if last is None or in_need(state):
        return turn
    if state.overrun_ms is not None and state.now_ms - state.overrun_ms < RESTATED_AFTER_MS:
        return turn
    stalemate_ms = state.repetition.talk.stalemate_ms(state.now_ms)
    passed = overruns(state.now_ms, stalemate_ms, state.offences, policy)
    findings = (finding_of(one, last) for one in passed)
    # A limit that somebody called wrong does not hide another that was passed too.
    finding = next(
        (f for f in findings if not any(q.covers(f, state.now_ms) for q in state.quiets)), None
    )
    if finding is None:
        return turn
    turn = replace(turn, state=replace(state, overrun_ms=state.now_ms))
    evidence = Evidence((finding,), last.utterance_id, last.start_ms, last.end_ms, 1.0)
    return _shown(turn, evidence, state.now_ms, policy)
