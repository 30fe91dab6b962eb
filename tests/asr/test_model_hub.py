"""Models of the hub: what is fetched, what is not, and what is said when it fails."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import errors

from asr.errors import ModelNotFound
from asr.model_files import find_model
from tests.asr.written_model import write_model

COMMIT = "3" * 40
TERABYTE = 1 << 40


@dataclass(frozen=True, slots=True)
class ListedFile:
    file_size: int | None
    will_download: bool


class ScriptedHub:
    """Stands for the library's one function; has nothing on the disk until it was asked to fetch."""

    def __init__(
        self,
        *listed: ListedFile,
        error: Exception | None = None,
        deliver: Callable[[Path], object] = write_model,
    ) -> None:
        self.asked: list[dict[str, Any]] = []
        self._listed = list(listed)
        self._error = error
        self._deliver = deliver

    def __call__(
        self,
        hub_id: str,
        *,
        revision: str | None,
        cache_dir: Path,
        allow_patterns: list[str],
        local_files_only: bool = False,
        dry_run: bool = False,
    ) -> list[ListedFile] | str:
        self.asked.append({"id": hub_id, "revision": revision, "files": allow_patterns})
        if local_files_only:
            raise errors.LocalEntryNotFoundError("not here")
        if dry_run:
            return self._listed
        if self._error is not None:
            raise self._error
        target = cache_dir / "snapshots" / COMMIT
        self._deliver(target)
        return str(target)


def test_a_missing_model_is_fetched_and_named_by_its_commit(tmp_path: Path) -> None:
    hub, told = ScriptedHub(), []

    model = find_model(
        "someone/some-model@v1",
        tmp_path,
        snapshot=hub,
        progress=lambda *step: told.append(step),
    )

    assert model.name == "someone/some-model@333333333333"
    assert (model.path / "model.bin").is_file()
    assert {(asked["id"], asked["revision"]) for asked in hub.asked} == {
        ("someone/some-model", "v1")
    }
    assert told == [("fetching the model", 0, 0)]


def test_a_size_means_the_hub_model_that_has_it(tmp_path: Path) -> None:
    hub = ScriptedHub()

    find_model("large-v3-turbo", tmp_path, snapshot=hub)

    assert {asked["id"] for asked in hub.asked} == {"mobiuslabsgmbh/faster-whisper-large-v3-turbo"}


def test_only_what_recognition_reads_is_fetched(tmp_path: Path) -> None:
    hub = ScriptedHub()

    find_model("someone/some-model", tmp_path, snapshot=hub)

    assert all("model.bin" in asked["files"] for asked in hub.asked)
    assert not any("*" in pattern.split(".")[0] for pattern in hub.asked[-1]["files"])


def test_a_model_for_which_there_is_no_room_is_not_begun(tmp_path: Path) -> None:
    hub = ScriptedHub(ListedFile(TERABYTE << 10, will_download=True))

    with pytest.raises(ModelNotFound, match=r"not enough room.*MB are free, 1073741824 MB are"):
        find_model("someone/some-model", tmp_path, snapshot=hub)

    assert not (tmp_path / "hub" / "snapshots").exists()


def test_what_is_here_already_needs_no_room(tmp_path: Path) -> None:
    hub = ScriptedHub(ListedFile(TERABYTE << 10, will_download=False), ListedFile(None, True))

    assert find_model("someone/some-model", tmp_path, snapshot=hub).path.is_dir()


def test_a_model_for_another_library_says_how_to_find_one_for_this(tmp_path: Path) -> None:
    def transformers(target: Path) -> None:
        write_model(target)
        (target / "model.bin").unlink()

    with pytest.raises(
        ModelNotFound, match=r"someone/some-model lacks model\.bin.*-faster or -ct2"
    ):
        find_model("someone/some-model", tmp_path, snapshot=ScriptedHub(deliver=transformers))


def declared_errors() -> Iterator[type[Exception]]:
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, Exception):
            yield kind


def one_of(kind: type[Exception]) -> Exception:
    # Many want the answer of a server; what counts here is only of which kind they are.
    return kind.__new__(kind)


@pytest.mark.parametrize("kind", [*declared_errors(), OSError, RuntimeError, ValueError])
def test_whatever_the_library_raises_ends_in_a_next_step(
    tmp_path: Path, kind: type[Exception]
) -> None:
    hub = ScriptedHub(error=one_of(kind))

    with pytest.raises(ModelNotFound, match="someone/some-model"):
        find_model("someone/some-model", tmp_path, snapshot=hub)


def behind(cause: Exception) -> Exception:
    error = errors.DryRunError("cannot be accessed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), r"not enough room.*MIMAMORI_DATA_DIR"),
        (RuntimeError("writer: No space left on device (os error 28)"), "not enough room"),
        (PermissionError(errno.EACCES, "denied"), r"cannot be written.*MIMAMORI_DATA_DIR"),
        (OSError(errno.EROFS, "read-only"), "cannot be written"),
        (one_of(errors.GatedRepoError), "members only"),
        (one_of(errors.RepositoryNotFoundError), "check the name"),
        (behind(one_of(errors.RepositoryNotFoundError)), "check the name"),
        (one_of(errors.RevisionNotFoundError), "no such revision"),
        (errors.HFValidationError("bad"), "check the name"),
        (ConnectionError("no route"), r"check the network.*offline-model"),
        (behind(ConnectionError("no route")), "check the network"),
    ],
)
def test_what_can_be_mended_is_told_apart(tmp_path: Path, error: Exception, said: str) -> None:
    with pytest.raises(ModelNotFound, match=said):
        find_model("someone/some-model", tmp_path, snapshot=ScriptedHub(error=error))


def test_a_name_that_cannot_be_one_is_refused_without_the_network(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="check the name"):
        find_model("some one/some/model", tmp_path, allow_download=False)
