"""Statistics over REST on a real server: each role its part, nobody by name, the same numbers in every form."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import httpx
import pytest
from docx import Document
from openpyxl import load_workbook

from app.auth.identity import Role
from app.callers.models import CallerMeasure
from app.japan import JAPAN
from app.screens.catalogues import catalogue_of
from app.screens.language import Language
from app.settings import Settings
from app.statistics.periods import month_of_day
from app.statistics.words import every_word
from tests.app.running import RunningServer, in_own_task, running_server
from tests.app.statistics.year import APRIL, fill_month
from tests.fakes_transcriber import ScriptedTranscriber

SECTIONS = ("市民課", "道路課", "保険年金課")
YEAR = {"first": "2026-04", "last": "2027-03"}


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[RunningServer]:
    async with in_own_task(running_server(settings, ScriptedTranscriber())) as running:
        for later in range(4):
            await fill_month(running.services.database, APRIL.later(later), SECTIONS, 120)
        # One person answers in this section: its figures would be theirs.
        await fill_month(running.services.database, APRIL, ("市長室",), 30, operators=1)
        yield running


async def asked(server: RunningServer, role: Role, of: str = "", **query: str) -> httpx.Response:
    token = await server.token(role, of)
    async with server.client(token) as client:
        return await client.get("/v1/statistics", params={**YEAR, **query})


def table(answer: httpx.Response, key: str) -> dict[str, list[dict[str, object]]]:
    (found,) = [one for one in answer.json()["tables"] if one["key"] == key]
    return {row["key"]: row["cells"] for row in found["rows"]}


async def test_an_auditor_of_all_reads_the_office_and_may_choose_a_section(
    server: RunningServer,
) -> None:
    whole = await asked(server, Role.AUDITOR)
    section = await asked(server, Role.AUDITOR, section="市民課")
    alone = await asked(server, Role.AUDITOR, section="市長室")

    assert table(whole, "outcomes")["all"][0]["value"] == 510
    assert "市民課" in whole.json()["sections"]
    assert "市長室" not in whole.json()["sections"]
    assert section.json()["section"] == "市民課"
    assert [one["key"] for one in section.json()["tables"] if one["key"] == "sections"] == []
    assert (alone.status_code, alone.json()["code"]) == (403, "section_not_told")


async def test_supervisors_and_auditors_of_a_section_read_their_own_and_no_other(
    server: RunningServer,
) -> None:
    for role in (Role.SUPERVISOR, Role.AUDITOR):
        own = await asked(server, role, "市民課")
        other = await asked(server, role, "市民課", section="道路課")

        assert own.json()["section"] == "市民課"
        assert own.json()["sections"] == []
        assert other.status_code == 403


async def test_a_section_in_which_one_person_answered_is_told_nothing_of_itself(
    server: RunningServer,
) -> None:
    answer = await asked(server, Role.SUPERVISOR, "市長室")

    assert answer.json()["too_few_people"] is True
    assert answer.json()["empty"] is False
    assert answer.json()["tables"] == []


async def test_who_has_no_section_reads_the_calls_without_one_and_not_the_whole_office(
    server: RunningServer,
) -> None:
    await fill_month(server.services.database, APRIL, ("",), 60, operators=6)

    own = await asked(server, Role.SUPERVISOR, "")
    named = await asked(server, Role.AUDITOR, section="")

    for answer in (own, named):
        assert answer.json()["section"] == ""
        assert table(answer, "outcomes")["all"][0]["value"] == 60
        assert "sections" not in {one["key"] for one in answer.json()["tables"]}


async def test_a_section_that_was_told_only_with_others_a_year_before_had_not_none_then(
    server: RunningServer,
) -> None:
    year_before = APRIL.later(-12)
    await fill_month(server.services.database, year_before, ("市民課",), 30, operators=1)
    await fill_month(server.services.database, year_before, ("道路課",), 90)

    answer = await asked(server, Role.SUPERVISOR, "市民課", compare="true")

    (outcomes,) = [one for one in answer.json()["tables"] if one["key"] == "outcomes"]
    (whole,) = [row for row in outcomes["rows"] if row["key"] == "all"]
    assert whole["cells"][0]["value"] > 0
    assert whole["before"][0]["value"] is None


async def test_administrators_read_the_whole_office_and_no_single_section(
    server: RunningServer,
) -> None:
    whole = await asked(server, Role.ADMINISTRATOR)
    one = await asked(server, Role.ADMINISTRATOR, section="市民課")

    assert whole.json()["section"] is None
    assert whole.json()["sections"] == []
    assert one.status_code == 403


async def test_no_login_no_call_and_no_word_is_in_any_answer(server: RunningServer) -> None:
    token = await server.token(Role.AUDITOR, "")
    async with server.client(token) as client:
        answers = [
            (await client.get("/v1/statistics", params={**YEAR, "compare": "true"})).text,
            (await client.get("/v1/statistics/export.csv", params=YEAR)).text,
            (await client.get("/statistics/yearly/2026")).text,
        ]

    for name in ("op0-", "op1-", "op2-", "mori", "kansa", "sato", "year-", "alert-"):
        assert all(name not in answer for answer in answers), name


async def test_small_numbers_are_told_alike_on_the_page_in_csv_and_in_excel(
    server: RunningServer,
) -> None:
    token = await server.token(Role.AUDITOR, "")
    async with server.client(token) as client:
        shown = (await client.get("/v1/statistics", params=YEAR)).json()
        lines = (await client.get("/v1/statistics/export.csv", params=YEAR)).content.decode(
            "utf-8-sig"
        )
        book = (await client.get("/v1/statistics/export.xlsx", params=YEAR)).content

    cells = [c for one in shown["tables"] for row in one["rows"] for c in row["cells"]]
    small = sum(1 for cell in cells if cell["small"])
    flat = [cell for line in csv.reader(io.StringIO(lines)) for cell in line]
    sheets = load_workbook(io.BytesIO(book))
    in_excel = [c.value for sheet in sheets for row in sheet.iter_rows() for c in row]
    assert small > 0
    assert flat.count("5未満") == in_excel.count("5未満") == small
    assert all(
        c["value"] is None or c["value"] == 0 or c["value"] >= 5
        for c in cells
        if c["unit"] == "count"
    )


async def test_the_yearly_sheet_is_the_offices_and_opens_in_word_and_excel(
    server: RunningServer,
) -> None:
    administrator = await server.token(Role.ADMINISTRATOR)
    of_section = await server.token(Role.AUDITOR, "市民課")
    async with server.client(administrator) as client:
        page = await client.get("/statistics/yearly/2026")
        word = await client.get("/v1/statistics/yearly/2026.docx")
        excel = await client.get("/v1/statistics/yearly/2026.xlsx")
        empty = await client.get("/statistics/yearly/2020")
    async with server.client(of_section) as client:
        refused = await client.get("/v1/statistics/yearly/2026.docx")

    document = Document(io.BytesIO(word.content))
    titles = [p.text for p in document.paragraphs if p.style and p.style.name.startswith("Heading")]
    assert "令和8年度 カスタマーハラスメント対策の実施状況(電話対応)" in page.text
    assert titles[0] == "令和8年度 カスタマーハラスメント対策の実施状況(電話対応)"
    assert len(document.tables) == 5
    assert load_workbook(io.BytesIO(excel.content)).active is not None
    assert "この年度に数える通話は、まだありません。" in empty.text
    assert (refused.status_code, refused.json()["code"]) == (403, "office_figures_only")


def measure(begins_on: date, ends_on: date, lifted_at: datetime | None = None) -> CallerMeasure:
    return CallerMeasure(
        caller_hash="h" * 64,
        caller_key_id="k",
        call_id=None,
        section="市民課",
        office_wide=False,
        kind="time_limit",
        detail="",
        reason="",
        words="",
        clause="",
        begins_on=begins_on,
        ends_on=ends_on,
        requested_by="kato",
        requested_at=datetime(2026, 4, 2, tzinfo=UTC),
        approved_by="sato",
        approved_at=datetime(2026, 4, 3, tzinfo=UTC),
        lifted_by=None if lifted_at is None else "sato",
        lifted_at=lifted_at,
        lift_reason="",
    )


async def test_measures_are_those_in_force_on_the_last_day_whatever_became_of_them_later(
    server: RunningServer,
) -> None:
    april, may = (date(2026, 4, 5), date(2026, 4, 30)), (date(2026, 5, 1), date(2026, 6, 30))
    lifted = datetime(2026, 5, 12, tzinfo=UTC)
    async with server.services.database.transaction() as session:
        session.add_all([measure(*april) for _ in range(6)])
        session.add_all([measure(*may) for _ in range(20)])
        session.add_all([measure(april[0], may[1], lifted) for _ in range(5)])

    told = [
        table(await asked(server, Role.AUDITOR, first=month, last=month), "work")["measures"][0]
        for month in ("2026-04", "2026-05")
    ]

    assert [cell["value"] for cell in told] == [11, 20]


async def test_files_of_a_period_that_goes_on_say_not_to_hand_them_on(
    server: RunningServer,
) -> None:
    this = server.services.clock.now().astimezone(JAPAN).date()
    month = month_of_day(this)
    token = await server.token(Role.AUDITOR, "")
    async with server.client(token) as client:
        files = [
            (await client.get("/v1/statistics/export.csv", params=period)).text
            for period in ({"first": str(month)}, {"first": str(month.later(-1))})
        ]
        pages = [
            (await client.get(f"/statistics/yearly/{year}")).text
            for year in (month.fiscal_year, this.year - 2, this.year + 2)
        ]

    assert ["期間の途中の集計です" in file for file in files] == [True, False]
    assert ["公表は、年度が終わってから" in page for page in pages] == [True, False, True]
    assert "この年度は、まだ始まっていません。" in pages[2]
    assert "年度の途中" not in pages[2]


@pytest.mark.parametrize("query", [{"first": "2026-13"}, {"first": "2026-05", "last": "2026-04"}])
async def test_periods_that_are_none_are_refused(
    server: RunningServer, query: dict[str, str]
) -> None:
    answer = await asked(server, Role.AUDITOR, **query)

    assert answer.status_code == 400
    assert answer.json()["code"] in {"bad_month", "bad_period"}


def test_every_word_of_the_figures_has_its_english() -> None:
    english = catalogue_of(Language.ENGLISH).texts

    assert {word for word in every_word() if word not in english} == set()
