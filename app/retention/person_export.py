"""Glue: everything that is kept of one person's calls, in one zip file that says what each of its files should be."""

from __future__ import annotations

import csv
import hashlib
import html
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, Final, Protocol, cast

import anyio
import anyio.to_thread

from app.calls.protocol import Track
from app.db import Database
from app.japan import JAPAN
from app.models import Call
from app.recordings.library import StoredRecording
from app.retention.person_records import LEFT_OUT, Rows, measures_of, rows_of, shown
from app.spreadsheet_text import harmless
from asr.types import Encoding
from asr.wav_head import wav_head

READ_SECONDS: Final = 10
OUTCOMES: Final = {
    "ordinary": "通常",
    "legitimate_complaint": "正当な苦情",
    "harassment_suspected": "カスタマーハラスメントのおそれ",
}
TRACKS: Final = {"caller": "あなた", "operator": "市の職員"}


class Recordings(Protocol):
    async def find(self, call_id: str) -> StoredRecording | None: ...


@dataclass(slots=True)
class _Package:
    """The zip file in the making. Counts the bytes and digests of what it was given."""

    zip: zipfile.ZipFile
    files: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, content: bytes) -> None:
        self.zip.writestr(name, content)
        self.files[name] = hashlib.sha256(content).hexdigest()

    def add_sound(self, name: str, stored: StoredRecording) -> None:
        digest = hashlib.sha256()
        with self.zip.open(name, "w", force_zip64=True) as opened:
            for piece in _wav(stored):
                digest.update(piece)
                opened.write(piece)
        self.files[name] = digest.hexdigest()


async def write_export(
    target: object,
    database: Database,
    recordings: Recordings,
    call_ids: Sequence[str],
    hashes: Sequence[str],
    *,
    number_of: Callable[[Call], str],
    now: datetime,
    progress: Callable[[int, int], None],
) -> int:
    """Write the zip into *target*, a file that takes bytes; return how many recordings are in it.

    Raises:
        Unavailable: a recording cannot be opened.
    """
    package = _Package(zipfile.ZipFile(cast("IO[bytes]", target), "w", zipfile.ZIP_DEFLATED))
    lines: list[dict[str, Any]] = []
    for number, call_id in enumerate(call_ids, start=1):
        progress(number - 1, len(call_ids))
        async with database.transaction() as session:
            call = await session.get(Call, call_id)
            rows = await rows_of(session, call_id) if call is not None else {}
        if call is None:
            continue
        folder = f"calls/{number:04d}"
        records = await anyio.to_thread.run_sync(
            _add_records, package, f"{folder}/records.json", rows, number_of(call)
        )
        stored = await recordings.find(call_id)
        if stored is not None and Track.CALLER in stored.tracks:
            await anyio.to_thread.run_sync(package.add_sound, f"{folder}/your_voice.wav", stored)
        lines.append(_line(call, folder, records, recorded=stored is not None))
    async with database.transaction() as session:
        measures = await measures_of(session, hashes)
    await anyio.to_thread.run_sync(_add_measures, package, measures)
    await anyio.to_thread.run_sync(_close, package, lines, now)
    progress(len(call_ids), len(call_ids))
    return sum(line["recorded"] for line in lines)


def _add_records(
    package: _Package, name: str, rows: Rows, number: str
) -> dict[str, list[dict[str, Any]]]:
    """Write what there is of a call down; return it as it was written."""
    records = shown(rows)
    for row in records.get("calls", ()):
        row["caller_number"] = number  # sealed in the table, and the caller's own
    package.add(name, _json(records))
    return records


def _add_measures(package: _Package, rows: Rows) -> None:
    package.add("measures.json", _json(shown(rows)["caller_measures"]))


def _json(told: object) -> bytes:
    return json.dumps(told, ensure_ascii=False, indent=1).encode()


def _close(package: _Package, lines: list[dict[str, Any]], now: datetime) -> None:
    package.add("calls.csv", _csv(lines))
    package.add("summary.html", _page(lines, now))
    manifest = {
        "made_at": now.isoformat(),
        "calls": len(lines),
        "covered": "職員の名前と、会話に出た氏名・電話番号・住所などは ● で伏せています。",
        "left_out": dict(LEFT_OUT),
        "sha256": package.files,
    }
    package.zip.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1))
    package.zip.close()


def _line(
    call: Call, folder: str, records: dict[str, list[dict[str, Any]]], *, recorded: bool
) -> dict[str, Any]:
    spoken = sorted(records.get("utterances", []), key=lambda row: (row["start_ms"], row["track"]))
    return {
        "folder": folder,
        "started": f"{call.started_at.astimezone(JAPAN):%Y-%m-%d %H:%M}",
        "section": call.section,
        "minutes": round(call.duration_ms / 60_000, 1),
        "outcome": OUTCOMES.get(call.outcome, call.outcome),
        "level": call.top_level,
        "recorded": recorded,
        "spoken": [(row["start_ms"], row["track"], row["text"]) for row in spoken],
    }


def _csv(lines: list[dict[str, Any]]) -> bytes:
    written = io.StringIO()
    out = csv.writer(written)
    out.writerow(["フォルダー", "開始(日本時間)", "課", "分", "結果", "段階", "録音"])
    for line in lines:
        out.writerow(
            [
                line["folder"],
                line["started"],
                harmless(line["section"]),
                line["minutes"],
                line["outcome"],
                line["level"],
                "あり" if line["recorded"] else "なし",
            ]
        )
    return written.getvalue().encode("utf-8-sig")  # so that a spreadsheet reads it as it is


def _page(lines: list[dict[str, Any]], now: datetime) -> bytes:
    parts = [
        '<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>通話の記録</title></head><body>',
        "<h1>通話の記録</h1>",
        f"<p>{now.astimezone(JAPAN):%Y年%m月%d日}現在、この電話番号からの通話について市が保存している内容です({len(lines)}件)。</p>",
        "<p>職員の名前と、会話に出た氏名・電話番号・住所などは ● で伏せています。</p>",
        "<p>文字は機械による聞き取りで、実際の発言と違うことがあります。</p>",
        "<p>録音には、あなたの声だけが入っています。</p>",
    ]
    for line in lines:
        parts.append(f"<h2>{html.escape(line['started'])} {html.escape(line['section'])}</h2>")
        parts.append(f"<p>{line['minutes']}分、{html.escape(line['outcome'])}</p><dl>")
        for start_ms, track, text in line["spoken"]:
            who = TRACKS.get(track, track)
            at = f"{start_ms // 60_000}:{start_ms // 1000 % 60:02d}"
            parts.append(f"<dt>{at} {html.escape(who)}</dt><dd>{html.escape(text)}</dd>")
        parts.append("</dl>")
    parts.append("</body></html>")
    return "\n".join(parts).encode()


def _wav(stored: StoredRecording) -> Iterator[bytes]:
    """Yield a WAV file of the caller's own track: 16 bit, one channel."""
    yield wav_head(Encoding.PCM_S16LE, stored.rate_hz, 1, stored.samples)
    step = stored.rate_hz * READ_SECONDS
    for first in range(0, stored.samples, step):
        count = min(step, stored.samples - first)
        yield stored.read(Track.CALLER, first, count).astype("<i2").tobytes()
