"""Glue: the English of the screens, read once from ``english/*.toml``, through the package."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Final

from app.screens.language import Catalogue, Language

_GROUPS: Final = frozenset({"texts", "errors"})


class CatalogueInvalid(ValueError):  # noqa: N818 - named as a fact
    """The message names the file and the entry."""


def catalogue_of(language: Language) -> Catalogue:
    return _english() if language is Language.ENGLISH else Catalogue()


@cache
def _english() -> Catalogue:
    groups: dict[str, dict[str, str]] = {name: {} for name in _GROUPS}
    folder = resources.files("app.screens") / "english"
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if not file.name.endswith(".toml"):
            continue
        for group, entries in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if group not in _GROUPS:
                raise CatalogueInvalid(f"{file.name}: [{group}] is neither [texts] nor [errors]")
            for japanese, english in entries.items():
                known = groups[group].setdefault(japanese, english)
                if known != english:
                    raise CatalogueInvalid(f"{file.name}: '{japanese}' has two translations")
    return Catalogue(groups["texts"], groups["errors"], Language.ENGLISH)
