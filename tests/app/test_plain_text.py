"""What people write is taken as it is; what nobody can see is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.plain_text import is_plain


@pytest.mark.parametrize(
    "text", ["", "田中　花子", "田中 花子", "5\u00a0分", "葛\U000e0100城市", "(株)〜①"]
)
def test_every_width_of_blank_is_plain(text: str) -> None:
    assert is_plain(text)


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "a\x00", "\ud800", "a\u2028b", "\u202egnp.exe"])
def test_what_cannot_be_seen_is_not(text: str) -> None:
    assert not is_plain(text)


@given(st.text())
def test_whatever_python_prints_is_plain(text: str) -> None:
    assert is_plain(text) or not text.isprintable()
