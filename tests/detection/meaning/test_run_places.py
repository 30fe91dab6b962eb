"""Runs are found where the model has them, and nowhere else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detection.meaning.run_places import RunPlaces


@given(st.lists(st.text(max_size=5), unique=True), st.lists(st.text(max_size=5)))
def test_every_known_run_has_its_place_and_no_other_has_one(
    known: list[str], asked: list[str]
) -> None:
    places = RunPlaces(known)

    found = places.of([*known, *asked]).tolist()

    order = {run: number for number, run in enumerate(known)}
    assert found == [order.get(run, -1) for run in [*known, *asked]]
    assert len(places) == len(known)
