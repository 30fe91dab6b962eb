"""Passwords: which are refused, how they are kept, and the hash that is replaced when it is too weak."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.auth.credentials import new_one_time_password
from app.auth.identity import Role
from app.auth.password_rules import LONGEST, SHORTEST, normal_password, problem_with
from app.auth.passwords import PasswordHashing
from app.db import Database
from app.models import User
from tests.app.small_office import PASSWORD, Office


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("", "12文字以上"),
        ("elevenchars", "12文字以上"),
        ("x1" * 65, "128文字以内"),
        ("tanaka-no-himitsu", "ログイン名"),
        ("TANAKAの好きな食べ物いろいろ", "ログイン名"),
        ("aaaaaaaaaaaa", "繰り返し"),
        ("abcdeabcdeabcde", "繰り返し"),
        ("abcdefghijklm", "並び順"),
        ("321098765432", "並び順"),
        ("qwertyuiopas", "並び順"),
        ("password1234", "よく使われる"),
        ("Administrator!2026", "よく使われる"),
        ("201904012026", "よく使われる"),
        ("twelve\nletters", "使えない文字"),
    ],
)
def test_a_password_that_guessers_try_first_is_refused_in_words(password: str, said: str) -> None:
    problem = problem_with(password, login="tanaka")

    assert problem is not None
    assert said in problem


@pytest.mark.parametrize(
    "password", ["fields of green barley", "雪の朝に市役所まで歩いて通う", "k7mq-x3pd-9wva"]
)
def test_a_long_phrase_in_any_language_will_do(password: str) -> None:
    assert problem_with(password, login="tanaka") is None


@given(st.text(max_size=LONGEST + 20))
def test_no_password_that_passes_is_short_or_holds_control_characters(password: str) -> None:
    problem = problem_with(password, login="tanaka")

    text = normal_password(password)
    assert problem is not None or (SHORTEST <= len(text) <= LONGEST and text.isprintable())


def test_one_time_passwords_pass_the_rules_and_differ() -> None:
    made = [new_one_time_password() for _ in range(200)]

    assert [problem_with(password, login="tanaka") for password in made] == [None] * 200
    assert len(set(made)) == 200


async def test_a_password_is_the_same_typed_in_full_width() -> None:
    hashing = PasswordHashing(memory_kib=8)
    stored = await hashing.hash("fields of green barley")

    check = await hashing.check("ｆｉｅｌｄｓ　ｏｆ　ｇｒｅｅｎ　ｂａｒｌｅｙ", stored)

    assert check.correct


async def test_a_long_password_is_the_same_where_a_keyboard_sends_kana_in_two_parts(
    office: Office,
) -> None:
    await office.person("tanaka", Role.OPERATOR)
    composed = "がぎぐげござじずぜぞ" * 7 + "市役所の帰り道"
    in_two_parts = unicodedata.normalize("NFD", composed)
    browser = office.browser()
    await browser.sign_in("tanaka", PASSWORD)
    await browser.post("/password", {"current": PASSWORD, "new": composed, "again": composed})

    signed_in = await office.accounts.sign_in("tanaka", in_two_parts, address="")

    assert len(composed) < LONGEST < len(in_two_parts)
    assert signed_in.identity.login == "tanaka"


async def test_a_hash_made_now_needs_no_better_one_and_an_old_one_does() -> None:
    hashing, weaker = PasswordHashing(memory_kib=16), PasswordHashing(memory_kib=8)
    fresh, old = await hashing.hash(PASSWORD), await weaker.hash(PASSWORD)

    fresh_check, old_check = (
        await hashing.check(PASSWORD, fresh),
        await hashing.check(PASSWORD, old),
    )

    assert fresh_check.correct
    assert fresh_check.better_hash is None
    assert old_check.correct
    assert old_check.better_hash is not None
    assert "m=16," in old_check.better_hash


async def test_nobody_and_a_broken_hash_are_simply_wrong() -> None:
    hashing = PasswordHashing(memory_kib=8)

    nobody, broken = await hashing.check(PASSWORD, None), await hashing.check(PASSWORD, "plain")

    assert not nobody.correct
    assert not broken.correct


async def test_a_hash_made_with_weaker_parameters_is_replaced_at_sign_in(office: Office) -> None:
    await office.person("tanaka", Role.OPERATOR)
    weak = await PasswordHashing(memory_kib=16).hash(PASSWORD)
    async with office.database.transaction() as session:
        user = (await session.scalars(select(User).where(User.login == "tanaka"))).one()
        user.password_hash = weak

    await office.accounts.sign_in("tanaka", PASSWORD, address="")

    stored = await _password_hash(office.database, "tanaka")
    assert stored != weak
    assert "m=8," in stored


async def _password_hash(database: Database, login: str) -> str:
    async with database.transaction() as session:
        return (await session.scalars(select(User.password_hash).where(User.login == login))).one()
