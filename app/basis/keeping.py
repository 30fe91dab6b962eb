"""Adapter: notes at every start by what calls are judged from then on, and keeps the texts themselves.

A version is a name that a person wrote into a file. What it said years ago is known only if the file's text was kept.
"""

from __future__ import annotations

import ctypes
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata, resources
from typing import Final

import anyio.to_thread
import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.basis.models import BasisInUse, BasisText
from app.db import Database
from app.ports import Clock
from app.settings import Settings
from detection.policy_files import load_policy, policy_text

log = structlog.get_logger()

_UNSYNCHRONISED: Final = 5
"""What adjtimex(2) answers when nothing keeps the clock (TIME_ERROR)."""
_TIMEX_BYTES: Final = 512
"""More than ``struct timex`` has anywhere."""


class BasisKind(StrEnum):
    POLICY = "policy"
    """The office's policy, with its text."""
    LEXICONS = "lexicons"
    """The word lists of the detector, with their text; the version is the detector's."""
    SOFTWARE = "software"
    """The release of Mimamori."""
    CLOCK = "clock"
    """Whether something kept the machine's clock when the server started."""


@dataclass(frozen=True, slots=True)
class Basis:
    kind: BasisKind
    version: str
    text: str = ""

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest() if self.text else ""


def present_basis(settings: Settings, detector_version: str) -> tuple[Basis, ...]:
    """Return by what calls are judged now; blocking."""
    text, _ = policy_text(settings.detection.policy)
    return (
        Basis(BasisKind.POLICY, load_policy(settings.detection.policy).version, text),
        Basis(BasisKind.LEXICONS, detector_version, _lexicons()),
        Basis(BasisKind.SOFTWARE, _release()),
        Basis(BasisKind.CLOCK, clock_state()),
    )


async def keep_basis(session: AsyncSession, clock: Clock, basis: Sequence[Basis]) -> int:
    """Note what differs from what was noted last; return how much."""
    noted = 0
    for one in basis:
        last = await session.scalar(
            select(BasisInUse)
            .where(BasisInUse.kind == one.kind.value)
            .order_by(BasisInUse.id.desc())
            .limit(1)
        )
        if last is not None and (last.version, last.digest) == (one.version, one.digest):
            continue
        if one.digest and await session.get(BasisText, one.digest) is None:
            session.add(BasisText(digest=one.digest, text=one.text))
        session.add(
            BasisInUse(
                kind=one.kind.value, version=one.version, digest=one.digest, since=clock.now()
            )
        )
        noted += 1
    return noted


async def note_basis(
    database: Database, clock: Clock, settings: Settings, detector_version: str
) -> None:
    """Note it once, beside the calls; what hinders it is told and harms no call."""
    try:
        basis = await anyio.to_thread.run_sync(present_basis, settings, detector_version)
        async with database.transaction() as session:
            noted = await keep_basis(session, clock, basis)
    except Exception as error:  # noqa: BLE001 - the boundary: calls are judged on, whatever breaks here
        log.warning("what calls are judged by could not be noted", error=type(error).__name__)
        return
    if noted:
        log.info("what calls are judged by has changed", noted=noted)


def clock_state() -> str:
    """Return ``synchronised``, ``unsynchronised`` or ``unknown``, as the kernel says (adjtimex(2), Linux)."""
    if not sys.platform.startswith("linux"):
        return "unknown"
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return "unknown"
    if state < 0:
        return "unknown"
    return "unsynchronised" if state == _UNSYNCHRONISED else "synchronised"


def _lexicons() -> str:
    folder = resources.files("detection") / "lexicons"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return "\n".join(f"# == {file.name} ==\n{file.read_text(encoding='utf-8')}" for file in files)


def _release() -> str:
    try:
        return metadata.version("mimamori")
    except metadata.PackageNotFoundError:
        return "unknown"
