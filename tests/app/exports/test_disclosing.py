"""What is covered in a copy is covered in every letter and every sample, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.exports.disclosing import (
    BEYOND_MS,
    BLACK,
    KNOWN,
    Cover,
    Place,
    Said,
    SoundCover,
    Unheard,
    blackened,
    covered_ms,
    places_covered,
    suggested,
    toned,
    unseen,
)
from app.exports.disclosure_file import NOT_HEARD, Copy, document_of
from app.models import Call
from app.privacy.lines import Line
from app.privacy.sight import sight_of_lines
from app.reports.layout import Quotes
from app.reports.pdf import pdf_of
from asr.codec import decode
from asr.types import Encoding
from tests.app.reports.test_documents import letters_of

SAID = Said("c.c0", "caller", 2_000, 8_000, "隣の山田さんの番号は090-1234-5678です")
AGAIN = Said("c.c9", "caller", 9_000, 11_000, "山田がそう言いました")
FRAMES = 20 * 8_000


def found(said: Said, word: str, sound: SoundCover = SoundCover.SENTENCE) -> Cover:
    start = said.text.index(word)
    return Cover(Place(said.utterance_id, start, start + len(word)), sound)


def test_names_and_numbers_are_suggested_and_a_name_again_where_it_stands_alone() -> None:
    told = [(one.place.utterance_id, one.kind) for one in suggested([SAID, AGAIN])]

    assert ("c.c0", "氏名") in told
    assert ("c.c0", "電話番号") in told
    assert ("c.c9", KNOWN) in told or ("c.c9", "氏名") in told


def test_the_length_of_what_was_covered_is_not_told() -> None:
    short, long = found(SAID, "山田"), found(SAID, "090-1234-5678")

    assert blackened([SAID], [short]) == [f"隣の{BLACK}さんの番号は090-1234-5678です"]
    assert blackened([SAID], [long]) == [f"隣の山田さんの番号は{BLACK}です"]
    assert blackened([SAID], [short, long, found(SAID, "山田さん")]) == [
        f"隣の{BLACK}の番号は{BLACK}です"
    ]


def test_a_tone_covers_the_sentence_and_its_echo_or_a_second_around_the_words() -> None:
    whole = covered_ms([SAID], [found(SAID, "山田")])
    near = covered_ms([SAID], [found(SAID, "山田", SoundCover.WORDS)])

    assert whole == [(2_000 - BEYOND_MS, 8_000 + BEYOND_MS)]
    begin_ms, end_ms = near[0]
    assert 2_000 - BEYOND_MS <= begin_ms < 2_500
    assert 3_000 < end_ms < 8_000


def test_a_tone_does_not_begin_before_the_call() -> None:
    first = Said("c.c0", "caller", 100, 900, "山田です")

    assert covered_ms([first], [found(first, "山田")]) == [(0, 900 + BEYOND_MS)]


def test_places_are_counted_as_a_reader_sees_them() -> None:
    twice = [found(SAID, "山田"), found(SAID, "山田さん"), found(SAID, "山田")]

    places = places_covered([SAID, AGAIN], [*twice, found(AGAIN, "山田")])

    assert places == "".join(blackened([SAID, AGAIN], [*twice, found(AGAIN, "山田")])).count(BLACK)


def test_what_somebody_reads_covered_is_covered_also_where_nothing_would_be_suggested() -> None:
    # Heard in one order, read in another: what answers a question is then told apart otherwise.
    answer = Said("c.c1", "caller", 1_000, 5_000, "1234567です")
    asked = Said("c.o1", "operator", 2_000, 3_000, "電話番号を教えてください")
    sight = sight_of_lines([Line(one.track, one.text) for one in (asked, answer)])
    assert sight.of(answer.text) != answer.text
    assert not suggested([answer, asked])

    text = blackened([answer, asked], map(Cover, unseen([answer, asked], sight)))[0]

    assert text == f"{BLACK}です"


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 20_000)), max_size=4))
def test_every_sample_within_is_the_tone_and_every_other_is_as_it_was(
    ranges: list[tuple[int, int]],
) -> None:
    covered = [(begin, end) for begin, end in ranges if begin < end]
    woven = np.random.default_rng(7).integers(0, 256, FRAMES * 2, np.uint8).tobytes()

    copy = np.frombuffer(toned(woven, 0, covered), np.uint8).reshape(-1, 2)

    inside = np.zeros(FRAMES, bool)
    for begin, end in covered:
        inside[begin * 8 : end * 8] = True
    before = np.frombuffer(woven, np.uint8).reshape(-1, 2)
    assert (copy[~inside] == before[~inside]).all()
    assert (copy[inside, 0] == copy[inside, 1]).all()
    tone = decode(Encoding.MULAW, toned(bytes(FRAMES * 2), 0, [(0, 20_000)]))[::2]
    assert (
        np.abs(decode(Encoding.MULAW, copy[:, 0].tobytes())[inside] - tone[inside]).max(initial=0)
        == 0
    )


@given(st.integers(1, FRAMES - 1))
def test_a_recording_toned_in_pieces_is_the_same_as_toned_at_once(cut: int) -> None:
    woven = bytes(range(256)) * (FRAMES * 2 // 256)
    covered = [(500, 1_500), (9_000, 19_999)]

    pieces = toned(woven[: cut * 2], 0, covered) + toned(woven[cut * 2 :], cut, covered)

    assert pieces == toned(woven, 0, covered)


def test_nothing_of_what_is_covered_is_in_the_printed_copy() -> None:
    now = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    said = [Said("c.c0", "caller", 2_000, 8_000, "隣の鷲尾さんの家です")]
    copy = Copy(
        call=Call(id="鷲", section="市民課", started_at=now, duration_ms=60_000),
        said=said,
        unheard=[Unheard("caller", 9_000, 12_000)],
        covers=[found(said[0], "鷲尾")],
        recording=None,
        office="江別市",
        reference="個開第12号",
        made_at=now,
    )

    document = document_of(copy)
    pdf = pdf_of(document)

    lines = document.blocks[-1]
    assert isinstance(lines, Quotes)
    assert ("0:00:09", "相手方", NOT_HEARD) in lines.rows
    assert {"隣", "家", "■"} <= letters_of(pdf)
    assert not {"鷲", "尾"} & letters_of(pdf)
