"""Two writings of a number meet; what names nobody gives nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.callers.number import CallerKey, hash_of, masked, normal_number

KEY = CallerKey("0123456789abcdef", b"k" * 32)
DIGITS = st.text("0123456789", min_size=8, max_size=8)


@pytest.mark.parametrize(
    "written",
    [
        "09012345678",
        "090-1234-5678",
        "090(1234)5678",
        "090 1234 5678",
        "090.1234.5678",
        "090ー1234ー5678",
        "090-1234‐5678",
        "+819012345678",
        "+81 90-1234-5678",
        "+81(0)90-1234-5678",
        "+8109012345678",
        "819012345678",
        "010819012345678",
        "0081 90 1234 5678",
        "18609012345678",
        "186-090-1234-5678",
        "sip:09012345678@pbx.example.jp;user=phone",
        '"Yamada" <sip:+819012345678@10.0.0.1>',
        "sip:%2B819012345678@10.0.0.1",
        "tel:+81-90-1234-5678;ext=12",
        "090-1234-5678 内線12",
        "090-1234-5678 ext.12",
        "090-1234-5678 x12",
        "090-1234-5678,12",
        "090-1234-5678#12",
        "  09012345678 ",
    ],
)
def test_every_writing_of_a_number_has_one_normal_form(written: str) -> None:
    normal = normal_number(written)

    assert normal == "+819012345678"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("03-1234-5678", "+81312345678"),
        ("0120-123-456", "+81120123456"),
        ("0800-123-4567", "+818001234567"),
        ("+1 (212) 555-0100", "+12125550100"),
        ("010-1-212-555-0100", "+12125550100"),
        ("12125550100", "+12125550100"),
    ],
)
def test_other_kinds_of_numbers_have_one_too(written: str, normal: str) -> None:
    assert normal_number(written) == normal


@pytest.mark.parametrize(
    "written",
    [
        "",
        "   ",
        "anonymous",
        "sip:anonymous@anonymous.invalid",
        "sip:10.0.0.1",
        "192.168.100.200",
        "非通知",
        "公衆電話",
        "P",
        "Unavailable",
        "18409012345678",
        "184-090-1234-5678",
        "2301",
        "内線2301",
        "12345678",
        "110",
        "00000000000",
        "+",
        "+0",
        "09012345678901234567890",
        "09012345678a",
        "\x00",
    ],
)
def test_what_names_nobody_outside_gives_nothing(written: str) -> None:
    assert normal_number(written) is None
    assert hash_of(written, KEY) is None
    assert masked(written) == ""


@given(st.text(max_size=400))
def test_no_text_breaks_it_and_a_normal_form_is_its_own(written: str) -> None:
    normal = normal_number(written)

    assert normal is None or normal_number(normal) == normal


@given(DIGITS, st.sampled_from("--- .()ー‐−"))
def test_signs_between_digits_change_nothing(digits: str, sign: str) -> None:
    plain = "090" + digits

    apart = sign.join(plain)

    assert normal_number(apart) == normal_number(plain) == "+8190" + digits


@given(DIGITS, DIGITS)
def test_hashes_are_the_same_for_the_same_number_only(one: str, other: str) -> None:
    made, again = hash_of("090" + one, KEY), hash_of("+8190" + other, KEY)

    assert made is not None
    assert again is not None
    assert (made == again) is (one == other)


def test_another_key_makes_another_hash() -> None:
    other = CallerKey("fedcba9876543210", b"o" * 32)

    first, second = hash_of("09012345678", KEY), hash_of("09012345678", other)

    assert first is not None
    assert second is not None
    assert first.hash != second.hash
    assert (first.key_id, second.key_id) == (KEY.key_id, other.key_id)
    assert len(first.hash) == 64
    assert "12345678" not in first.hash


def test_a_masked_number_shows_its_last_four_digits() -> None:
    assert masked("090-1234-5678") == "****5678"


def test_the_secret_of_a_key_is_not_in_its_representation() -> None:
    assert "kkk" not in repr(KEY)
