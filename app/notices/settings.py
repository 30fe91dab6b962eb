"""Pure: what an office may set about notices to others (``MIMAMORI_NOTICES__…``). Unset, nothing is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

RouteName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
_Section = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
_Mailbox = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254)]


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class RouteSettings(_Group):
    """One way out: to whom, of which calls, and how much is said."""

    kind: Literal["webhook", "mail", "slack", "teams"]
    """``webhook``: signed JSON to one's own system; ``mail``; ``slack`` and ``teams``: a message in a chat."""
    url: SecretStr | None = None
    """Where ``webhook``, ``slack`` and ``teams`` are sent. A chat's address is itself a secret."""
    secret: SecretStr | None = None
    """By which a ``webhook`` is signed (HMAC-SHA256), at least 16 characters."""
    to: tuple[_Mailbox, ...] = ()
    """Addresses that ``mail`` is sent to."""
    sections: tuple[_Section, ...] = ()
    """Calls of these 課 only; empty: of all."""
    from_level: int = Field(default=2, ge=1, le=3)
    """Tell when a call rises to this level or above."""
    on_help: bool = True
    """Tell when an operator asks for help."""
    ended_from_level: int | None = Field(default=None, ge=1, le=3)
    """Tell also when a call has ended that reached this level; unset: not."""
    with_words: bool = False
    """Say the caller's words that the alert rests on. They then leave the office's records."""
    with_operator_name: bool = False
    """Say the operator's display name."""
    with_caller_number: bool = False
    """Say the caller's number."""


class SmtpSettings(_Group):
    host: str = ""
    """The office's mail server."""
    port: int = Field(default=587, ge=1, le=65_535)
    """Its port: usually 587 with ``starttls``, 465 with ``tls``."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """``none`` only to this machine and private addresses written as numbers."""
    user: str = ""
    """Unset: the server asks for no sign-in."""
    password: SecretStr | None = None
    """And the password."""
    sender: _Mailbox = ""
    """Address that the mail comes from."""


class NoticeSettings(_Group):
    routes: dict[RouteName, RouteSettings] = {}
    """Name of each way out to what it is (docs/notices.md); empty: nothing is sent to anybody."""
    smtp: SmtpSettings = SmtpSettings()
    """For routes of the kind ``mail``."""
    tries: int = Field(default=8, ge=1, le=20)
    """A notice that could not be delivered so often counts as failed and waits for an administrator."""
    first_retry_seconds: int = Field(default=5, ge=1, le=600)
    """Until the second try; doubled after each, a little by chance."""
    longest_retry_seconds: int = Field(default=600, ge=1, le=3_600)
    """The longest such wait."""
    proxy: str | None = None
    """Proxy by which ``slack`` and ``teams`` are reached, as ``http://192.168.0.1:8080``; unset: directly."""
    ca_file: Path | None = None
    """PEM file with certificates to trust instead of the known ones, for servers of the office."""
