"""Adapter: notices as mail, by the standard library in a thread of its own. Never in clear where TLS was asked for."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Final, Literal

import anyio
import anyio.to_thread

from app.notices.formats import mail_text
from app.notices.ports import NotDelivered
from app.notices.wording import Notice, message_of

TIMEOUT_S: Final = 10.0
"""Of each step."""
WHOLE_TIMEOUT_S: Final = 30.0
"""Of all of them; a server that answers a byte at a time must not hold the route."""


@dataclass(frozen=True, slots=True)
class MailServer:
    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None


class MailChannel:
    """Implements ``Channel``. A mail that is sent twice has the same Message-ID, by which mail servers know it."""

    def __init__(
        self, server: MailServer, to: tuple[str, ...], threads: anyio.CapacityLimiter
    ) -> None:
        self._server = server
        self._to = to
        self._threads = threads

    async def send(self, notice: Notice) -> str:
        mail = mail_of(notice, self._server.sender, self._to)
        try:
            with anyio.fail_after(WHOLE_TIMEOUT_S):
                return await anyio.to_thread.run_sync(
                    _hand_over, self._server, mail, abandon_on_cancel=True, limiter=self._threads
                )
        except TimeoutError as error:
            raise NotDelivered("no_answer") from error


def mail_of(notice: Notice, sender: str, to: tuple[str, ...]) -> EmailMessage:
    """Return *notice* as a mail."""
    message = message_of(notice)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = ", ".join(to)
    mail["Subject"] = message.title
    mail["Date"] = format_datetime(notice.at)
    mail["Message-ID"] = f"<{notice.notice_id}@{sender.rpartition('@')[2]}>"
    # So that no absence note is sent back.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(mail_text(message), cte="base64")
    return mail


def _hand_over(server: MailServer, mail: EmailMessage) -> str:
    with _translated():
        connection = _connect(server)
    try:
        with _translated():
            if server.user:
                connection.login(server.user, server.password)
            refused = connection.send_message(mail)
        # Taken: a server that stumbles over the goodbye must not be sent it again.
        with suppress(smtplib.SMTPException, OSError):
            connection.quit()
    finally:
        connection.close()
    return "some_recipients_refused" if refused else ""


def _connect(server: MailServer) -> smtplib.SMTP:
    trusted = ssl.create_default_context(cafile=server.ca_file)
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=trusted)
    connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    try:
        if server.security == "starttls":
            _encrypt(connection, trusted)
    except BaseException:
        connection.close()
        raise
    return connection


def _encrypt(connection: smtplib.SMTP, trusted: ssl.SSLContext) -> None:
    connection.ehlo()
    if not connection.has_extn("starttls"):
        raise NotDelivered("tls_missing", final=True)
    connection.starttls(context=trusted)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (smtplib.SMTPException, OSError, ValueError) as error:
        # Not as its cause: what a server answered may name people.
        raise _reason(error) from None


def _reason(error: Exception) -> NotDelivered:
    for kind, code in _CODES:
        if isinstance(error, kind):
            return NotDelivered(code, final=_is_final(error))
    return NotDelivered("unreachable")


def _is_final(error: Exception) -> bool:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500


_CODES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (smtplib.SMTPAuthenticationError, "sign_in_refused"),
    (smtplib.SMTPNotSupportedError, "sign_in_refused"),
    (smtplib.SMTPSenderRefused, "sender_refused"),
    (smtplib.SMTPRecipientsRefused, "recipients_refused"),
    (smtplib.SMTPConnectError, "unreachable"),
    (smtplib.SMTPServerDisconnected, "no_answer"),
    (smtplib.SMTPException, "mail_refused"),
    (ssl.SSLError, "tls_failed"),
    (TimeoutError, "no_answer"),
    (ValueError, "mail_refused"),
)
