"""Pure: how Genesys Cloud proves that a session is its own: HTTP message signatures with HMAC-SHA256.

Only as much of the structured fields (RFC 8941) is read as the two headers need: one dictionary member each, an
inner list of strings with string and integer parameters, and a byte sequence. Everything else is refused.
Source: AudioHook protocol version 2, "Security"; draft-ietf-httpbis-message-signatures.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from app.calls.protocol import Refusal, StreamRefused

COVERED: Final = (
    "@request-target",
    "@authority",
    "audiohook-organization-id",
    "audiohook-session-id",
    "audiohook-correlation-id",
    "x-api-key",
)
"""What a signature must cover, in the order in which Genesys lists it."""
CLOCK_SKEW_S: Final = 3
MAX_AGE_S: Final = 10
MIN_NONCE_CHARACTERS: Final = 22
NONCE_KEPT_S: Final = 30
"""Longer than any signature is valid: MAX_AGE_S and the skew on both sides."""
MAX_NONCES: Final = 4_096
MAX_HEADER_CHARACTERS: Final = 4_096

UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_STRING: Final = r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"'
_KEY: Final = r"[a-z*][a-z0-9_.*-]*"
_PARAMETER: Final = rf"; *({_KEY})=({_STRING}|-?[0-9]{{1,15}})"
_INPUT: Final = re.compile(
    rf" *({_KEY})=\((?P<list>(?: *{_STRING}(?= |\)))* *)\)(?P<parameters>(?:{_PARAMETER})*) *"
)
_SIGNATURE: Final = re.compile(rf" *({_KEY})=:([A-Za-z0-9+/]*={{0,2}}): *")
_PARAMETER_TYPES: Final[Mapping[str, type]] = {
    "keyid": str,
    "nonce": str,
    "alg": str,
    "created": int,
    "expires": int,
}


@dataclass(frozen=True, slots=True)
class Verified:
    """Whose session it is."""

    key_id: str
    organization_id: str
    session_id: str
    correlation_id: str
    signed: bool
    """False: the key has no secret, and that is allowed."""


@dataclass(frozen=True, slots=True)
class SignatureInput:
    """What a signature says that it covers."""

    label: str
    components: tuple[str, ...]
    parameters: Mapping[str, str | int]

    def serialised(self) -> str:
        """Return the inner list as the signer must have written it: one space, no leading zeros."""
        listed = " ".join(_quoted(name) for name in self.components)
        told = "".join(
            f";{name}={value if isinstance(value, int) else _quoted(value)}"
            for name, value in self.parameters.items()
        )
        return f"({listed}){told}"


class NonceCache:
    """Every nonce is good once. Nonces are forgotten after ``NONCE_KEPT_S``, when their signatures are too old.

    Only nonces under a good signature come here, so only the owner of a key can fill it; it then refuses
    rather than forgets, for at most ``NONCE_KEPT_S``.
    """

    __slots__ = ("_capacity", "_forget_at_s")

    def __init__(self, capacity: int = MAX_NONCES) -> None:
        self._capacity = capacity
        self._forget_at_s: dict[tuple[str, str], float] = {}

    def use(self, key_id: str, nonce: str, now_s: float) -> None:
        """Take *nonce*.

        Raises:
            StreamRefused: it was used already (``bad_signature``), or there is no room (``too_many_calls``).
        """
        kept = {each: at for each, at in self._forget_at_s.items() if at > now_s}
        self._forget_at_s = kept
        if (key_id, nonce) in kept:
            raise _bad("署名はすでに使われています。")
        if len(kept) >= self._capacity:
            raise StreamRefused(
                Refusal.TOO_MANY_CALLS,
                "短い間に接続が集中しています。しばらくしてからやり直してください。",
            )
        kept[key_id, nonce] = now_s + NONCE_KEPT_S


def verify(
    headers: Mapping[str, str],
    request_target: str,
    authority: str,
    keys: Mapping[str, str],
    now_s: float,
    seen_nonces: NonceCache,
    *,
    dummy_secret: bytes = bytes(32),
) -> Verified:
    """Return whose session this is.

    *headers* by lower-case name; *request_target* is the path and query as they arrived; *authority* as
    ``authority_of`` makes it of the public address; *keys* to their client secrets in base64. A key whose secret is
    empty is good without a signature: leave it out where that is not meant. *dummy_secret* stands in for the secret
    of a key that nobody knows, which so takes as long, and fails whatever was signed with.

    Raises:
        StreamRefused: ``unauthorised``, ``bad_signature``, or ``too_many_calls`` of the nonces.
    """
    told = _identity(headers)
    written_input, written = headers.get("signature-input"), headers.get("signature")
    if written_input is None and written is None:
        if keys.get(told.key_id) == "":
            return told
        raise StreamRefused(Refusal.UNAUTHORISED, "署名のない接続は受け付けません。")
    if written_input is None or written is None:
        raise _bad("署名のヘッダーがそろっていません。")
    claimed = parse_signature_input(written_input)
    signature = _parse_signature(written, claimed.label)
    nonce = _check_parameters(claimed.parameters, told.key_id, now_s)
    base = _base(claimed, headers, request_target, authority)
    # Empty: a key that nobody knows, or one without a secret, for which everybody could sign.
    secret = _secret(keys.get(told.key_id, ""))
    expected = hmac.digest(secret or dummy_secret, base, hashlib.sha256)
    if not hmac.compare_digest(expected, signature) or not secret:
        raise _bad("署名が正しくありません。")
    seen_nonces.use(told.key_id, nonce, now_s)
    return replace(told, signed=True)


def sign(
    headers: Mapping[str, str],
    request_target: str,
    authority: str,
    secret: bytes,
    *,
    nonce: str,
    created_s: int,
    expires_s: int,
) -> dict[str, str]:
    """Return the two headers that prove *headers* (by lower-case name: the four that Genesys sends)."""
    told: dict[str, str | int] = {"keyid": headers["x-api-key"], "nonce": nonce}
    told |= {"alg": "hmac-sha256", "created": created_s, "expires": expires_s}
    claimed = SignatureInput("sig1", COVERED, told)
    digest = hmac.digest(secret, _base(claimed, headers, request_target, authority), hashlib.sha256)
    return {
        "signature-input": f"{claimed.label}={claimed.serialised()}",
        "signature": f"{claimed.label}=:{base64.b64encode(digest).decode()}:",
    }


def authority_of(public_url: str) -> str:
    """Return host and port of *public_url* as they are signed: lower case, without the scheme's own port."""
    parts = urlsplit(public_url)
    own_port = {"https": 443, "wss": 443, "http": 80, "ws": 80}.get(parts.scheme)
    host = parts.netloc.rpartition("@")[2].lower()
    return host.removesuffix(f":{own_port}")


