"""Glue: how a sentence changes: one person proposes, another approves or returns it, each in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity, Role
from app.errors import Conflict, NotAllowed, NotFound
from app.ledger import Entry
from app.responses.models import ScriptVersion
from app.responses.repository import (
    VersionState,
    all_versions,
    last_approval,
    versions_of,
)
from app.responses.scripts import Script, Scripts
from app.responses.wording import Wording, reason_given, wording
from app.services import Services

APPROVERS = (Role.SUPERVISOR, Role.ADMINISTRATOR)
LARGEST_VERSION = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a proposal says, as it was typed."""

    text: str
    text_when_recorded: str
    note: str
    reason: str
    based_on: int
    """The version that the proposer saw: nobody's change is lost under another's."""


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """A sentence as it is used now, and the proposal that waits for it."""

    script: Script
    waiting: ScriptVersion | None


async def propose(services: Services, identity: Identity, script_id: str, wanted: Wanted) -> int:
    """Store *wanted* as a draft version; return its number. Nothing is suggested by that.

    Raises:
        NotAllowed: a program asks, or not an administrator (``person_needed``, ``role_not_allowed``).
        NotFound: no such sentence (``script_unknown``).
        Conflict: another proposal waits, or the sentence has changed (``proposal_waiting``, ``changed_meanwhile``).
        FieldRefused: as ``wording`` says.
    """
    _check(identity, Role.ADMINISTRATOR)
    shipped = _shipped(services, script_id)

    async def change(entry: Entry) -> int:
        scripts = await services.scripts.current(entry.session)
        script = scripts.by_id(shipped.id) or shipped
        earlier = await versions_of(entry.session, script.id)
        _check_free(earlier)
        if script.version != wanted.based_on:
            raise _changed()
        worded = wording(
            script,
            text=wanted.text,
            text_when_recorded=wanted.text_when_recorded,
            note=wanted.note,
            reason=wanted.reason,
            others=scripts.all,
        )
        return await _add(entry, identity, script, worded, earlier)

    return await services.ledger.write(change)


async def propose_again(
    services: Services, identity: Identity, script_id: str, version: int, reason: str, based_on: int
) -> int:
    """Propose the words of an earlier *version* (0: as it shipped) once more; return the new number.

    Raises:
        NotFound: no such version (``version_unknown``).
        NotAllowed, NotFound, Conflict, FieldRefused: as ``propose``.
    """
    _check(identity, Role.ADMINISTRATOR)
    script = _shipped(services, script_id)
    async with services.database.transaction() as session:
        earlier = script if version == 0 else await _version(session, script_id, version)
    wanted = Wanted(
        earlier.text, earlier.text_when_recorded, earlier.note, reason, based_on=based_on
    )
    return await propose(services, identity, script_id, wanted)


async def approve(services: Services, identity: Identity, script_id: str, version: int) -> None:
    """Have *version* suggested from now on; 0 approves the shipped sentence as it is.

    Raises:
        NotAllowed: a program asks, another role, or who proposed it (``own_proposal``).
        NotFound: no such sentence or version.
        Conflict: it does not wait any more, or replaces what is no longer in use (``proposal_over``,
            ``changed_meanwhile``).
    """
    _check(identity, *APPROVERS)
    shipped = _shipped(services, script_id)

    async def change(entry: Entry) -> None:
        scripts = await services.scripts.current(entry.session)
        script = scripts.by_id(shipped.id) or shipped
        if version == 0:
            row = await _shipped_as_it_is(entry, script)
        else:
            row = await _waiting(entry.session, script_id, version)
            if identity.login == row.proposed_by:
                raise NotAllowed(
                    "own_proposal",
                    "提案した本人は承認できません。別の監督者か管理者に頼んでください。",
                )
            if row.based_on != script.version:
                raise _changed()
        row.state = VersionState.APPROVED.value
        row.decided_by, row.decided_at = identity.login, entry.now
        row.approval = await last_approval(entry.session) + 1

    await services.ledger.write(change)


async def give_back(
    services: Services, identity: Identity, script_id: str, version: int, reason: str
) -> None:
    """Return a proposal to its author with a *reason*; who proposed it may take it back so.

    Raises:
        NotAllowed: a program asks, or another role.
        NotFound: no such sentence or version.
        Conflict: it does not wait any more (``proposal_over``).
        FieldRefused: no reason, or one too long.
    """
    _check(identity, *APPROVERS)
    _shipped(services, script_id)
    why = reason_given("return_reason", reason)

    async def change(entry: Entry) -> None:
        row = await _waiting(entry.session, script_id, version)
        row.state = VersionState.RETURNED.value
        row.decided_by, row.decided_at, row.decision_reason = identity.login, entry.now, why

    await services.ledger.write(change)


