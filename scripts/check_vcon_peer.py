"""Glue: has exported containers read, validated and checked by software that others wrote. Development only.

    python -m scripts.check_vcon_peer FILE.vcon.json …

The package ``vcon`` is no dependency of ours (it wants test tools of its own): install it into an environment of its
own and run this there, with authlib 1.6.1: later ones check no signature over a long recording. It knows the first
drafts: a container without sound holds sentences as text, which the draft allows and its list of media types does
not; that one complaint is told and not counted.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from pathlib import Path
from typing import Any, Final

PIP: Final = "pip install vcon cryptography authlib==1.6.1"
KNOWN_GAP: Final = "has invalid mimetype: text/plain"


def main() -> int:
    """Check every file; return 0 if the peer finds nothing wrong with any."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("files", nargs="+", type=Path)
    try:
        from vcon import Vcon  # type: ignore[import-not-found,unused-ignore]
    except ModuleNotFoundError:
        print(f"The package vcon is not here: {PIP}", file=sys.stderr)
        return 2
    failed = 0
    for file in arguments.parse_args().files:
        signed = json.loads(file.read_text(encoding="utf-8"))
        verified = Vcon.build_from_json(json.dumps(signed)).verify(_public_key(signed))
        changed = signed | {"payload": signed["payload"][:-4] + "AAAA"}
        noticed = not Vcon.build_from_json(json.dumps(changed)).verify(_public_key(signed))
        _, complaints = Vcon.build_from_json(_payload(signed)).is_valid()
        gaps = [one for one in complaints if KNOWN_GAP in one]
        serious = [one for one in complaints if KNOWN_GAP not in one]
        print(
            f"{file.name}: signature {'fits' if verified else 'DOES NOT FIT'}, "
            f"a changed letter {'is noticed' if noticed else 'IS NOT NOTICED'}, "
            f"{len(serious)} complaints, {len(gaps)} about text as a medium"
        )
        for one in serious:
            print(f"  {one}")
        failed += not (verified and noticed and not serious)
    return 1 if failed else 0


def _payload(signed: dict[str, Any]) -> str:
    payload: str = signed["payload"]
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()


def _public_key(signed: dict[str, Any]) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    protected = signed["signatures"][0]["protected"]
    header = json.loads(base64.urlsafe_b64decode(protected + "=" * (-len(protected) % 4)))
    certificate = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    return certificate.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


if __name__ == "__main__":
    sys.exit(main())
