"""How Genesys Cloud proves that a session is its own: what is believed, and everything that is not."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calls.protocol import Refusal, StreamRefused
from app.telephony.audiohook_signature import (
    COVERED,
    NONCE_KEPT_S,
    NonceCache,
    SignatureInput,
    Verified,
    authority_of,
    decoded_secret,
    parse_signature_input,
    sign,
    verify,
)

KEY = "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh"
WRITTEN_SECRET = "TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU="
SECRET = base64.b64decode(WRITTEN_SECRET)
TARGET = "/api/v1/voicebiometrics/ws"
AUTHORITY = "audiohook.example.com"
CREATED_S = 1_641_013_200
COMPONENTS = " ".join(f'"{name}"' for name in COVERED)
PARAMETERS = (
    f';keyid="{KEY}";nonce="VGhpc0lzQVVuaXF1ZU5vbmNl";alg="hmac-sha256"'
    f";created={CREATED_S};expires=3282026430"
)
IDENTITY = {
    "audiohook-organization-id": "d7934305-0972-4844-938e-9060eef73d05",
    "audiohook-session-id": "30b0e395-84d3-4570-ac13-9a62d8f514c0",
    "audiohook-correlation-id": "e160e428-53e2-487c-977d-96989bf5c99d",
    "x-api-key": KEY,
}
PUBLISHED = IDENTITY | {
    "signature-input": f"sig1=({COMPONENTS}){PARAMETERS}",
    "signature": "sig1=:NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJh4=:",
}


def verified(
    headers: dict[str, str],
    *,
    now_s: float = CREATED_S + 1,
    target: str = TARGET,
    authority: str = AUTHORITY,
    keys: dict[str, str] | None = None,
    nonces: NonceCache | None = None,
) -> Verified:
    return verify(
        headers,
        target,
        authority,
        {KEY: WRITTEN_SECRET} if keys is None else keys,
        now_s,
        nonces or NonceCache(),
        dummy_secret=b"nobody's",
    )


def signed(secret: bytes = SECRET, **changed: str) -> dict[str, str]:
    headers = IDENTITY | changed
    return headers | sign(
        headers,
        TARGET,
        AUTHORITY,
        secret,
        nonce="n" * 24,
        created_s=CREATED_S,
        expires_s=CREATED_S + 30,
    )


def test_the_published_example_is_verified() -> None:
    session = verified(PUBLISHED)

    assert session == Verified(
        key_id=KEY,
        organization_id="d7934305-0972-4844-938e-9060eef73d05",
        session_id="30b0e395-84d3-4570-ac13-9a62d8f514c0",
        correlation_id="e160e428-53e2-487c-977d-96989bf5c99d",
        signed=True,
    )


def test_the_published_example_is_signed_as_published() -> None:
    headers = sign(
        IDENTITY,
        TARGET,
        AUTHORITY,
        SECRET,
        nonce="VGhpc0lzQVVuaXF1ZU5vbmNl",
        created_s=CREATED_S,
        expires_s=3_282_026_430,
    )

    assert IDENTITY | headers == PUBLISHED


@pytest.mark.parametrize(
    ("written", "serialised"),
    [
        ('s=( "a"   "b" );created=007', '("a" "b");created=7'),
        ('s=("a");  keyid="x"', '("a");keyid="x"'),
        (r's=("a\"\\");nonce="\\"', r'("a\"\\");nonce="\\"'),
        ("s=()", "()"),
        ('  s=("a")  ', '("a")'),
    ],
)
def test_what_was_understood_is_written_in_one_way_only(written: str, serialised: str) -> None:
    assert parse_signature_input(written).serialised() == serialised


names = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)


@given(
    st.lists(names, max_size=8).map(tuple),
    st.dictionaries(st.sampled_from(["keyid", "nonce", "alg"]), names),
    st.dictionaries(st.sampled_from(["created", "expires"]), st.integers(0, 10**15 - 1)),
)
def test_what_is_written_reads_as_what_was_meant(
    components: tuple[str, ...], texts: dict[str, str], times: dict[str, int]
) -> None:
    meant = SignatureInput("sig1", components, {**texts, **times})

    assert parse_signature_input(f"sig1={meant.serialised()}") == meant


@pytest.mark.parametrize(
    "change",
    [
        {"signature": "sig1=:NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJi4=:"},
        {"signature": "sig2=:NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJh4=:"},
        {"signature": "sig1=:NZBw=:"},
        {"signature": "sig1=::"},
        {"signature": 'sig1="NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJh4="'},
        {"signature": ""},
        {"signature-input": ""},
        {"signature-input": "sig1"},
        {"signature-input": f'sig1="x"{PARAMETERS}'},
        {"signature-input": f"sig1=({COMPONENTS}"},
        {"signature-input": f"sig1=({COMPONENTS})"},
        {"signature-input": f"sig1=({COMPONENTS}){PARAMETERS};tag"},
        {"signature-input": f'sig1=({COMPONENTS}){PARAMETERS};tag="x"'},
        {"signature-input": f'sig1=({COMPONENTS}){PARAMETERS};alg="hmac-sha256"'},
        {"signature-input": f"sig1=({COMPONENTS}){PARAMETERS}, sig2=()"},
        {"signature-input": f'sig1=({COMPONENTS} "x-api-key"){PARAMETERS}'},
        {"signature-input": f'sig1=({COMPONENTS} "host"){PARAMETERS}'},
        {"signature-input": f'sig1=({COMPONENTS} "@method"){PARAMETERS}'},
        {"signature-input": f'sig1=({COMPONENTS};bs "host"){PARAMETERS}'},
        {"signature-input": f"sig1=({COMPONENTS}){PARAMETERS}".replace(' "@authority"', "")},
        {"signature-input": f"sig1=({COMPONENTS}){PARAMETERS}".replace("hmac-sha256", "rsa")},
        {"signature-input": f"sig1=({COMPONENTS}){PARAMETERS}".replace("VGhpc0", "")},
        {"signature-input": f"sig1=({COMPONENTS}){PARAMETERS}".replace(KEY, "another")},
        {"signature-input": f"sig1=({COMPONENTS}){PARAMETERS}" + " " * 5_000},
        {"audiohook-session-id": "d7934305-0972-4844-938e-9060eef73d05"},
        {"x-api-key": "another"},
    ],
)
def test_a_signature_with_anything_else_changed_is_not_believed(change: dict[str, str]) -> None:
    headers = PUBLISHED | change

    with pytest.raises(StreamRefused) as caught:
        verified(headers)

    assert caught.value.refusal is Refusal.BAD_SIGNATURE


def test_what_is_checked_is_written_anew_whatever_spaces_and_zeros_arrived() -> None:
    loose = f"sig1=( {COMPONENTS.replace(' ', '   ')} ){PARAMETERS}".replace("d=", "d=0")
    loose = loose.replace("keyid=0", "keyid=")

    session = verified(PUBLISHED | {"signature-input": loose})

    assert session.signed


def test_a_signature_is_for_one_path_and_one_host() -> None:
    for target, authority in (("/api/v1", AUTHORITY), (TARGET, "other.example.com")):
        with pytest.raises(StreamRefused) as caught:
            verified(PUBLISHED, target=target, authority=authority)
        assert caught.value.refusal is Refusal.BAD_SIGNATURE


@pytest.mark.parametrize("missing", ["signature", "signature-input"])
def test_one_header_without_the_other_is_a_bad_signature(missing: str) -> None:
    headers = {name: value for name, value in PUBLISHED.items() if name != missing}

    with pytest.raises(StreamRefused) as caught:
        verified(headers, keys={KEY: ""})

    assert caught.value.refusal is Refusal.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("seconds_after", "believed"),
    [(-4, False), (-3, True), (0, True), (13, True), (14, False)],
)
def test_a_signature_is_believed_for_ten_seconds_give_or_take_the_clocks(
    seconds_after: int, believed: bool
) -> None:
    headers = signed()

    try:
        outcome: object = verified(headers, now_s=CREATED_S + seconds_after).signed
    except StreamRefused as refused:
        outcome = refused.refusal

    assert outcome is (True if believed else Refusal.BAD_SIGNATURE)


def test_a_signature_past_its_own_end_is_not_believed() -> None:
    headers = IDENTITY | sign(
        IDENTITY,
        TARGET,
        AUTHORITY,
        SECRET,
        nonce="n" * 24,
        created_s=CREATED_S,
        expires_s=CREATED_S + 1,
    )

    with pytest.raises(StreamRefused) as caught:
        verified(headers, now_s=CREATED_S + 5)

    assert caught.value.refusal is Refusal.BAD_SIGNATURE


def test_an_unknown_key_fails_also_when_the_secret_used_in_its_place_matches() -> None:
    headers = signed(b"nobody's")

    for keys in ({}, {KEY: ""}, {KEY: "no base64"}):
        with pytest.raises(StreamRefused) as caught:
            verified(headers, keys=keys)
        assert caught.value.refusal is Refusal.BAD_SIGNATURE


def test_a_signature_with_an_empty_secret_is_not_believed() -> None:
    headers = signed(b"")

    with pytest.raises(StreamRefused) as caught:
        verified(headers, keys={KEY: ""})

    assert caught.value.refusal is Refusal.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("keys", "accepted"),
    [({KEY: ""}, True), ({KEY: WRITTEN_SECRET}, False), ({"other": ""}, False), ({}, False)],
)
def test_an_unsigned_session_needs_a_key_without_a_secret(
    keys: dict[str, str], accepted: bool
) -> None:
    try:
        outcome: object = verified(IDENTITY, keys=keys).signed
    except StreamRefused as refused:
        outcome = refused.refusal

    assert outcome is (False if accepted else Refusal.UNAUTHORISED)


@pytest.mark.parametrize("name", sorted(IDENTITY))
@pytest.mark.parametrize("value", [None, "", "30b0e395"])
def test_without_its_ids_a_session_is_nobodys(name: str, value: str | None) -> None:
    headers = {each: told for each, told in PUBLISHED.items() if each != name}
    if value is not None:
        headers[name] = value

    with pytest.raises(StreamRefused) as caught:
        verified(headers)

    expected = Refusal.BAD_SIGNATURE if (name, value) == ("x-api-key", "30b0e395") else None
    assert caught.value.refusal is (expected or Refusal.UNAUTHORISED)


def test_a_nonce_is_good_once() -> None:
    nonces = NonceCache()
    verified(PUBLISHED, nonces=nonces)

    with pytest.raises(StreamRefused) as caught:
        verified(PUBLISHED, nonces=nonces)

    assert caught.value.refusal is Refusal.BAD_SIGNATURE


def test_a_nonce_under_a_bad_signature_is_not_used_up() -> None:
    nonces = NonceCache()
    with pytest.raises(StreamRefused):
        verified(PUBLISHED | {"signature": "sig1=:AAAA:"}, nonces=nonces)

    session = verified(PUBLISHED, nonces=nonces)

    assert session.signed


def test_a_full_cache_refuses_until_the_oldest_signatures_are_too_old() -> None:
    nonces = NonceCache(capacity=2)
    nonces.use(KEY, "one", now_s=0)
    nonces.use("other key", "one", now_s=1)

    with pytest.raises(StreamRefused) as caught:
        nonces.use(KEY, "two", now_s=NONCE_KEPT_S - 1)
    nonces.use(KEY, "two", now_s=NONCE_KEPT_S)

    assert caught.value.refusal is Refusal.TOO_MANY_CALLS


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://Mimamori.Example", "mimamori.example"),
        ("https://mimamori.example:443/x", "mimamori.example"),
        ("https://mimamori.example:8443", "mimamori.example:8443"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://mimamori.example:80", "mimamori.example"),
        ("https://mimamori.example:80", "mimamori.example:80"),
    ],
)
def test_the_signed_host_is_that_of_the_public_address(url: str, authority: str) -> None:
    assert authority_of(url) == authority


def test_a_secret_may_be_registered_without_its_padding() -> None:
    secrets = [decoded_secret(written) for written in ("TXlTdXBlcg", "TXlTdXBlcg==", "")]

    assert secrets == [b"MySuper", b"MySuper", b""]


@pytest.mark.parametrize("written", ["日本語", "A", "TXl TdXBlcg"])
def test_what_is_no_base64_is_no_secret_and_is_not_repeated(written: str) -> None:
    with pytest.raises(ValueError, match="a client secret is no base64") as caught:
        decoded_secret(written)

    assert written == "A" or written not in str(caught.value)


header_texts = st.one_of(
    st.text(max_size=60),
    st.sampled_from([*PUBLISHED.values(), "sig1=()", "sig1=::"]),
    st.text(alphabet='sig1=():;"\\ ,keyid-@', max_size=60),
)


@given(st.dictionaries(st.sampled_from(sorted(PUBLISHED)), header_texts))
def test_whatever_the_headers_say_it_is_verified_or_refused(change: dict[str, str]) -> None:
    headers = PUBLISHED | change

    try:
        outcome: object = verified(headers).key_id
    except StreamRefused as refused:
        outcome = refused.refusal

    assert outcome in {KEY, Refusal.BAD_SIGNATURE, Refusal.UNAUTHORISED}
