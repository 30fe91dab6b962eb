"""Pure: which passwords are refused, and what the person is told.

Length counts, not kinds of characters: rules such as "one capital and one digit" make passwords worse.
Refused is only what a guesser tries first.
"""

from __future__ import annotations

import unicodedata
from typing import Final

SHORTEST: Final = 12
LONGEST: Final = 128

_RUNS: Final = (
    "abcdefghijklmnopqrstuvwxyz" * 2,
    "0123456789" * 3,
    "1234567890" * 3,
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
)
_COMMON_WORDS: Final = frozenset(
    {
        "admin",
        "administrator",
        "changeme",
        "dragon",
        "iloveyou",
        "kanrisha",
        "letmein",
        "login",
        "mimamori",
        "operator",
        "pass",
        "passw0rd",
        "password",
        "p@ssw0rd",
        "p@ssword",
        "qwerty",
        "secret",
        "shiyakusho",
        "sunshine",
        "supervisor",
        "welcome",
    }
)
_NOT_LETTERS: Final = "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ "


def normal_password(text: str) -> str:
    """Return *text* as it is hashed: full-width letters typed with the kana keyboard count as plain ones."""
    return unicodedata.normalize("NFKC", text)


def problem_with(password: str, *, login: str) -> str | None:
    """Return why *password* is refused for *login*, in words for that person; None when it will do."""
    text = normal_password(password)
    folded = text.casefold()
    if len(text) < SHORTEST:
        return f"パスワードは{SHORTEST}文字以上にしてください。"
    if len(text) > LONGEST:
        return f"パスワードは{LONGEST}文字以内にしてください。"
    if not text.isprintable():
        return "パスワードに使えない文字が含まれています。"
    # A name of one or two letters is in many good passwords by chance.
    if len(login) > 2 and login.casefold() in folded:
        return "ログイン名を含まないパスワードにしてください。"
    if len(set(folded)) < 5 or _repeats(folded):
        return "同じ文字や同じ並びの繰り返しは、推測されやすいため使えません。"
    if any(folded in run or folded[::-1] in run for run in _RUNS):
        return "文字の並び順どおりのパスワードは、推測されやすいため使えません。"
    if folded.strip(_NOT_LETTERS) in _COMMON_WORDS or not folded.strip(_NOT_LETTERS):
        return "よく使われる言葉や数字だけのパスワードは、推測されやすいため使えません。"
    return None


def _repeats(text: str) -> bool:
    """Tell whether *text* is one piece of up to six characters written again and again."""
    return any(
        text == (text[:length] * (len(text) // length + 1))[: len(text)]
        for length in range(1, min(6, len(text) // 2) + 1)
    )
