"""Pure: what an office may set about joining a call (``MIMAMORI_JOINING__…``)."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints

TELEPHONE_INSTRUCTIONS: Final = (
    "お相手に、上司に代わること(または上司が加わること)をお伝えします。"
    "通話を保留にします。"
    "電話機の「転送」または「三者通話」を押し、監督者の内線を呼び出します。"
    "監督者が出たら、つなぎます。"
)


class JoiningSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    telephone_instructions: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)
    ] = TELEPHONE_INSTRUCTIONS
    """What both sides read when a join was accepted and the exchange cannot be asked for it: how to do it by hand."""