def decoded_secret(written: str) -> bytes:
    """Return a client secret as it is registered: in base64, with or without its padding.

    Raises:
        ValueError: it is no base64. The message does not contain it.
    """
    padded = written + "=" * (-len(written) % 4)
    try:
        return base64.b64decode(padded, validate=True)
    except ValueError:
        raise ValueError("a client secret is no base64") from None


def parse_signature_input(written: str) -> SignatureInput:
    """Return what *written* covers.

    Raises:
        StreamRefused: ``bad_signature``: it is no dictionary of one inner list as this protocol knows it.
    """
    match = _INPUT.fullmatch(written) if len(written) <= MAX_HEADER_CHARACTERS else None
    if match is None:
        raise _bad("Signature-Input を読み取れません。")
    components = tuple(_unquoted(each) for each in re.findall(_STRING, match["list"]))
    parameters: dict[str, str | int] = {}
    for name, value in re.findall(_PARAMETER, match["parameters"]):
        bare = _unquoted(value) if value.startswith('"') else int(value)
        if name in parameters or not isinstance(bare, _PARAMETER_TYPES.get(name, bytes)):
            raise _bad("Signature-Input に使えない項目があります。")
        parameters[name] = bare
    return SignatureInput(match[1], components, parameters)


def _parse_signature(written: str, label: str) -> bytes:
    match = _SIGNATURE.fullmatch(written) if len(written) <= MAX_HEADER_CHARACTERS else None
    if match is None or match[1] != label:
        raise _bad("Signature を読み取れません。")
    try:
        return base64.b64decode(match[2], validate=True)
    except ValueError:
        raise _bad("Signature を読み取れません。") from None


def _identity(headers: Mapping[str, str]) -> Verified:
    """Return who the headers say it is; nothing of it is proven."""
    key_id = headers.get("x-api-key", "").strip()
    organization, session, correlation = (
        headers.get(f"audiohook-{name}-id", "").strip()
        for name in ("organization", "session", "correlation")
    )
    if not key_id or not all(UUID.fullmatch(each) for each in (organization, session, correlation)):
        raise StreamRefused(
            Refusal.UNAUTHORISED, "AudioHook のヘッダーがないか、形が正しくありません。"
        )
    return Verified(key_id, organization, session, correlation, signed=False)


def _check_parameters(parameters: Mapping[str, str | int], key_id: str, now_s: float) -> str:
    """Return the nonce of *parameters* that may be believed if the signature is good."""
    nonce, created, expires = (parameters.get(name) for name in ("nonce", "created", "expires"))
    if parameters.get("keyid") != key_id:
        raise _bad("署名の keyid が X-API-KEY と違います。")
    if not isinstance(nonce, str) or len(nonce) < MIN_NONCE_CHARACTERS:
        raise _bad("署名の nonce がないか、短すぎます。")
    if parameters.get("alg", "hmac-sha256") != "hmac-sha256":
        raise _bad("署名の方式は hmac-sha256 にしてください。")
    if not isinstance(created, int) or created > now_s + CLOCK_SKEW_S:
        raise _bad("署名の時刻がないか、未来です。")
    oldest = now_s - CLOCK_SKEW_S
    if created + MAX_AGE_S < oldest or (isinstance(expires, int) and expires < oldest):
        raise _bad("署名の期限が過ぎています。")
    return nonce


def _base(
    claimed: SignatureInput, headers: Mapping[str, str], request_target: str, authority: str
) -> bytes:
    """Return what is signed, built anew from what was understood: a signer who was not strict does not match."""
    if len(set(claimed.components)) != len(claimed.components) or not set(COVERED).issubset(
        claimed.components
    ):
        raise _bad("署名の対象が足りないか、重なっています。")
    derived = {"@request-target": request_target, "@authority": authority.lower()}
    lines = []
    for name in claimed.components:
        value = derived.get(name) if name.startswith("@") else headers.get(name)
        if not value or name == "signature":
            raise _bad("署名の対象を確かめられません。")
        lines.append(f"{_quoted(name)}: {value.strip()}")
    lines.append(f'"@signature-params": {claimed.serialised()}')
    base = "\n".join(lines)
    if not base.isascii():
        raise _bad("署名の対象に使えない文字があります。")
    return base.encode()


def _secret(written: str) -> bytes:
    try:
        return decoded_secret(written)
    except ValueError:
        return b""


def _bad(message: str) -> StreamRefused:
    return StreamRefused(Refusal.BAD_SIGNATURE, message)


def _quoted(value: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def _unquoted(written: str) -> str:
    return re.sub(r"\\(.)", r"\1", written[1:-1])
