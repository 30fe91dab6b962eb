"""Pure: the ways out that an office has set up, checked: a mistake stops the start, not the first bad call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from app.control.addresses import control_address
from app.control.signing import LEAST_SECRET_CHARACTERS
from app.errors import Unavailable
from app.notices.settings import NoticeSettings, RouteSettings, SmtpSettings

_PREFIX: Final = "MIMAMORI_NOTICES__"


class RouteKind(StrEnum):
    WEBHOOK = "webhook"
    MAIL = "mail"
    SLACK = "slack"
    TEAMS = "teams"


@dataclass(frozen=True, slots=True)
class Route:
    name: str
    kind: RouteKind
    from_level: int
    on_help: bool = True
    ended_from_level: int | None = None
    sections: frozenset[str] = frozenset()
    """Empty: all."""
    with_words: bool = False
    with_operator_name: bool = False
    with_caller_number: bool = False
    to: tuple[str, ...] = ()
    url: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)

    @property
    def whereto(self) -> str:
        """Where it leads, as people may read it: of an address only the host, for the rest is often a key."""
        return "、".join(self.to) if self.kind is RouteKind.MAIL else urlsplit(self.url).netloc


def routes_of(settings: NoticeSettings) -> Mapping[str, Route]:
    """Return the routes by name.

    Raises:
        Unavailable: one of them could never work, or would send in clear (``notice_settings``).
    """
    routes = {name: _route(name, given) for name, given in settings.routes.items()}
    if any(route.kind is RouteKind.MAIL for route in routes.values()):
        _check_smtp(settings.smtp)
    if settings.proxy:
        _address("PROXY", settings.proxy, plain_http=True)
    return routes


def _route(name: str, given: RouteSettings) -> Route:
    kind, here = RouteKind(given.kind), f"ROUTES の {name} の "
    url = secret = ""
    if kind is RouteKind.MAIL:
        if not given.to or not all(map(_is_mailbox, given.to)):
            raise _wrong(f"{here}to", "送り先のメールアドレスを1つ以上書いてください")
    else:
        url = _address(f"{here}url", given.url.get_secret_value() if given.url else "")
    if kind is RouteKind.WEBHOOK:
        secret = given.secret.get_secret_value() if given.secret else ""
        if len(secret) < LEAST_SECRET_CHARACTERS:
            raise _wrong(
                f"{here}secret", f"{LEAST_SECRET_CHARACTERS}文字以上の秘密を決めてください"
            )
    return Route(
        name=name,
        kind=kind,
        from_level=given.from_level,
        on_help=given.on_help,
        ended_from_level=given.ended_from_level,
        sections=frozenset(given.sections),
        with_words=given.with_words,
        with_operator_name=given.with_operator_name,
        with_caller_number=given.with_caller_number,
        to=given.to if kind is RouteKind.MAIL else (),
        url=url,
        secret=secret,
    )


def _check_smtp(smtp: SmtpSettings) -> None:
    if not smtp.host or any(c <= " " or c in "/@?#" for c in smtp.host):
        raise _wrong("SMTP__HOST", "メールサーバーの名前かアドレスを書いてください")
    if not _is_mailbox(smtp.sender):
        raise _wrong("SMTP__SENDER", "差出人のメールアドレスを書いてください")
    if bool(smtp.user) != bool(smtp.password and smtp.password.get_secret_value()):
        raise _wrong("SMTP__USER", "SMTP__PASSWORD とともに書いてください")
    if smtp.security == "none":
        host = f"[{smtp.host}]" if ":" in smtp.host else smtp.host
        try:
            control_address(f"http://{host}")
        except ValueError:
            raise _wrong(
                "SMTP__SECURITY",
                "none を使えるのは localhost と、数字で書いた庁内のアドレスだけです。"
                "starttls か tls にしてください",
            ) from None


def _address(variable: str, url: str, *, plain_http: bool = False) -> str:
    try:
        # Of a proxy it does not matter: what goes through it is encrypted to its end.
        if plain_http and url.startswith("http://"):
            return "http://" + control_address("https://" + url.removeprefix("http://"))[8:]
        return control_address(url)
    except ValueError as error:
        raise _wrong(variable, str(error)) from None


def _is_mailbox(text: str) -> bool:
    name, at, domain = text.rpartition("@")
    plain = text.isascii() and text.isprintable() and not any(c in " ,;<>()[]\"'\\:" for c in text)
    return bool(name and at and domain) and plain and "@" not in name


def _wrong(what: str, reason: str) -> Unavailable:
    return Unavailable("notice_settings", f"設定 {_PREFIX}{what} を直してください: {reason}。")
