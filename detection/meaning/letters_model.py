"""Pure: what runs of letters and sounds say about an utterance: a table of weights in whole numbers of eight bits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from detection.meaning.run_places import RunPlaces

_SEPARATOR: Final = "\n"
_MOST: Final = 127


@dataclass(frozen=True, slots=True, eq=False)
class LettersModel:
    """Weights of each run for each output."""

    runs: npt.NDArray[np.uint8]
    """What the runs are, one a line; only to be stored again."""
    places: RunPlaces
    rarity: npt.NDArray[np.float32]
    """(runs,): how much a run tells because few sentences hold it."""
    slopes: npt.NDArray[np.int8]
    """(runs, outputs)"""
    scales: npt.NDArray[np.float32]
    """(outputs,): what one step of a slope is worth."""
    offsets: npt.NDArray[np.float32]
    """(outputs,)"""

    @classmethod
    def rounded(
        cls,
        vocabulary: Iterable[str],
        rarity: npt.NDArray[np.float32],
        slopes: npt.NDArray[np.float32],
        offsets: npt.NDArray[np.float32],
    ) -> LettersModel:
        """Round *slopes* (runs, outputs) to eight bits."""
        scales = np.maximum(np.abs(slopes).max(axis=0), 1e-9) / _MOST
        steps = np.rint(slopes / scales).astype(np.int8)
        runs = list(vocabulary)
        return cls(
            np.frombuffer(_SEPARATOR.join(runs).encode(), np.uint8),
            RunPlaces(runs),
            rarity,
            steps,
            scales.astype(np.float32),
            offsets,
        )

    def logits(self, runs: Iterable[str]) -> npt.NDArray[np.float32]:
        """Return one number an output: above 0 speaks for it."""
        found = self.places.of(list(runs))
        return self.logits_at(np.unique(found[found >= 0]))

    def logits_at(self, at: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """Return the same for runs whose places are known already, each once."""
        if not len(at):
            return self.offsets
        rarity = self.rarity[at]
        shares = rarity / np.sqrt(np.dot(rarity, rarity))
        found: npt.NDArray[np.float32] = (shares @ self.slopes[at]) * self.scales + self.offsets
        return found

    def weights(self, places: Sequence[int], output: int) -> npt.NDArray[np.float32]:
        """Return what each run speaks for *output* in a sentence that holds just these."""
        at = np.array(places, np.int64)
        different = self.rarity[np.unique(at)]
        length = np.sqrt(np.dot(different, different)) + 1e-9
        found: npt.NDArray[np.float32] = (
            self.rarity[at] * self.slopes[at, output] * (self.scales[output] / length)
        )
        return found

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return what is stored; ``of_arrays`` reads it back."""
        return {
            "runs": self.runs,
            "rarity": self.rarity.astype(np.float16),
            "slopes": self.slopes,
            "scales": self.scales,
            "offsets": self.offsets,
        }

    @classmethod
    def of_arrays(cls, stored: Mapping[str, npt.NDArray[np.generic]]) -> LettersModel:
        """Raises: KeyError, ValueError: an array is missing or does not fit the others."""
        runs = stored["runs"].tobytes().decode().split(_SEPARATOR)
        slopes = stored["slopes"].astype(np.int8)
        if len(runs) != len(slopes) or len(stored["rarity"]) != len(runs):
            raise ValueError("runs, rarity and slopes must be of one length")
        return cls(
            runs=stored["runs"].astype(np.uint8),
            places=RunPlaces(runs),
            rarity=stored["rarity"].astype(np.float32),
            slopes=slopes,
            scales=stored["scales"].astype(np.float32),
            offsets=stored["offsets"].astype(np.float32),
        )
