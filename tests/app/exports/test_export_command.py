"""``mimamori export``: a call as a file, without a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner

from app.cli.main import cli
from app.exports.signing import opened
from app.exports.signing_key import FILE_NAME
from app.ledger import Entry
from app.settings import Settings
from tests.app.review.filled import SAID, add_ended_call
from tests.app.running import running_server
from tests.fakes_transcriber import ScriptedTranscriber

NUMBER = "折り返しは090-1234-5678にお願いします。"


@pytest.fixture
async def office(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An office whose server has been stopped, with one ended call."""
    async with running_server(settings, ScriptedTranscriber()) as server:

        async def change(entry: Entry) -> None:
            now = server.services.clock.now()
            await add_ended_call(entry.session, now, "r-1", texts=(NUMBER, *SAID))

        await server.services.ledger.write(change)
    monkeypatch.setenv("MIMAMORI_DATA_DIR", str(settings.data_dir))
    return settings


def exported(office: Settings, file: Path) -> str:
    certificate = x509.load_pem_x509_certificate((office.data_dir / FILE_NAME).read_bytes())
    return json.dumps(opened(json.loads(file.read_text()), certificate), ensure_ascii=False)


def test_it_covers_personal_data_unless_told_otherwise(office: Settings, tmp_path: Path) -> None:
    covered, whole = tmp_path / "covered.json", tmp_path / "whole.json"

    told = CliRunner().invoke(cli, ["export", "r-1", "--to", str(covered), "--json"])
    CliRunner().invoke(cli, ["export", "r-1", "--to", str(whole), "--whole"])

    assert json.loads(told.stdout)["covered"] is True
    assert "090-1234-5678" not in exported(office, covered)
    assert "090-1234-5678" in exported(office, whole)
    assert covered.stat().st_mode & 0o077 == 0


def test_it_overwrites_nothing_and_names_what_it_does_not_find(
    office: Settings, tmp_path: Path
) -> None:
    there = tmp_path / "there.json"
    there.write_text("kept")

    taken = CliRunner().invoke(cli, ["export", "r-1", "--to", str(there)])
    unknown = CliRunner().invoke(cli, ["export", "r-2", "--to", str(tmp_path / "new.json")])

    assert (taken.exit_code, there.read_text()) == (2, "kept")
    assert unknown.exit_code != 0
    assert not (tmp_path / "new.json").exists()


def test_a_folder_that_is_not_there_is_named_and_not_made(office: Settings, tmp_path: Path) -> None:
    del office
    file = tmp_path / "nowhere" / "call.json"

    told = CliRunner().invoke(cli, ["export", "r-1", "--to", str(file)])

    assert told.exit_code != 0
    assert str(file) in told.output
    assert "フォルダーがあるか" in told.output
    assert not file.parent.exists()
