"""Adapter: a report as PDF: A4, Noto Sans JP embedded, text that can be selected and searched. Blocking."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from app.reports.japanese_font import cut_font, is_selector
from app.reports.layout import GETA, Document, Note, texts_of
from app.reports.pages_of_pdf import (
    FOOT_MM,
    HEIGHT_MM,
    LEFT_MM,
    POINT_MM,
    RIGHT_MM,
    WIDTH_MM,
    Box,
    Measured,
    PageOf,
    Words,
    pages_of,
)

REGULAR: Final = "MimamoriReport"
BOLD: Final = "MimamoriReportBold"
MOST_NAMED: Final = 30
"""Letters that the font lacks."""
PRODUCER: Final = "Mimamori"
_FIXED_LETTERS: Final = (
    "0123456789/ページ案(続き)※…U+ABCDEF 　この書体にない文字があるため、〓で表しています:"
)
_ONE_AT_A_TIME: Final = threading.Lock()
"""reportlab knows fonts by name for the whole process."""
_BEYOND: Final = re.compile(r"<([0-9A-F]{5,6})>")
_DRAFT: Final = "案"

Shown = Callable[[str], str]
"""A text as the font can print it."""


class _Font(TTFont):  # type: ignore[misc] # reportlab has no types
    """Also says of letters beyond U+FFFF (𠮷) what they are, so that they can be found and copied."""

    def addObjects(self, doc: Any) -> None:  # noqa: ANN401, N802 - reportlab's own name
        super().addObjects(doc)
        for name, found in doc.idToObject.items():
            if name.startswith("toUnicodeCMap:"):
                found.content = _BEYOND.sub(lambda code: f"<{_utf16(code[1])}>", found.content)


def pdf_of(document: Document) -> bytes:
    """Return *document* as PDF. A letter that the font lacks is printed as 〓 and named at the end."""
    letters = {letter for text in texts_of(document) for letter in text} | set(_FIXED_LETTERS)
    font = cut_font(letters - {"\n"})
    if font.lacking:
        codes = "、".join(f"U+{ord(letter):04X}" for letter in sorted(font.lacking)[:MOST_NAMED])
        note = Note(f"この書体にない文字があるため、〓で表しています: {codes}")
        document = replace(document, blocks=(*document.blocks, note))

    def shown(text: str) -> str:
        return "".join(
            GETA if letter in font.lacking else letter for letter in text if not is_selector(letter)
        )

    with _ONE_AT_A_TIME:
        _forget_fonts()
        regular = _Font(REGULAR, io.BytesIO(font.regular), asciiReadable=0)
        heavy = _Font(BOLD, io.BytesIO(font.bold), asciiReadable=0)
        pdfmetrics.registerFont(regular)
        pdfmetrics.registerFont(heavy)

        def measured(text: str, size_pt: float, *, bold: bool = False) -> float:
            face = heavy if bold else regular
            return float(face.stringWidth(shown(text), size_pt)) * POINT_MM

        pages = pages_of(document, measured)
        written = io.BytesIO()
        canvas = Canvas(
            written,
            pagesize=(WIDTH_MM * mm, HEIGHT_MM * mm),
            pageCompression=1,
            initialFontName=REGULAR,
            lang="ja-JP",
        )
        canvas.setTitle(f"{document.title} {document.number}")
        canvas.setAuthor(document.office)
        canvas.setSubject(f"{document.version} {document.state}")
        canvas.setCreator(PRODUCER)
        canvas.setProducer(PRODUCER)
        for number, page in enumerate(pages, 1):
            if document.draft:
                _watermark(canvas)
            _draw(canvas, page, shown)
            _head_and_foot(canvas, document, number, len(pages), measured, shown)
            canvas.showPage()
        canvas.save()
    return written.getvalue()


def _forget_fonts() -> None:
    """reportlab keeps the first font of a name for ever: the letters of the document before."""
    for name in (REGULAR, BOLD):
        known = pdfmetrics._fonts.pop(name, None)  # noqa: SLF001 - there is no other way
        if known is not None:
            pdfmetrics._dynFaceNames.pop(known.face.name, None)  # noqa: SLF001


def _draw(canvas: Canvas, page: PageOf, shown: Shown) -> None:
    for box in page.boxes:
        _box(canvas, box)
    for words in page.words:
        _words(canvas, words, shown(words.text))


def _box(canvas: Canvas, box: Box) -> None:
    canvas.setLineWidth(0.5)
    canvas.setStrokeGray(0.35)
    canvas.setFillGray(0.94)
    canvas.rect(
        box.x_mm * mm,
        (HEIGHT_MM - box.y_mm - box.height_mm) * mm,
        box.width_mm * mm,
        box.height_mm * mm,
        stroke=1,
        fill=1 if box.filled else 0,
    )


def _words(canvas: Canvas, words: Words, text: str) -> None:
    canvas.setFillGray(0.4 if words.grey else 0.1)
    canvas.setFont(BOLD if words.bold else REGULAR, words.size_pt)
    canvas.drawString(words.x_mm * mm, (HEIGHT_MM - words.baseline_mm) * mm, text)


def _head_and_foot(
    canvas: Canvas,
    document: Document,
    number: int,
    count: int,
    measured: Measured,
    shown: Shown,
) -> None:
    left = "　".join(one for one in (document.form_number, document.office) if one)
    right = "　".join(document.standing)
    foot = f"{number}/{count}ページ"
    line = replace(Words(LEFT_MM, 15.0, left, 8.5), grey=True)
    _words(canvas, line, shown(left))
    right_mm = RIGHT_MM - measured(right, 8.5)
    _words(canvas, Words(right_mm, 15.0, right, 8.5, grey=True), shown(right))
    canvas.setStrokeGray(0.6)
    canvas.setLineWidth(0.4)
    for y_mm in (17.0, FOOT_MM + 4):
        canvas.line(LEFT_MM * mm, (HEIGHT_MM - y_mm) * mm, RIGHT_MM * mm, (HEIGHT_MM - y_mm) * mm)
    _words(
        canvas, Words(LEFT_MM, FOOT_MM + 8.5, document.care, 8.0, grey=True), shown(document.care)
    )
    foot_mm = RIGHT_MM - measured(foot, 8.5)
    _words(canvas, Words(foot_mm, FOOT_MM + 8.5, foot, 8.5), foot)


def _watermark(canvas: Canvas) -> None:
    canvas.saveState()
    canvas.setFillGray(0.94)
    canvas.setFont(BOLD, 260)
    canvas.translate(WIDTH_MM / 2 * mm, HEIGHT_MM / 2 * mm)
    canvas.rotate(30)
    canvas.drawCentredString(0, -90, _DRAFT)
    canvas.restoreState()


def _utf16(code: str) -> str:
    return chr(int(code, 16)).encode("utf-16-be").hex().upper()
