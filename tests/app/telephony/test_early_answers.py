"""An answer that comes before the stream of its call is kept for it, for a moment."""

from __future__ import annotations

from app.telephony.early_answers import KEPT_MS, MOST_CALLS, EarlyAnswers


def test_an_answer_is_taken_once_by_its_own_call() -> None:
    answers = EarlyAnswers()
    answers.note("twilio.1", 0)

    taken = [answers.take(name, 1) for name in ("twilio.2", "twilio.1", "twilio.1")]

    assert taken == [False, True, False]


def test_an_answer_is_soon_too_old_and_told_again_young() -> None:
    answers = EarlyAnswers()
    for name in ("old", "again", "young"):
        answers.note(name, 0)
    answers.note("again", 10)

    taken = [answers.take(name, KEPT_MS) for name in ("old", "again", "young")]

    assert taken == [False, True, False]
    assert len(answers) == 0


def test_no_more_are_kept_than_an_office_can_have() -> None:
    answers = EarlyAnswers()
    for number in range(MOST_CALLS + 1):
        answers.note(str(number), 0)

    assert len(answers) == MOST_CALLS
    assert (answers.take("0", 1), answers.take("1", 1)) == (False, True)
