"""Adapter: the sentences that an office can have played: WAV files in ``data_dir/announcements``.

What is added is kept as the telephone carries it (8 kHz, PCM 16 bit, one channel), so that a click only has to
read it. A file that somebody copied there is turned into the same when it is played. Blocking: call in a thread.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from app.errors import BadRequest, NotFound, Unavailable
from app.private_files import make_private_folder
from asr.codec import encode_pcm_s16le
from asr.errors import SoundFileInvalid
from asr.types import Encoding, Samples
from asr.wav import Wav, read_wav, wav_bytes

LINE_HZ: Final = 8_000
LONGEST_MS: Final = 60_000
MOST_FILE_BYTES: Final = 24 * 1024 * 1024
"""60 s of two channels at 96 kHz fit."""
RATES_HZ: Final = range(8_000, 96_001)
QUIETEST: Final = 0.003
"""Of full scale, at its loudest: below -50 dB nobody on a telephone hears anything."""
LABELS: Final[Mapping[str, str]] = {
    "recording_notice": "録音のお知らせ",
    "warning_1": "警告1",
    "warning_2": "警告2",
    "warning_3": "警告3",
    "closing": "終話のことば",
}
"""The ones that every office needs, in the order in which they are shown; others follow by name."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")
_SUFFIX: Final = ".wav"


@dataclass(frozen=True, slots=True)
class Announcement:
    name: str
    label: str
    duration_ms: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Survey:
    playable: tuple[Announcement, ...]
    faults: Mapping[str, str]
    """Why the rest cannot be played, by name."""


class Announcements:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def survey(self) -> Survey:
        """Return what lies in the folder, the usual ones first."""
        playable: list[Announcement] = []
        faults: dict[str, str] = {}
        for name in self._names():
            try:
                playable.append(self._described(name, read_playable(self._file(name)).duration_ms))
            except (BadRequest, NotFound) as fault:
                faults[name] = fault.message
        return Survey(tuple(playable), faults)

    def one(self, name: str) -> tuple[Announcement, bytes]:
        """Return an announcement and its sound: PCM 16 bit little-endian, 8 kHz, one channel.

        Raises:
            NotFound: there is none of that name (``announcement_unknown``).
            BadRequest: its file cannot be played (``announcement_invalid``).
        """
        if name not in self._names():
            raise _unknown(name)
        sound = read_line_sound(self._file(name))
        return self._described(name, _ms_of(sound)), encode_pcm_s16le(sound)

    def add(self, name: str, source: bytes | Path) -> Announcement:
        """Keep the sound of *source* (a WAV file) under *name*; one of that name is replaced whole or not at all.

        Raises:
            BadRequest: the name or the sound cannot be used (``announcement_name``, ``announcement_invalid``).
            Unavailable: it cannot be written (``data_dir_unusable``).
        """
        return self.keep(name, read_line_sound(source))

    def keep(self, name: str, sound: Samples) -> Announcement:
        """Keep *sound* at 8 kHz under *name*; raises as ``add`` does."""
        if not _NAME.fullmatch(name):
            raise BadRequest(
                "announcement_name",
                "名前は半角の英小文字、数字、_、- で、48 文字までにしてください(例: warning_1)。",
            )
        _refuse_unfit(sound)
        make_private_folder(self._folder)
        content = wav_bytes(Encoding.PCM_S16LE, LINE_HZ, [sound])
        try:
            _write_whole(self._file(name), content)
        except OSError as error:
            raise _unwritable(self._folder, error) from error
        return self._described(name, _ms_of(sound))

    def remove(self, name: str) -> None:
        """Forget *name*.

        Raises:
            NotFound: there is none of that name (``announcement_unknown``).
            Unavailable: its file cannot be removed (``data_dir_unusable``).
        """
        if name not in self._names():
            raise _unknown(name)
        try:
            self._file(name).unlink()
        except FileNotFoundError:
            raise _unknown(name) from None
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}{_SUFFIX}"

    def _names(self) -> list[str]:
        """Return the names of the files that are there: compared with these, no name is ever taken as a path."""
        try:
            files = [file.name for file in self._folder.iterdir() if file.is_file()]
        except OSError:
            return []
        names = [file.removesuffix(_SUFFIX) for file in files if file.endswith(_SUFFIX)]
        order = list(LABELS)
        return sorted(
            (name for name in names if _NAME.fullmatch(name)),
            key=lambda name: (order.index(name) if name in LABELS else len(order), name),
        )

    def _described(self, name: str, duration_ms: int) -> Announcement:
        try:
            changed_s = self._file(name).stat().st_mtime
        except OSError:
            raise _unknown(name) from None
        return Announcement(
            name=name,
            label=label_of(name),
            duration_ms=duration_ms,
            changed_at=datetime.fromtimestamp(changed_s, UTC),
        )


