"""Facts about ``mimamori policy`` on the command line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from typer.testing import CliRunner, Result

from app.cli.main import cli
from app.cli.policy_words import fault_line, fault_words
from detection.errors import PolicyInvalid
from detection.policy import Policy
from detection.policy_faults import Fault, FaultKind
from detection.policy_files import load_policy, policy_names
from detection.policy_keys import KEYS, SECTIONS
from detection.policy_reading import parse_policy
from detection.policy_writing import policy_toml
from detection.toml_places import Place
from tests.detection.policies import policies

RUNNER = CliRunner()
PAGE = Path(__file__).resolve().parents[2] / "docs" / "policies.md"
HEAD = 'name = "own"\nversion = "own-1"\ntitle = "自庁の方針"\n'


def policy(*arguments: str | Path) -> Result:
    return RUNNER.invoke(cli, ["policy", *map(str, arguments)])


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "own.toml"
    file.write_text(HEAD + "[minutes]\nheld = 20\n", encoding="utf-8")
    return file


def test_every_shipped_policy_is_listed_with_its_limits() -> None:
    result = policy("list")

    assert result.exit_code == 0
    assert all(f"{load_policy(name).version})" in result.stdout for name in policy_names())
    assert "ebetsu(設定中): 江別市職員カスタマーハラスメント対策基本方針" in result.stdout
    assert "話が進まない通話の上限 30分、暴言などが繰り返された通話の上限 15分" in result.stdout


def test_the_list_as_json_is_one_object() -> None:
    told = json.loads(policy("list", "--json").stdout)

    assert [listed["name"] for listed in told["policies"]] == list(policy_names())
    assert (told["default"], told["in_use"]) == ("ebetsu", "ebetsu")
    assert told["policies"][3]["minutes"] == {
        "held": None,
        "held_after_abuse": None,
        "stalemate": 30,
    }


def test_a_list_names_the_offices_own_file_where_that_is_set(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIMAMORI_DETECTION__POLICY", str(own))

    result = policy("list")

    assert f"設定中の基本方針は {own} です。" in result.stdout


@pytest.mark.parametrize("name", policy_names())
def test_what_is_shown_is_a_file_that_says_the_same(name: str) -> None:
    shown = policy("show", name).stdout

    assert parse_policy(shown, "shown.toml") == load_policy(name)


def test_a_policy_as_json_holds_every_key_of_a_file(own: Path) -> None:
    told = json.loads(policy("show", own, "--json").stdout)["policy"]

    assert told["title"] == "自庁の方針"
    assert told["minutes"] == {"held": 20, "held_after_abuse": None, "stalemate": None}
    assert {f"{section}.{key}" for section in SECTIONS for key in told[section]} == {
        key.path for key in KEYS
    }


def test_a_right_file_is_told_to_be_right(own: Path) -> None:
    result = policy("check", own)

    assert result.exit_code == 0
    assert result.stdout == "own.toml: 誤りはありません(自庁の方針、own-1)。\n"


def test_a_wrong_file_is_told_with_every_fault_by_its_line(own: Path) -> None:
    own.write_text(HEAD + "[minutes]\nheld = 0\nhold = 3\n", encoding="utf-8")

    result = policy("check", own)

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "own.toml 5行目: minutes.held は 1〜600 の間で書いてください(0 と書かれています)",
        (
            "own.toml 6行目: minutes.hold という項目はありません。"
            "書けるのは held、held_after_abuse、stalemate です(minutes.held のことではありませんか)"
        ),
        "own.toml: 誤りが2件あります。直してから、もう一度調べてください。",
    ]


def test_faults_as_json_have_place_key_found_and_allowed(own: Path) -> None:
    own.write_text(HEAD + "[categories]\noff = ['physical_attack']\n", encoding="utf-8")

    result = policy("check", own, "--json")

    told = json.loads(result.stdout)
    (problem,) = told["problems"]
    assert (result.exit_code, told["valid"], told["version"]) == (1, False, None)
    assert (problem["line"], problem["column"], problem["key"]) == (5, 8, "categories.off")
    assert (problem["kind"], problem["found"]) == ("hides_harm", '"physical_attack"')


def test_what_is_allowed_but_hardly_meant_is_remarked_upon(own: Path) -> None:
    copied = policy_toml(load_policy("kumamoto"))
    later = copied.replace("held_after_abuse = 15", "held_after_abuse = 40")
    own.write_text(later.replace("off = []", 'off = ["sexual"]'), encoding="utf-8")

    result = policy("check", own)

    assert result.exit_code == 0
    assert 'version = "kumamoto-2025-01" は付属の方針と同じですが' in result.stdout
    assert "minutes.held_after_abuse が minutes.held より短くない" in result.stdout
    assert "sexual は判定しません" in result.stdout


@pytest.mark.parametrize("name", ["missing.toml", "policy.txt"])
def test_a_file_that_cannot_be_checked_is_told_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "policy.txt").write_text(HEAD, encoding="utf-8")

    result = policy("check", tmp_path / name)

    assert result.exit_code == 2
    assert f"{name} を読めません" in result.stderr


def test_two_policies_are_told_apart_key_by_key(own: Path) -> None:
    result = policy("diff", "kumamoto", own)

    lines = result.stdout.splitlines()
    assert "minutes.held(話が進まない通話の上限): 30分 → 20分" in lines
    assert (
        "minutes.held_after_abuse(暴言などが繰り返された通話の上限): 15分 → 書かれていない" in lines
    )


def test_a_difference_as_json_names_both_values() -> None:
    told = json.loads(policy("diff", "ebetsu", "saga", "--json").stdout)

    assert (told["a"], told["b"]) == ("ebetsu-2025-10-01", "saga-2024-10")
    assert {
        "key": "warnings.before_close",
        "label": "打ち切りの前に必要な警告",
        "unit": "回",
        "a": 1,
        "b": 3,
    } in told["differences"]


def test_a_policy_does_not_differ_from_itself() -> None:
    assert policy("diff", "saga", "saga").stdout == "違いはありません。\n"


def test_a_name_that_does_not_exist_is_answered_with_those_that_do() -> None:
    result = policy("show", "sendai")

    assert result.exit_code == 2
    assert "ebetsu、kumamoto、saga、sapporo" in result.stderr


@given(policies())
def test_whatever_is_taken_out_of_a_right_file_is_asked_for_again(whole: Policy) -> None:
    written = policy_toml(whole).partition("\ntitle = ")
    without_title = written[0] + "\nnote" + written[2].partition("\nnote")[2]

    with pytest.raises(PolicyInvalid) as told:
        parse_policy(without_title, "own.toml")

    assert [fault_line("own.toml", fault) for fault in told.value.faults] == [
        "own.toml 1行目: title がありません。最初の [見出し] より上に書いてください"
    ]


@pytest.mark.parametrize("kind", list(FaultKind))
def test_every_fault_has_words_in_japanese(kind: FaultKind) -> None:
    fault = Fault(Place(1, 1), kind, "minutes.held", "0", low=1, high=600, known=("held",))

    words = fault_words(fault)

    assert "{" not in words.replace("{…}", "")
    assert any("ぁ" <= letter <= "ん" for letter in words)


def test_the_page_tells_how_to_have_the_shipped_calls_and_how_many_they_are() -> None:
    page = PAGE.read_text(encoding="utf-8")
    told, command = re.findall(r'付属の (\d+) 通話.*?python -c "(.*?)" >', page, re.DOTALL)[0]

    run = [sys.executable, "-c", textwrap.dedent(f"    {command}").strip()]
    written = subprocess.run(run, capture_output=True, check=True, text=True).stdout

    assert len(written.splitlines()) == int(told)
    assert all(json.loads(line)["turns"] for line in written.splitlines())
