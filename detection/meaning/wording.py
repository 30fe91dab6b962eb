"""Pure: how a finding of the trained model is said to a person: one line a category, in the office's words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from detection.types import Category

SOUNDS_LIKE: Final[Mapping[Category, str]] = MappingProxyType(
    {
        Category.DEMAND_NO_FAULT: "市に落ち度がないことについて、特別な扱いを求める言い方",
        Category.DEMAND_UNRELATED: "市の仕事と関わりのないことを求める言い方",
        Category.PHYSICAL_ATTACK: "危害を加えると告げたり、ほのめかしたりする言い方",
        Category.MENTAL_ATTACK: "人をおとしめる、または脅す言い方",
        Category.INTIMIDATION: "力や立場を使って、こわがらせる言い方",
        Category.PERSISTENCE: "お答えした後も、際限なく続ける言い方",
        Category.RESTRAINT: "職員を長く引き留め、離さない言い方",
        Category.DISCRIMINATION: "性別・年齢・国籍・障がいなどで人を分け隔てする言い方",
        Category.SEXUAL: "性的な言い方",
        Category.PERSONAL_ATTACK: "職員個人をねらう言い方",
        Category.COMPENSATION: "根拠のないお金や見返りを求める言い方",
        Category.APOLOGY: "度を越した謝罪を求める言い方",
    }
)


def reason_of(category: Category) -> str:
    """Return the line that stands under the quotation. No per cent: it is read in the middle of a call."""
    return f"{SOUNDS_LIKE[category]}に聞こえます(言い回しの意味による判定)"
