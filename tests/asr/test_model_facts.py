"""What a model's files say of it, whole and broken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asr.errors import ModelCorrupt
from asr.model_facts import read_facts
from asr.model_files import find_model
from asr.trimmed_model import TRIM_AT_MOST_BYTES
from tests.asr.written_model import model_file, shapes, write_model


def test_size_layers_bands_and_languages_are_read(tmp_path: Path) -> None:
    directory = write_model(tmp_path / "model", mel_bands=128, token_count=51_866)

    facts = read_facts(directory)

    assert facts is not None
    assert facts.size_bytes == (directory / "model.bin").stat().st_size
    assert facts.parameters == 2 * 128 * 3 + 2 + 4 * 4 + 51_866 * 2
    assert (facts.encoder_layers, facts.decoder_layers) == (3, 1)
    assert (facts.mel_bands, facts.token_count, facts.stored_as) == (128, 51_866, "float16")
    assert facts.languages == ("en", "ja", "yue")
    assert facts.japanese
    assert facts.trimmed


def test_the_offline_model_is_what_its_papers_say(tmp_path: Path) -> None:
    facts = read_facts(find_model("offline", tmp_path).path)

    assert facts is not None
    assert (facts.encoder_layers, facts.decoder_layers, facts.mel_bands) == (6, 6, 80)
    assert (facts.parameters, facts.token_count) == (72_603_136, 51_865)
    assert len(facts.languages) == 99
    assert facts.japanese


def test_a_model_with_a_token_less_knows_english_alone(tmp_path: Path) -> None:
    facts = read_facts(write_model(tmp_path / "base.en", token_count=51_864))

    assert facts is not None
    assert facts.languages == ("en",)
    assert not facts.japanese


def test_tokens_may_come_as_lines_that_hold_line_ends_of_other_alphabets(tmp_path: Path) -> None:
    directory = write_model(tmp_path / "model")
    tokens = json.loads((directory / "vocabulary.json").read_text())
    (directory / "vocabulary.json").unlink()
    (directory / "vocabulary.txt").write_text("\n".join(["a\x85b", *tokens]), encoding="utf-8")

    facts = read_facts(directory)

    assert facts is not None
    assert facts.languages == ("en", "ja", "yue")


def test_large_models_are_loaded_untrimmed(tmp_path: Path) -> None:
    directory = write_model(tmp_path / "model")
    with (directory / "model.bin").open("r+b") as file:
        file.truncate(TRIM_AT_MOST_BYTES + 1)  # a hole: it takes no room on the disk

    facts = read_facts(directory)

    assert facts is not None
    assert not facts.trimmed


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cannot be read: copy or fetch it again"),
        (b"\6", "ends too early"),
        (model_file(shapes())[:50], "ends too early"),
        (model_file(shapes())[:-1_000], "ends too early"),
        (model_file(shapes(), kind="TransformerSpec"), "not Whisper"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "git lfs pull"),
    ],
    ids=["empty", "a byte", "its beginning", "without its end", "another kind", "a pointer"],
)
def test_what_is_no_whole_whisper_model_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    directory = write_model(tmp_path / "model")
    (directory / "model.bin").write_bytes(content)

    with pytest.raises(ModelCorrupt, match=said):
        read_facts(directory)


@pytest.mark.parametrize(
    "content",
    [model_file(shapes(), version=7), model_file({"encoder/conv1/weight": (2, 80, 3)})],
    ids=["a later layout", "other names"],
)
def test_a_layout_that_is_not_known_is_left_to_who_loads_it(tmp_path: Path, content: bytes) -> None:
    directory = write_model(tmp_path / "model")
    (directory / "model.bin").write_bytes(content)

    assert read_facts(directory) is None


@pytest.mark.parametrize("vocabulary", [b"", b"[", b"\xff"])
def test_a_broken_vocabulary_is_told(tmp_path: Path, vocabulary: bytes) -> None:
    directory = write_model(tmp_path / "model")
    (directory / "vocabulary.json").write_bytes(vocabulary)

    with pytest.raises(ModelCorrupt, match="copy or fetch it again"):
        read_facts(directory)
