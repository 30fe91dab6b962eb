"""DOCX and PDF of one layout: read back, with long texts, empty fields, rare letters and drafts."""

from __future__ import annotations

import io
import re
import zlib
from base64 import a85decode
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import docx
import pytest
from docx.oxml.ns import qn
from docx.shared import Mm
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st

from app.reports.docx import docx_of
from app.reports.japanese_font import cut_font
from app.reports.layout import (
    EMPTY,
    GETA,
    Approval,
    Document,
    Heading,
    Note,
    Quotes,
    Row,
    printable,
    texts_of,
)
from app.reports.line_breaking import NOT_FIRST, NOT_LAST, broken
from app.reports.pages_of_pdf import FOOT_MM, POINT_MM, pages_of
from app.reports.pdf import pdf_of

NOW: Final = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
THREAT: Final = "言うことを聞かないと、ただではおかないぞ。家に火をつけてやる。"
REPORT: Final = Document(
    title="カスタマーハラスメント対応報告書",
    office="江別市",
    form_number="様式第1号",
    number="20261123-0001",
    version="第1版",
    state="承認済み",
    draft=False,
    about=(("所属", "市民課"),),
    approvals=(Approval("作成者", ("sato", "2026.11.23")), Approval("所属長", ())),
    blocks=(
        Heading("1 相手方"),
        Row("相手方", "髙﨑 𠮷男 様"),
        Row("備考", EMPTY),
        Heading("2 発言の記録"),
        Quotes(
            ("時刻", "話した人", "発言", "該当のおそれ"),
            (11, 13, 48, 28),
            (("05:10", "相手の方", f"「{THREAT}」", "脅迫・侮辱・暴言(打ち切り・通報)"),),
        ),
        Note("方針の版 ebetsu"),
    ),
    care="取扱注意",
)


def streams_of(pdf: bytes) -> list[bytes]:
    """Return the contents of every stream of *pdf*, opened."""
    found = []
    for written in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        packed = written.strip()
        if packed.endswith(b"~>"):
            packed = a85decode(packed[:-2])
        try:
            found.append(zlib.decompress(packed))
        except zlib.error:
            found.append(packed)
    return found


def letters_of(pdf: bytes) -> set[str]:
    """Return every letter that can be selected in *pdf*, out of what its fonts say their codes mean."""
    letters = set()
    for stream in streams_of(pdf):
        if b"beginbfchar" in stream:
            told = stream[stream.index(b"beginbfchar") :]
            for code in re.findall(rb"<[0-9A-F]{2}> <([0-9A-F]+)>", told):
                letters.add(bytes.fromhex(code.decode()).decode("utf-16-be"))
    return letters


def fonts_of(pdf: bytes) -> list[TTFont]:
    return [
        TTFont(io.BytesIO(stream))
        for stream in streams_of(pdf)
        if stream[:4] in {b"\x00\x01\x00\x00", b"true"}
    ]


def words_of(file: bytes) -> str:
    """Return every text of a DOCX, its tables, head and foot included."""
    opened = docx.Document(io.BytesIO(file))
    parts = [opened.element.body, *(s.header._element for s in opened.sections)]
    parts += [section.footer._element for section in opened.sections]
    return "\n".join(text.text or "" for part in parts for text in part.iter(qn("w:t")))


def test_both_files_hold_every_text_of_the_report() -> None:
    words, letters = words_of(docx_of(REPORT, NOW)), letters_of(pdf_of(REPORT))

    for text in texts_of(REPORT):
        assert text in words, text
        assert set(text) <= letters, text


def test_the_pdf_brings_its_fonts_along_and_uses_no_other() -> None:
    pdf = pdf_of(REPORT)

    assert len(fonts_of(pdf)) >= 2
    assert pdf.count(b"/FontFile2") == len(fonts_of(pdf))
    assert b"/Helvetica" not in pdf
    assert b"ja-JP" in pdf


def test_every_page_of_the_pdf_is_numbered() -> None:
    long = replace(REPORT, blocks=(Row("経過", "除雪の順番をご説明した。" * 400),))

    pages = pdf_of(long).count(b"/Type /Page\n")

    assert pages > 2


@pytest.mark.parametrize("boxes", [2, 4, 5])
def test_what_the_report_is_stands_clear_of_the_boxes_for_approval(boxes: int) -> None:
    login = "hanako.sato@city.ebetsu.hokkaido.example.jp"
    crowded = replace(
        REPORT,
        about=(("作成", f"2026年11月23日 11時00分 {login}"), ("訂正の理由", "誤記のため。" * 20)),
        approvals=tuple(Approval(f"{place}", (login, "2026.11.23")) for place in range(boxes)),
    )

    def wide(text: str, size_pt: float, *, bold: bool = False) -> float:
        return sum(0.5 if letter.isascii() else 1 for letter in text) * size_pt * POINT_MM

    first = pages_of(crowded, wide)[0]

    heading_mm = next(one.baseline_mm for one in first.words if one.text == "1 相手方")
    stamps = [one for one in first.boxes if one.y_mm + one.height_mm < heading_mm]
    left_mm = min(one.x_mm for one in stamps)
    about = [one for one in first.words if one.baseline_mm < heading_mm and one.x_mm < left_mm]
    assert len(about) > 4
    assert max(one.x_mm + wide(one.text, one.size_pt) for one in about[1:]) < left_mm
    assert "…" in letters_of(pdf_of(crowded))


