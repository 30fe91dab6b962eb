"""Glue: who brings this stream, by whatever the exchange can prove itself with.

A stream token as ``Authorization: Bearer`` or as the password of ``Basic``; a client certificate that a trusted
proxy has checked and names; or, where an exchange signs instead (Twilio, AudioHook), the door's own token,
``door:twilio``, made at its first call: revoke it and the door is closed.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import HTTPConnection

from app.auth.access import accounts_of
from app.auth.credentials import hash_of, new_token
from app.auth.identity import Role
from app.auth.repository import AccountRepository
from app.calls.protocol import Refusal, StreamRefused
from app.models import AccessToken
from app.services import Services, services_of

PEER_STATE: Final = "mimamori_peer"
"""Where ``app.telephony.sockets`` leaves the address of the other end of the TCP connection itself."""
_MOST_AUTHORIZATION_CHARACTERS: Final = 4_096


@dataclass(frozen=True, slots=True)
class Admitted:
    """A door that was opened: in whose name the call is recorded."""

    token_id: int
    section: str
    by_door: bool = False
    """The door's own token, which nobody holds."""


async def admit_with_token(connection: HTTPConnection) -> Admitted:
    """Return whose stream this is by its token or client certificate.

    Raises:
        StreamRefused: ``unauthorised``, or ``not_allowed`` for a token of another role.
    """
    services = services_of(connection)
    named = _certificate_token(connection, services)
    if named is not None:
        return await _admit_named(services, named)
    secret = _secret_of(connection.headers.get("authorization", ""))
    identity = await accounts_of(connection).identity_of_token(secret) if secret else None
    if identity is None or identity.token_id is None:
        raise StreamRefused(
            Refusal.UNAUTHORISED,
            "有効なストリームトークンが必要です(Authorization: Bearer、または Basic のパスワード)。",
        )
    if identity.role is not Role.STREAM:
        raise StreamRefused(
            Refusal.NOT_ALLOWED, "このトークンでは音声を送れません(役割 stream が必要です)。"
        )
    return Admitted(identity.token_id, identity.section)


async def admit_door(services: Services, door: str) -> Admitted:
    """Return the door's own token, made now where there is none: the exchange has proved itself otherwise.

    Raises:
        StreamRefused: ``not_allowed``: it was revoked.
    """
    name = f"door:{door}"
    # Two legs of the first call come at the same moment: they must find the same token.
    async with services.doors.admitting, services.database.transaction() as session:
        rows = AccountRepository(session)
        token = await rows.token_named(name, Role.STREAM.value)
        if token is None:
            token = AccessToken(
                name=name,
                role=Role.STREAM.value,
                section="",
                secret_hash=hash_of(
                    new_token()
                ),  # nobody is told: it names the door, it opens none
                created_at=services.clock.now(),
                last_used_at=None,
                revoked_at=None,
            )
            rows.add_token(token)
            await session.flush()
        return replace(_admitted(token), by_door=True)


async def check_again(services: Services, admitted: Admitted) -> None:
    """Refuse a stream whose token was revoked meanwhile; a telephone sends for hours."""
    try:
        async with services.database.transaction() as session:
            token = await AccountRepository(session).token(admitted.token_id)
    except (SQLAlchemyError, OSError):
        return  # the tables are away: nothing was revoked by that
    if token is None or token.revoked_at is not None:
        raise StreamRefused(Refusal.UNAUTHORISED, "このトークンは無効になりました。")


def lies_within(address: str, networks: Sequence[str]) -> bool:
    """Say whether *address* belongs to one of *networks*; what is neither is none of them."""
    try:
        asked = ip_address(address)
    except ValueError:
        return False
    # A socket that listens for both kinds names a peer of the older one as ::ffff:192.0.2.1.
    mapped = getattr(asked, "ipv4_mapped", None)
    return any(_holds(network, mapped or asked) for network in networks)


def _holds(network: str, address: IPv4Address | IPv6Address) -> bool:
    try:
        return address in ip_network(network, strict=False)
    except ValueError:
        return False


async def _admit_named(services: Services, name: str) -> Admitted:
    async with services.database.transaction() as session:
        token = await AccountRepository(session).token_named(name, Role.STREAM.value)
    if token is None:
        raise StreamRefused(
            Refusal.UNAUTHORISED,
            "証明書に対応するストリームトークンがありません。管理者に連絡してください。",
        )
    return _admitted(token)


def _admitted(token: AccessToken) -> Admitted:
    if token.revoked_at is not None:
        raise StreamRefused(
            Refusal.NOT_ALLOWED, "この接続口は管理者によって閉じられています(トークンの失効)。"
        )
    return Admitted(token.id, token.section)


def _certificate_token(connection: HTTPConnection, services: Services) -> str | None:
    """Return the name of the token that the client certificate stands for; None without one."""
    telephony = services.settings.telephony
    if not telephony.client_certificate_header:
        return None
    subject = connection.headers.get(telephony.client_certificate_header)
    if not subject:
        return None
    peer = getattr(connection.state, PEER_STATE, "")
    trusted = [part.strip() for part in services.settings.trusted_proxies.split(",")]
    if not lies_within(peer, trusted):
        return None  # anybody can write a header
    return telephony.client_certificates.get(subject, "")


def _secret_of(authorization: str) -> str:
    scheme, _, value = authorization[:_MOST_AUTHORIZATION_CHARACTERS].partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        _user, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return password
