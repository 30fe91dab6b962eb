"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# No test asserts a time: on a busy machine the first example, which opens a dictionary, takes longer than any limit.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
