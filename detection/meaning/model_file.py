"""Adapter: the trained model as it ships: ``trained.npz``, plain arrays and nothing that could run."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from detection.errors import MeaningInvalid
from detection.meaning.letters_model import LettersModel
from detection.meaning.mixing import Mixing
from detection.meaning.outputs import OUTPUTS
from detection.meaning.tuned import TunedEncoder

FILE: Final = "trained.npz"
_LAYOUT: Final = 1
_DAMAGES: Final = (
    *(OSError, ValueError, KeyError, IndexError, EOFError, struct.error),
    # What the archive says of a wrong letter; RuntimeError where it seems locked or of another kind.
    *(BadZipFile, zlib.error, RuntimeError),
)


@dataclass(frozen=True, slots=True, eq=False)
class TrainedModel:
    """All that training made."""

    version: str
    """Names recipe and corpus: ``meaning-<recipe>-<corpus>``."""
    encoder: TunedEncoder
    letters: LettersModel
    mixing: Mixing


def shipped_model() -> TrainedModel:
    """Return the model that ships with the package.

    Raises:
        MeaningInvalid: the file is missing, damaged or of another layout.
    """
    file = resources.files("detection.meaning").joinpath(FILE)
    if not file.is_file():
        raise MeaningInvalid(f"{FILE} is missing; run: mimamori train")
    return read_model(file.read_bytes())


def read_model(image: bytes) -> TrainedModel:
    """Raises: MeaningInvalid: damaged, of another layout, or with other outputs than the code knows."""
    try:
        with np.load(io.BytesIO(image), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        facts = str(arrays["facts"]).split("\n")
        layout, version, *outputs = facts
        if int(layout) != _LAYOUT or tuple(outputs) != OUTPUTS:
            raise MeaningInvalid(f"{FILE} was made by another version; run: mimamori train")
        return TrainedModel(
            version=version,
            encoder=TunedEncoder.of_stored(_under("encoder/", arrays)),
            letters=LettersModel.of_arrays(_under("letters/", arrays)),
            mixing=Mixing.of_arrays(_under("mixing/", arrays)),
        )
    except _DAMAGES as error:
        raise MeaningInvalid(f"{FILE} is damaged ({error}); run: mimamori train") from error


def written_model(model: TrainedModel) -> bytes:
    """Return the file's content; the same model, the same bytes but for the archive's dates."""
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "facts": np.array("\n".join((str(_LAYOUT), model.version, *OUTPUTS)))
    }
    for folder, part in (
        ("encoder", model.encoder.stored()),
        ("letters", model.letters.arrays()),
        ("mixing", model.mixing.arrays()),
    ):
        arrays |= {f"{folder}/{name}": array for name, array in part.items()}
    image = io.BytesIO()
    np.savez_compressed(image, **arrays)  # type: ignore[arg-type]  # the stub knows no **mapping
    return image.getvalue()


def _under(
    folder: str, arrays: Mapping[str, npt.NDArray[np.generic]]
) -> dict[str, npt.NDArray[np.generic]]:
    return {
        name.removeprefix(folder): array
        for name, array in arrays.items()
        if name.startswith(folder)
    }
