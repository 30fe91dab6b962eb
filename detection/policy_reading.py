"""Pure: reads a policy from TOML text, and tells everything that is wrong with it at once, each fault by its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final, NoReturn

from detection.errors import PolicyInvalid
from detection.policy import FROM_THE_TALK, NEVER_HELD_DOWN, Policy
from detection.policy_faults import Fault, FaultKind
from detection.policy_keys import KEYS, LONGEST_VERSION, SECTIONS, TEXTS, Form, Key, keys_of
from detection.toml_places import KeyPath, Place, key_places, place_at
from detection.types import Category, Severity

_AT: Final = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
"""The end of what the parser says of broken syntax."""
_LONGEST_SHOWN: Final = 40
_TOO_MANY: Final = 10**_LONGEST_SHOWN
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_MAY_BE_OFF: Final = tuple(c.value for c in Category if c not in NEVER_HELD_DOWN | FROM_THE_TALK)
_TALK_SECTIONS: Final = ("[repetition]", "[minutes]")


def parse_policy(text: str, source: str) -> Policy:
    """Return the policy that the TOML *text* states; *source* is the file's name, for messages.

    Raises:
        PolicyInvalid: not TOML, unknown or missing keys, or values that may not stand there; all of them.
    """
    try:
        table = tomllib.loads(text)
        places = key_places(text.replace("\r\n", "\n"))
    except (ValueError, RecursionError) as error:
        # Besides broken syntax: a number of thousands of digits, arrays a thousand deep.
        _refuse_syntax(str(error), text, source)
    reading = _Reading(table, places)
    values = reading.values()
    if reading.faults:
        raise PolicyInvalid(source, tuple(sorted(reading.faults, key=lambda f: f.place)))
    return Policy(**values)


def _refuse_syntax(said: str, text: str, source: str) -> NoReturn:
    found = _AT.fullmatch(said)
    place, words = Place(1, 1), said
    if found is not None:
        end = place_at(text, len(text.rstrip()))
        place = Place(int(found[2]), int(found[3])) if found[2] else end
        words = found[1]
    raise PolicyInvalid(source, (Fault(place, FaultKind.NOT_TOML, "", words),))


class _Reading:
    """One file: goes through every key once and gathers what is wrong in ``faults``."""

    def __init__(self, table: Mapping[str, Any], places: Mapping[KeyPath, Place]) -> None:
        self.faults: list[Fault] = []
        self._table = table
        self._places = places

    def values(self) -> dict[str, Any]:
        """Return the attributes of the policy that the file names; not to be used where there are faults."""
        self._refuse_unknown()
        values: dict[str, Any] = {name: self._text(name) for name in TEXTS}
        for key in KEYS:
            raw = self._section(key.section).get(key.name)
            value = None if raw is None else self._value(key, raw)
            if value is None:
                continue
            if key.member is None:
                values[key.attribute] = value
            else:
                values.setdefault(key.attribute, {})[key.member] = value
        return {
            name: MappingProxyType(value) if isinstance(value, dict) else value
            for name, value in values.items()
        }

    def _refuse_unknown(self) -> None:
        for name, value in self._table.items():
            if name in TEXTS:
                continue
            if name not in SECTIONS:
                known = (*TEXTS, *SECTIONS)
                self._fault(FaultKind.UNKNOWN_KEY, (name,), known=known, meant=_meant(name, known))
            elif not isinstance(value, dict):
                self._fault(FaultKind.NOT_A_TABLE, (name,), _shown(value))
            else:
                self._refuse_unknown_in(name, value)

    def _refuse_unknown_in(self, section: str, table: Mapping[str, Any]) -> None:
        known = tuple(key.name for key in keys_of(section))
        for name in table:
            if name not in known:
                meant = _meant(name, known, section)
                self._fault(FaultKind.UNKNOWN_KEY, (section, name), known=known, meant=meant)

    def _section(self, section: str) -> Mapping[str, Any]:
        found = self._table.get(section, {})
        return found if isinstance(found, dict) else {}

    def _text(self, name: str) -> str:
        value = self._table.get(name, "" if name == "note" else None)
        if value is None:
            self._fault(FaultKind.MISSING, (name,))
        elif not isinstance(value, str) or not (value.strip() or name == "note"):
            self._fault(FaultKind.NOT_A_TEXT, (name,), _shown(value))
        elif name == "version" and (len(value) > LONGEST_VERSION or not value.isprintable()):
            self._fault(FaultKind.NOT_A_VERSION, (name,), _shown(value), 1, LONGEST_VERSION)
        else:
            return value
        return ""

    def _value(self, key: Key, raw: object) -> object:
        """Return *raw* as the policy holds it; None where it may not stand there."""
        if key.form is Form.CATEGORIES:
            return self._categories(key, raw)
        path: KeyPath = (key.section, key.name)
        kind = _wrong_with(key, raw)
        if kind is not None:
            self._fault(kind, path, _shown(raw), key.low, key.high)
            return None
        if key.form is Form.TRUTH or not isinstance(raw, int | float):
            return raw
        if key.form is Form.SHARE:
            return float(raw)
        if isinstance(key.member, Category) and raw < Severity.STOP:
            spared = self._spared(key.member, path, _shown(raw), (str(int(Severity.STOP)),))
            return Severity(int(raw)) if spared else None
        return Severity(int(raw)) if key.unit == "段階" else int(raw) * key.scale

    def _spared(
        self, category: Category, path: KeyPath, found: str, allowed: tuple[str, ...]
    ) -> bool:
        """Tell, and return False, where *category* is one that no office may hold down or switch off."""
        if category in NEVER_HELD_DOWN:
            self._fault(FaultKind.HIDES_HARM, path, found, known=allowed)
        elif category in FROM_THE_TALK:
            self._fault(FaultKind.FROM_THE_TALK, path, found, known=_TALK_SECTIONS)
        else:
            return True
        return False

    def _categories(self, key: Key, raw: object) -> frozenset[Category] | None:
        known = tuple(category.value for category in Category)
        if not isinstance(raw, list):
            self._fault(FaultKind.NOT_A_LIST, (key.section, key.name), _shown(raw), known=known)
            return None
        listed = set()
        for number, name in enumerate(raw):
            path = (key.section, key.name, number)
            if name not in known:
                meant = _meant(name, known) if isinstance(name, str) else ""
                self._fault(FaultKind.NOT_A_CATEGORY, path, _shown(name), known=known, meant=meant)
            elif key.attribute != "categories_off" or self._spared(
                Category(name), path, _shown(name), _MAY_BE_OFF
            ):
                listed.add(Category(name))
        return frozenset(listed)

    def _fault(
        self,
        kind: FaultKind,
        path: KeyPath,
        found: str = "",
        low: float = 0,
        high: float = 0,
        known: tuple[str, ...] = (),
        meant: str = "",
    ) -> None:
        key = ".".join(_quoted(part) for part in path if isinstance(part, str))
        place = self._places.get(path, Place(1, 1))
        self.faults.append(Fault(place, kind, key, found, low, high, known, meant))


def _wrong_with(key: Key, raw: object) -> FaultKind | None:
    """Return why *raw* may not stand at *key*, which is a number or a truth."""
    if key.form is Form.TRUTH:
        return None if isinstance(raw, bool) else FaultKind.NOT_A_TRUTH
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return FaultKind.NOT_WHOLE if key.form is Form.WHOLE else FaultKind.NOT_A_NUMBER
    if key.form is Form.WHOLE and not isinstance(raw, int):
        return FaultKind.NOT_WHOLE
    if key.low <= raw <= key.high:
        return None
    hides = key.form is Form.SHARE and key.high < raw <= 1
    return FaultKind.HIDES_HARM if hides else FaultKind.OUT_OF_RANGE


def _meant(name: str, known: tuple[str, ...], section: str = "") -> str:
    """Return the key that is written nearly so, or of that very name in another place."""
    near = get_close_matches(name, known, n=1)
    if near:
        return f"{section}.{near[0]}" if section else near[0]
    if name in TEXTS:
        return name
    elsewhere = [key.path for key in KEYS if key.name == name and key.member is None]
    return elsewhere[0] if elsewhere else ""


def _quoted(name: str) -> str:
    return name if _BARE.fullmatch(name) else f'"{name}"'


def _shown(value: object) -> str:
    """Return *value* as the file has it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        shown = value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}…"
        return '"' + shown.replace("\n", " ") + '"'
    if isinstance(value, list):
        return "[…]" if value else "[]"
    if isinstance(value, int) and abs(value) >= _TOO_MANY:
        # Written in hexadecimal it may have more digits than Python prints.
        return hex(value)[:_LONGEST_SHOWN] + "…"
    return "{…}" if isinstance(value, dict) else str(value)
