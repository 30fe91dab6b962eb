"""What is published about the interfaces is what they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from app.calls.facts import GapReason, Lost
from app.calls.protocol import CALL_ID, CLOSE_CODES, MAX_TEXT_CHARACTERS, Track
from app.events import EventType
from app.health import Status
from app.main import create_app
from app.models import EventRow
from app.recordings.notes import FAILED, RESTORED
from app.screens.words import DEEDS
from app.settings import Settings
from asr.types import Encoding, Shedding
from tests.app.exchange import exchange
from tests.app.sounds import call_bytes, sentences
from tests.fakes_transcriber import ScriptedTranscriber

DOCS = Path(__file__).resolve().parents[2] / "docs"


def asyncapi() -> dict[str, Any]:
    described: dict[str, Any] = yaml.safe_load((DOCS / "asyncapi.yaml").read_text(encoding="utf-8"))
    return described


def test_every_event_type_is_published() -> None:
    event = asyncapi()["components"]["messages"]["event"]["payload"]["properties"]

    assert event["type"]["enum"] == [kind.value for kind in EventType]


def schemas_of_events() -> dict[str, dict[str, Any]]:
    """Return what is published about the data of each event type."""
    described = asyncapi()["components"]
    published: dict[str, dict[str, Any]] = {}
    for case in described["messages"]["event"]["payload"]["allOf"]:
        told = case["if"]["properties"]["type"]
        name = case["then"]["properties"]["data"]["$ref"].rpartition("/")[2]
        for kind in told.get("enum") or [told["const"]]:
            published[kind] = described["schemas"][name]
    return published


def test_the_data_of_every_event_type_is_published_and_nothing_else() -> None:
    schemas = asyncapi()["components"]["schemas"]
    published = schemas_of_events()

    assert set(published) == {kind.value for kind in EventType}
    assert [name for name, each in schemas.items() if each not in published.values()] == ["quote"]


async def test_what_a_call_tells_is_what_is_published(settings: Settings) -> None:
    said = (
        "今からそっちに行って刺してやるからな",
        "土下座して謝れ",
        "もう一度言うけど土下座して謝れ",
    )
    async with exchange(settings, ScriptedTranscriber(*said)) as office:
        attached = await office.attach("c1")
        attached.call.miss(Lost(Track.CALLER, 0, 500, GapReason.LINE))
        attached.call.hear(call_bytes(sentences(len(said))))
        await office.registry.stop(attached, "stop")
        async with office.database.transaction() as session:
            rows = await session.scalars(select(EventRow).where(EventRow.call_id == "c1"))
            told = [(row.type, row.data) for row in rows]
    published = schemas_of_events()

    assert {"call.started", "finding", "alert.raised", "gap", "script.suggested"} <= {
        kind for kind, _ in told
    }
    for kind, data in told:
        schema = published[kind]
        assert set(schema["required"]) <= set(data), kind
        assert set(data) <= set(schema["properties"]), kind
        for name, value in data.items():
            allowed = schema["properties"][name].get("enum")
            assert allowed is None or value in allowed, (kind, name)


def test_the_published_start_message_is_the_one_that_is_read() -> None:
    start = asyncapi()["components"]["messages"]["start"]["payload"]["properties"]

    assert start["encoding"]["enum"] == [encoding.value for encoding in Encoding]
    assert start["tracks"]["items"]["enum"] == [track.value for track in Track]
    assert start["call_id"]["pattern"] == f"^{CALL_ID.pattern}$"


def test_published_reasons_and_states_are_those_that_are_told() -> None:
    schemas = asyncapi()["components"]["schemas"]

    assert schemas["gap"]["properties"]["reason"]["enum"] == [r.value for r in GapReason]
    assert schemas["health"]["properties"]["status"]["enum"] == [s.value for s in Status]
    assert schemas["health"]["properties"]["shedding"]["enum"] == [
        step.name.lower() for step in Shedding
    ]


def test_every_kind_of_note_is_published() -> None:
    note = asyncapi()["components"]["schemas"]["note"]["properties"]

    deeds = set(DEEDS) - {"script_used"}  # which has an event of its own
    assert set(note["kind"]["enum"]) == deeds | {FAILED, RESTORED}


def test_every_refusal_stands_in_the_guide_with_its_close_code() -> None:
    guide = (DOCS / "telephony" / "native.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]*) \| (\d{4}) \|", guide, re.MULTILINE)
    written = {name: int(code) for names, code in rows for name in re.findall(r"`(\w+)`", names)}

    assert written == {refusal.value: code for refusal, code in CLOSE_CODES.items()}
    assert f"{MAX_TEXT_CHARACTERS:,} characters" in guide


def test_the_rest_interface_describes_itself_without_a_cdn() -> None:
    described = create_app(Settings()).openapi()

    assert "/v1/calls/{call_id}" in described["paths"]
    assert "cdn" not in str(described).lower()
