"""Adapter: the preview's answers for the part "board"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import BaseRoute

if TYPE_CHECKING:
    from tests.browser.preview import Theatre


def routes(theatre: Theatre) -> list[BaseRoute]:
    """Return what the part asks of its server."""
    return []
