"""Glue: the people of one section, and of another, as they are when they have signed in."""

from __future__ import annotations

from typing import Final

from app.auth.identity import Identity, Role
from tests.app.running import SECTION


def person(login: str, role: Role, section: str = SECTION) -> Identity:
    return Identity(login, f"{login}さん", role, section, user_id=1)


SATO: Final = person("sato", Role.OPERATOR)
"""Took the call."""
TANAKA: Final = person("tanaka", Role.OPERATOR)
YAMADA: Final = person("yamada", Role.SUPERVISOR)
KATO: Final = person("kato", Role.SUPERVISOR)
OTHER_HEAD: Final = person("mori", Role.SUPERVISOR, "税務課")
AUDITOR: Final = person("abe", Role.AUDITOR, "")
PROGRAM: Final = Identity("token:robot", "", Role.OPERATOR, SECTION, token_id=1)
WRITTEN: Final = {
    "demand": "自宅前の除雪を今夜のうちに行うこと。",
    "answer": "除雪の順番をご説明した。連絡が遅れたことはお詫びした。",
    "effect": "動悸があり、30分休憩した。",
    "future": "課内で共有し、次は二人で対応する。",
}
