"""The rules of the house that no linter knows: what every module, script, lock and page keeps to."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic import BaseModel

from app.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("app/", "asr/", "detection/")
LONGEST_MODULE_LINES = 400
LONGEST_DECISION_LINES = 60
LOCKS = ("constraints/run.txt", "constraints/dev.txt")
IN_OFFICE = ("offline-model", "postgres", "nats")
"""Extras that constraints/run.txt holds."""

pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists() or shutil.which("git") is None,
    reason="the house is looked at in a checkout, by the files that git tracks",
)


@cache
def tracked(*patterns: str) -> tuple[str, ...]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return tuple(name for name in listed.split("\0") if name and (ROOT / name).is_file())


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def package_modules() -> list[str]:
    return [name for name in tracked("*.py") if name.startswith(PACKAGES)]


# Modules


def test_no_module_is_longer_than_one_subject_needs() -> None:
    modules = [name for name in tracked("*.py", "*.js", "*.css") if not name.startswith("tests/")]

    lines = {name: text_of(name).count("\n") for name in modules}

    assert lines
    assert {name: n for name, n in lines.items() if n > LONGEST_MODULE_LINES} == {}


def test_every_module_says_first_what_kind_it_is() -> None:
    modules = [name for name in package_modules() if Path(name).name != "__init__.py"]

    silent = [
        name
        for name in modules
        if not re.match(
            r"(Pure|Ports?|Adapter|Glue): \S", ast.get_docstring(ast.parse(text_of(name))) or ""
        )
    ]

    assert modules
    assert silent == []


def calls_in(name: str) -> Iterator[tuple[str, int]]:
    """Return ``module.function`` of every call by attribute in a file, with its line."""
    for node in ast.walk(ast.parse(text_of(name))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            yield f"{node.func.value.id}.{node.func.attr}", node.lineno


def test_no_task_is_without_a_group_and_nobody_sleeps_to_wait() -> None:
    unwanted = {
        "asyncio.create_task",
        "asyncio.ensure_future",
        "asyncio.Queue",
        "asyncio.sleep",
        "time.sleep",
    }

    found = [
        f"{name}:{line} {call}"
        for name in package_modules()
        for call, line in calls_in(name)
        if call in unwanted
    ]

    assert found == []


def test_nothing_is_written_to_a_folder_that_all_share() -> None:
    shared = re.compile(r"""["'`]/(?:tmp|var/tmp)(?:/|["'`])""")

    found = [name for name in tracked("*.py", "*.js") if shared.search(text_of(name))]

    assert found == []


def test_every_file_of_the_packages_is_installed_with_them() -> None:
    project = tomllib.loads(text_of("pyproject.toml"))
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    files = [Path(name) for name in tracked() if name.startswith((*PACKAGES, "migrations/"))]

    left_out = [
        str(path)
        for path in files
        if path.suffix != ".py" and not any(path.match(pattern) for pattern in patterns)
    ]

    assert files
    assert left_out == []


# Files


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    # Put together here, so that this file does not name them either.
    machine = re.compile(r"(^|[^\w.$}])/(" + "|".join(("work", "root", "home", "Users")) + r")/")

    found = []
    for name in tracked():
        try:
            text = text_of(name)
        except UnicodeDecodeError:
            continue
        found += [
            f"{name}:{number}"
            for number, line in enumerate(text.splitlines(), 1)
            if machine.search(line)
        ]

    assert found == []


def test_scripts_can_be_run_as_they_are() -> None:
    commands = [
        name for name in tracked("scripts", ".ci") if text_of(name).startswith("#!/usr/bin/env")
    ]

    assert {"scripts/run", "scripts/test", "scripts/check", "scripts/lock", ".ci/run"} <= {
        *commands
    }
    assert [name for name in commands if not os.access(ROOT / name, os.X_OK)] == []


def test_every_link_between_pages_leads_somewhere() -> None:
    links = [
        (page, target)
        for page in tracked("*.md")
        for target in re.findall(r"\]\(([^)#\s]+)", text_of(page))
        if "://" not in target
    ]

    assert links
    assert [link for link in links if not (ROOT / link[0]).parent.joinpath(link[1]).exists()] == []


def test_every_decision_fits_its_page_and_has_its_parts() -> None:
    decisions = tracked("docs/decisions/*.md")
    parts = ["## Context", "## Decision", "## Consequences", "## Alternatives"]

    wrong = [
        name
        for name in decisions
        if [line for line in text_of(name).splitlines() if line.startswith("## ")] != parts
        or text_of(name).count("\n") > LONGEST_DECISION_LINES
        or not text_of(name).startswith(f"# {Path(name).name[:4]} ")
        or Path(name).name not in text_of("docs/README.md")
    ]

    assert decisions
    assert wrong == []


def test_the_changelog_has_a_place_for_the_next_change() -> None:
    headings = re.findall(r"^## \[(.+?)\]", text_of("CHANGELOG.md"), re.MULTILINE)

    assert headings[:1] == ["Unreleased"]


# Settings


def documented_rows(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from documented_rows(inner, f"{prefix}{name.upper()}__")
        else:
            unset = "" if field.default is None else f"`{field.default}`"
            yield f"| `{prefix}{name.upper()}` | {unset} | {field.description} |"


def test_every_setting_is_documented_as_it_is() -> None:
    page = text_of("docs/settings.md").splitlines()
    written = [line for line in page if line.startswith("| `MIMAMORI_")]

    assert written == list(documented_rows(Settings, "MIMAMORI_"))


# Locks


def pins_in(lock: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", text_of(lock), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def wanted_by(lock: str) -> list[Requirement]:
    project = tomllib.loads(text_of("pyproject.toml"))
    extras = project["project"]["optional-dependencies"]
    names = IN_OFFICE if lock == "constraints/run.txt" else tuple(extras)
    lines = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    return [Requirement(line) for line in (*lines, *(e for name in names for e in extras[name]))]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_carries_hashes_and_only_wheels_are_taken(lock: str) -> None:
    text = text_of(lock)
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.replace("\\\n", " "))[1:]

    assert text.startswith("--only-binary :all:\n")
    assert len(entries) == len(pins_in(lock))
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_a_place(lock: str) -> None:
    assert re.findall(r".*(?:://|index-url|find-links|file:| @ |\s/).*", text_of(lock)) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_what_the_project_asks_for(lock: str) -> None:
    pins = pins_in(lock)

    unmet = [
        str(wanted)
        for wanted in wanted_by(lock)
        if pins.get(canonicalize_name(wanted.name)) is None
        or not wanted.specifier.contains(pins[canonicalize_name(wanted.name)])
    ]

    assert unmet == []


def test_what_is_tested_is_what_an_office_runs() -> None:
    run, dev = (pins_in(lock) for lock in LOCKS)

    assert {name: version for name, version in run.items() if dev.get(name) != version} == {}


def test_every_pinned_package_has_its_licence_noted() -> None:
    tables = [line for line in text_of("docs/licences.md").splitlines() if line.startswith("| ")]
    noted = {name for line in tables for name in re.findall(r"[a-z0-9][a-z0-9-]+", line)}

    assert sorted({*pins_in(LOCKS[1])} - noted) == []
