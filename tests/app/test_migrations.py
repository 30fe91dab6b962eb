"""The tables can be made, unmade and made again, and are what the models say, on both databases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import create_async_engine

from app.db import migrate
from app.search.models import GRAMS
from app.settings import Settings
from app.tables import Base


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
    plain: str = request.getfixturevalue("postgres_url")
    return Settings(database_url=SecretStr(plain)).async_database_url


def test_tables_go_up_down_and_up_again(empty_url: str) -> None:
    migrate(empty_url)
    made = _tables(empty_url)
    migrate(empty_url, "base")
    left = _tables(empty_url)
    migrate(empty_url)
    made_again = _tables(empty_url)

    assert made == made_again == {*Base.metadata.tables, "alembic_version"}
    assert left == {"alembic_version"}


def test_migrated_tables_are_what_the_models_say(empty_url: str) -> None:
    migrate(empty_url)

    differences = _ask(empty_url, _differences)

    assert differences == []


def test_every_constraint_has_the_name_that_the_models_give_it(empty_url: str) -> None:
    migrate(empty_url)

    named = _ask(empty_url, _constraint_names)

    # SQLite has no room for a name beside AUTOINCREMENT.
    assert named | {"pk_events", "pk_search_calls"} == {
        str(constraint.name)
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
    }


def test_servers_and_commands_that_start_together_make_the_tables_once(empty_url: str) -> None:
    code = "import sys; from app.db import migrate; migrate(sys.argv[1])"
    root = Path(__file__).parents[2]

    together = [
        subprocess.Popen([sys.executable, "-c", code, empty_url], cwd=root) for _ in range(3)
    ]
    ends = [one.wait() for one in together]

    assert ends == [0, 0, 0]
    assert _tables(empty_url) == {*Base.metadata.tables, "alembic_version"}


def test_sequence_numbers_of_events_are_never_given_twice(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'events.db'}"
    migrate(url)

    sql = _ask(
        url,
        lambda connection: connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE name = 'events'"
        ).scalar_one(),
    )

    assert "AUTOINCREMENT" in sql


def _in_a_model(name: str) -> bool:
    # The inverted index is a virtual table with its shadows in SQLite, tsvectors in PostgreSQL.
    return not name.startswith(GRAMS)


def _tables(url: str) -> set[str]:
    return set(
        filter(_in_a_model, _ask(url, lambda connection: inspect(connection).get_table_names()))
    )


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "include_name": lambda name, kind, _parents: kind != "table" or _in_a_model(name),
        },
    )
    return list(compare_metadata(context, Base.metadata))


def _constraint_names(connection: Connection) -> set[str]:
    reads = inspect(connection)
    names: set[str] = set()
    for table in Base.metadata.tables:
        if (key := reads.get_pk_constraint(table)["name"]) is not None:
            names.add(key)
        names.update(str(key["name"]) for key in reads.get_foreign_keys(table))
        names.update(str(key["name"]) for key in reads.get_unique_constraints(table))
    return names


def _ask(url: str, question: Any) -> Any:
    async def ask() -> Any:
        engine = create_async_engine(url)
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(question)
        finally:
            await engine.dispose()

    return anyio.run(ask)
