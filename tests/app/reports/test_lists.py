"""Lists to take along: real dates, no formulas, no names of staff, words only where they are asked for."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import httpx
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.auth.identity import Role
from app.callers.models import CallMatter
from app.reports.list_files import BYTE_ORDER_MARK, csv_of, xlsx_of
from app.reports.listing import MOST_DAYS
from app.reports.lists import Column, Sheet, Value
from app.reports.writing import Written, begin, save
from app.spreadsheet_text import is_formula_like
from app.trail.models import TrailRow
from tests.app.reports.people import SATO
from tests.app.reports.test_documents import words_of
from tests.app.review.filled import SAID, add_ended_call
from tests.app.running import RunningServer

FORMULA = '=HYPERLINK("http://example.com","x")'


def sheet(*rows: Iterable[Value]) -> Sheet:
    width = len(tuple(rows[0]))
    return Sheet(
        "一覧",
        tuple(Column(f"列{number}", 10) for number in range(width)),
        tuple(tuple(row) for row in rows),
    )


def read_csv(contents: bytes) -> list[list[str]]:
    text = contents.decode("utf-8")
    assert text.startswith(BYTE_ORDER_MARK)
    return list(csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")))


def first_table(contents: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(contents)).active


@given(st.text(max_size=40))
def test_no_text_is_a_formula_in_either_file(text: str) -> None:
    listed = sheet([text], ["x"])

    cell = first_table(xlsx_of(listed))["A2"]
    told = read_csv(csv_of(listed))[1:2]

    assert cell.data_type in {"s", "n", "inlineStr"}
    assert cell.data_type != "f"
    assert not told or not told[0] or not is_formula_like(told[0][0])


@pytest.mark.parametrize("text", [FORMULA, "+81", "-1", "@SUM(A1)", "＝1+1", "\t=1"])
def test_what_a_spreadsheet_would_work_out_is_guarded(text: str) -> None:
    listed = sheet([text])

    cell = first_table(xlsx_of(listed))["A2"]

    assert cell.data_type == "s"
    assert cell.quotePrefix
    assert read_csv(csv_of(listed))[1][0].startswith("'")


def test_a_workbook_has_real_dates_a_head_that_stays_and_filters() -> None:
    at = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)

    table = first_table(xlsx_of(sheet([at, 3, None, "文"])))

    assert table["A2"].value == datetime(2026, 11, 23, 0, 30)  # noqa: DTZ001 - Excel knows no zones
    assert table["A2"].is_date
    assert (table["B2"].value, table["C2"].value) == (3, None)
    assert table.freeze_panes == "A2"
    assert table.auto_filter.ref == "A1:D2"


def test_a_csv_is_rfc_4180_in_utf_8_with_its_mark() -> None:
    contents = csv_of(sheet(['一つ,"二つ"', "a\nb", datetime(2026, 11, 23, tzinfo=UTC)]))

    assert contents.startswith(b"\xef\xbb\xbf")
    assert b'"\xe4\xb8\x80\xe3\x81\xa4,""\xe4\xba\x8c\xe3\x81\xa4"""' in contents
    assert contents.endswith(b"\r\n")
    assert read_csv(contents)[1] == ['一つ,"二つ"', "a\nb", "2026-11-23 09:00:00"]


async def with_report(server: RunningServer) -> int:
    """Keep one call with a report, and one of another section."""
    services = server.services
    async with services.database.transaction() as session:
        now = services.clock.now()
        await add_ended_call(session, now, "c-1")
        await add_ended_call(session, now, "c-2", section="税務課", operator="mori")
        session.add(CallMatter(call_id="c-2", matter=FORMULA, answer="", by_login="mori", at=now))
    report_id, _ = await begin(services, SATO, "c-1")
    await save(services, SATO, report_id, Written(1, {"demand": "秘密の要求"}))
    return report_id


