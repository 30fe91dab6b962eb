"""Facts about the office's rules and the files that state them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.errors import PolicyInvalid, PolicyNotFound
from detection.policy import CLAUSES, FROM_THE_TALK, Policy
from detection.policy_faults import Fault, FaultKind
from detection.policy_files import DEFAULT_POLICY, load_policy, policy_names
from detection.policy_keys import KEYS, SECTIONS, TEXTS, Form, Key
from detection.policy_reading import parse_policy
from detection.policy_writing import differences, policy_toml, stated
from detection.toml_places import Place
from detection.types import Category, Severity
from tests.detection.policies import policies

HEAD = 'name = "x"\nversion = "x-1"\ntitle = "試験"\n'
MINUTE_MS = 60_000
PAGE = Path(__file__).resolve().parents[2] / "docs" / "policies.md"


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
    assert (saga.warnings_before_close, saga.requests_count) == (3, False)


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
    own.write_bytes('name = "x"\ntitle = "試験"'.encode("shift_jis"))

    with pytest.raises(PolicyInvalid, match=r"sjis\.toml, line 2: not UTF-8"):
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


def test_a_file_from_an_editor_that_marks_its_beginning_is_read(tmp_path: Path) -> None:
    own = tmp_path / "notepad.toml"
    own.write_bytes(
        b"\xef\xbb\xbf" + (HEAD + "[minutes]\nheld = 20\n").replace("\n", "\r\n").encode()
    )

    policy = load_policy(own)

    assert (policy.name, policy.held_limit_ms) == ("x", 20 * MINUTE_MS)


# What is wrong in a file


def refused(text: str) -> PolicyInvalid:
    with pytest.raises(PolicyInvalid) as told:
        parse_policy(text, "x.toml")
    return told.value


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name = ", "line 1, column 7: not valid TOML: Invalid value"),
        (HEAD + "[minutes\nheld = 3", "line 4, column 9: not valid TOML"),
        (HEAD + 'note = """never closed\n\n', "line 4, column 23: not valid TOML"),
        ('version = "1"\ntitle = "t"', "line 1: 'name' is missing"),
        ('name = "x"\nversion = " "\ntitle = "t"', "line 2: 'version' must be a text that is not"),
        (HEAD + "note = 3", "line 4: 'note' must be a text that is not empty, not 3"),
        (HEAD + "colour = 1", "line 4: unknown key 'colour'; known: name, version"),
        (HEAD + "[minute]", "line 4: unknown key 'minute'"),
        (HEAD + "held = 3", "did you mean 'minutes.held'?"),
        (HEAD + '[minutes]\ntitle = "x"', "did you mean 'title'?"),
        (HEAD + "[minutes]\nhold = 3", "line 5: unknown key 'minutes.hold'; known: held"),
        (HEAD + "[minutes]\nhold = 3", "did you mean 'minutes.held'?"),
        (HEAD + "[minutes]\n\nheld = 0", "line 6: 'minutes.held' must be 1 to 600, not 0"),
        (HEAD + "minutes.held = 601", "line 4: 'minutes.held' must be 1 to 600, not 601"),
        (HEAD + "minutes = {held = 0}", "line 4, column 12: 'minutes.held' must be 1 to 600"),
        (HEAD + '[minutes]\nheld = "30"', "'minutes.held' must be a whole number, 1 to 600, not"),
        (
            HEAD + "[minutes]\nheld = 1.5",
            "'minutes.held' must be a whole number, 1 to 600, not 1.5",
        ),
        (HEAD + "[alerts]\nshown = 4", "'alerts.shown' must be 1 to 3, not 4"),
        (HEAD + "[alerts]\nshown = true", "'alerts.shown' must be a whole number"),
        (
            HEAD + "[repetition]\nsame_demand = 1.5",
            "'repetition.same_demand' must be 0.1 to 1, not",
        ),
        (HEAD + "[doubt]\nscore_below = nan", "'doubt.score_below' must be 0 to 1, not nan"),
        (
            HEAD + "[doubt]\nscore_below = []",
            "'doubt.score_below' must be a number, 0 to 1, not []",
        ),
        (
            HEAD + "[warnings]\nrequests_count = 1",
            "'warnings.requests_count' must be true or false",
        ),
        (HEAD + "[minimum_scores]\nrude = 0.5", "unknown key 'minimum_scores.rude'"),
        (HEAD + "[minimum_scores]\nsexual = 2", "'minimum_scores.sexual' must be 0 to 1, not 2"),
        (HEAD + "[severity]\nsexual = 0", "'severity.sexual' must be 1 to 3, not 0"),
        (HEAD + '[demands]\nforgiven_once = ["x"]', "'demands.forgiven_once' must list categories"),
        (HEAD + '[demands]\nforgiven_once = ["x"]', "line 5, column 18: "),
        (HEAD + '[demands]\nforgiven_once = "x"', 'must be a list of categories, not "x"'),
        (HEAD + "minutes = 3", "line 4: 'minutes' must be a table, [minutes], not 3"),
        (HEAD + "[minimum_scores]\nphysical_attack = 0.6", "must be 0 to 0.5, not 0.6: threats of"),
        (HEAD + "[severity]\nphysical_attack = 2", "must be 3, not 2: threats of harm are never"),
        (
            HEAD.replace("x-1", "v" * 65),
            "line 2: 'version' must be one line of at most 64 characters",
        ),
        (HEAD.replace("x-1", r"a\u0000b"), "line 2: 'version' must be one line of at most 64"),
        (HEAD + "[minutes]\nheld = 0x" + "f" * 5_000, "must be 1 to 600, not 0xffff"),
        (
            HEAD + f"[demands]\nforgiven_once = [0x{'f' * 5_000}]",
            "must list categories, not 0xffff",
        ),
        (HEAD + "note = " + "[" * 3_000, "line 1: not valid TOML: "),
        (HEAD + "note = " + "1" * 5_000, "line 1: not valid TOML: "),
        (HEAD + "[[minutes]]\nheld = 3", "line 4: 'minutes' must be a table, [minutes], not […]"),
    ],
)
def test_a_fault_is_told_by_file_line_and_key_with_what_was_found_and_what_is_allowed(
    text: str, complaint: str
) -> None:
    said = str(refused(text)).splitlines()

    assert all(line.startswith("x.toml, line ") for line in said)
    assert any(complaint in line for line in said)


