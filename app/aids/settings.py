"""Pure: what an office may set about its cards and contacts (``MIMAMORI_AIDS__…``)."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from app.plain_text import is_plain

_TELEPHONE: Final = re.compile(
    r"(?:(?:内線)? ?[+#*]?[0-9][0-9()() -]{0,29})(?: ?内線 ?[0-9]{1,8})?"
)


def _one_line(text: str) -> str:
    if not is_plain(text):
        raise ValueError("must be one line without control characters")
    return text


def _telephone(number: str) -> str:
    if number and not _TELEPHONE.fullmatch(number):
        raise ValueError("must be a telephone number, such as 011-381-0000, #9110 or 内線 2345")
    return number


Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=120), AfterValidator(_one_line)
]
Name = Annotated[Line, StringConstraints(min_length=1)]
Telephone = Annotated[Line, AfterValidator(_telephone)]
TelephoneGiven = Annotated[Telephone, StringConstraints(min_length=1)]


class Contact(BaseModel):
    """Somebody to turn to."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: Name
    """As it is read out, with its 課."""
    number: TelephoneGiven
    hours: Line = ""
    """When somebody answers, such as 平日 8:45–17:15."""


class AidsSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    office_name: Line = ""
    """The office as the police know it, such as 江別市役所 本庁舎; read out from the 110 card."""
    office_address: Line = ""
    """Its address, for the same card."""
    office_telephone: Telephone = ""
    """The number at which the police call back."""
    places: dict[Name, Name] = {}
    """Section (課) to where it sits, such as 2階 東側."""
    welfare_contacts: tuple[Contact, ...] = ()
    """Desks for callers who need support: name, number, hours; shown on the card for support."""
    national_line: Contact | None = None
    """A national telephone line for the same card; shown only where the office has chosen one."""
    staff_desk: Contact | None = None
    """Where staff turn after a hard call."""
