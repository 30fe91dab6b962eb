"""Adapter: the key and certificate that exports are signed with: the office's own, or one made at the first use."""

from __future__ import annotations

import os
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from app.errors import Unavailable
from app.exports.signing import Signer
from app.private_files import make_private_file, make_private_folder

FILE_NAME: Final = "export_signing.pem"
KEY_BITS: Final = 3072
VALID: Final = timedelta(days=3650)


def open_signer(file: Path, office: str, now: datetime) -> Signer:
    """Read the private key and the certificates of *file* (PEM), made for *office* where there is none; blocking.

    Raises:
        Unavailable: it can be neither read nor made, or key and certificate do not belong together
            (``signing_key_unreadable``).
    """
    try:
        if not file.exists():
            make_private_folder(file.parent)
            _make(file, office, now)
        content = file.read_bytes()
        key = serialization.load_pem_private_key(content, password=None)
        chain = x509.load_pem_x509_certificates(content)
    except (OSError, ValueError, TypeError) as error:
        raise _unreadable(file) from error
    if not isinstance(key, rsa.RSAPrivateKey) or chain[0].public_key() != key.public_key():
        raise _unreadable(file)
    return Signer(key, tuple(chain))


def _make(file: Path, office: str, now: datetime) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, office[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + VALID)
        .sign(key, hashes.SHA256())
    )
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    make_private_file(draft)
    draft.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    try:
        os.link(draft, file)
    except FileExistsError:
        return  # somebody else was first
    finally:
        draft.unlink(missing_ok=True)


def _unreadable(file: Path) -> Unavailable:
    return Unavailable(
        "signing_key_unreadable",
        f"{file} を署名の鍵として読めません。RSAの秘密鍵とその証明書を、この順でPEMの1つのファイルにしてください。"
        "役所の鍵を使わないときは、このファイルを別の場所に移すと、新しい鍵が作られます。",
    )
