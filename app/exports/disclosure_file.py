"""Glue: the copy that is disclosed: the conversation as PDF, its sound with tones, and what each file should be."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Final

from app.exports.disclosing import (
    BLACK,
    Cover,
    Said,
    Unheard,
    blackened,
    covered_ms,
    places_covered,
    toned,
)
from app.japan import JAPAN
from app.models import Call
from app.recordings.library import StoredRecording
from app.recordings.wav import Wav
from app.reports.layout import Document, Heading, Note, Quotes, Row, printable
from app.reports.pdf import pdf_of

WHO: Final = {"caller": "相手方", "operator": "職員"}
NOT_HEARD: Final = "(聞き取れなかった所)"
CARE: Final = f"{BLACK} は、個人の情報などを伏せた箇所です。録音では信号音に置き換えています。"


@dataclass(frozen=True, slots=True)
class Copy:
    """What is disclosed of a call."""

    call: Call
    said: Sequence[Said]
    unheard: Sequence[Unheard]
    covers: Sequence[Cover]
    recording: StoredRecording | None
    office: str
    reference: str
    made_at: datetime

    @property
    def covered_ms(self) -> list[tuple[int, int]]:
        return covered_ms(self.said, self.covers)

    @property
    def places(self) -> int:
        return places_covered(self.said, self.covers)


def write_copy(copy: Copy, target: IO[bytes]) -> None:
    """Write the zip file into *target*, which need not be able to go back; blocking.

    Raises:
        Unavailable: the recording is not what was written.
    """
    digests: dict[str, str] = {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:

        def add(name: str, pieces: Iterator[bytes]) -> None:
            digest = hashlib.sha256()
            with package.open(name, "w", force_zip64=True) as opened:
                for piece in pieces:
                    digest.update(piece)
                    opened.write(piece)
            digests[name] = digest.hexdigest()

        add("通話記録の写し.pdf", iter((pdf_of(document_of(copy)),)))
        if copy.recording is not None:
            add("録音.wav", toned_wav(copy.recording, copy.covered_ms))
        manifest = {
            "reference": copy.reference,
            "made_at": copy.made_at.isoformat(),
            "covered_places": copy.places,
            "covered_sound_ms": copy.covered_ms if copy.recording is not None else [],
            "sha256": dict(digests),
        }
        add("manifest.json", iter((json.dumps(manifest, ensure_ascii=False, indent=1).encode(),)))


def toned_wav(recording: StoredRecording, covered: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    """Yield the recording as a WAV file with a tone where it is covered."""
    wav = Wav(recording.format, recording.tracks, recording.samples)
    yield wav.head()
    for first, block in wav.blocks(recording.carried):
        yield toned(block, first, covered)


def document_of(copy: Copy) -> Document:
    """Return the conversation as it is printed."""
    call = copy.call
    began = call.started_at.astimezone(JAPAN)
    texts = blackened(copy.said, copy.covers)
    lines: list[tuple[Said | Unheard, str]] = [
        *((one, printable(text)) for one, text in zip(copy.said, texts, strict=True)),
        *((one, NOT_HEARD) for one in copy.unheard),
    ]
    lines.sort(key=lambda line: line[0].start_ms)
    rows = tuple((_clock(one.start_ms), WHO.get(one.track, ""), text) for one, text in lines)
    sound = "あり(伏せた箇所は信号音)" if copy.recording is not None else "なし"
    return Document(
        title="通話記録の写し",
        office=printable(copy.office),
        form_number="",
        number=printable(copy.reference),
        version="",
        state="開示用",
        draft=False,
        about=(
            ("通話の日時", f"{began:%Y年%m月%d日 %H時%M分}から{_length(call.duration_ms)}"),
            ("担当課", printable(call.section) or "(記載なし)"),
            ("作成した日", f"{copy.made_at.astimezone(JAPAN):%Y年%m月%d日}"),
        ),
        approvals=(),
        blocks=(
            Heading("この写しについて"),
            Row("整理番号", printable(copy.reference)),
            Row("伏せた箇所", f"{copy.places}か所"),
            Row("録音", sound),
            Note(
                "文字は機械による聞き取りで、実際の発言と違うことがあります。「話した人」の欄に職員の氏名は記していません。"
            ),
            Heading("発言"),
            Quotes(("時刻", "話した人", "発言"), (12, 12, 76), rows),
        ),
        care=CARE,
        number_label="整理番号",
    )


def _clock(at_ms: int) -> str:
    seconds = at_ms // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _length(duration_ms: int) -> str:
    minutes, seconds = divmod(duration_ms // 1000, 60)
    return f"{minutes}分{seconds}秒間" if minutes else f"{seconds}秒間"
