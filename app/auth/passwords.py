"""Adapter: Argon2id by pwdlib, in a thread of its own, one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

import anyio
import anyio.to_thread
from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher

from app.auth.credentials import new_one_time_password
from app.auth.password_rules import normal_password

# 46 MiB and one pass: 45 ms of one core (OWASP's first choice). Four lanes and 64 MiB, the library's
# own choice, took 165 ms and every core, away from recognition.
MEMORY_KIB: Final = 47_104
PASSES: Final = 1
LANES: Final = 1


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    correct: bool
    better_hash: str | None = None
    """To be stored instead: the old one was made with other parameters."""


class PasswordHashing:
    """Hashes and checks. A name that does not exist costs the same work as one that does."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        hasher = Argon2Hasher(time_cost=passes, memory_cost=memory_kib, parallelism=LANES)
        self._hashes = PasswordHash((hasher,))
        self._slots = anyio.CapacityLimiter(1)
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        work = partial(self._hashes.hash, normal_password(password))
        return await anyio.to_thread.run_sync(work, limiter=self._slots)

    async def check(self, password: str, stored: str | None) -> PasswordCheck:
        """Compare *password* with what is *stored*; None is a name that nobody has."""
        work = partial(self._check, normal_password(password), stored)
        return await anyio.to_thread.run_sync(work, limiter=self._slots)

    def _check(self, password: str, stored: str | None) -> PasswordCheck:
        if self._nobodys is None:
            # Whoever comes first pays for it, known or not.
            self._nobodys = self._hashes.hash(new_one_time_password())
        try:
            correct, better = self._hashes.verify_and_update(password, stored or self._nobodys)
        except PwdlibError:
            return PasswordCheck(correct=False)
        if stored is None or not correct:
            return PasswordCheck(correct=False)
        return PasswordCheck(correct=True, better_hash=better)
