"""scripts/setup.sh: when packages are installed anew, and when a start goes on at once."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SETUP = Path(__file__).resolve().parent.parent / "scripts" / "setup.sh"
PYTHON = """#!/usr/bin/env bash
echo "$*" >>"$CALLS"
if [ "$*" = --version ]; then echo Python 3.12.0; fi
if [ "$1 $2 $3" = '-m venv --clear' ]; then
  rm -rf "$4" && mkdir -p "$4/bin" && cp "$0" "$4/bin/python"
fi
"""
"""Says yes to everything, and what it was asked."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    shutil.copy(SETUP, tmp_path / "scripts" / "setup.sh")
    (tmp_path / "constraints").mkdir()
    (tmp_path / "constraints" / "run.txt").write_text("anyio==4\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    python = tmp_path / "machine" / "python3"
    python.parent.mkdir()
    python.write_text(PYTHON, encoding="utf-8")
    python.chmod(0o755)
    return tmp_path


def installed(project: Path) -> list[str]:
    """Install; return what Python was asked to make or install."""
    calls = project / "calls"
    calls.write_text("", encoding="utf-8")
    subprocess.run(
        ["bash", "-c", ". scripts/setup.sh; install_locked run"],
        cwd=project,
        env={
            "PATH": os.environ["PATH"],
            "PYTHON": str(project / "machine" / "python3"),
            "CALLS": str(calls),
        },
        check=True,
        capture_output=True,
    )
    asked = calls.read_text(encoding="utf-8").splitlines()
    return [" ".join(call.split()[1:3]) for call in asked if call.startswith("-m")]


def test_a_start_with_nothing_changed_installs_nothing(project: Path) -> None:
    first, second = installed(project), installed(project)

    assert first == ["venv --clear", "pip install", "pip install"]
    assert second == []


def test_other_pins_are_installed_into_what_is_there(project: Path) -> None:
    installed(project)
    (project / "constraints" / "run.txt").write_text("anyio==5\n", encoding="utf-8")

    assert installed(project) == ["pip install", "pip install"]


def test_after_the_machines_python_has_gone_everything_is_made_anew(project: Path) -> None:
    installed(project)
    python = project / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(project / "gone")

    assert installed(project) == ["venv --clear", "pip install", "pip install"]


def test_in_a_folder_that_was_moved_everything_is_made_anew(project: Path) -> None:
    installed(project)
    moved = project.rename(project.with_name("elsewhere"))

    assert installed(moved) == ["venv --clear", "pip install", "pip install"]
