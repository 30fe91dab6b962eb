"""Glue: which rows are deeds of a person, and what the trail says of them. Never a word of a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import inspect

from app.callers.models import CallerMeasure, CallMatter
from app.judgements.models import Judgement
from app.models import AccessToken, Base, RuleReview, StaffAction, User
from app.privacy.models import Unmasking
from app.reports.models import ReportStep
from app.responses.models import ScriptVersion
from app.retention.models import LegalHold, PersonRequest
from app.trail.chain import Deed
from app.trials.models import Trial

_KIND_CHARACTERS: Final = 48

_MADE: Final[Mapping[type[Base], Callable[[Any], Deed]]] = MappingProxyType(
    {
        StaffAction: lambda row: Deed(
            f"call.{row.kind}", by_login=row.by_login, call_id=row.call_id, subject=str(row.id)
        ),
        RuleReview: lambda row: Deed(
            f"rule.{row.kind}", by_login=row.by_login, subject=row.rule[:160]
        ),
        User: lambda row: Deed("account.created", subject=row.login),
        AccessToken: lambda row: Deed("token.created", subject=row.name),
        CallMatter: lambda row: Deed("call.matter", by_login=row.by_login, call_id=row.call_id),
        Unmasking: lambda row: _of_sight("call.unmasked", row),
        CallerMeasure: lambda row: Deed(
            "measure.requested",
            by_login=row.requested_by,
            call_id=row.call_id or "",
            subject=str(row.id),
        ),
        ScriptVersion: lambda row: Deed("sentence.proposed", subject=_sentence(row)),
        LegalHold: lambda row: Deed(
            "hold.set", by_login=row.by_login, call_id=row.call_id, subject=str(row.id)
        ),
        PersonRequest: lambda row: Deed(
            f"person.{row.kind}.asked", by_login=row.asked_by, subject=row.id
        ),
        ReportStep: lambda row: Deed(
            f"report.{row.kind}",
            by_login=row.by_login,
            call_id=row.call_id,
            subject=f"{row.report_id} r{row.revision}",
        ),
        Judgement: lambda row: Deed(
            "call.judged", by_login=row.by_login, call_id=row.call_id, subject=row.verdict
        ),
        Trial: lambda row: Deed("trial.asked", by_login=row.by_login, subject=row.id),
    }
)
_CHANGED: Final[Mapping[type[Base], Mapping[str, Callable[[Any], Deed]]]] = MappingProxyType(
    {
        User: {
            # Closing an account and giving it another role are told where they are done: no row is loaded for them.
            "disabled_at": lambda row: Deed("account.enabled", subject=row.login),
            "section": lambda row: Deed("account.section", subject=row.login),
            "display_name": lambda row: Deed("account.name", subject=row.login),
        },
        AccessToken: {"revoked_at": lambda row: Deed("token.revoked", subject=row.name)},
        Unmasking: {"covered_at": lambda row: _of_sight("call.covered", row)},
        CallMatter: {
            "at": lambda row: Deed("call.matter", by_login=row.by_login, call_id=row.call_id)
        },
        CallerMeasure: {
            "approved_at": lambda row: Deed(
                "measure.approved", by_login=row.approved_by or "", subject=str(row.id)
            ),
            "lifted_at": lambda row: Deed(
                "measure.lifted", by_login=row.lifted_by or "", subject=str(row.id)
            ),
        },
        LegalHold: {
            "lifted_at": lambda row: Deed(
                "hold.lifted",
                by_login=row.lifted_by or "",
                call_id=row.call_id,
                subject=str(row.id),
            )
        },
        PersonRequest: {
            "state": lambda row: Deed(f"person.{row.kind}.{row.state}", subject=row.id)
        },
        ScriptVersion: {"state": lambda row: Deed(f"sentence.{row.state}", subject=_sentence(row))},
    }
)
_LEFT_OUT: Final = frozenset({"password_hash", "secret_hash"})
"""Not even as a part of a digest."""


def deeds_of_new(row: object) -> tuple[Deed, ...]:
    """Return what the new *row* tells; nothing where it is no deed."""
    told = _MADE.get(type(row)) if isinstance(row, Base) else None
    return (_fitting(told(row)),) if told is not None else ()


def deeds_of_changed(row: object) -> tuple[Deed, ...]:
    """Return what the changes of *row* tell that have just been flushed."""
    told = _CHANGED.get(type(row)) if isinstance(row, Base) else None
    if told is None:
        return ()
    attributes = inspect(row).attrs
    return tuple(
        _fitting(tell(row)) for name, tell in told.items() if attributes[name].history.has_changes()
    )


def fields_of(row: object) -> dict[str, object]:
    """Return what a digest of *row* covers."""
    columns = inspect(type(row)).columns
    return {
        column.key: getattr(row, column.key) for column in columns if column.key not in _LEFT_OUT
    }


def _of_sight(kind: str, row: Unmasking) -> Deed:
    return Deed(kind, by_login=row.by_login, call_id=row.call_id, subject=str(row.id))


def _sentence(row: ScriptVersion) -> str:
    return f"{row.script_id} v{row.version}"


def _fitting(deed: Deed) -> Deed:
    if len(deed.kind) > _KIND_CHARACTERS:
        raise ValueError(f"the trail has no room for the kind {deed.kind}")
    return deed
