"""Pure: every policy that a file can state, for properties."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from detection.policy import FROM_THE_TALK, NEVER_HELD_DOWN, Policy
from detection.policy_keys import KEYS, Form, Key
from detection.types import Category, Severity

SAID = st.text(min_size=1, max_size=30).filter(str.strip)
VERSIONS = SAID.filter(str.isprintable)
SPARED = NEVER_HELD_DOWN | FROM_THE_TALK


def values_of(key: Key) -> st.SearchStrategy[Any]:
    """Return what the policy may hold for *key*."""
    if key.form is Form.TRUTH:
        return st.booleans()
    if key.form is Form.SHARE:
        return st.floats(key.low, key.high)
    if key.form is Form.CATEGORIES:
        allowed = set(Category) - (SPARED if key.attribute == "categories_off" else set())
        return st.frozensets(st.sampled_from(sorted(allowed)))
    if key.unit == "段階":
        lowest = Severity.STOP if key.member in SPARED else Severity.CAUTION
        return st.sampled_from([s for s in Severity if lowest <= s <= key.high])
    return st.integers(int(key.low), int(key.high)).map(lambda number: number * key.scale)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Return policies that state some keys and leave the others to their defaults."""
    attributes: dict[str, Any] = {}
    for key in draw(st.lists(st.sampled_from(KEYS), unique=True)):
        value = draw(values_of(key))
        if key.member is None:
            attributes[key.attribute] = value
        else:
            attributes.setdefault(key.attribute, {})[key.member] = value
    attributes = {
        name: MappingProxyType(value) if isinstance(value, dict) else value
        for name, value in attributes.items()
    }
    for name, said in (("name", SAID), ("version", VERSIONS), ("title", SAID)):
        attributes[name] = draw(said)
    return Policy(**attributes, note=draw(st.text(max_size=30)))
