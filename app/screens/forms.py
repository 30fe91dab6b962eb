"""Pure: what every page with forms hands back when one was refused."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rejected:
    """A form that comes back with what was entered and what was wrong with it."""

    form: str = ""
    """Which of the page's forms; empty for none."""
    entered: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
