"""What each receiver is sent: the words of the screens, nothing that was said unless configured, no markup of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.notices.choosing import NoticeKind
from app.notices.formats import mail_text, slack_body, teams_body, webhook_body
from app.notices.smtp import mail_of
from app.notices.wording import LONGEST_QUOTE, Notice, message_of
from tests.fakes_clock import MONDAY_MORNING

NOTICE = Notice(
    notice_id="0123abcd",
    kind=NoticeKind.LEVEL,
    at=MONDAY_MORNING,
    level=2,
    outcome="harassment_suspected",
    categories=("intimidation", "apology"),
    section="市民課",
    call_id="c1",
    url="https://mimamori.example/calls/c1",
)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
ANY = st.builds(
    lambda quote, section, name: replace(NOTICE, quote=quote, section=section, operator_name=name),
    ANY_TEXT,
    ANY_TEXT,
    ANY_TEXT,
)


def told(body: bytes) -> Any:
    return json.loads(body)


def test_the_signed_json_says_what_happened_in_ids_and_in_words() -> None:
    assert told(webhook_body(NOTICE)) == {
        "version": 1,
        "notice_id": "0123abcd",
        "kind": "level",
        "at": "2026-04-06T09:00:00.000+00:00",
        "url": "https://mimamori.example/calls/c1",
        "call_id": "c1",
        "section": "市民課",
        "level": 2,
        "level_label": "警告",
        "outcome": "harassment_suspected",
        "categories": [
            {"id": "intimidation", "label": "威圧的な言動"},
            {"id": "apology", "label": "妥当性を欠く謝罪の要求(土下座など)"},
        ],
        "text": "【警告】市民課の通話",
    }


def test_people_read_level_matter_section_time_and_that_a_person_decides() -> None:
    message = message_of(NOTICE)

    text = mail_text(message)

    assert message.title == "【警告】市民課の通話"
    for part in (
        "2026年4月6日 18:00:00",
        "カスハラのおそれ",
        "威圧的な言動",
        NOTICE.url,
        "職員が判断",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        (NoticeKind.HELP, "【応援要請】市民課の通話"),
        (NoticeKind.ENDED, "【通話終了】市民課の通話(最高の段階: 警告)"),
        (NoticeKind.TEST, "【テスト】見守りからのお知らせ"),
    ],
)
def test_each_kind_has_its_title(kind: NoticeKind, title: str) -> None:
    assert message_of(replace(NOTICE, kind=kind)).title == title


@given(ANY)
def test_nothing_that_was_said_becomes_a_mention_or_markup_in_slack(notice: Notice) -> None:
    body = told(slack_body(notice))

    assert "<" not in body["text"]
    header, section, link = body["blocks"]
    assert header["text"]["type"] == section["text"]["type"] == "plain_text"
    assert link["text"]["text"] == f"<{notice.url}|通話を開く>"
    assert len(header["text"]["text"]) <= 150


@given(ANY)
def test_in_teams_every_word_is_a_plain_run(notice: Notice) -> None:
    (attachment,) = told(teams_body(notice))["attachments"]

    body = attachment["content"]["body"]
    assert {block["type"] for block in body} == {"RichTextBlock"}
    assert attachment["content"]["actions"][0]["url"] == notice.url


@given(ANY)
def test_whatever_a_section_is_called_the_mail_has_one_subject_and_one_recipient(
    notice: Notice,
) -> None:
    mail = mail_of(notice, "m@city.example", ("kacho@city.example",))

    assert mail.as_bytes().partition(b"\r\n\r\n")[0].count(b"\r\nTo:") == 1
    assert mail["To"] == "kacho@city.example"
    assert mail["Message-ID"] == "<0123abcd@city.example>"


@given(ANY_TEXT)
def test_a_quote_is_on_one_line_and_short(quote: str) -> None:
    lines = message_of(replace(NOTICE, quote=quote)).lines

    said = [line for line in lines if line.startswith("発言")]
    assert len(said) == bool(quote.strip())
    assert all("\n" not in line and len(line) < LONGEST_QUOTE + 20 for line in said)
