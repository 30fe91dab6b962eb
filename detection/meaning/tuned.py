"""Pure: what training has made of the encoder: some layers anew, and one linear answer an output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from detection.meaning.encoder_file import Array, EncoderWeights

_MOST: Final = 127


@dataclass(frozen=True, slots=True, eq=False)
class TunedEncoder:
    """The encoder's trained part."""

    layers: int
    """So many of the encoder's layers are used."""
    arrays: Mapping[str, Array]
    """The layers that were tuned, by the names of the encoder's file."""
    slopes: Array
    """(width, outputs)"""
    offsets: Array
    """(outputs,)"""

    def applied_to(self, weights: EncoderWeights) -> EncoderWeights:
        """Return *weights* with the tuned layers in place."""
        return replace(weights, arrays={**weights.arrays, **self.arrays})

    def stored(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return what is stored: matrices in eight bits a row, as they will run; ``of_stored`` reads it back."""
        stored: dict[str, npt.NDArray[np.generic]] = {
            "layers": np.array([self.layers], np.int64),
            "slopes": self.slopes,
            "offsets": self.offsets,
        }
        for name, array in self.arrays.items():
            if array.ndim == 1:
                stored[name] = array.astype(np.float32)
                continue
            scale = np.maximum(np.abs(array).max(axis=1, keepdims=True), 1e-9) / _MOST
            stored[f"{name}:steps"] = np.rint(array / scale).astype(np.int8)
            stored[f"{name}:scale"] = scale.astype(np.float32)
        return stored

    @classmethod
    def of_stored(cls, stored: Mapping[str, npt.NDArray[np.generic]]) -> TunedEncoder:
        """Raises: KeyError: an array is missing."""
        arrays: dict[str, Array] = {}
        for name in stored:
            if name.endswith(":steps"):
                whole = name.removesuffix(":steps")
                arrays[whole] = stored[name].astype(np.float32) * stored[f"{whole}:scale"].astype(
                    np.float32
                )
            elif name[0] == "l" and name[1].isdigit() and ":" not in name:
                arrays[name] = stored[name].astype(np.float32)
        return cls(
            layers=int(stored["layers"][0]),
            arrays=arrays,
            slopes=stored["slopes"].astype(np.float32),
            offsets=stored["offsets"].astype(np.float32),
        )
