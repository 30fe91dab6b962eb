"""Twilio's signature: over the public address and the form, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telephony.twilio_signature import public_address, sign, stream_address, variants, verify

FORM = (
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
)
FORM_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
STREAM_URL = "wss://example.com/v1/telephony/twilio"


@pytest.mark.parametrize(
    ("url", "params", "signature"),
    [
        (FORM_URL, FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (STREAM_URL, (), "X9Pk5j+JMPvyLwrCRK0g89JkU6Y="),
    ],
)
def test_the_published_examples_are_signed_alike(
    url: str, params: tuple[tuple[str, str], ...], signature: str
) -> None:
    assert sign(url, params, "12345") == signature
    assert verify(url, params, "12345", signature)


def test_the_order_of_the_fields_does_not_matter_and_equal_ones_count_once() -> None:
    assert sign(FORM_URL, [*reversed(FORM), FORM[0]], "12345") == sign(FORM_URL, FORM, "12345")


@pytest.mark.parametrize(
    "signed",
    [
        "wss://example.com/v1/stream/twilio",
        "wss://example.com/v1/stream/twilio/",
        "wss://example.com:443/v1/stream/twilio",
        "wss://example.com:443/v1/stream/twilio/",
    ],
)
def test_slash_and_default_port_may_be_written_or_not(signed: str) -> None:
    signature = sign(signed, (), "secret")

    assert verify("wss://example.com/v1/stream/twilio", (), "secret", signature)
    assert verify("wss://example.com:443/v1/stream/twilio/", (), "secret", signature)


@pytest.mark.parametrize(
    "signed",
    [
        "https://example.com/v1/stream/twilio",
        "wss://example.org/v1/stream/twilio",
        "wss://example.com/v1/stream/twilio/voice",
        "wss://example.com/v1/stream/twilio?shape=telnyx",
    ],
)
def test_the_signature_of_another_address_is_refused(signed: str) -> None:
    signature = sign(signed, (), "secret")

    assert not verify("wss://example.com/v1/stream/twilio", (), "secret", signature)


@pytest.mark.parametrize(
    ("token", "signature"),
    [
        ("other", sign(STREAM_URL, (), "secret")),
        ("", sign(STREAM_URL, (), "")),
        ("secret", ""),
        ("secret", "署名"),
        ("secret", "\ud800"),
    ],
)
def test_without_the_right_secret_nothing_is_let_in(token: str, signature: str) -> None:
    assert not verify(STREAM_URL, (), token, signature)


def test_a_server_that_is_tried_without_tls_is_signed_as_if_it_had_it() -> None:
    signature = sign("wss://127.0.0.1:8000/v1/stream/twilio", (), "secret")

    assert verify("ws://127.0.0.1:8000/v1/stream/twilio", (), "secret", signature)


def test_a_field_that_was_changed_breaks_the_signature() -> None:
    signature = sign(FORM_URL, FORM, "12345")

    assert not verify(FORM_URL, (*FORM[:-1], ("To", "+819000000000")), "12345", signature)
    assert not verify(FORM_URL, FORM[:-1], "12345", signature)


def test_addresses_are_made_of_the_public_one() -> None:
    assert stream_address("https://mimamori.example/", "/v1/x") == "wss://mimamori.example/v1/x"
    assert stream_address("http://127.0.0.1:8000", "/v1/x") == "ws://127.0.0.1:8000/v1/x"
    assert public_address("https://a.example", "/v1/x", "a=1") == "https://a.example/v1/x?a=1"


@given(st.text(), st.lists(st.tuples(st.text(), st.text())), st.text(min_size=1))
def test_what_was_signed_is_recognised(url: str, params: list[tuple[str, str]], token: str) -> None:
    assert verify(url, params, token, sign(url, params, token))


@given(st.text(), st.text())
def test_no_address_and_no_signature_breaks_it(url: str, signature: str) -> None:
    assert variants(url)[0] == url
    assert not verify(url, (), "secret", signature)
