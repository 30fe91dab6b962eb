"""Glue: ``mimamori policy``: the office's rules: which there are, what they say, whether a file is right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from app.cli.options import JsonOption, fail, load_settings, print_json, refusals
from app.cli.policy_words import fault_line, fault_words, stated_words
from detection.errors import PolicyInvalid
from detection.policy import Policy
from detection.policy_faults import Fault
from detection.policy_files import DEFAULT_POLICY, load_policy, policy_names
from detection.policy_keys import keys_of
from detection.policy_writing import differences, policy_toml, stated

policy_app = typer.Typer(help="基本方針(警告の回数や分数など)を調べます。", no_args_is_help=True)

FAULTY: Final = 1
"""Exit code of a check that found faults; a file that cannot be read ends with 2, as everywhere."""

PolicyArgument = Annotated[str, typer.Argument(help="基本方針の名前か TOML ファイル。")]


@policy_app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """付属の基本方針の一覧を表示します。"""
    in_use = load_settings().detection.policy
    with refusals():
        policies = [load_policy(name) for name in policy_names()]
    if as_json:
        listed = [_summary(policy) for policy in policies]
        print_json({"policies": listed, "default": DEFAULT_POLICY, "in_use": in_use})
        return
    for policy in policies:
        mark = "(設定中)" if policy.name == in_use else ""
        limits = "、".join(_limits(policy)) or "定めなし"
        typer.echo(f"{policy.name}{mark}: {policy.title}(版 {policy.version})")
        typer.echo(f"    打ち切りの前の警告 {policy.warnings_before_close}回、時間の上限 {limits}")
    if in_use not in policy_names():
        typer.echo(f"設定中の基本方針は {in_use} です。")


@policy_app.command("show")
def show(policy: PolicyArgument, as_json: JsonOption = False) -> None:
    """基本方針の全体を、書かれていない項目の既定値とともに TOML で表示します。

    ファイルに保存すれば、自庁の基本方針のひな型になります。
    """
    with refusals():
        rules = load_policy(policy)
    if as_json:
        print_json({"policy": stated(rules)})
    else:
        typer.echo(policy_toml(rules), nl=False)


@policy_app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="調べる TOML ファイル。")],
    as_json: JsonOption = False,
) -> None:
    """基本方針のファイルを調べ、誤りをすべて行番号とともに示します。

    誤りがあれば終了コードは 1、ファイルを読めなければ 2 です。
    """
    if not file.is_file() or file.suffix != ".toml":
        fail(f"{file} を読めません。.toml で終わる基本方針のファイルを指定してください。")
    rules: Policy | None = None
    faults: tuple[Fault, ...] = ()
    with refusals():
        try:
            rules = load_policy(file)
        except PolicyInvalid as invalid:
            faults = invalid.faults
    remarks = [] if rules is None else list(_remarks(rules))
    if as_json:
        print_json(_checked(file, rules, faults, remarks))
    else:
        for fault in faults:
            typer.echo(fault_line(file.name, fault))
        for remark in remarks:
            typer.echo(f"確認してください: {remark}")
        typer.echo(_verdict(file, rules, faults))
    if faults:
        raise typer.Exit(FAULTY)


@policy_app.command("diff")
def diff(one: PolicyArgument, other: PolicyArgument, as_json: JsonOption = False) -> None:
    """二つの基本方針の違いを表示します。"""
    with refusals():
        left, right = load_policy(one), load_policy(other)
    found = differences(left, right)
    if as_json:
        listed = [
            {"key": d.key, "label": d.label, "unit": d.unit, "a": d.one, "b": d.other}
            for d in found
        ]
        print_json({"a": left.version, "b": right.version, "differences": listed})
        return
    if not found:
        typer.echo("違いはありません。")
        return
    typer.echo(f"{one} → {other}")
    for d in found:
        left_words, right_words = (
            stated_words(value, d.unit) or "書かれていない" for value in (d.one, d.other)
        )
        label = f"({d.label})" if d.label else ""
        typer.echo(f"{d.key}{label}: {left_words} → {right_words}")


def _summary(policy: Policy) -> dict[str, Any]:
    return {
        "name": policy.name,
        "version": policy.version,
        "title": policy.title,
        "note": policy.note,
        "warnings_before_close": policy.warnings_before_close,
        "minutes": {key.name: key.stated(policy) for key in keys_of("minutes")},
    }


def _limits(policy: Policy) -> Iterator[str]:
    for key in keys_of("minutes"):
        value = key.stated(policy)
        if value is not None:
            yield f"{key.label} {stated_words(value, key.unit)}"


def _remarks(policy: Policy) -> Iterator[str]:
    """Yield what is allowed and yet may not be meant."""
    shipped = [load_policy(name) for name in policy_names()]
    for preset in shipped:
        if preset.version == policy.version and preset != policy:
            yield (
                f'version = "{policy.version}" は付属の方針と同じですが、中身が違います。'
                "記録から見分けられるよう、別の version にしてください"
            )
    held, after_abuse = policy.held_limit_ms, policy.held_after_abuse_limit_ms
    if held is not None and after_abuse is not None and after_abuse >= held:
        yield "minutes.held_after_abuse が minutes.held より短くないため、効きません"
    for category in sorted(policy.categories_off):
        yield f"{category} は判定しません(危害の予告を除く)"


def _checked(
    file: Path, policy: Policy | None, faults: tuple[Fault, ...], remarks: list[str]
) -> dict[str, Any]:
    return {
        "file": file.name,
        "valid": policy is not None,
        "version": None if policy is None else policy.version,
        "problems": [
            {
                "line": fault.place.line,
                "column": fault.place.column,
                "kind": fault.kind.value,
                "key": fault.key,
                "found": fault.found,
                "allowed": fault.allowed,
                "meant": fault.meant or None,
                "message": fault_words(fault),
            }
            for fault in faults
        ],
        "remarks": remarks,
    }


def _verdict(file: Path, policy: Policy | None, faults: tuple[Fault, ...]) -> str:
    if policy is None:
        return f"{file.name}: 誤りが{len(faults)}件あります。直してから、もう一度調べてください。"
    return f"{file.name}: 誤りはありません({policy.title}、{policy.version})。"
