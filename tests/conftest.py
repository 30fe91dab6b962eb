"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# No test asserts a time: on a busy machine the first example, which opens a dictionary, takes longer than any limit.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Say where long sounds part; letter by letter it would take hours."""
    if op != "==" or not isinstance(left, bytes) or not isinstance(right, bytes):
        return None
    pairs = enumerate(zip(left, right, strict=False))
    place = next((at for at, (one, other) in pairs if one != other), min(len(left), len(right)))
    return [f"{len(left)} and {len(right)} bytes, which part at byte {place}"]
