"""Adapter: what python-docx has no words for: Japanese fonts, shades, fields, a mark behind the page."""

from __future__ import annotations

from typing import Any, Final

from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

EAST_ASIAN: Final = "游明朝"
EAST_ASIAN_HEADING: Final = "游ゴシック"
LATIN: Final = "Yu Mincho"
LATIN_HEADING: Final = "Yu Gothic"
_VML: Final = (
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:w10="urn:schemas-microsoft-com:office:word"'
)


def set_fonts(run_properties: Any, *, heading: bool = False) -> None:  # noqa: ANN401 - python-docx has no types
    """Name the fonts for Latin and East Asian letters apart: Word takes each letter from its own."""
    fonts = run_properties.get_or_add_rFonts()
    latin, asian = (LATIN_HEADING, EAST_ASIAN_HEADING) if heading else (LATIN, EAST_ASIAN)
    for name, font in (("ascii", latin), ("hAnsi", latin), ("cs", latin), ("eastAsia", asian)):
        fonts.set(qn(f"w:{name}"), font)
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)


def set_language(styles: Any) -> None:  # noqa: ANN401
    """Say that the text is Japanese: the shape of 直 or of 。 depends on it."""
    defaults = styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
    language = defaults.find(qn("w:lang"))
    if language is None:
        language = OxmlElement("w:lang")
        defaults.append(language)
    for name, value in (("val", "ja-JP"), ("eastAsia", "ja-JP")):
        language.set(qn(f"w:{name}"), value)


def write(
    paragraph: Any,  # noqa: ANN401
    text: str,
    *,
    size_pt: float,
    bold: bool = False,
    heading: bool = False,
    grey: bool = False,
) -> None:
    """Add *text* to *paragraph*; its line ends are line ends there."""
    run = paragraph.add_run(text)
    run.font.size = Pt(size_pt)
    run.bold = bold
    set_fonts(run._element.get_or_add_rPr(), heading=heading)  # noqa: SLF001 - no public way
    if grey:
        run.font.color.rgb = RGBColor(0x66, 0x66, 0x66)


def tidy(paragraph: Any, *, align: WD_ALIGN_PARAGRAPH | None = None, after_pt: float = 0) -> Any:  # noqa: ANN401
    """Set line breaking by Japanese rules, and no space that nobody asked for."""
    paragraph.paragraph_format.space_before = Pt(0)
    paragraph.paragraph_format.space_after = Pt(after_pt)
    if align is not None:
        paragraph.alignment = align
    properties = paragraph._p.get_or_add_pPr()  # noqa: SLF001
    for name, wanted in (("w:kinsoku", "1"), ("w:overflowPunct", "0")):
        switch = OxmlElement(name)
        switch.set(qn("w:val"), wanted)
        properties.insert_element_before(
            switch,
            *("w:topLinePunct", "w:autoSpaceDE", "w:autoSpaceDN", "w:bidi", "w:adjustRightInd"),
            *("w:snapToGrid", "w:spacing", "w:ind", "w:contextualSpacing", "w:jc", "w:rPr"),
        )
    return paragraph


def shade(cell: Any) -> None:  # noqa: ANN401
    cell._tc.get_or_add_tcPr().append(  # noqa: SLF001
        parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="F0F0F0"/>')
    )


def lay_out(table: Any, widths_mm: list[float]) -> None:  # noqa: ANN401
    """Fix the widths: Word would else fit columns to their words, each table otherwise."""
    table.autofit = False
    margins = parse_xml(
        f"<w:tblCellMar {nsdecls('w')}>"
        '<w:top w:w="60" w:type="dxa"/><w:left w:w="100" w:type="dxa"/>'
        '<w:bottom w:w="60" w:type="dxa"/><w:right w:w="100" w:type="dxa"/></w:tblCellMar>'
    )
    # Word and others set a table's words, not its border, at the margin: the border stood out to the left.
    indent = parse_xml(f'<w:tblInd {nsdecls("w")} w:w="100" w:type="dxa"/>')
    properties = table._tbl.tblPr  # noqa: SLF001
    layout = properties.find(qn("w:tblLayout"))
    properties.append(indent) if layout is None else layout.addprevious(indent)
    look = properties.find(qn("w:tblLook"))
    properties.append(margins) if look is None else look.addprevious(margins)
    for grid, width in zip(table._tbl.tblGrid.gridCol_lst, widths_mm, strict=True):  # noqa: SLF001
        grid.w = Mm(width)
    for row in table.rows:
        for cell, width in zip(row.cells, widths_mm, strict=True):
            cell.width = Mm(width)


def repeat_on_each_page(row: Any) -> None:  # noqa: ANN401
    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))  # noqa: SLF001


def keep_whole(row: Any) -> None:  # noqa: ANN401
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))  # noqa: SLF001


def add_field(paragraph: Any, code: str, *, size_pt: float) -> None:  # noqa: ANN401
    """Add a number that Word fills in, such as ``PAGE``."""
    for kind in ("begin", code, "separate", "1", "end"):
        run = paragraph.add_run()
        run.font.size = Pt(size_pt)
        set_fonts(run._element.get_or_add_rPr())  # noqa: SLF001
        if kind in {"begin", "separate", "end"}:
            part = OxmlElement("w:fldChar")
            part.set(qn("w:fldCharType"), kind)
        elif kind == code:
            part = OxmlElement("w:instrText")
            part.set(qn("xml:space"), "preserve")
            part.text = f" {code} "
        else:
            part = OxmlElement("w:t")
            part.text = kind
        run._element.append(part)  # noqa: SLF001


def add_watermark(paragraph: Any, text: str) -> None:  # noqa: ANN401
    """Put *text* large and pale behind every page, from its head."""
    paragraph._p.append(  # noqa: SLF001
        parse_xml(
            f"<w:r {nsdecls('w')} {_VML}><w:rPr><w:noProof/></w:rPr><w:pict>"
            '<v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" adj="10800" '
            'path="m@7,l@8,m@5,21600l@6,21600e"><v:formulas><v:f eqn="sum #0 0 10800"/>'
            '<v:f eqn="prod #0 2 1"/><v:f eqn="sum 21600 0 @1"/><v:f eqn="sum 0 0 @2"/>'
            '<v:f eqn="sum 21600 0 @3"/><v:f eqn="if @0 @3 0"/><v:f eqn="if @0 21600 @1"/>'
            '<v:f eqn="if @0 0 @2"/><v:f eqn="if @0 @4 21600"/></v:formulas>'
            '<v:path textpathok="t" o:connecttype="rect"/><v:textpath on="t" fitshape="t"/>'
            "</v:shapetype>"
            '<v:shape id="DraftMark" o:spid="_x0000_s2049" type="#_x0000_t136" '
            'style="position:absolute;margin-left:0;margin-top:0;width:240pt;height:240pt;rotation:330;'
            "z-index:-251658752;mso-position-horizontal:center;mso-position-horizontal-relative:margin;"
            'mso-position-vertical:center;mso-position-vertical-relative:margin" '
            'o:allowincell="f" fillcolor="#e6e6e6" stroked="f">'
            f'<v:textpath style="font-family:\'{EAST_ASIAN_HEADING}\';font-size:1pt" string="{text}"/>'
            '<w10:wrap anchorx="margin" anchory="margin"/></v:shape></w:pict></w:r>'
        )
    )
