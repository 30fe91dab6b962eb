"""Adapter: whose certificates are believed when control goes over TLS: the system's, and those of the office's file."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from app.control.ports import ExchangeAway

_DEEPEST: Final = 8
"""So many causes below an error are looked at."""


def trusted_certificates(ca_file: Path | None, *, needed: bool) -> ssl.SSLContext:
    """Return the system's certificates and those in *ca_file*; blocking, 35 ms.

    If none is *needed* none is read, and nobody is trusted.

    Raises:
        OSError: *ca_file* cannot be read, or holds none (``ssl.SSLError`` is one).
    """
    if not needed:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusted = ssl.create_default_context()
    if ca_file is not None:
        trusted.load_verify_locations(cafile=ca_file)
    return trusted


def untrusted(error: BaseException) -> ExchangeAway | None:
    """Return what to tell if *error* came about because the certificate of the other side is not believed."""
    cause: BaseException | None = error
    for _ in range(_DEEPEST):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ExchangeAway(
                "control_untrusted",
                "電話交換機や連携システムの証明書を確かめられないので、何も送っていません。電話機で操作し、"
                "管理者に MIMAMORI_TELEPHONY__CONTROL__CA_FILE の確認を頼んでください。",
            )
        if cause is not None:
            cause = cause.__cause__ or cause.__context__
    return None
