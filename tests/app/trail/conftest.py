"""Glue: the settings of an office on one database and on the other."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from app.settings import Settings


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def either(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Settings of an office on one database and on the other."""
    if request.param == "sqlite":
        return settings
    url: str = request.getfixturevalue("postgres_url")
    return settings.model_copy(update={"database_url": SecretStr(url)})
