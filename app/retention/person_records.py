"""Adapter: everything that is kept of one call, as its caller may read it: staff and third persons covered."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import LargeBinary, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.privacy.sight import masked_text
from app.retention.places import conditions_for
from app.tables import Base

STAFF: Final = "(職員)"

LEFT_OUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "events": "画面に送られた知らせ。同じ内容がほかの表にあります",
        "search_calls": "検索のための写し。同じ内容が utterances にあります",
        "recordings": "録音の鍵など。録音そのものは WAV ファイルに入っています",
        "call_tracks": "処理の位置",
        "decisions": "段階の計算の途中。結果は calls と alerts にあります",
        "notices": "お知らせの送信の状態。通話の言葉は入っていません",
        "unmaskings": "職員が伏せ字を外した記録",
        "trial_calls": "規則の試しの結果",
        "statistics_repeats": "統計のための印",
    }
)
"""Tables that tell the caller nothing of their own, and why they are not in an export."""

_STAFF_COLUMNS: Final = frozenset({"operator", "login", "display_name", "by_name"})
_TECHNICAL: Final = frozenset(
    {"token_id", "stream_format", "caller_hash", "caller_key_id", "number_key_id", "explanation"}
)
_AS_IT_IS: Final = frozenset({"id", "call_id", "utterance_id", "alert_id", "caller_number"})


async def records_of(session: AsyncSession, call_id: str) -> dict[str, list[dict[str, Any]]]:
    """Return table -> rows of *call_id*, without what is left out."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, condition in conditions_for([call_id]).items():
        if name in LEFT_OUT:
            continue
        table = Base.metadata.tables[name]
        rows = (await session.execute(select(table).where(condition))).mappings().all()
        if rows:
            found[name] = [_shown(table, dict(row)) for row in rows]
    return found


async def measures_of(session: AsyncSession, hashes: Collection[str]) -> list[dict[str, Any]]:
    """Return the measures that were asked for about one caller, those that are over too."""
    table = Base.metadata.tables["caller_measures"]
    query = select(table).where(table.c.caller_hash.in_(list(hashes)))
    rows = (await session.execute(query.order_by(table.c.id))).mappings().all()
    return [_shown(table, dict(row)) for row in rows]


def _shown(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {
        column.name: _value(column.name, row[column.name])
        for column in table.columns
        if column.name not in _TECHNICAL and not isinstance(column.type, LargeBinary)
    }


def _value(name: str, value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    if name in _STAFF_COLUMNS or name == "by" or name.endswith(("_by", "_login")):
        return STAFF if value else ""
    return value if name in _AS_IT_IS else masked_deep(value)


def masked_deep(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return *value* as JSON can say it, with personal data in its texts covered."""
    if isinstance(value, str):
        return masked_text(value)
    if isinstance(value, Mapping):
        return {
            str(key): _value(str(key), inner) if isinstance(inner, str) else masked_deep(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked_deep(inner) for inner in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float) else str(value)
