"""Glue: the sentences as this office has approved them, followed while the server runs.

Approvals are numbered. Before a sentence is suggested the number is compared, in the transaction of the
decision; only where it has changed, here or in another process on the same tables, are the sentences read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from sqlalchemy.ext.asyncio import AsyncSession

from app.responses.repository import (
    ApprovedWording,
    approved_wordings,
    last_approval,
    notice_was_played,
)
from app.responses.scripts import (
    MAY_SAY_RECORDED,
    Script,
    Scripts,
    Suggestion,
    suggest,
    wants_sentence,
    warning_sentences,
)
from detection.types import Decision

Warns = Callable[[str], bool]
Known = Callable[[Iterable[str]], Warns]
"""Makes of sentences what knows them again in other words."""


class KnownWarnings:
    """By what the operator's warnings are known: the shipped ones, and all that this office ever approved.

    An earlier wording stays known: somebody may still say it from memory. ``now`` is for a
    conversation that begins: it keeps what it got, so its judgement does not change half way.
    """

    def __init__(self, known: Known, shipped: Iterable[str]) -> None:
        self._known = known
        self._shipped = known(shipped)
        self._approved: tuple[str, ...] = ()
        self.now: Warns = self._shipped

    def learn(self, approved: Iterable[str]) -> None:
        texts = tuple(dict.fromkeys(approved))
        if texts == self._approved:
            return
        shipped, of_office = self._shipped, self._known(texts)
        self._approved = texts
        self.now = lambda said: shipped(said) or of_office(said)


@dataclass(frozen=True, slots=True)
class _Set:
    approval: int
    scripts: Scripts


@dataclass(slots=True)
class LiveScripts:
    """The source of suggestions for live calls. One set for each decision; the next may have another."""

    shipped: Scripts
    recording_announcements: tuple[str, ...] = ()
    warnings: KnownWarnings | None = None
    _set: _Set = field(init=False)

    def __post_init__(self) -> None:
        self._set = _Set(0, self.shipped)

    @property
    def now(self) -> Scripts:
        """The sentences as this process last read them."""
        return self._set.scripts

    @property
    def all(self) -> tuple[Script, ...]:
        return self.now.all

    def by_id(self, script_id: str) -> Script | None:
        return self.now.by_id(script_id)

    async def current(self, session: AsyncSession) -> Scripts:
        """Return the sentences as they are approved now."""
        approval = await last_approval(session)
        if approval != self._set.approval:
            wordings = await approved_wordings(session)
            self._set = _Set(approval, with_approved(self.shipped, wordings))
            if self.warnings is not None:
                self.warnings.learn(_warning_texts(self.shipped, wordings))
        return self._set.scripts

    async def catch_up(self, session: AsyncSession) -> None:
        """Learn what was approved meanwhile: a conversation that begins knows it."""
        await self.current(session)

    async def suggestion(
        self, session: AsyncSession, call_id: str, decision: Decision
    ) -> Suggestion | None:
        """Return the sentence for *decision*; it says that the call is recorded only where the caller was told."""
        if not wants_sentence(decision):
            return None
        script = suggest(decision, await self.current(session))
        if script is None:
            return None
        may_say = bool(script.text_when_recorded) and script.step in MAY_SAY_RECORDED
        recorded = may_say and await notice_was_played(
            session, call_id, self.recording_announcements
        )
        return Suggestion(script, recorded)


def with_approved(shipped: Scripts, approved: Iterable[ApprovedWording]) -> Scripts:
    """Return *shipped* with the last approved wording of each; those without one stay drafts.

    What was approved for a sentence that no longer ships is left out: it has no place any more.
    """
    last = {wording.script_id: wording for wording in approved}
    return replace(shipped, all=tuple(_worded(s, last.get(s.id)) for s in shipped.all))


def _worded(script: Script, wording: ApprovedWording | None) -> Script:
    if wording is None:
        return script
    return replace(
        script,
        text=wording.text,
        text_when_recorded=wording.text_when_recorded,
        note=wording.note,
        draft=False,
        version=wording.version,
    )


def _warning_texts(shipped: Scripts, approved: Iterable[ApprovedWording]) -> tuple[str, ...]:
    worded = tuple(
        _worded(script, wording)
        for wording in approved
        for script in (shipped.by_id(wording.script_id),)
        if script is not None
    )
    return warning_sentences(Scripts(worded))
