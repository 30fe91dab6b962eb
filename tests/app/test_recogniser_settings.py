"""What the settings make of a machine: how many recognisers, in which precision."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.bootstrap import (
    compute_type,
    process_count,
    start_allowance_ms,
    usable_cores,
    whisper_command,
)
from app.settings import AsrSettings
from asr.model_files import ModelFiles
from asr.recogniser import _parser as recogniser_options


@pytest.mark.parametrize(
    ("cores", "processes"), [(1, 1), (2, 2), (3, 2), (4, 3), (16, 15), (33, 32), (128, 32)]
)
def test_recognisers_leave_the_sockets_a_core_where_there_are_more_than_two(
    cores: int, processes: int
) -> None:
    assert process_count(AsrSettings(), cores) == processes


def test_one_recogniser_fills_a_card() -> None:
    assert process_count(AsrSettings(device="cuda"), 16) == 1


def test_whoever_names_a_number_gets_it() -> None:
    assert process_count(AsrSettings(processes=7), 2) == 7
    assert process_count(AsrSettings(processes=2, device="cuda"), 16) == 2


def test_the_precision_follows_the_device_unless_it_is_named() -> None:
    found = [
        compute_type(AsrSettings()),
        compute_type(AsrSettings(device="cuda")),
        compute_type(AsrSettings(device="cuda", compute_type="int8_float16")),
    ]

    assert found == ["int8", "float16", "int8_float16"]


def test_the_command_of_a_recogniser_says_what_the_settings_say() -> None:
    model = ModelFiles("org/model@abc", Path("models") / "large", None)
    on_card = AsrSettings(device="cuda", beam_size=3)

    command = whisper_command(on_card, model)

    assert command[1:3] == ("-m", "asr.recogniser")
    options = recogniser_options().parse_args(command[3:])
    assert (options.device, options.compute_type) == ("cuda", "float16")
    assert (options.model, options.name, options.beam_size) == (model.path, model.name, 3)


@pytest.mark.parametrize(
    ("model_bytes", "least_ms", "most_ms"),
    [
        (145_217_532, 10_000, 15_000),
        (1_620_000_000, 50_000, 60_000),
        (3_100_000_000, 90_000, 120_000),
    ],
)
def test_large_models_are_given_time_to_start_and_no_longer_than_a_start_may_take(
    model_bytes: int, least_ms: int, most_ms: int
) -> None:
    assert least_ms <= start_allowance_ms(model_bytes) <= most_ms


def test_this_machine_has_a_core() -> None:
    assert usable_cores() >= 1