def test_however_deep_a_file_is_nested_it_is_refused_and_breaks_nothing() -> None:
    told = [refused(HEAD + "note = " + "[" * deep + "]" * deep) for deep in range(100, 600)]

    assert {fault.place.line for invalid in told for fault in invalid.faults} <= {1, 4}


def test_all_faults_of_a_file_are_told_at_once_in_the_order_of_its_lines() -> None:
    text = 'name = "x"\n[minutes]\nheld = 0\nhold = 3\n[categories]\noff = ["rude",\n"sexul"]\n'

    told = refused(text)

    assert [(f.place.line, f.kind) for f in told.faults] == [
        (1, FaultKind.MISSING),
        (1, FaultKind.MISSING),
        (3, FaultKind.OUT_OF_RANGE),
        (4, FaultKind.UNKNOWN_KEY),
        (6, FaultKind.NOT_A_CATEGORY),
        (7, FaultKind.NOT_A_CATEGORY),
    ]
    assert told.faults[2] == Fault(
        Place(3, 1), FaultKind.OUT_OF_RANGE, "minutes.held", "0", low=1, high=600
    )
    assert told.faults[-1].meant == "sexual"


@given(policies(), st.data())
def test_a_key_that_was_made_wrong_is_found_on_its_very_line(
    policy: Policy, data: st.DataObject
) -> None:
    lines = policy_toml(policy).split("\n")
    stated = [number for number, line in enumerate(lines) if line[0:1].isalpha()]
    spoilt = data.draw(st.sampled_from(stated))
    lines[spoilt] = lines[spoilt].partition(" = ")[0] + " = [07:32:00]"

    (fault,) = refused("\n".join(lines)).faults

    assert fault.place.line == spoilt + 1
    assert fault.key.rpartition(".")[2] == lines[spoilt].partition(" = ")[0]


@pytest.mark.parametrize(
    "rule",
    [
        '[categories]\noff = ["physical_attack"]',
        "[severity]\nphysical_attack = 2",
        "[minimum_scores]\nphysical_attack = 0.6",
        "[minimum_scores_by_severity]\nstop = 0.6",
    ],
)
def test_no_office_can_switch_off_threats_of_harm_or_hold_them_down(rule: str) -> None:
    told = refused(HEAD + rule)

    assert [fault.kind for fault in told.faults] == [FaultKind.HIDES_HARM]
    assert "line 5" in str(told)
    assert "threats of harm are never switched off or held down" in str(told)


