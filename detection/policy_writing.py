"""Pure: writes a whole policy as a file, with everything that it leaves to its defaults; read back it is the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from detection.policy import MINIMUM_SCORE, Policy
from detection.policy_keys import KEYS, SECTIONS, TEXTS, Form, Key, Stated, keys_of
from detection.types import Severity

_ESCAPED: Final = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029"\\]')
"""What TOML wants escaped, and what some editors would take for the end of a line."""
_SHORT: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One key that two policies state differently; None where one of them says nothing."""

    key: str
    label: str
    unit: str
    one: Stated | str | None
    other: Stated | str | None


def policy_toml(policy: Policy) -> str:
    """Return *policy* as TOML; what it does not state stands in a comment with what holds instead."""
    lines = [f"{name} = {_string(getattr(policy, name))}" for name in TEXTS]
    for section, about in SECTIONS.items():
        lines += ["", f"[{section}]  # {about}", *(_line(key, policy) for key in keys_of(section))]
    return "\n".join(lines) + "\n"


def stated(policy: Policy) -> dict[str, object]:
    """Return *policy* as the tables of its file, None where it says nothing."""
    sections = {
        section: {key.name: key.stated(policy) for key in keys_of(section)} for section in SECTIONS
    }
    return {**{name: getattr(policy, name) for name in TEXTS}, **sections}


def differences(one: Policy, other: Policy) -> tuple[Difference, ...]:
    """Return what two policies state differently, in the order of the file; their names and texts too."""
    return tuple(_differences(one, other))


def _differences(one: Policy, other: Policy) -> Iterator[Difference]:
    for name in TEXTS:
        first, second = getattr(one, name), getattr(other, name)
        if first != second:
            yield Difference(name, "", "", first, second)
    for key in KEYS:
        left, right = key.stated(one), key.stated(other)
        if left != right:
            yield Difference(key.path, key.label, key.unit, left, right)


def _line(key: Key, policy: Policy) -> str:
    value = key.stated(policy)
    unit = f"({key.unit})" if key.unit else ""
    if value is None:
        return f"# {key.name} = {_instead(key)}  # {key.label}{unit}"
    return f"{key.name} = {_written(value)}  # {key.label}{unit}"


def _instead(key: Key) -> str:
    """Return what holds where a policy does not state *key*."""
    if key.member is None:
        return "なし"
    return _written(MINIMUM_SCORE if key.form is Form.SHARE else int(Severity.STOP))


def _written(value: Stated) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_string(name) for name in value) + "]"
    return repr(value)


def _string(text: str) -> str:
    return '"' + _ESCAPED.sub(_escaped, text) + '"'


def _escaped(found: re.Match[str]) -> str:
    return _SHORT.get(found[0]) or f"\\u{ord(found[0]):04x}"
