"""Facts about the office's rules and the files that state them."""

from __future__ import annotations

from pathlib import Path

import pytest

from detection.errors import PolicyInvalid, PolicyNotFound
from detection.policy import CLAUSES, parse_policy
from detection.policy_files import DEFAULT_POLICY, load_policy, policy_names
from detection.types import Category, Severity

HEAD = 'name = "x"\nversion = "x-1"\ntitle = "試験"\n'
MINUTE_MS = 60_000


def test_every_shipped_policy_is_valid_and_named_after_its_file() -> None:
    policies = {name: load_policy(name) for name in policy_names()}

    assert set(policies) == {"ebetsu", "kumamoto", "saga", "sapporo"}
    assert all(name == policy.name for name, policy in policies.items())
    assert len({policy.version for policy in policies.values()}) == len(policies)


def test_ebetsu_enforces_no_time_limit_until_the_city_sets_one() -> None:
    policy = load_policy(DEFAULT_POLICY)

    assert policy.name == "ebetsu"
    assert policy.held_limit_ms is None
    assert policy.held_after_abuse_limit_ms is None
    assert policy.stalemate_limit_ms is None


def test_the_presets_hold_the_published_numbers() -> None:
    kumamoto, sapporo, saga = (load_policy(name) for name in ("kumamoto", "sapporo", "saga"))

    assert kumamoto.held_limit_ms == 30 * MINUTE_MS
    assert kumamoto.held_after_abuse_limit_ms == 15 * MINUTE_MS
    assert (sapporo.held_limit_ms, sapporo.stalemate_limit_ms) == (None, 30 * MINUTE_MS)
    assert (saga.warnings_before_close, saga.requests_count) == (3, True)


def test_every_category_has_its_clause() -> None:
    assert set(CLAUSES) == set(Category)
    assert all(CLAUSES.values())


def test_a_policy_may_be_an_offices_own_file(tmp_path: Path) -> None:
    own = tmp_path / "our-office.toml"
    own.write_text(HEAD + "[minutes]\nheld = 20\n", encoding="utf-8")

    policy = load_policy(own)

    assert (policy.name, policy.held_limit_ms) == ("x", 20 * MINUTE_MS)


def test_a_name_that_does_not_exist_is_answered_with_those_that_do() -> None:
    with pytest.raises(PolicyNotFound, match=r"'sendai'.*ebetsu, kumamoto, saga, sapporo"):
        load_policy("sendai")


def test_a_file_in_another_encoding_is_refused_by_name(tmp_path: Path) -> None:
    own = tmp_path / "sjis.toml"
    own.write_bytes('name = "試験"'.encode("shift_jis"))

    with pytest.raises(PolicyInvalid, match=r"sjis\.toml: not UTF-8"):
        load_policy(own)


def test_scores_and_forgiven_demands_are_read_by_category() -> None:
    policy = parse_policy(
        HEAD
        + '[minimum_scores]\nsexual = 0.4\n[demands]\nforgiven_once = ["apology"]\n'
        + "[levels]\nfirst_severe_level = 1\n[doubt]\nconfidence_below = 1",
        "x.toml",
    )

    assert policy.minimum_score(Category.SEXUAL) == 0.4
    assert policy.minimum_score(Category.APOLOGY) == 0.5
    assert policy.forgiven_once == {Category.APOLOGY}
    assert policy.first_severe_level is Severity.CAUTION


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name = ", "not valid TOML"),
        ('version = "1"\ntitle = "t"', "'name' must be a text"),
        (HEAD + "colour = 1", "unknown key 'colour'"),
        (HEAD + "[minutes]\nhold = 3", "unknown key 'minutes.hold'; known: held"),
        (HEAD + "[minutes]\nheld = 0", "'minutes.held' must be 1 to 600, not 0"),
        (HEAD + '[minutes]\nheld = "30"', "'minutes.held' must be a whole number"),
        (HEAD + "[alerts]\nshown = 4", "'alerts.shown' must be 1 to 3, not 4"),
        (HEAD + "[alerts]\nshown = true", "'alerts.shown' must be a whole number"),
        (HEAD + "[repetition]\nsame_demand = 1.5", "'repetition.same_demand' must be 0.1 to 1"),
        (HEAD + "[warnings]\nrequests_count = 1", "'warnings.requests_count' must be true or"),
        (HEAD + "[minimum_scores]\nrude = 0.5", "unknown key 'minimum_scores.rude'"),
        (HEAD + "[minimum_scores]\nsexual = 2", "'minimum_scores.sexual' must be 0 to 1"),
        (HEAD + '[demands]\nforgiven_once = ["x"]', "'demands.forgiven_once' must list"),
        (HEAD + "minutes = 3", "'minutes' must be a table"),
    ],
)
def test_a_broken_file_is_refused_by_file_and_key(text: str, complaint: str) -> None:
    with pytest.raises(PolicyInvalid) as refused:
        parse_policy(text, "x.toml")

    assert str(refused.value).startswith("x.toml: ")
    assert complaint in str(refused.value)
