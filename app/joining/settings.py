"""Pure: what an office may set about joining a call (``MIMAMORI_JOINING__…``)."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints

TELEPHONE_INSTRUCTIONS: Final = (
    "画面からはつなげません。職員はお相手に断ってから保留にし、電話機の転送または三者通話のボタンで"
    "監督者の内線を呼び出してください。"
)


class JoiningSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    telephone_instructions: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)
    ] = TELEPHONE_INSTRUCTIONS
    """What both sides read when a join was accepted and the exchange cannot be asked for it: how to do it by hand."""
