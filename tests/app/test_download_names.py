"""What a browser is told to call a file: readable by old programs where it can be, never more than a name."""

from __future__ import annotations

from email.message import Message
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from app.download_names import disposition


def test_a_plain_name_stands_as_it_is() -> None:
    assert disposition("trail.csv") == 'attachment; filename="trail.csv"'
    assert disposition("recording.wav", inline=True) == 'inline; filename="recording.wav"'


def test_a_japanese_name_has_a_plain_one_beside_it_for_old_programs() -> None:
    told = disposition("報告書_第1版.pdf", plain_name="report-v1.pdf")

    assert told.startswith('attachment; filename="report-v1.pdf"; filename*=UTF-8')
    assert unquote(told.split("''")[1]) == "報告書_第1版.pdf"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_no_name_ends_the_header_or_says_anything_else(name: str) -> None:
    told = disposition(name)

    head = Message()
    head["Content-Disposition"] = told
    assert told.isascii()
    assert told.isprintable()
    assert head.get_content_disposition() == "attachment"
    assert {key.lower() for key, _ in head.get_params(header="content-disposition") or []} <= {
        "attachment",
        "filename",
        "filename*",
    }