def test_a_second_pdf_has_the_letters_that_the_first_one_lacked() -> None:
    pdf_of(replace(REPORT, blocks=(Row("備考", "甲"),)))

    second = pdf_of(replace(REPORT, blocks=(Row("備考", "鬱蒼"),)))

    assert {"鬱", "蒼"} <= letters_of(second)


def test_a_letter_that_no_font_has_becomes_a_geta_in_the_pdf_and_stays_in_the_docx() -> None:
    report = replace(REPORT, blocks=(Row("相手方", "🙇 と \ue000 と 葛󠄀"),))

    pdf, words = pdf_of(report), words_of(docx_of(report, NOW))

    assert GETA in letters_of(pdf)
    assert "🙇" in words
    assert "葛󠄀" in words
    assert cut_font({"🙇", "髙", "﨑", "𠮷"}).lacking == {"🙇"}


def test_a_draft_says_so_on_every_page_of_both_files() -> None:
    draft = replace(REPORT, draft=True, state="下書き")

    opened = docx.Document(io.BytesIO(docx_of(draft, NOW)))
    head = opened.sections[0].header._element.xml

    assert 'string="案"' in head
    assert "案" in letters_of(pdf_of(draft))
    assert (
        'string="案"'
        not in docx.Document(io.BytesIO(docx_of(REPORT, NOW))).sections[0].header._element.xml
    )


def test_the_docx_names_japanese_fonts_for_japanese_letters() -> None:
    opened = docx.Document(io.BytesIO(docx_of(REPORT, NOW)))

    fonts = {
        run.find(qn("w:rPr")).find(qn("w:rFonts")).get(qn("w:eastAsia"))
        for run in opened.element.body.iter(qn("w:r"))
        if run.find(qn("w:t")) is not None
    }

    assert fonts <= {"游明朝", "游ゴシック"}
    assert opened.sections[0].page_width == pytest.approx(Mm(210), abs=Mm(1) / 10)


def test_what_no_page_can_show_is_left_out_and_breaks_no_file() -> None:
    odd = "a\x00b\x0bc\u200ed\ud800e\ufffef"
    report = replace(REPORT, blocks=(Row("備考", printable(odd)),))

    assert printable(odd) == f"abcde{GETA}f"
    assert f"abcde{GETA}f" in words_of(docx_of(report, NOW))
    assert pdf_of(report).startswith(b"%PDF")


def measured(text: str, size_pt: float, *, bold: bool = False) -> float:
    del bold
    return len(text) * size_pt * 0.35


TEXTS: Final = st.text("あ漢、。「」(ー1a \n", max_size=3000)


@settings(max_examples=30)
@given(TEXTS, st.integers(0, 40))
def test_nothing_runs_past_the_foot_and_no_line_is_lost(text: str, count: int) -> None:
    report = replace(
        REPORT,
        blocks=(
            Row("経過", text),
            Quotes(("時刻", "発言"), (20, 80), tuple((str(n), text[:300]) for n in range(count))),
        ),
    )

    pages = pages_of(report, measured)

    assert all(words.baseline_mm <= FOOT_MM for page in pages for words in page.words)
    assert all(box.y_mm + box.height_mm <= FOOT_MM + 0.01 for page in pages for box in page.boxes)
    shown = "".join(words.text for page in pages for words in page.words)
    assert shown.count("漢") >= text.count("漢")


@given(st.text("あ漢、。「」(ーっ1a ", max_size=300), st.integers(4, 40))
def test_lines_fit_lose_only_spaces_and_begin_and_end_as_japanese_lines_do(
    text: str, width: int
) -> None:
    lines = broken(text, width, lambda part: float(len(part)))

    assert all(len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(st.lists(st.sampled_from(["雪", "道路", "お答え", "、", "。", "「", "」"]), max_size=120))
def test_no_line_of_ordinary_text_begins_with_a_closing_mark(parts: list[str]) -> None:
    text = re.sub(r"[、。「」]+", lambda run: run[0][0], "".join(parts))

    lines = broken(text, 10, lambda part: float(len(part)))

    assert not any(line and line[0] in NOT_FIRST for line in lines[1:])
    assert not any(line and line[-1] in NOT_LAST for line in lines[:-1])
