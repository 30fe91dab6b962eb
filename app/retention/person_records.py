"""Adapter: everything that is kept of one call, as its caller may read it: staff and third persons covered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import LargeBinary, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.privacy.lines import Line
from app.privacy.sight import COVERED, TextSight, sight_of_lines
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


Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Table to rows, as they are stored."""


async def rows_of(session: AsyncSession, call_id: str) -> Rows:
    """Return what there is of *call_id*, without what is left out; not to be shown before ``shown`` has covered it."""
    found: dict[str, Sequence[Mapping[str, Any]]] = {}
    for name, condition in conditions_for([call_id]).items():
        if name in LEFT_OUT:
            continue
        rows = await session.execute(select(Base.metadata.tables[name]).where(condition))
        if stored := [dict(row) for row in rows.mappings()]:
            found[name] = stored
    return found


async def measures_of(session: AsyncSession, hashes: Collection[str]) -> Rows:
    """Return the measures that were asked for about one caller, those that are over too; as ``rows_of``."""
    table = Base.metadata.tables["caller_measures"]
    query = select(table).where(table.c.caller_hash.in_(list(hashes)))
    rows = await session.execute(query.order_by(table.c.id))
    return {table.name: [dict(row) for row in rows.mappings()]}


def shown(stored: Rows) -> dict[str, list[dict[str, Any]]]:
    """Return *stored* as the caller may read it, knowing what was told in the whole call; slow: for a thread."""
    said = sorted(stored.get("utterances", ()), key=lambda row: (row["end_ms"], row["id"]))
    sight = sight_of_lines([Line(row["track"], row["text"]) for row in said]) if said else COVERED
    return {
        name: [_shown(Base.metadata.tables[name], row, sight) for row in rows]
        for name, rows in stored.items()
    }


def _shown(table: Table, row: Mapping[str, Any], sight: TextSight) -> dict[str, Any]:
    return {
        column.name: _value(column.name, row[column.name], sight)
        for column in table.columns
        if column.name not in _TECHNICAL and not isinstance(column.type, LargeBinary)
    }


def _value(name: str, value: Any, sight: TextSight) -> Any:  # noqa: ANN401 - whatever a column holds
    if name in _STAFF_COLUMNS or name == "by" or name.endswith(("_by", "_login")):
        return STAFF if value else ""
    return value if name in _AS_IT_IS else _covered(value, sight)


def _covered(value: Any, sight: TextSight) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return *value* as JSON can say it, with personal data in its texts covered."""
    if isinstance(value, str):
        return sight.of(value)
    if isinstance(value, Mapping):
        return {
            str(key): _value(str(key), inner, sight)
            if isinstance(inner, str)
            else _covered(inner, sight)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_covered(inner, sight) for inner in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float) else str(value)