@pytest.mark.parametrize("category", sorted(FROM_THE_TALK))
def test_repetition_and_time_are_not_set_by_category(category: Category) -> None:
    told = refused(HEAD + f'[categories]\noff = ["{category}"]\n[severity]\n{category} = 1')

    assert [fault.kind for fault in told.faults] == [FaultKind.FROM_THE_TALK] * 2
    assert "use [repetition], [minutes]" in str(told)


# What a file can say


def test_thresholds_caps_and_switched_off_categories_are_read() -> None:
    policy = parse_policy(
        HEAD + "[minimum_scores_by_severity]\ncaution = 0.6\nstop = 0.4\n"
        "[severity]\ndemand_unrelated = 1\nphysical_attack = 3\n"
        '[categories]\noff = ["sexual", "apology"]\n',
        "x.toml",
    )

    assert policy.minimum_scores_by_severity == {Severity.CAUTION: 0.6, Severity.STOP: 0.4}
    assert policy.severity_caps[Category.DEMAND_UNRELATED] is Severity.CAUTION
    assert policy.severity_caps[Category.PHYSICAL_ATTACK] is Severity.STOP
    assert policy.categories_off == {Category.SEXUAL, Category.APOLOGY}


def test_everything_that_a_policy_holds_can_be_said_in_a_file() -> None:
    sayable = {key.attribute for key in KEYS} | set(TEXTS)

    assert sayable == {f.name for f in fields(Policy)}
    assert {key.section for key in KEYS} == set(SECTIONS)
    assert len({key.path for key in KEYS}) == len(KEYS)


def rows_of_the_page() -> dict[str, list[str]]:
    """Return key -> unit, range and default, as the documentation has them."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "| `" in line]
    return {row[0].replace("`", ""): row[1:4] for row in rows if len(row) == 5}


def row_of(key: Key) -> list[str]:
    ranges = {Form.TRUTH: "true / false", Form.CATEGORIES: "分類の一覧"}
    default = key.stated(Policy(name="x", version="x", title="x"))
    words = {"None": "なし", "False": "false", "()": "[]"}
    said = "四つの要求" if key.path == "demands.forgiven_once" else str(default)
    allowed = ranges.get(key.form, f"{key.low:g}〜{key.high:g}")
    return [key.unit or "―", allowed, words.get(said, said)]


def test_every_key_is_documented_with_its_unit_range_and_default() -> None:
    documented = rows_of_the_page()

    single = {key.path: row_of(key) for key in KEYS if key.member is None}
    assert {path: documented.get(path) for path in single} == single
    assert set(documented) - set(single) == {
        "minimum_scores.分類",
        "minimum_scores_by_severity.重さ",
        "severity.分類",
    }


@given(policies())
def test_any_policy_written_down_and_read_again_is_the_same(policy: Policy) -> None:
    written = policy_toml(policy)

    assert parse_policy(written, "x.toml") == policy


@pytest.mark.parametrize("name", ["ebetsu", "kumamoto", "saga", "sapporo"])
def test_a_written_policy_names_every_key_also_those_left_to_their_defaults(name: str) -> None:
    written = policy_toml(load_policy(name))

    lines = [line.removeprefix("# ").partition(" = ")[0] for line in written.splitlines()]
    assert [line for line in lines if line and not line.startswith("[")] == [
        *TEXTS,
        *(key.name for key in KEYS),
    ]


def test_a_policy_differs_from_another_in_exactly_what_they_state_differently() -> None:
    kumamoto, sapporo = load_policy("kumamoto"), load_policy("sapporo")

    found = {d.key: (d.one, d.other) for d in differences(kumamoto, sapporo)}

    assert found.pop("name") == ("kumamoto", "sapporo")
    assert {key for key in found if "." not in key} <= set(TEXTS)
    assert {key: pair for key, pair in found.items() if "." in key} == {
        "minutes.held": (30, None),
        "minutes.held_after_abuse": (15, None),
        "minutes.stalemate": (None, 30),
    }


@given(policies(), policies())
def test_only_equal_policies_state_the_same(one: Policy, other: Policy) -> None:
    assert differences(one, one) == ()
    assert (differences(one, other) == ()) == (one == other)
    assert (stated(one) == stated(other)) == (one == other)
