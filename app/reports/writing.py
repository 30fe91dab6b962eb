"""Glue: a report is begun out of the record, written, and corrected once it was approved. Each is one transaction.

Two people who write at once lose nothing: who saves names the revision that they saw, and the second is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.auth.errors import FieldRefused
from app.auth.identity import Identity
from app.calls.endpoints import load_seen
from app.errors import Conflict
from app.ledger import Entry
from app.models import Call
from app.privacy.sight import TextSight
from app.privacy.sight_of_call import text_sight
from app.reports.filling import chosen_at_first, filled
from app.reports.form import FIELDS, MOST_QUOTES, checked_text
from app.reports.gathering import call_record
from app.reports.guarding import (
    ChangedMeanwhile,
    add_step,
    check_person,
    open_report,
    reason_given,
    report_seen,
    touch,
)
from app.reports.models import IncidentReport
from app.reports.record import CallRecord
from app.reports.repository import ReportState, StepKind, versions_of
from app.services import Services


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody saved: the fields that they changed, and what is quoted where they chose."""

    revision: int
    """Of the report that they saw."""
    fields: Mapping[str, str]
    quotes: Sequence[str] | None = None


def check_over(call: Call) -> None:
    """Raise ``Conflict`` (``call_not_over``) while *call* goes on."""
    if call.ended_at is None:
        raise Conflict("call_not_over", "通話中です。報告書は通話が終わってから作成してください。")


async def begin(services: Services, identity: Identity, call_id: str) -> tuple[int, bool]:
    """Begin the report of a call, filled in from its record; return its id, and whether it is new.

    Where there is one, that one is returned: a call has one report.

    Raises:
        NotFound, NotAllowed: the call is not for these eyes, or a program asks (``person_needed``).
        Conflict: the call goes on (``call_not_over``).
    """
    check_person(identity)
    call = await load_seen(services, identity, call_id)
    check_over(call)
    async with services.database.transaction() as session:
        earlier = await versions_of(session, call.id)
        if earlier:
            return earlier[0].id, False
        # Read before the write begins: calls wait for nobody's report.
        record = await call_record(services, session, call)
    texts = filled(record)

    async def change(entry: Entry) -> tuple[int, bool]:
        others = await versions_of(entry.session, call.id)
        if others:
            return others[0].id, False
        report = IncidentReport(
            call_id=call.id,
            version=1,
            state=ReportState.DRAFT.value,
            revision=1,
            fields={field.key: texts.get(field.key, "") for field in FIELDS},
            originals=texts,
            quotes=list(chosen_at_first(record.said)),
            created_by=identity.login,
            created_at=entry.now,
            changed_by=identity.login,
            changed_at=entry.now,
            decision_reason="",
            correction_reason="",
        )
        entry.session.add(report)
        await entry.session.flush()
        add_step(entry, report, StepKind.CREATED, identity)
        return report.id, True

    return await services.ledger.write(change)


async def save(services: Services, identity: Identity, report_id: int, written: Written) -> int:
    """Store what was written; return the report's revision. Nothing changes where nothing differs.

    Raises:
        NotFound, NotAllowed: not for these eyes, or a program asks.
        Conflict: it is not being written (``report_not_open``), or ``ChangedMeanwhile``.
        FieldRefused: a text is too long, no field, or covered for this person; a quote is none of the call.
    """
    check_person(identity)
    texts = {key: checked_text(key, text) for key, text in written.fields.items()}
    async with services.database.transaction() as session:
        report, call = await report_seen(session, identity, report_id)
        sight = await text_sight(session, services, identity, call)
        record = await call_record(services, session, call)
    fresh = filled(record)
    chosen = None if written.quotes is None else _chosen(record, report, written.quotes)

    async def change(entry: Entry) -> int:
        row = await open_report(entry.session, identity, report_id)
        if row.revision != written.revision:
            raise ChangedMeanwhile(row.changed_by, row.changed_at)
        changed = _changes(row, texts, sight)
        if chosen is not None and chosen != row.quotes:
            row.quotes = chosen
            changed = [*changed, "quotes"]
        if not changed:
            return row.revision
        row.fields = {**row.fields, **{key: texts[key] for key in changed if key in texts}}
        # Filled in anew: that is again what the record says, and no edit of a person.
        again = {
            key: fresh[key] for key in changed if key in texts and texts[key] == fresh.get(key)
        }
        row.originals = {**row.originals, **again}
        touch(row, identity, entry.now)
        add_step(entry, row, StepKind.EDITED, identity, changed=changed)
        return row.revision

    return await services.ledger.write(change)


async def correct(services: Services, identity: Identity, report_id: int, reason: str) -> int:
    """Begin a new version of an approved report; return its id. The approved one stays as it is.

    Raises:
        NotAllowed: a program.
        Conflict: it is not approved, or not the last version (``report_not_approved``, ``report_not_latest``).
        FieldRefused: no reason, or one too long.
    """
    check_person(identity)
    why = reason_given("correction_reason", reason)

    async def change(entry: Entry) -> int:
        approved, call = await report_seen(entry.session, identity, report_id)
        if approved.state != ReportState.APPROVED:
            raise Conflict(
                "report_not_approved",
                "訂正できるのは承認済みの報告書です。そのまま編集してください。",
            )
        versions = await versions_of(entry.session, call.id)
        if versions[0].id != approved.id:
            raise Conflict(
                "report_not_latest", "新しい版があります。最新の版を開いて操作してください。"
            )
        report = IncidentReport(
            call_id=call.id,
            version=approved.version + 1,
            state=ReportState.DRAFT.value,
            revision=1,
            fields=dict(approved.fields),
            originals=dict(approved.originals),
            quotes=list(approved.quotes),
            created_by=identity.login,
            created_at=entry.now,
            changed_by=identity.login,
            changed_at=entry.now,
            decision_reason="",
            correction_reason=why,
        )
        entry.session.add(report)
        await entry.session.flush()
        add_step(entry, report, StepKind.CORRECTED, identity, reason=why)
        return report.id

    return await services.ledger.write(change)


def _changes(row: IncidentReport, texts: Mapping[str, str], sight: TextSight) -> list[str]:
    """Return the keys of *texts* that say something new.

    Raises:
        FieldRefused: the person sees a part of the field covered, and would write the cover over it.
    """
    changed = []
    for key, text in texts.items():
        stored = str(row.fields.get(key, ""))
        seen = sight.of(stored)
        if text == seen:
            continue
        if seen != stored:
            raise FieldRefused(
                key,
                "report_field_covered",
                "この欄には伏せた言葉(●)があるため、書き換えられません。伏せ字を外してから編集してください。",
            )
        changed.append(key)
    return changed


def _chosen(record: CallRecord, report: IncidentReport, wanted: Sequence[str]) -> list[str]:
    known = {one.utterance_id: one.start_ms for one in record.said}
    # Quoted once, it may stay: what was found may be judged otherwise meanwhile.
    allowed = {*known, *report.quotes}
    if len(wanted) > MOST_QUOTES or not set(wanted) <= allowed:
        raise FieldRefused(
            "quotes",
            "report_quote_unknown",
            "引用できない発言が含まれています。画面を読み込み直してください。",
        )
    return sorted(dict.fromkeys(wanted), key=lambda one: (known.get(one, -1), one))
