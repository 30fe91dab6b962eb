"""Pure: which pages somebody may open, and where the header names them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Final

from app.auth.identity import Identity, Role
from app.screens.words import BOARD

_SEES_CALLS: Final = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR})
_JUDGES: Final = frozenset({Role.SUPERVISOR, Role.AUDITOR})
_TRIES_RULES: Final = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})
_ANSWERS_FOR_RULES: Final = frozenset({Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR})
_ANSWERS_FOR_RECORDS: Final = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})
_SUPERVISES: Final = frozenset({Role.SUPERVISOR})
_ADMINISTERS: Final = frozenset({Role.ADMINISTRATOR})

RULES: Final = "ルールと文"
RECORDS: Final = "記録と統計"


@dataclass(frozen=True, slots=True)
class Page:
    label: str
    href: str
    roles: frozenset[Role]
    group: str = ""
    """The menu in which it stands; empty for one that is always in sight."""


PAGES: Final = (
    Page("通話一覧", "/calls", _SEES_CALLS),
    Page(BOARD, "/board", _SUPERVISES),
    Page("管理", "/admin", _ADMINISTERS),
    Page("通話の検索", "/search", _JUDGES),
    Page("判断待ち", "/judgements", _JUDGES),
    Page("検知ルールの点検", "/rules", _ANSWERS_FOR_RULES, RULES),
    Page("ルールの試行", "/trials", _TRIES_RULES, RULES),
    Page("ご案内の文", "/scripts", _ANSWERS_FOR_RULES, RULES),
    Page("対応制限", "/measures", _ANSWERS_FOR_RULES, RULES),
    Page("お知らせの送信", "/notices", _ADMINISTERS, RULES),
    Page("報告書", "/reports", _SEES_CALLS, RECORDS),
    Page("統計", "/statistics", _ANSWERS_FOR_RULES, RECORDS),
    Page("操作の記録", "/trail", _ANSWERS_FOR_RECORDS, RECORDS),
    Page("保存期間と削除", "/retention", _ANSWERS_FOR_RECORDS, RECORDS),
)
"""In the order of the header; those of one group stand together."""


@dataclass(frozen=True, slots=True)
class NavigationItem:
    label: str
    href: str
    current: bool
    group: str = ""


@dataclass(frozen=True, slots=True)
class NavigationGroup:
    """What stands together: in sight where it has no label, else in a menu."""

    label: str
    items: tuple[NavigationItem, ...]

    @property
    def current(self) -> bool:
        return any(item.current for item in self.items)


def navigation_for(identity: Identity | None, path: str) -> tuple[NavigationItem, ...]:
    """Return the pages that *identity* may open; none for who must first choose a password."""
    if identity is None or identity.must_change_password:
        return ()
    return tuple(
        NavigationItem(
            page.label,
            page.href,
            current=path == page.href or path.startswith(f"{page.href}/"),
            group=page.group,
        )
        for page in PAGES
        if identity.role in page.roles
    )


def grouped(items: tuple[NavigationItem, ...]) -> tuple[NavigationGroup, ...]:
    """Return *items* as the header shows them."""
    return tuple(
        NavigationGroup(label, tuple(members))
        for label, members in groupby(items, key=lambda item: item.group)
    )
