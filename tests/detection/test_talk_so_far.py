"""What of a call its findings may point back to: the caller's last words, and what the operator answered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detection.talk_so_far import MOST_ANSWERS, MOST_SAID, TalkSoFar
from detection.types import Assessment, Cue, Speaker, Utterance


def caller(text: str, at_ms: int) -> tuple[Utterance, Assessment]:
    name = f"c{at_ms}"
    return Utterance(name, Speaker.CALLER, text, at_ms, at_ms + 2_000), Assessment(name, (), ())


def operator(text: str, at_ms: int, *cues: Cue) -> tuple[Utterance, Assessment]:
    name = f"o{at_ms}"
    return Utterance(name, Speaker.OPERATOR, text, at_ms, at_ms + 2_000), Assessment(name, (), cues)


def talk(*turns: tuple[Utterance, Assessment]) -> TalkSoFar:
    so_far = TalkSoFar()
    for utterance, assessment in turns:
        so_far = so_far.after(utterance, assessment)
    return so_far


def test_explanations_and_refusals_are_answers_and_nothing_else_is() -> None:
    so_far = talk(
        operator("お名前をお願いします", 0),
        operator("分別が違うためです", 5_000, Cue.ANSWER),
        operator("回収はできません", 9_000, Cue.REFUSAL),
        operator("大きな声はお控えください", 12_000, Cue.ASKED_TO_STOP),
    )

    assert [(a.at_ms, a.words, a.refused) for a in so_far.answers] == [
        (5_000, "分別が違うためです", False),
        (9_000, "回収はできません", True),
    ]


def test_words_that_were_said_twice_are_found_where_they_were_said_last() -> None:
    so_far = talk(
        caller("来てください", 0), caller("そうですか", 4_000), caller("来てください", 9_000)
    )

    found = so_far.last_saying("来てください")

    assert found is not None
    assert found.start_ms == 9_000
    assert so_far.last_saying("来い") is None


@given(order=st.permutations(range(8)))
def test_the_order_in_which_words_arrive_does_not_matter(order: list[int]) -> None:
    turns = [
        caller(str(at), at * 1_000) if at % 2 else operator(str(at), at * 1_000, Cue.REFUSAL)
        for at in range(8)
    ]

    assert talk(*(turns[at] for at in order)) == talk(*turns)


def test_a_long_call_is_remembered_by_its_end() -> None:
    turns = [caller(str(at), at * 1_000) for at in range(200)]
    turns += [operator(str(at), at * 1_000 + 500, Cue.ANSWER) for at in range(200)]

    so_far = talk(*turns)

    assert (len(so_far.said), len(so_far.answers)) == (MOST_SAID, MOST_ANSWERS)
    assert so_far.said[-1].text == so_far.answers[-1].words == "199"
