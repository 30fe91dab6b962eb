"""Glue: a small office that records every call."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.recordings.settings import RecordingSettings
from app.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, migrated_file: Path) -> Settings:
    shutil.copy(migrated_file, tmp_path / "mimamori.db")
    return Settings(data_dir=tmp_path, recording=RecordingSettings(sections="*", reserve_mb=0))
