"""Pure: the scripted stage answers in the very shapes of the real server, or the browser tests would prove nothing."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from app.calls.schemas import (
    AlertOut,
    CallDetailOut,
    CallOut,
    CallsOut,
    FindingOut,
    GapOut,
    NoteOut,
    ScriptOut,
    UtteranceOut,
)
from app.events import EventType
from tests.browser.scenes import CALL, SCENES
from tests.browser.stage import Json, Stage


def staged(scene: str) -> Stage:
    stage = Stage()
    SCENES[scene](stage)
    return stage


def same_fields(given: Json, model: type[BaseModel]) -> None:
    assert set(given) == set(model.model_fields)


@pytest.mark.parametrize("scene", sorted(set(SCENES) - {"nothing"}))
def test_a_snapshot_is_what_the_server_would_send(scene: str) -> None:
    snapshot = staged(scene).snapshot(CALL)

    CallDetailOut.model_validate(snapshot)
    same_fields(snapshot, CallDetailOut)
    same_fields(snapshot["call"], CallOut)
    for key, model in (("alerts", AlertOut), ("gaps", GapOut), ("utterances", UtteranceOut)):
        for part in snapshot[key]:
            same_fields(part, model)
    for utterance in snapshot["utterances"]:
        for finding in utterance["findings"]:
            same_fields(finding, FindingOut)
            assert utterance["text"][finding["start"] : finding["end"]] == finding["quote"]


def test_notes_and_scripts_are_what_the_server_would_send() -> None:
    snapshot = staged("help").snapshot(CALL)

    same_fields(snapshot["script"], ScriptOut)
    same_fields(snapshot["notes"][0], NoteOut)


def test_a_list_is_what_the_server_would_send() -> None:
    listed = staged("list").listed(live=True, limit=50, before=None)

    CallsOut.model_validate(listed)
    assert [call["call_id"] for call in listed["calls"]] == ["c-2", CALL]


def test_every_scene_tells_known_events_in_rising_order() -> None:
    known = {kind.value for kind in EventType}
    for scene in SCENES:
        log = staged(scene).log

        assert {event["type"] for event in log} <= known
        assert [event["seq"] for event in log] == list(range(1, len(log) + 1))
