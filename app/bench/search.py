"""Adapter: how long a search takes among a million utterances, how large the index is and what it costs to make."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

import anyio
from sqlalchemy import insert, text

from app.auth.identity import Identity, Role
from app.bench.search_calls import BEGIN, LINE_MS, RARE, MadeCall, made_calls
from app.callers.keys import CallerKeys, open_caller_keys
from app.clock import SystemClock
from app.db import Database, open_database
from app.models import AccessToken, AlertRow, Call, FindingRow, UtteranceRow
from app.privacy.lines import Line
from app.sealing import open_record_keys
from app.search.answering import answered
from app.search.asking import Facts, Order, Scope, Track, asked, days_in_japan
from app.search.finding import Search
from app.search.index import store, waiting_calls
from app.search.paging import Cursor, cursor_of
from app.search.preparing import indexed, words_here
from app.services import Services
from app.settings import Settings
from detection.corpus_files import read_corpus
from detection.types import Category

AUDITOR: Final = Identity("bench", "", Role.AUDITOR, "")
CALLS_AT_ONCE: Final = 200
NUMBER: Final = "011-381-{:04}"
_MEGABYTE: Final = 1_000_000
_POSTGRESQL_SIZES: Final = (
    "SELECT pg_total_relation_size('search_calls'), pg_total_relation_size('search_grams'), "
    "pg_database_size(current_database())"
)
_WORDS_BYTES: Final = (
    "SELECT sum(length(CAST(caller_words || caller_readings || operator_words || operator_readings "
    "AS BLOB))) FROM search_calls"
)
_PIECES_BYTES: Final = "SELECT sum(length(block)) FROM search_grams_data"
_NO_FACTS: Final = Facts()

Advance = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Asking:
    """One query of the fixed set."""

    kind: str
    typed: str = ""
    facts: Facts = _NO_FACTS
    track: Track = Track.BOTH
    scope: Scope = Scope.CALL
    order: Order = Order.NEWEST
    page: int = 1
    """Pages before it are gone through first, which is not measured."""


def askings(keys: CallerKeys) -> list[Asking]:
    """Return the fixed set: about thirty, of every kind."""
    first, after = days_in_japan(BEGIN.date(), BEGIN.replace(month=6).date())
    spring = Facts(began_from=first, began_before=after)
    grave, caution = Facts(levels=frozenset({3})), Facts(levels=frozenset({1, 2, 3}))
    caller = frozenset(stored.hash for stored in keys.hashes_of_caller(NUMBER.format(1_234)))
    return [
        Asking("まれな言葉", RARE),
        Asking("まれな言葉", "合鍵"),
        Asking("よく出る言葉", "です"),
        Asking("よく出る言葉", "ない"),
        Asking("よく出る言葉", "電話"),
        Asking("1文字", "の"),
        Asking("1文字", "金"),
        Asking("1文字", "鍵"),
        Asking("読み", "土下座"),
        Asking("読み", "じゅうみんひょう"),
        Asking("読み(短い)", "死ね"),
        Asking("書かれたとおり", "「税金泥棒」"),
        Asking("書かれたとおり", "「責任者を出せ」"),
        Asking("書かれたとおり(長い)", "「どうなりましたか」"),
        Asking("いくつかの言葉", "除雪 騒音 街灯"),
        Asking("いくつかの言葉", "固定資産税 責任者"),
        Asking("いくつかの言葉(よく出る)", "です ます ない"),
        Asking("同じ発言の中", "納付書 窓口", scope=Scope.UTTERANCE),
        Asking("同じ発言の中(よく出る)", "です から", scope=Scope.UTTERANCE),
        Asking("除く言葉", "除雪 -騒音"),
        Asking("除く言葉だけ", "-です"),
        Asking("職員の言葉", "申し訳ございません", track=Track.OPERATOR),
        Asking("相手の方の言葉", "馬鹿", track=Track.CALLER),
        Asking("条件だけ", facts=grave),
        Asking("条件だけ", facts=Facts(categories=frozenset({Category.SEXUAL}))),
        Asking("条件だけ", facts=replace(spring, section="道路課", false_alarm=True)),
        Asking("条件なし"),
        Asking("条件と言葉", "です", facts=grave),
        Asking("条件と言葉", "除雪", facts=spring),
        Asking("条件と言葉", "土下座", facts=caution),
        Asking("電話番号", facts=Facts(caller_hashes=caller)),
        Asking("電話番号と言葉", "ない", facts=Facts(caller_hashes=caller)),
        Asking("よく合う順", "除雪", order=Order.RELEVANCE),
        Asking("よく合う順(よく出る)", "です", order=Order.RELEVANCE),
        Asking("深いページ", "です", page=25),
        Asking("深いページ(条件だけ)", page=25),
        Asking("見つからない", "鬱蒼たる鸚鵡"),
        Asking("見つからない(よく出る文字)", "ですますのないです"),
    ]


async def measure_search(
    url: str, folder: Path, utterances: int, rounds: int, advance: Advance
) -> dict[str, Any]:
    """Fill an empty database at *url* with *utterances*, index them, and ask every query *rounds* times."""
    keys = open_caller_keys(folder)
    async with open_database(url) as database:
        calls = await _keep(database, keys, utterances, lambda share: advance(share * 0.2))
        building = await _index(database, calls, lambda share: advance(0.2 + share * 0.7))
        sizes = await _sizes(database, folder)
        services = cast(
            "Services",
            SimpleNamespace(
                database=database,
                settings=Settings(data_dir=folder),
                clock=SystemClock(),
                record_keys=open_record_keys(folder),
            ),
        )
        rows = list[dict[str, Any]]()
        every = askings(keys)
        for place, asking in enumerate(every):
            rows.append(await _timed(services, asking, rounds))
            advance(0.9 + 0.1 * (place + 1) / len(every))
    times = sorted(ms for row in rows for ms in row.pop("all_ms"))
    return {
        "database": "postgresql" if database.is_postgresql else "sqlite",
        "utterances": utterances,
        "calls": calls,
        "build": building,
        "sizes_mb": sizes,
        "queries": rows,
        "latency_ms": _summed(times),
    }


async def _keep(database: Database, keys: CallerKeys, utterances: int, advance: Advance) -> int:
    corpus = read_corpus()
    callers = [line.text for line in corpus if line.file != "operator_words"]
    operators = _operator_lines()
    async with database.transaction() as session:
        session.add(AccessToken(id=1, name="x", role="stream", secret_hash="", created_at=BEGIN))
    kept, calls = 0, 0
    for lot in _lots(made_calls(utterances, callers, operators)):
        async with database.transaction() as session:
            await session.execute(insert(Call), [_call(one, keys) for one in lot])
            await session.execute(insert(UtteranceRow), [row for one in lot for row in _said(one)])
            if findings := [_finding(one) for one in lot if one.level]:
                await session.execute(insert(FindingRow), findings)
            if alerts := [_alert(one) for one in lot if one.level]:
                await session.execute(insert(AlertRow), alerts)
        calls += len(lot)
        kept += sum(len(one.lines) for one in lot)
        advance(kept / utterances)
    return calls


def _operator_lines() -> list[str]:
    written = (files("detection") / "corpus" / "moves" / "operator.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in written.splitlines() if not line.startswith("#"))
    return [row[-1] for row in rows if len(row) > 3]


def _lots(calls: Iterator[MadeCall]) -> Iterator[list[MadeCall]]:
    while lot := list(islice(calls, CALLS_AT_ONCE)):
        yield lot


async def _index(database: Database, calls: int, advance: Advance) -> dict[str, Any]:
    clock, done = SystemClock(), 0
    began, prepared_s, writes_ms = time.perf_counter(), 0.0, list[float]()
    while True:
        async with database.transaction() as session:
            waiting = await waiting_calls(session, CALLS_AT_ONCE)
        if not waiting:
            break
        for call_id in waiting:
            said = await _read(database, call_id)
            at = time.perf_counter()
            made = indexed(call_id, said)
            prepared_s += time.perf_counter() - at
            at = time.perf_counter()
            async with database.transaction() as session:
                await store(session, made, clock.now())
            writes_ms.append((time.perf_counter() - at) * 1000)
            done += 1
        advance(done / calls)
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "preparing_seconds": round(prepared_s, 1),
        "write_ms": _summed(sorted(writes_ms)),
    }


async def _read(database: Database, call_id: str) -> list[Line]:
    async with database.transaction() as session:
        rows = await session.execute(
            text("SELECT track, text FROM utterances WHERE call_id = :id ORDER BY end_ms, id"),
            {"id": call_id},
        )
        return [Line(row.track, row.text) for row in rows]


async def _sizes(database: Database, folder: Path) -> dict[str, float]:
    file = folder / "mimamori.db"
    async with database.transaction() as session:
        if database.is_postgresql:
            row = (await session.execute(text(_POSTGRESQL_SIZES))).one()
            words, pieces, whole = (int(one) for one in row)
        else:
            # What the rows hold; SQLite is seldom built to tell the pages of a table.
            words = await session.scalar(text(_WORDS_BYTES)) or 0
            pieces = await session.scalar(text(_PIECES_BYTES)) or 0
            await session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
            whole = (await anyio.Path(file).stat()).st_size
    return {
        "words_and_readings": round(words / _MEGABYTE, 1),
        "pieces": round(pieces / _MEGABYTE, 1),
        "database": round(whole / _MEGABYTE, 1),
    }


async def _timed(services: Services, asking: Asking, rounds: int) -> dict[str, Any]:
    after: Cursor | None = None
    for _ in range(asking.page - 1):
        answer = await answered(services, _search(asking, after))
        after = cursor_of(answer.next) if answer.next is not None else after
    times = list[float]()
    for _ in range(rounds):
        at = time.perf_counter()
        search = _search(asking, after)
        answer = await answered(services, search)
        times.append((time.perf_counter() - at) * 1000)
    return {
        "kind": asking.kind,
        "typed": asking.typed,
        "count": answer.count,
        "more_than_counted": answer.more_than_counted,
        "shown": len(answer.calls),
        "all_ms": times,
        "first_ms": round(times[0], 1),
        **{f"{name}_ms": value for name, value in _summed(sorted(times)).items()},
    }


def _search(asking: Asking, after: Cursor | None) -> Search:
    words = asked(asking.typed, words_here, track=asking.track, scope=asking.scope, by_reading=True)
    return Search(AUDITOR, words, asking.facts, asking.order, 20, after)


def _summed(times: Sequence[float]) -> dict[str, float]:
    def at(share: float) -> float:
        return round(times[min(len(times) - 1, int(share * len(times)))], 1)

    return {"p50": at(0.5), "p95": at(0.95), "max": round(times[-1], 1)}


def _call(made: MadeCall, keys: CallerKeys) -> dict[str, Any]:
    number = NUMBER.format(made.caller)
    stored = keys.hash_of_caller(number)
    return {
        "id": made.call_id,
        "token_id": 1,
        "operator": "sato",
        "section": made.section,
        "caller_number": number,
        "called_number": "",
        "caller_hash": stored.hash if stored is not None else None,
        "caller_key_id": stored.key_id if stored is not None else None,
        "stream_format": {"encoding": "mulaw", "rate": 8_000, "tracks": [], "metadata": {}},
        "started_at": made.began,
        "ended_at": made.began,
        "duration_ms": made.duration_ms,
        "top_level": made.level,
        "outcome": "harassment_suspected" if made.level > 1 else "ordinary",
    }


def _said(made: MadeCall) -> Iterator[dict[str, Any]]:
    for place, (track, words) in enumerate(made.lines):
        yield {
            "id": f"{made.call_id}-{place}",
            "call_id": made.call_id,
            "track": track,
            "start_ms": place * LINE_MS,
            "end_ms": place * LINE_MS + LINE_MS - 200,
            "text": words,
            "hypotheses": [],
            "confidence": 0.9,
            "doubts": [],
            "model": "bench",
            "heard_at": made.began,
        }


def _finding(made: MadeCall) -> dict[str, Any]:
    return {
        "call_id": made.call_id,
        "utterance_id": f"{made.call_id}-0",
        "category": made.category,
        "severity": made.level,
        "span_start": 0,
        "span_end": 1,
        "quote": "",
        "rule": "bench",
        "clause": "",
        "reason": "",
        "score": 1.0,
        "explanation": None,
    }


def _alert(made: MadeCall) -> dict[str, Any]:
    return {
        "id": f"a-{made.call_id}",
        "call_id": made.call_id,
        "key": "k",
        "level": made.level,
        "categories": [made.category],
        "utterance_id": f"{made.call_id}-0",
        "quote": "",
        "start_ms": 0,
        "end_ms": 1,
        "reason": "",
        "clause": "",
        "count": 1,
        "needs_check": False,
        "raised_at": made.began,
        "false_alarm": made.false_alarm,
        "withdrawn": False,
    }
