"""Facts about ``mimamori bench detect`` on a file of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.main import cli


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("", "own.jsonl: 判定する行がありません"),
        ('{"text": "もしもし"}\n{"said": "もしもし"}', "own.jsonl:2: "),
        ('{"text": "もしもし"}\n\n["もしもし"]', "own.jsonl:3: "),
        ("もしもし", "own.jsonl:1: "),
    ],
)
def test_a_file_that_cannot_be_judged_is_told_by_line(
    tmp_path: Path, written: str, complaint: str
) -> None:
    (own := tmp_path / "own.jsonl").write_text(written, encoding="utf-8")

    result = CliRunner().invoke(cli, ["bench", "detect", "--utterances", str(own), "--json"])

    assert result.exit_code == 2
    assert complaint in result.stderr
    assert result.stdout == ""