def days(server: RunningServer, **more: str) -> dict[str, str]:
    today = server.services.clock.now().date()
    return {
        "since": (today - timedelta(days=3)).isoformat(),
        "until": (today + timedelta(days=1)).isoformat(),
        **more,
    }


async def fetched(
    server: RunningServer, path: str, role: Role, section: str = "市民課", **query: str
) -> httpx.Response:
    async with server.client(await server.token(role, section)) as client:
        return await client.get(path, params=query)


async def test_a_list_holds_what_its_reader_may_see_and_neither_words_nor_staff(
    server: RunningServer,
) -> None:
    await with_report(server)

    answer = await fetched(
        server, "/v1/reports/list.csv", Role.SUPERVISOR, **days(server, of="calls")
    )

    rows = read_csv(answer.content)
    assert [row[3] for row in rows[1:]] == ["市民課"]
    assert "sato" not in answer.text
    assert "秘密の要求" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    name = answer.headers["content-disposition"]
    assert "通話の一覧_" in unquote(name.split("filename*=UTF-8''")[1])


async def test_words_come_along_where_they_are_asked_for_and_the_trail_says_so(
    server: RunningServer,
) -> None:
    await with_report(server)

    answer = await fetched(
        server,
        "/v1/reports/list.xlsx",
        Role.AUDITOR,
        section="",
        **days(server, of="calls", words="true"),
    )

    table = first_table(answer.content)
    told = {row[3].value: row[12].value for row in table.iter_rows(min_row=2)}
    assert told == {"市民課": "秘密の要求", "税務課": FORMULA}
    async with server.services.database.transaction() as session:
        links = (
            await session.scalars(select(TrailRow).where(TrailRow.kind == "list.exported"))
        ).all()
    assert [link.subject.endswith("words") for link in links] == [True]


async def test_a_list_of_reports_names_state_and_number(server: RunningServer) -> None:
    await with_report(server)

    answer = await fetched(server, "/v1/reports/list.csv", Role.SUPERVISOR, **days(server))

    (head, row) = read_csv(answer.content)
    assert (head[0], head[2]) == ("報告書番号", "状態")
    assert row[0].endswith("-0001")
    assert row[2] == "下書き"


@pytest.mark.parametrize("path", ["/v1/reports", "/v1/reports/list.csv", "/reports"])
async def test_a_section_that_no_database_keeps_is_refused(
    server: RunningServer, path: str
) -> None:
    asked = httpx.QueryParams(**days(server), section="\0")

    async with server.client(await server.token(Role.SUPERVISOR)) as client:
        answer = await client.get(path, params=asked)

    assert answer.status_code == httpx.codes.BAD_REQUEST


def test_a_list_is_printed_on_pages_as_wide_as_a4_with_its_head_on_each() -> None:
    table = first_table(xlsx_of(sheet(["a", "b"])))

    assert (table.page_setup.orientation, table.page_setup.fitToHeight) == ("landscape", 0)
    assert table.sheet_properties.pageSetUpPr.fitToPage
    assert table.print_title_rows == "$1:$1"


async def test_operators_take_no_lists_along(server: RunningServer) -> None:
    answer = await fetched(server, "/v1/reports/list.csv", Role.OPERATOR, **days(server))

    assert answer.status_code == httpx.codes.FORBIDDEN


async def test_a_span_of_more_than_a_year_is_refused(server: RunningServer) -> None:
    wide = {"since": "2025-01-01", "until": "2026-11-23"}

    answer = await fetched(server, "/v1/reports/list.xlsx", Role.SUPERVISOR, **wide)

    assert MOST_DAYS == 366
    assert answer.json()["code"] == "list_span"


async def test_on_the_page_a_list_is_a_file_and_what_is_refused_a_page(
    server: RunningServer,
) -> None:
    await with_report(server)
    path, span = "/reports/lists/xlsx", days(server)

    listed = await fetched(server, path, Role.SUPERVISOR, **span, state="draft", words="true")
    refused = await fetched(server, path, Role.SUPERVISOR, **span | {"since": "2020-01-01"})
    operator = await fetched(server, path, Role.OPERATOR, **span)

    assert first_table(listed.content)["M2"].value == "秘密の要求"
    assert listed.headers["content-disposition"].startswith("attachment")
    assert refused.status_code == httpx.codes.BAD_REQUEST
    assert refused.headers["content-type"].startswith("text/html")
    assert "1年以内で指定してください" in refused.text
    assert operator.status_code == httpx.codes.FORBIDDEN


