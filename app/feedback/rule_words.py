"""Adapter: what a rule looks for, in the words that its alerts give as their reason."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from app.screens.words import CATEGORIES
from detection.types import Category

_OF_THE_CONVERSATION: Final = {
    "conversation.persistence": "お答えした後も、同じご要望が繰り返されています。",
    "conversation.held": "通話が、方針に定めた長さを超えています。",
    "conversation.held_after_abuse": "暴言などのあった通話が、方針に定めた長さを超えています。",
    "conversation.stalemate": "平行線が、方針に定めた長さを超えています。",
}


def words_for(rule: str, category: str) -> str:
    """Return one line about *rule*; that of its category where the rule has none of its own."""
    return rule_words().get(rule) or f"「{category_words(category)}」のおそれがあります。"


def category_words(category: str) -> str:
    """Return the label of *category*, or its id where it is no category of this version."""
    try:
        return CATEGORIES[Category(category)].label
    except ValueError:
        return category


@cache
def rule_words() -> Mapping[str, str]:
    """Return the reason of every rule about words, and of those about the conversation; read once, 40 ms."""
    words = dict(_OF_THE_CONVERSATION)
    for file in resources.files("detection").joinpath("lexicons").iterdir():
        if not file.name.endswith(".toml"):
            continue
        lexicon = tomllib.loads(file.read_text(encoding="utf-8"))
        if lexicon.get("kind") == "findings":
            words.update({entry["id"]: entry["reason"] for entry in lexicon.get("entry", [])})
    return MappingProxyType(words)
