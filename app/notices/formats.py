"""Pure: a notice as each kind of receiver takes it. Nothing that was said can become markup, a mention or a link."""

from __future__ import annotations

import json
from typing import Any, Final

from app.notices.choosing import NoticeKind
from app.notices.wording import Message, Notice, category_labels, level_label, message_of, shortened

VERSION: Final = 1
_LONGEST_HEADER: Final = 150
"""Slack refuses a longer one."""


def webhook_body(notice: Notice) -> bytes:
    """Return the JSON that is signed and sent, byte for byte the same at every try of the same facts."""
    told: dict[str, Any] = {
        "version": VERSION,
        "notice_id": notice.notice_id,
        "kind": notice.kind.value,
        "at": notice.at.isoformat(timespec="milliseconds"),
        "url": notice.url,
    }
    if notice.kind is not NoticeKind.TEST:
        labels = category_labels(notice.categories)
        told |= {
            "call_id": notice.call_id,
            "section": notice.section,
            "level": notice.level,
            "level_label": level_label(notice.level),
            "outcome": notice.outcome,
            "categories": [
                {"id": name, "label": label}
                for name, label in zip(notice.categories, labels, strict=True)
            ],
        }
        if notice.operator_name:
            told["operator_name"] = notice.operator_name
        if notice.caller_number:
            told["caller_number"] = notice.caller_number
        if notice.quote:
            told["quote"] = shortened(notice.quote)
    told["text"] = message_of(notice).title
    # All ASCII: whoever reads another encoding computes the same signature.
    return json.dumps(told, separators=(",", ":")).encode("ascii")


def slack_body(notice: Notice) -> bytes:
    """Return what Slack's incoming webhooks take."""
    message = message_of(notice)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(message.title[:_LONGEST_HEADER])},
        {"type": "section", "text": _plain("\n".join(message.lines))},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": f"<{_escaped(message.url)}|{message.link_label}>"},
        },
    ]
    told = {"text": _escaped(message.title), "unfurl_links": False, "blocks": blocks}
    return json.dumps(told, separators=(",", ":")).encode("ascii")


def teams_body(notice: Notice) -> bytes:
    """Return the adaptive card that a Teams workflow posts when its webhook is called."""
    message = message_of(notice)
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        # Rich text, for plain blocks and fact sets read Markdown.
        "body": [
            _run(message.title, size="medium", weight="bolder"),
            *(_run(line) for line in message.lines),
        ],
        "actions": [{"type": "Action.OpenUrl", "title": message.link_label, "url": message.url}],
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    told = {"type": "message", "attachments": [attachment]}
    return json.dumps(told, separators=(",", ":")).encode("ascii")


def mail_text(message: Message) -> str:
    """Return the body of a mail."""
    return "\n".join(
        (message.title, "", *message.lines, "", f"{message.link_label}:", message.url, "")
    )


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _run(text: str, **looks: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **looks}]}