def announcements_in(data_dir: Path) -> Announcements:
    return Announcements(data_dir / "announcements")


def _ms_of(sound: Samples) -> int:
    return len(sound) * 1000 // LINE_HZ


def label_of(name: str) -> str:
    return LABELS.get(name, name)


def read_line_sound(source: bytes | Path) -> Samples:
    """Return the first channel of *source* at 8 kHz, everything above the telephone's band filtered out.

    Raises:
        BadRequest: as ``read_playable``.
    """
    return read_playable(source).channels(LINE_HZ)[0]


def read_playable(source: bytes | Path) -> Wav:
    """Return *source* as it was recorded.

    Raises:
        BadRequest: not a WAV file that can be played; the message says why (``announcement_invalid``).
    """
    try:
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if size > MOST_FILE_BYTES:
            raise _invalid(f"ファイルが大きすぎます(上限 {MOST_FILE_BYTES // 1024 // 1024} MB)")
        recorded = read_wav(source)
    except OSError as error:
        raise _invalid(f"ファイルを読めません({error.strerror})") from error
    except SoundFileInvalid as error:
        raise _invalid(
            "WAV ファイル(PCM 16ビット、µ-law、A-law、1〜2チャネル)として読めません"
        ) from error
    _refuse_unplayable(recorded)
    return recorded


def _refuse_unplayable(recorded: Wav) -> None:
    # Before anything is computed: the header of a small file may ask for a lot.
    if recorded.rate_hz not in RATES_HZ:
        raise _invalid(f"標本化周波数 {recorded.rate_hz} Hz は使えません(8000〜96000 Hz)")
    if recorded.duration_ms > LONGEST_MS:
        raise _invalid(f"長すぎます(上限 {LONGEST_MS // 1000} 秒)")
    if recorded.frame_count == 0:
        raise _invalid("音が入っていません")


def _refuse_unfit(sound: Samples) -> None:
    if len(sound) == 0 or float(np.max(np.abs(sound))) < QUIETEST:
        raise _invalid("音が入っていません")
    if len(sound) > LONGEST_MS * LINE_HZ // 1000:
        raise _invalid(f"長すぎます(上限 {LONGEST_MS // 1000} 秒)")


def _write_whole(file: Path, content: bytes) -> None:
    """Write *file* so that whoever reads finds the old one or the new one, never half of one."""
    handle, written = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        Path(written).replace(file)
    except BaseException:
        Path(written).unlink(missing_ok=True)
        raise


def _invalid(reason: str) -> BadRequest:
    return BadRequest(
        "announcement_invalid", f"この音声は使えません:{reason}。録音し直すか、変換してください。"
    )


def _unknown(name: str) -> NotFound:
    shown = f"「{label_of(name)}」" if _NAME.fullmatch(name) else "この名前"
    return NotFound(
        "announcement_unknown",
        f"{shown}の音声はありません。mimamori announcement list で確かめてください。",
    )


def _unwritable(folder: Path, error: OSError) -> Unavailable:
    return Unavailable(
        "data_dir_unusable",
        f"{folder} に書き込めません({error.strerror})。権限と空き容量を確認してください。",
    )
