"""Glue: the trail as spreadsheets read it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from app.japan import JAPAN
from app.screens.words import ROLES
from app.spreadsheet_text import harmless
from app.trail.models import TrailRow
from app.trail.words import kind_words

HEADS: Final = (
    "番号",
    "日時(日本)",
    "操作",
    "種類",
    "だれが",
    "役割",
    "どこから",
    "通話",
    "対象",
    "印",
)
_ROLES: Final = {role.value: words for role, words in ROLES.items()}


def csv_row(row: TrailRow) -> list[str]:
    at = f"{row.at.astimezone(JAPAN):%Y-%m-%d %H:%M:%S}"
    who = [row.by_login, _ROLES.get(row.role, row.role), row.address]
    told = [kind_words(row.kind).label, row.kind, *who, row.call_id, row.subject, row.seal]
    return [str(row.number), at, *(harmless(one) for one in told)]


def csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Return *rows* as lines of a CSV file (RFC 4180)."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
