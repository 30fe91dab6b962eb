"""What the settings make of a machine: how many recognisers, in which precision."""

from __future__ import annotations

import pytest

from app.bootstrap import compute_type, process_count, usable_cores
from app.settings import AsrSettings


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


def test_this_machine_has_a_core() -> None:
    assert usable_cores() >= 1
