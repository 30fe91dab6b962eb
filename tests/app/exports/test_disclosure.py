"""A copy for disclosure: as zip with PDF, sound and digests, for who may make it."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import numpy as np

from app.auth.identity import Role
from app.exports.disclosing import BEYOND_MS
from app.ledger import Entry
from asr.codec import decode
from asr.types import Encoding
from tests.app.review.filled import SAID, Filling, add_ended_call
from tests.app.review.recorded import add_recording
from tests.app.running import RunningServer

CALL = "r-1"
PATH = f"/v1/calls/{CALL}/disclosure"
NUMBER = "折り返しは090-1234-5678にお願いします。"
REFERENCE = "令和8年度 個開第12号"


async def with_call(server: RunningServer, *, recorded: bool = True) -> None:
    now = server.services.clock.now()

    async def change(entry: Entry) -> str:
        return await add_ended_call(entry.session, now, CALL, texts=(NUMBER, *SAID))

    await server.services.ledger.write(change)
    if recorded:
        await add_recording(server.services, CALL, Filling())


async def copied(client: httpx.AsyncClient, **wanted: Any) -> zipfile.ZipFile:
    body = {"reference": REFERENCE, **wanted}
    made = (await client.post(PATH, json=body)).raise_for_status().json()
    fetched = (await client.get(f"/v1/exports/{made['export_id']}")).raise_for_status()
    assert hashlib.sha256(fetched.content).hexdigest() == made["sha256"]
    return zipfile.ZipFile(io.BytesIO(fetched.content))


def wav_in(copy: zipfile.ZipFile) -> np.ndarray[Any, Any]:
    return decode(Encoding.MULAW, copy.read("録音.wav")[58:]).reshape(-1, 2)


def suggested_in(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"utterance_id": one["utterance_id"], "start": place["start"], "end": place["end"]}
        for one in told["sentences"]
        for place in one["suggestions"]
    ]


async def test_what_is_suggested_is_covered_in_the_text_and_in_the_sound_but_what_is_spared(
    server: RunningServer,
) -> None:
    await with_call(server)
    async with server.client(await server.token(Role.SUPERVISOR)) as client:
        told = (await client.get(PATH)).raise_for_status().json()
        first = told["sentences"][0]
        suggestion = first["suggestions"][0]
        every = suggested_in(told)
        plain = wav_in(await copied(client, spared=every))
        copy = await copied(client, spared=every[1:])

    sound, manifest = wav_in(copy), json.loads(copy.read("manifest.json"))
    begin_ms, end_ms = max(0, first["start_ms"] - BEYOND_MS), first["end_ms"] + BEYOND_MS
    begin, end = begin_ms * 8, end_ms * 8
    assert (told["covered"], suggestion["kind"]) == (False, "電話番号")
    assert len(told["unheard"]) == Filling().gaps
    assert manifest["covered_sound_ms"] == [[begin_ms, end_ms]]
    assert np.abs(sound[begin:end]).max() < 0.11
    assert (sound[:begin] == plain[:begin]).all()
    assert (sound[end:] == plain[end:]).all()
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256(copy.read(name)).hexdigest() == digest
    assert copy.read("通話記録の写し.pdf").startswith(b"%PDF-")


async def test_a_copy_is_named_by_the_day_in_japan(server: RunningServer) -> None:
    await with_call(server, recorded=False)
    now = server.services.clock.now()
    async with server.client(await server.token(Role.SUPERVISOR)) as client:
        made = (await client.post(PATH, json={"reference": REFERENCE, "sound": False})).json()

    day = now.astimezone(ZoneInfo("Asia/Tokyo"))
    assert made["file_name"] == f"通話記録の写し_{day:%Y%m%d}.zip"


async def test_who_reads_the_call_covered_can_let_nothing_out_unseen(
    server: RunningServer,
) -> None:
    await with_call(server)
    async with server.client(await server.token(Role.AUDITOR)) as client:
        told = (await client.get(PATH)).raise_for_status().json()
        every = suggested_in(told)
        manifest = json.loads((await copied(client, spared=every)).read("manifest.json"))
        again = json.loads((await copied(client, covers=every)).read("manifest.json"))

    numbers = [one for one in told["sentences"] if one["suggestions"]]
    first = numbers[0]
    assert told["covered"] is True
    assert all("090" not in one["text"] for one in told["sentences"])
    assert manifest["covered_places"] == again["covered_places"] == len(every) > 0
    assert any(
        begin <= first["start_ms"] and first["end_ms"] <= end
        for begin, end in manifest["covered_sound_ms"]
    )


async def test_a_place_that_is_none_no_reference_and_no_sound_are_refused_by_name(
    server: RunningServer,
) -> None:
    await with_call(server, recorded=False)
    nowhere = {"utterance_id": "r-9.c0", "start": 0, "end": 3}
    async with server.client(await server.token(Role.SUPERVISOR)) as client:
        first = (await client.get(PATH)).json()["sentences"][0]
        beyond = {"utterance_id": first["utterance_id"], "start": 0, "end": 9_999}
        codes = [
            (await client.post(PATH, json={"reference": "x", **body})).json()["code"]
            for body in (
                {"covers": [nowhere], "sound": False},
                {"covers": [beyond], "sound": False},
                {"spared": [{**beyond, "end": 1}], "sound": False},
                {"reference": "  ", "sound": False},
                {"sound": True},
            )
        ]
        silent = await copied(client, sound=False)

    assert codes == ["cover_unknown"] * 3 + ["reference_missing", "no_sound"]
    assert "録音.wav" not in silent.namelist()
