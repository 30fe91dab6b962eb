"""Pure: what an office may set about calls from the same number (``MIMAMORI_CALLERS__…``)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class CallersSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    colleagues_answers: bool = False
    """Operators also read what colleagues of their own section noted: the matter, and the answer given."""
    operators_read_numbers: bool = False
    """Operators read the whole number of the calls that they take, not only when one reached level 3."""
