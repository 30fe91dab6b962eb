"""Glue: finds what was said of persons: names, numbers, addresses. The words come from the dictionary.

What judging harassment needs is never covered: insults and threats name nobody. Nor are laws, sums,
days of papers, rooms and windows of the office.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from app.privacy.dates_and_mail import birth_dates, mail_addresses
from app.privacy.digits import plain, spoken_numbers
from app.privacy.name_words import USUAL
from app.privacy.number_kinds import kinds_of
from app.privacy.person_names import person_names
from app.privacy.places import addresses
from app.privacy.spans import Kind, PersonalSpan, in_order
from app.privacy.words import words_of

__all__ = ["MASK", "Kind", "PersonalSpan", "covered", "personal_spans"]

MASK: Final = "●"


def personal_spans(text: str, asked: str = "") -> tuple[PersonalSpan, ...]:
    """Return what tells of persons in *text*, in order, without overlaps.

    *asked* is what the other side said just before: a number after 「口座番号をお願いします」 is one of an account.
    What is left once they are covered holds none: to cover twice is to cover once.
    """
    if not text:
        return ()
    found: tuple[PersonalSpan, ...] = ()
    left = text
    while True:
        more = [span for span in _spans(left, asked) if left[span.start : span.end].strip(MASK)]
        if not more:
            return found
        found = in_order([*found, *more])
        left = covered(text, found)


def covered(text: str, spans: Iterable[PersonalSpan]) -> str:
    """Return *text*, as long as it was, without what stands in *spans*."""
    letters = list(text)
    for span in spans:
        letters[span.start : span.end] = MASK * (span.end - span.start)
    return "".join(letters)


def _spans(text: str, asked: str) -> tuple[PersonalSpan, ...]:
    written, asked_plainly = plain(text), plain(asked)
    as_in_dictionary = text.translate(USUAL)
    words = words_of(as_in_dictionary)
    found = [
        *mail_addresses(text),
        *birth_dates(written, asked_plainly),
        *addresses(written, words, asked_plainly),
        *person_names(as_in_dictionary, words, asked),
    ]
    taken = in_order(found)
    for number in spoken_numbers(written):
        if not any(span.start < number.end and number.start < span.end for span in taken):
            found.extend(kinds_of(number, written, asked_plainly))
    return in_order(found)
