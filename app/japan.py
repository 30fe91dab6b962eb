"""Pure: the clock on the wall of every office that this is made for."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Final

JAPAN: Final = timezone(timedelta(hours=9))
"""No summer time since 1951."""