async def script_lines(services: Services) -> tuple[Scripts, list[ScriptLine]]:
    """Return all sentences as they are used now, with what waits for each."""
    async with services.database.transaction() as session:
        scripts = await services.scripts.current(session)
        waiting = {
            row.script_id: row
            for row in await all_versions(session)
            if row.state == VersionState.WAITING.value
        }
    return scripts, [ScriptLine(script, waiting.get(script.id)) for script in scripts.all]


async def history_of(
    services: Services, script_id: str
) -> tuple[Script, Script, Sequence[ScriptVersion]]:
    """Return a sentence as it is used now, as it shipped, and its versions, the latest first.

    Raises:
        NotFound: no such sentence (``script_unknown``).
    """
    shipped = _shipped(services, script_id)
    async with services.database.transaction() as session:
        scripts = await services.scripts.current(session)
        versions = await versions_of(session, script_id)
    return scripts.by_id(script_id) or shipped, shipped, versions


def _shipped(services: Services, script_id: str) -> Script:
    script = services.scripts.shipped.by_id(script_id)
    if script is None:
        raise NotFound("script_unknown", "この文は見つかりません。一覧から選び直してください。")
    return script


async def _version(session: AsyncSession, script_id: str, version: int) -> ScriptVersion:
    row = None
    if 0 < version <= LARGEST_VERSION:
        row = await session.scalar(
            select(ScriptVersion).where(
                ScriptVersion.script_id == script_id, ScriptVersion.version == version
            )
        )
    if row is None:
        raise NotFound("version_unknown", "この版は見つかりません。画面を読み込み直してください。")
    return row


async def _waiting(session: AsyncSession, script_id: str, version: int) -> ScriptVersion:
    row = await _version(session, script_id, version)
    if row.state != VersionState.WAITING.value:
        raise Conflict(
            "proposal_over", "この提案は承認待ちではありません。画面を読み込み直してください。"
        )
    return row


def _check_free(earlier: Sequence[ScriptVersion]) -> None:
    if any(row.state == VersionState.WAITING.value for row in earlier):
        raise Conflict(
            "proposal_waiting",
            "この文には承認待ちの提案があります。承認されるか差し戻されてから、提案してください。",
        )


async def _shipped_as_it_is(entry: Entry, script: Script) -> ScriptVersion:
    """Return a version with the words that shipped: approved, they no longer change with the product."""
    earlier = await versions_of(entry.session, script.id)
    _check_free(earlier)
    if script.version != 0:
        raise _changed()
    as_it_is = Wording(script.text, script.text_when_recorded, script.note, reason="")
    return _new(entry, "", script, as_it_is, earlier)


async def _add(
    entry: Entry,
    identity: Identity,
    script: Script,
    worded: Wording,
    earlier: Sequence[ScriptVersion],
) -> int:
    row = _new(entry, identity.login, script, worded, earlier)
    await entry.session.flush()
    return row.version


def _new(
    entry: Entry, by: str, script: Script, worded: Wording, earlier: Sequence[ScriptVersion]
) -> ScriptVersion:
    row = ScriptVersion(
        script_id=script.id,
        version=1 + max((row.version for row in earlier), default=0),
        based_on=script.version,
        text=worded.text,
        text_when_recorded=worded.text_when_recorded,
        note=worded.note,
        reason=worded.reason,
        proposed_by=by,
        proposed_at=entry.now,
        state=VersionState.WAITING.value,
        decision_reason="",
    )
    entry.session.add(row)
    return row


def _changed() -> Conflict:
    return Conflict(
        "changed_meanwhile",
        "この文は、別の人の承認で変わりました。画面を読み込み直し、今の文を確かめてください。",
    )


def _check(identity: Identity, *roles: Role) -> None:
    if identity.user_id is None:
        raise NotAllowed(
            "person_needed", "この操作は、サインインした職員が画面で行うときだけ受け付けます。"
        )
    if identity.role not in roles:
        raise NotAllowed("role_not_allowed", "お使いの役割では、この操作はできません。")