async def test_a_report_is_handed_out_as_a_file_with_its_name_and_a_link_on_the_trail(
    server: RunningServer,
) -> None:
    report_id = await with_report(server)

    pdf = await fetched(server, f"/v1/reports/{report_id}/document.pdf", Role.SUPERVISOR)
    docx = await fetched(server, f"/v1/reports/{report_id}/document.docx", Role.SUPERVISOR)

    assert pdf.content.startswith(b"%PDF")
    assert docx.content.startswith(b"PK")
    name = unquote(pdf.headers["content-disposition"].split("filename*=UTF-8''")[1])
    assert name.startswith("カスタマーハラスメント対応報告書_")
    assert name.endswith("_第1版_案.pdf")
    assert pdf.headers["cache-control"] == "no-store"
    async with server.services.database.transaction() as session:
        links = (
            await session.scalars(select(TrailRow).where(TrailRow.kind == "report.exported"))
        ).all()
    assert [(link.call_id, link.subject.split()[2]) for link in links] == [
        ("c-1", "pdf"),
        ("c-1", "docx"),
    ]


@pytest.mark.parametrize(
    ("role", "section", "status"),
    [
        (Role.AUDITOR, "", 200),
        (Role.AUDITOR, "市民課", 200),
        (Role.SUPERVISOR, "税務課", 404),
        (Role.AUDITOR, "税務課", 404),
        (Role.OPERATOR, "市民課", 404),
        (Role.ADMINISTRATOR, "", 403),
        (Role.STREAM, "市民課", 403),
    ],
)
async def test_who_may_not_see_the_call_gets_no_document(
    server: RunningServer, role: Role, section: str, status: int
) -> None:
    report_id = await with_report(server)

    answers = [
        await fetched(server, f"/v1/reports/{report_id}{rest}", role, section)
        for rest in ("", "/document.pdf")
    ]

    assert {answer.status_code for answer in answers} == {status}


async def test_a_name_that_was_told_in_the_call_is_covered_in_a_document_wherever_it_stands(
    server: RunningServer,
) -> None:
    services = server.services
    async with services.database.transaction() as session:
        now = services.clock.now()
        await add_ended_call(session, now, "c-1", texts=("早瀬と申します。", *SAID))
    report_id, _ = await begin(services, SATO, "c-1")
    await save(services, SATO, report_id, Written(1, {"demand": "「早瀬に謝れ」との求め。"}))
    path = f"/v1/reports/{report_id}/document.docx"

    covered = await fetched(server, path, Role.SUPERVISOR)
    whole = await fetched(server, path, Role.SUPERVISOR, names="whole")
    asked_in_vain = await fetched(server, path, Role.AUDITOR, "", names="whole")

    assert "早瀬" not in words_of(covered.content)
    assert "●●に謝れ" in words_of(covered.content)
    assert "早瀬に謝れ" in words_of(whole.content)
    assert "早瀬" not in words_of(asked_in_vain.content)


async def test_the_list_of_reports_is_what_may_be_seen(server: RunningServer) -> None:
    await with_report(server)

    seen = await fetched(server, "/v1/reports", Role.SUPERVISOR)
    others = await fetched(server, "/v1/reports", Role.SUPERVISOR, "税務課")
    of_call = await fetched(server, "/v1/calls/c-1/report", Role.AUDITOR, "")

    assert [one["state"] for one in seen.json()["reports"]] == ["draft"]
    assert others.json() == {"reports": [], "more": False}
    assert of_call.json()["report"]["number"] == seen.json()["reports"][0]["number"]
