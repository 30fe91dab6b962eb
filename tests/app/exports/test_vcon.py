"""A call leaves the office as a signed container: complete, checkable, fetched once by who made it."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.auth.identity import Role
from app.errors import Unavailable
from app.exports.base64_stream import base64url
from app.exports.keeping import FOLDER, drop_expired
from app.exports.models import CallExport
from app.exports.signing import NotSigned, Signer, opened
from app.exports.signing_key import FILE_NAME, open_signer
from app.exports.vcon import uuid_of
from app.judgements.models import Judgement
from app.ledger import Entry
from app.models import AlertRow, Call, FindingRow, StaffAction
from app.trail.models import TrailRow
from tests.app.review.filled import SAID, WARNING, Filling, Row, add_ended_call
from tests.app.review.recorded import add_recording
from tests.app.running import RunningServer
from tests.fakes_clock import FakeClock

CALL = "r-1"
PATH = f"/v1/calls/{CALL}/vcon"
EXPLANATION = {
    "text": "「早瀬と申します」",
    "parts": [{"kind": "said", "label": "発言", "lines": ["早瀬"]}],
}
NUMBER = "折り返しは090-1234-5678にお願いします。"


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    file = tmp_path_factory.mktemp("signing") / "key.pem"
    return open_signer(file, "city.example.jp", datetime(2026, 11, 23, tzinfo=UTC))


async def with_call(server: RunningServer, *, recorded: bool = False, **facts: Any) -> None:
    now = server.services.clock.now()

    async def change(entry: Entry) -> str:
        return await add_ended_call(entry.session, now, CALL, **facts)

    await server.services.ledger.write(change)
    if recorded:
        await add_recording(server.services, CALL, Filling())


def certificate_of(server: RunningServer) -> x509.Certificate:
    file = server.services.settings.data_dir / FILE_NAME
    return x509.load_pem_x509_certificate(file.read_bytes())


async def fetched(client: httpx.AsyncClient, **wanted: bool) -> tuple[dict[str, Any], bytes]:
    """Return what was told of an export, and its bytes."""
    told = (await client.post(PATH, json=wanted)).raise_for_status().json()
    content = (await client.get(f"/v1/exports/{told['export_id']}")).raise_for_status().content
    return told, content


def body_of(vcon: dict[str, Any], kind: str) -> Any:
    parts = [*vcon["analysis"], *vcon["attachments"]]
    return json.loads(next(part["body"] for part in parts if part["type"] == kind))


async def test_the_container_holds_who_spoke_what_was_heard_found_and_done(
    server: RunningServer,
) -> None:
    await with_call(server)
    async with server.client(await server.token(Role.SUPERVISOR)) as client:
        review = (await client.get(f"/v1/calls/{CALL}/review")).json()
        told, content = await fetched(client)

    vcon = opened(json.loads(content), certificate_of(server))
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert [party["role"] for party in vcon["parties"]] == ["caller", "operator", "supervisor"]
    assert [one["body"] for one in vcon["dialog"]] == [one["text"] for one in review["utterances"]]
    assert len(body_of(vcon, "findings")) == len(review["findings"])
    assert WARNING in [deed.get("text") for deed in body_of(vcon, "deeds")]
    assert body_of(vcon, "decisions")["versions"][0]["policy_version"]
    assert "redacted" not in vcon


async def test_the_sound_in_it_is_the_sound_that_is_heard(server: RunningServer) -> None:
    await with_call(server, recorded=True)
    async with server.client(await server.token(Role.SUPERVISOR)) as client:
        wav = (await client.get(f"/v1/calls/{CALL}/recording.wav")).raise_for_status().content
        _, content = await fetched(client, sound=True)

    dialog = opened(json.loads(content), certificate_of(server))["dialog"]
    assert len(dialog) == 1
    assert base64.urlsafe_b64decode(dialog[0]["body"] + "==") == wav
    assert dialog[0]["parties"] == [0, 1]
    digest = base64.urlsafe_b64encode(hashlib.sha512(wav).digest()).rstrip(b"=").decode()
    assert dialog[0]["content_hash"] == f"sha512-{digest}"


async def test_who_reads_the_call_covered_exports_it_covered_and_without_its_sound(
    server: RunningServer,
) -> None:
    await with_call(server, recorded=True, texts=(NUMBER, *SAID))
    async with server.client(await server.token(Role.AUDITOR)) as client:
        refused = await client.post(PATH, json={"sound": True})
        told, content = await fetched(client)

    vcon = opened(json.loads(content), certificate_of(server))
    assert (refused.status_code, refused.json()["code"]) == (403, "sound_needs_whole")
    assert told["covered"] is True
    assert vcon["redacted"] == {"type": "personal data of callers and third persons"}
    assert "090-1234-5678" not in json.dumps(vcon, ensure_ascii=False)


async def test_a_name_that_is_covered_stands_in_no_part_of_the_container(
    server: RunningServer,
) -> None:
    await with_call(server, texts=("早瀬と申します。", "早瀬様ですね。", *SAID))
    now = server.services.clock.now()
    async with server.services.database.transaction() as session:
        quote: Row = {
            "quote": "早瀬と申します",
            "reason": "早瀬と名乗る",
            "explanation": EXPLANATION,
        }
        first = await session.scalar(select(FindingRow.id).limit(1))
        await session.execute(update(FindingRow).where(FindingRow.id == first).values(**quote))
        await session.execute(update(AlertRow).values(quote="早瀬に謝れ"))
        for kind in ("note", "supervisor_note", "script_used", "help_requested"):
            detail = {"text": "早瀬様、折り返し希望", "reason": "早瀬", "display_name": "佐藤"}
            deed = StaffAction(call_id=CALL, kind=kind, by_login="sato", at=now, detail=detail)
            session.add(deed)
        session.add(
            Judgement(
                call_id=CALL,
                verdict="harassment",
                opinion="first",
                reason="早瀬氏の発言",
                callers_side="早瀬氏の言い分",
                considered={},
                second_wanted=False,
                by_login="ono",
                at=now,
            )
        )
    async with server.client(await server.token(Role.AUDITOR)) as client:
        _, covered = await fetched(client)
    async with server.client(await server.token(Role.SUPERVISOR)) as client:
        _, whole = await fetched(client)

    certificate = certificate_of(server)
    told = json.dumps(opened(json.loads(covered), certificate), ensure_ascii=False)
    assert json.dumps(opened(json.loads(whole), certificate), ensure_ascii=False).count("早瀬") > 10
    assert "早瀬" not in told


async def test_one_changed_letter_and_another_office_s_key_are_noticed(
    server: RunningServer, tmp_path: Path, clock: FakeClock
) -> None:
    await with_call(server)
    async with server.client(await server.token(Role.SUPERVISOR)) as client:
        _, content = await fetched(client)
    signed, certificate = json.loads(content), certificate_of(server)
    changed = signed | {"payload": signed["payload"][:-8] + "AAAAAAAA"}
    other = open_signer(tmp_path / "other.pem", "elsewhere.example.jp", clock.now()).chain[0]

    with pytest.raises(NotSigned):
        opened(changed, certificate)
    with pytest.raises(NotSigned):
        opened(signed, other)
    with pytest.raises(NotSigned):
        opened({"payload": "x"}, certificate)


async def test_an_export_is_fetched_once_by_who_made_it_and_every_step_is_on_the_trail(
    server: RunningServer,
) -> None:
    await with_call(server)
    async with (
        server.client(await server.token(Role.SUPERVISOR, name="kato")) as kato,
        server.client(await server.token(Role.SUPERVISOR, name="mori")) as mori,
    ):
        made = (await kato.post(PATH, json={})).json()
        of_another = await mori.get(f"/v1/exports/{made['export_id']}")
        seen_by_another = (await mori.get(f"/v1/calls/{CALL}/exports")).json()["exports"]
        first = await kato.get(f"/v1/exports/{made['export_id']}")
        again = await kato.get(f"/v1/exports/{made['export_id']}")

    assert (of_another.status_code, of_another.json()["code"]) == (404, "export_unknown")
    assert [one["export_id"] for one in seen_by_another] == [None]
    assert (first.status_code, again.json()["code"]) == (200, "export_over")
    assert f'filename="{CALL}.vcon.json"' in first.headers["content-disposition"]
    assert list((server.services.settings.data_dir / FOLDER).iterdir()) == []
    async with server.services.database.transaction() as session:
        kinds = list(await session.scalars(select(TrailRow.kind).order_by(TrailRow.number)))
    assert [kind for kind in kinds if kind.startswith("export.")] == [
        "export.made",
        "export.fetched",
    ]


async def test_of_many_who_fetch_in_the_same_moment_one_is_given_the_file(
    server: RunningServer,
) -> None:
    await with_call(server)
    answers: list[int] = []
    async with server.client(await server.token(Role.SUPERVISOR)) as client:
        made = (await client.post(PATH, json={})).json()

        async def fetch_it() -> None:
            answers.append((await client.get(f"/v1/exports/{made['export_id']}")).status_code)

        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(fetch_it)

    async with server.services.database.transaction() as session:
        links = await session.scalars(select(TrailRow).where(TrailRow.kind == "export.fetched"))
        assert len(links.all()) == 1
    assert sorted(answers) == [200] + [409] * 7


async def test_where_the_file_is_gone_nothing_is_told_to_have_left(server: RunningServer) -> None:
    await with_call(server)
    async with server.client(await server.token(Role.SUPERVISOR)) as client:
        made = (await client.post(PATH, json={})).json()
        for file in (server.services.settings.data_dir / FOLDER).iterdir():
            file.unlink()
        answer = await client.get(f"/v1/exports/{made['export_id']}")

    assert (answer.status_code, answer.json()["code"]) == (409, "export_over")
    async with server.services.database.transaction() as session:
        links = await session.scalars(select(TrailRow).where(TrailRow.kind == "export.fetched"))
        assert links.all() == []


async def test_who_may_see_the_call_no_more_does_not_fetch_what_they_made_of_it(
    server: RunningServer,
) -> None:
    await with_call(server)
    async with server.client(await server.token(Role.SUPERVISOR)) as client:
        made = (await client.post(PATH, json={})).json()
        async with server.services.database.transaction() as session:
            await session.execute(update(Call).values(section="税務課"))
        answer = await client.get(f"/v1/exports/{made['export_id']}")

    assert (answer.status_code, answer.json()["code"]) == (404, "export_unknown")


async def test_an_export_whose_time_is_over_is_deleted_and_says_so(server: RunningServer) -> None:
    await with_call(server)
    folder = server.services.settings.data_dir / FOLDER
    async with server.client(await server.token(Role.SUPERVISOR)) as client:
        made = (await client.post(PATH, json={})).json()
        assert b"parties" not in next(folder.iterdir()).read_bytes()
        async with server.services.database.transaction() as session:
            past = server.services.clock.now() - timedelta(minutes=1)
            await session.execute(update(CallExport).values(expires_at=past))
        await drop_expired(server.services)
        answer = await client.get(f"/v1/exports/{made['export_id']}")

    assert (answer.status_code, answer.json()["code"]) == (409, "export_over")
    assert list(folder.iterdir()) == []


def test_a_key_that_is_none_is_refused_with_what_to_do(tmp_path: Path, clock: FakeClock) -> None:
    file = tmp_path / "key.pem"
    file.write_text("no key")

    with pytest.raises(Unavailable) as refused:
        open_signer(file, "city.example.jp", clock.now())

    assert refused.value.code == "signing_key_unreadable"


def test_the_key_is_made_once_for_this_account_alone(tmp_path: Path, clock: FakeClock) -> None:
    first = open_signer(tmp_path / "key.pem", "city.example.jp", clock.now())
    second = open_signer(tmp_path / "key.pem", "city.example.jp", clock.now())

    assert first.x5c == second.x5c
    assert (tmp_path / "key.pem").stat().st_mode & 0o077 == 0


@given(st.binary(max_size=400), st.integers(1, 50))
def test_what_is_signed_in_pieces_is_what_was_given_and_as_another_library_signs_it(
    signer: Signer, text: bytes, size: int
) -> None:
    said = json.dumps({"said": text.hex()}).encode()
    pieces = [said[at : at + size] for at in range(0, len(said), size)]

    signed = json.loads(b"".join(signer.signed("u", pieces)))

    assert opened(signed, signer.chain[0]) == {"said": text.hex()}
    assert b"".join(base64url(pieces)) == base64.urlsafe_b64encode(said).rstrip(b"=")


def test_of_a_long_recording_no_more_than_a_piece_is_held(signer: Signer) -> None:
    minutes = (bytes(960_000) for _ in range(30))

    largest = max(len(piece) for piece in signer.signed("u", minutes))

    assert largest < 2_000_000


def test_uuids_tell_the_moment_and_differ(clock: FakeClock) -> None:
    now = clock.now()
    made = [uuid_of("city.example.jp", now, bytes([n]) * 8) for n in range(50)]

    assert {one.version for one in made} == {8}
    assert {one.int >> 80 for one in made} == {int(now.timestamp() * 1000)}
    assert len(set(made)) == 50
