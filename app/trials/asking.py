"""Glue: somebody asks for a trial: the change is checked, the calls are chosen, and it waits for its turn."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import uuid4

import anyio.to_thread

from app.auth.identity import Identity, Role
from app.cli.policy_words import fault_line
from app.errors import BadRequest, Conflict, NotAllowed, NotFound, TooMany
from app.feedback.repository import reviews
from app.feedback.reviews import Key, switched_off
from app.japan import JAPAN
from app.ledger import Entry
from app.services import Services
from app.trail.chain import Deed
from app.trail.writing import record
from app.trials.added_words import NothingToFind, Words, word_lists
from app.trials.models import Trial
from app.trials.policy_text import UnknownKey, with_values
from app.trials.repository import Range, add_calls, calls_in, move, open_trials, trial_for
from app.trials.rules import changed_lexicon
from app.trials.schemas import ChangeIn, TrialIn
from app.trials.states import TrialState
from detection.errors import LexiconInvalid, PolicyInvalid
from detection.policy import Policy
from detection.policy_files import load_policy, policy_names
from detection.policy_reading import parse_policy
from detection.policy_writing import policy_toml
from detection.rule_book import load_rule_book

MOST_OPEN: Final = 5
"""Trials that may wait: each takes minutes."""
_MOST_FAULTS_TOLD: Final = 5
_AT_ONCE: Final = 250
"""Calls written down in one transaction."""
UPLOADED: Final = "policy.toml"


async def ask(services: Services, identity: Identity, wanted: TrialIn) -> str:
    """Store a trial and return its id; it begins when those before it have ended.

    Raises:
        BadRequest: the change breaks the rules of its file, changes nothing, or there are no calls.
        NotAllowed: who sees no call would look for words in them (``trial_words_not_allowed``).
        TooMany: several wait already.
    """
    if identity.role is not Role.AUDITOR and (
        wanted.change.words or wanted.change.lexicon_toml.strip()
    ):
        raise NotAllowed(
            "trial_words_not_allowed",
            "言葉を加える試行は、監査担当者が行えます。結果の件数から、通話で話された言葉が分かるためです。",
        )
    section = _section(identity, wanted.section)
    current = load_policy(services.settings.detection.policy)
    change = await anyio.to_thread.run_sync(_checked, wanted.change, current)
    chosen = Range(section, _start(wanted.since), _end(wanted.until), wanted.most_calls)
    trial_id = uuid4().hex
    async with services.database.transaction() as session:
        calls = await calls_in(session, chosen)
    if not calls:
        raise BadRequest(
            "trial_without_calls",
            "この範囲に終了した通話がありません。期間か課を広げてください。",
        )

    async def write(entry: Entry) -> None:
        if await open_trials(entry.session) >= MOST_OPEN:
            raise TooMany(
                "trials_waiting",
                "ほかの試行が順番を待っています。終わるか取りやめられるのを待って、もう一度お試しください。",
            )
        off = switched_off(await reviews(entry.session)).rules
        if not _changes_something(change, policy_toml(current), off):
            raise BadRequest(
                "trial_changes_nothing",
                "今のルールと違いがありません。変えるところを一つ以上入力してください。",
            )
        entry.session.add(
            Trial(
                id=trial_id,
                title=wanted.title.strip(),
                change={name: value for name, value in change.items() if name != "policy"},
                section=section,
                since=chosen.since,
                until=chosen.until,
                most_calls=wanted.most_calls,
                state=TrialState.PREPARING.value,
                why="",
                by_login=identity.login,
                at=entry.now,
                started_at=None,
                ended_at=None,
                policy_before=policy_toml(current),
                policy_after=change["policy"],
                off_before=[list(key) for key in sorted(off)],
                versions={},
            )
        )

    await services.ledger.write(write)
    # Not in the ledger's turn, and some at a time: live calls write in between.
    for start in range(0, len(calls), _AT_ONCE):
        async with services.database.transaction() as session:
            await add_calls(session, trial_id, calls[start : start + _AT_ONCE], start)
    async with services.database.transaction() as session:
        await move(session, trial_id, TrialState.WAITING, at=services.clock.now())
    return trial_id


async def cancel(services: Services, identity: Identity, trial_id: str) -> None:
    """Stop a trial that waits or runs; what was compared until then stays.

    Raises:
        NotFound: no such trial, or not for these eyes.
        Conflict: it has ended already.
    """

    async def write(entry: Entry) -> None:
        if await trial_for(entry.session, identity, trial_id) is None:
            raise unknown_trial()
        if not await move(entry.session, trial_id, TrialState.CANCELLED, at=entry.now):
            raise Conflict(
                "trial_over", "この試行はもう終わっています。画面を読み込み直してください。"
            )
        await record(entry.session, Deed("trial.cancelled", subject=trial_id))

    await services.ledger.write(write)


def unknown_trial() -> NotFound:
    return NotFound("trial_unknown", "この試行は見つからないか、表示する権限がありません。")


def read_policy(text: str) -> Policy:
    """Return the policy that *text* states.

    Raises:
        BadRequest: it breaks rules; the message names the lines.
    """
    try:
        return parse_policy(text, UPLOADED)
    except PolicyInvalid as invalid:
        raise _refused(invalid) from None


def _checked(change: ChangeIn, current: Policy) -> dict[str, Any]:
    """Return the change as it is stored, with the whole policy after it under ``policy``."""
    policy, text = current, policy_toml(current)
    if change.policy_toml.strip():
        policy, text = read_policy(change.policy_toml), change.policy_toml
    elif change.policy:
        if change.policy not in policy_names():
            raise BadRequest(
                "trial_policy_unknown",
                "その名前の基本方針はありません。一覧から選び直してください。",
            )
        policy = load_policy(change.policy)
        text = policy_toml(policy)
    if change.values:
        try:
            _, text = with_values(policy, change.values)
        except UnknownKey:
            raise BadRequest(
                "trial_key_unknown", "基本方針にない項目があります。画面を読み込み直してください。"
            ) from None
        except PolicyInvalid as invalid:
            raise _refused(invalid) from None
    added = _added(change)
    book, removed = load_rule_book(), sorted(set(change.removed))
    if any(book.category_of(rule) is None for rule in removed):
        raise BadRequest(
            "trial_rule_unknown",
            "この版にないルールが選ばれています。画面を読み込み直してください。",
        )
    try:
        changed_lexicon(added, removed)
    except LexiconInvalid as invalid:
        raise BadRequest(
            "trial_lexicon_invalid",
            f"言葉の一覧に誤りがあります。次の箇所を直してください: {str(invalid)[:300]}",
        ) from None
    return {
        "policy": text,
        "off": [[key.rule, key.category] for key in change.off],
        "on": [[key.rule, key.category] for key in change.on],
        "added": added,
        "removed": removed,
    }


def _added(change: ChangeIn) -> list[str]:
    if change.lexicon_toml.strip():
        return [change.lexicon_toml]
    try:
        lists = word_lists(
            Words(one.category, one.severity, tuple(one.words)) for one in change.words
        )
    except NothingToFind:
        raise BadRequest(
            "trial_words_empty", "加える言葉に、文字のない行があります。言葉を入力してください。"
        ) from None
    return list(lists.values())


def _refused(invalid: PolicyInvalid) -> BadRequest:
    told = [fault_line(invalid.source, fault) for fault in invalid.faults[:_MOST_FAULTS_TOLD]]
    return BadRequest(
        "trial_policy_invalid",
        f"基本方針に誤りがあります。次の箇所を直してください: {' / '.join(told)}",
    )


def _changes_something(change: dict[str, Any], before: str, off: frozenset[Key]) -> bool:
    wanted = (off | {(rule, category) for rule, category in change["off"]}) - {
        (rule, category) for rule, category in change["on"]
    }
    same_policy = parse_policy(change["policy"], UPLOADED) == parse_policy(before, UPLOADED)
    return not same_policy or wanted != off or bool(change["added"] or change["removed"])


def _section(identity: Identity, wanted: str) -> str:
    """Return whose calls are heard: an auditor of one section tries rules on that section's alone."""
    return identity.section if identity.role is Role.AUDITOR and identity.section else wanted


def _start(day: date | None) -> datetime | None:
    # Where the calendar itself ends a day in Japan has no moment in UTC; no call was begun there.
    if day is None or day.year <= date.min.year:
        return None
    return datetime.combine(day, time.min, JAPAN)


def _end(day: date | None) -> datetime | None:
    if day is None or day.year >= date.max.year:
        return None
    return datetime.combine(day + timedelta(days=1), time.min, JAPAN)
