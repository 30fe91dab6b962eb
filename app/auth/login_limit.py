"""Pure: how many failed sign-ins a name and an address may have before further ones are refused."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque
from typing import Final

REMEMBERED_KEYS: Final = 10_000
"""Names and addresses together; about 2 MB when all are used."""


class LoginLimit:
    """Ask before a password is checked, tell it how that went.

    Never remembers more than ``keys`` names and addresses, and of each only the
    newest ``attempts`` (``address_attempts``) failures; those touched longest ago are forgotten first.
    A refusal is not a failure, so waiting always helps. It does not know which
    names exist. Each server process counts for itself.
    """

    def __init__(
        self,
        *,
        attempts: int,
        window_ms: int,
        address_attempts: int | None = None,
        keys: int = REMEMBERED_KEYS,
    ) -> None:
        self._attempts = {"name": attempts, "address": address_attempts or attempts}
        self._window_ms = window_ms
        self._keys = keys
        self._failures: OrderedDict[tuple[str, str], deque[int]] = OrderedDict()

    def wait_ms(self, name: str, address: str, now_ms: int) -> int:
        """Return how long to wait before trying again; 0 when a try is free now."""
        return max(self._wait_of(key, now_ms) for key in _keys_of(name, address))

    def failed(self, name: str, address: str, now_ms: int) -> None:
        for key in _keys_of(name, address):
            self._failures.setdefault(key, deque(maxlen=self._attempts[key[0]])).append(now_ms)
            self._failures.move_to_end(key)
        while len(self._failures) > self._keys:
            self._failures.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Forget the failures of *name*; those of the address stay, or one good account would free it."""
        self._failures.pop(("name", name), None)

    def __len__(self) -> int:
        return len(self._failures)

    def _wait_of(self, key: tuple[str, str], now_ms: int) -> int:
        failures = self._failures.get(key)
        if failures is None or len(failures) < self._attempts[key[0]]:
            return 0
        return max(0, failures[0] + self._window_ms - now_ms)


def _keys_of(name: str, address: str) -> tuple[tuple[str, str], ...]:
    # Over a Unix socket there is no address; one count for everybody would shut everybody out.
    if not address:
        return (("name", name),)
    return (("name", name), ("address", _network_of(address)))


def _network_of(address: str) -> str:
    """Return what one line at home or in an office is given: an IPv4 address, an IPv6 /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed.packed[:8] + bytes(8), 64)))
    return str(parsed)
