"""Pure: changes single values in a whole policy as ``detection.policy_writing`` writes it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from detection.policy import Policy
from detection.policy_keys import KEYS, Form, Key
from detection.policy_reading import parse_policy
from detection.policy_writing import policy_toml

_SECTION: Final = re.compile(r"\[(\w+)\]")
_WORD: Final = re.compile(r"[A-Za-z_]+")


class UnknownKey(Exception):  # noqa: N818 - named as a fact
    """A policy has no such key."""


def with_values(policy: Policy, values: Mapping[str, str]) -> tuple[Policy, str]:
    """Return *policy* with *values* by ``section.name``, and its text; an empty value takes the key out.

    Raises:
        UnknownKey: there is no such key.
        PolicyInvalid: a value may not stand there; names the line of the text with it.
    """
    keys = {key.path: key for key in KEYS}
    for path in values:
        if path not in keys:
            raise UnknownKey(path)
    lines, section = policy_toml(policy).splitlines(), ""
    for number, line in enumerate(lines):
        head = _SECTION.match(line)
        if head:
            section = head[1]
        name = line.removeprefix("# ").split(" = ", 1)[0]
        path = f"{section}.{name}"
        if path in values and section:
            lines[number] = _line(keys[path], values[path])
    text = "\n".join(lines) + "\n"
    return parse_policy(text, "policy.toml"), text


def _line(key: Key, value: str) -> str:
    given = value.strip()
    about = f"  # {key.label}"
    if not given:
        return f"# {key.name} ={about}"
    if key.form is Form.CATEGORIES:
        return f"{key.name} = {json.dumps(_WORD.findall(given))}{about}"
    # What is no number or truth is quoted, so that the reading of policies says what may stand there.
    plain = re.fullmatch(r"true|false|-?\d+(?:\.\d+)?", given)
    return f"{key.name} = {given if plain else json.dumps(given, ensure_ascii=False)}{about}"
