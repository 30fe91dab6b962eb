"""Pure: a vCon signed by the office (JWS, RFC 7515, RS256, general JSON), and a signed one checked.

It is signed a piece at a time, for an hour of sound lies in it three times its size; who checks it holds it whole.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.registry import HeaderParameter

from app.exports.base64_stream import base64url

ALGORITHM: Final = "RS256"


class _Containers(jws.JWSRegistry):
    """Wider than what is meant for tokens: a certificate chain in the header, an hour of sound in the payload."""

    max_header_length = 65_536
    max_payload_length = 512 * 1024 * 1024
    max_signature_length = 2_048


_REGISTRY: Final = _Containers(
    header_registry={"uuid": HeaderParameter("the UUID of the container", "str")},
    algorithms=[ALGORITHM],
)


class NotSigned(ValueError):  # noqa: N818 - named as a fact
    """It is no signed container, or not what was signed, or not by who holds this certificate."""


@dataclass(frozen=True, slots=True)
class Signer:
    """The office's key and its certificate, the office's own first."""

    key: rsa.RSAPrivateKey = field(repr=False)
    chain: Sequence[x509.Certificate]

    @property
    def x5c(self) -> list[str]:
        return [
            base64.b64encode(one.public_bytes(serialization.Encoding.DER)).decode()
            for one in self.chain
        ]

    def signed(self, uuid: str, vcon: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the signed form of the container *uuid*, whose JSON comes in the pieces *vcon*."""
        # Everything that a reader relies on lies under the signature itself.
        header = json.dumps({"alg": ALGORITHM, "x5c": self.x5c, "uuid": uuid}).encode()
        protected = b"".join(base64url((header,)))
        digest = hashes.Hash(hashes.SHA256())
        digest.update(protected + b".")
        yield b'{"payload":"'
        for piece in base64url(vcon):
            digest.update(piece)
            yield piece
        made = self.key.sign(
            digest.finalize(), padding.PKCS1v15(), utils.Prehashed(hashes.SHA256())
        )
        signature = b"".join(base64url((made,)))
        yield b'","signatures":[{"protected":"%b","signature":"%b"}]}' % (protected, signature)


def opened(signed: dict[str, Any], certificate: x509.Certificate) -> dict[str, Any]:
    """Return what the holder of *certificate* signed.

    Raises:
        NotSigned: as it says.
    """
    key = RSAKey.import_key(
        certificate.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    try:
        given = cast("jws.GeneralJSONSerialization", signed)
        found = jws.deserialize_json(given, key, registry=_REGISTRY)
        content = json.loads(found.payload)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotSigned("the signature does not fit") from error
    if not isinstance(content, dict):
        raise NotSigned("what was signed is no container")
    return content
