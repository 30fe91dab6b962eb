"""SQLite and PostgreSQL find the same calls, by the same words, in the same order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.db import Database, open_database
from app.search.asking import Order, Scope, Track
from app.search.filling import overwrite_forgotten
from app.search.index import forget
from app.search.queries import said_at
from app.settings import Settings
from detection.corpus_files import read_corpus
from detection.types import Category
from tests.app.search.said import Talk, found, ids_of, keep, keep_and_fill
from tests.app.search.test_finding import BLANK, TALKS, WORDS

pytestmark = pytest.mark.postgres


@pytest.fixture
async def other(postgres_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    settings = Settings(data_dir=tmp_path, database_url=SecretStr(postgres_url))
    async with open_database(settings.async_database_url) as opened:
        yield opened


def talks_of_the_corpus() -> list[Talk]:
    texts = [line.text for line in read_corpus()][::17]
    return [
        Talk(f"k{place:04}", [*texts[place : place + 6], f">{texts[place + 6]}"], day=place % 50)
        for place in range(0, min(len(texts) - 6, 700), 7)
    ]


SEARCHES: list[dict[str, Any]] = [
    *({"typed": typed} for typed, _ in WORDS),
    *(
        {"typed": typed, "order": order, "track": track, "scope": scope}
        for typed, order, track, scope in product(
            ("です ない", "金", "しね", "市役所", "あの -ます", "「。」お"), Order, Track, Scope
        )
    ),
    {"typed": "", "facts": replace(BLANK, levels=frozenset({2, 3}))},
    {"typed": "税", "facts": replace(BLANK, categories=frozenset({Category.MENTAL_ATTACK}))},
    {"typed": "", "facts": replace(BLANK, false_alarm=True)},
    {"typed": "お金", "by_reading": False},
]


async def shown(database: Database, search: dict[str, Any]) -> list[Any]:
    pages, after = list[Any](), None
    while after is not None or not pages:
        page = await found(database, limit=7, after=after, **search)
        pages.append((page.count, ids_of(page), [one.hits for one in page.calls]))
        after = page.next_after
    return pages


async def test_every_search_gives_the_same_on_both(database: Database, other: Database) -> None:
    talks = [*TALKS, *talks_of_the_corpus()]
    await keep_and_fill(database, talks)
    await keep_and_fill(other, talks)

    differing = [
        search for search in SEARCHES if await shown(database, search) != await shown(other, search)
    ]

    assert differing == []
    assert sum(len(page[1]) for page in await shown(other, {"typed": "ない"})) > 20


async def test_what_was_forgotten_is_found_on_neither(database: Database, other: Database) -> None:
    for each in (database, other):
        await keep_and_fill(each, TALKS)
        async with each.transaction() as session:
            assert await forget(session, "tax")
            assert not await forget(session, "tax")
        await overwrite_forgotten(each)

        assert ids_of(await found(each, "税金")) == ["two"]


async def test_where_words_were_said_the_same_lines_are_read_on_both(
    database: Database, other: Database
) -> None:
    talk = Talk("c", ["一", ">い", "二", ">ろ", "三", ">は"])
    places = [("c", "operator", 1), ("c", "caller", 0), ("c", "caller", 9), ("d", "caller", 0)]
    for each in (database, other):
        await keep(each, [talk, Talk("e", ["四"])])
        async with each.transaction() as session:
            said = await said_at(session, places)
            nothing = await said_at(session, [])

        assert {place: one.text for place, one in said.items()} == {
            ("c", "operator", 1): "ろ",
            ("c", "caller", 0): "一",
        }
        assert nothing == {}
