"""A notice as mail, to a real mail server: never in clear where TLS was asked for, never twice for a clumsy goodbye."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import anyio
import pytest

from app.notices.choosing import NoticeKind
from app.notices.ports import NotDelivered
from app.notices.smtp import MailChannel, MailServer
from app.notices.wording import Notice
from tests.app.control.serving import refusing_port
from tests.app.notices.receivers import MailReceiver
from tests.fakes_clock import MONDAY_MORNING

TO = ("kacho@city.example", "kakaricho@city.example")
NOTICE = Notice(
    "0123abcd",
    NoticeKind.LEVEL,
    MONDAY_MORNING,
    level=3,
    outcome="harassment_suspected",
    categories=("physical_attack",),
    section="市民課",
    call_id="c1",
    url="https://mimamori.example/calls/c1",
)


def channel(post: MailReceiver, **more: str) -> MailChannel:
    server = {"security": "none", "sender": "mimamori@city.example", **more}
    return MailChannel(
        MailServer(host=post.host, port=post.port, **server),  # type: ignore[arg-type]
        TO,
        anyio.CapacityLimiter(1),
    )


async def test_a_mail_says_in_japanese_what_happened(post: MailReceiver) -> None:
    await channel(post).send(NOTICE)

    (mail,) = post.mails
    text = mail.get_content()
    assert mail["Subject"] == "【打ち切り・通報】市民課の通話"
    assert mail["Message-ID"] == "<0123abcd@city.example>"
    assert mail["To"] == ", ".join(TO)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "身体的な攻撃の予告・示唆" in text
    assert "https://mimamori.example/calls/c1" in text


async def test_a_server_that_asks_for_a_sign_in_gets_it(post: MailReceiver) -> None:
    post.password = "open sesame"

    await channel(post, user="mimamori", password="open sesame").send(NOTICE)

    assert len(post.mails) == 1


async def test_a_wrong_password_is_no_use_trying_again(post: MailReceiver) -> None:
    post.password = "open sesame"

    with pytest.raises(NotDelivered) as refused:
        await channel(post, user="mimamori", password="wrong").send(NOTICE)

    assert (refused.value.code, refused.value.final) == ("sign_in_refused", True)
    assert post.mails == []


async def test_where_tls_was_asked_for_a_server_without_it_is_told_nothing(
    post: MailReceiver,
) -> None:
    with pytest.raises(NotDelivered) as refused:
        await channel(post, security="starttls", user="mimamori", password="secret").send(NOTICE)

    assert (refused.value.code, refused.value.final) == ("tls_missing", True)
    assert [line.split(" ")[0].lower() for line in post.told] == ["ehlo"]


async def test_one_recipient_that_is_refused_does_not_keep_the_others_from_it(
    post: MailReceiver,
) -> None:
    post.refused = {"kacho@city.example": 550}

    problem = await channel(post).send(NOTICE)

    assert problem == "some_recipients_refused"
    assert len(post.mails) == 1


@pytest.mark.parametrize(("code", "final"), [(450, False), (550, True)])
async def test_when_all_are_refused_it_depends_on_whether_for_good(
    post: MailReceiver, code: int, final: bool
) -> None:
    post.refused = dict.fromkeys(TO, code)

    with pytest.raises(NotDelivered) as refused:
        await channel(post).send(NOTICE)

    assert (refused.value.code, refused.value.final) == ("recipients_refused", final)


async def test_a_server_that_takes_no_mail_now_may_take_it_later(post: MailReceiver) -> None:
    post.refused = {"DATA": 451}

    with pytest.raises(NotDelivered) as refused:
        await channel(post).send(NOTICE)

    assert (refused.value.code, refused.value.final) == ("mail_refused", False)


async def test_a_mail_that_was_taken_is_delivered_whatever_is_said_goodbye(
    post: MailReceiver,
) -> None:
    post.goodbye = b"421 no\r\n"

    problem = await channel(post).send(NOTICE)

    assert problem == ""
    assert len(post.mails) == 1


async def test_nobody_there_may_be_there_later(post: MailReceiver) -> None:
    with refusing_port() as post.port, pytest.raises(NotDelivered) as refused:
        await channel(post).send(NOTICE)

    assert (refused.value.code, refused.value.final) == ("unreachable", False)


@pytest.mark.parametrize("trusted", [True, False])
async def test_over_tls_only_a_server_that_is_trusted_is_told(
    post: MailReceiver, tmp_path: Path, trusted: bool
) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(  # noqa: ASYNC221 - nothing else runs yet
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *(
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=mail",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
            ),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    post.certificate = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    post.certificate.load_cert_chain(certificate, key)
    ca_file = certificate if trusted else None
    server = MailServer(post.host, post.port, "tls", "mimamori@city.example", ca_file=ca_file)
    problem = ""

    try:
        await MailChannel(server, TO, anyio.CapacityLimiter(1)).send(NOTICE)
    except NotDelivered as refused:
        problem = refused.code

    assert (len(post.mails), problem) == ((1, "") if trusted else (0, "tls_failed"))
