"""Glue: ``mimamori try-rules``: hears past calls again under changed rules and tells the differences; keeps nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import anyio.to_thread
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli.options import JsonOption, fail, load_settings, print_json, run
from app.clock import SystemClock
from app.db import Database
from app.feedback.repository import reviews
from app.feedback.reviews import switched_off
from app.japan import JAPAN
from app.judgements.repository import standing_of
from app.responses.live_scripts import with_approved
from app.responses.repository import approved_wordings
from app.responses.scripts import load_scripts, warning_sentences
from app.trail.acting import COMMAND_LINE, Acting, acting
from app.trail.chain import Deed
from app.trail.opening import open_trailed_database
from app.trail.writing import record
from app.trials.hearing import Compared, compare
from app.trials.policy_text import UnknownKey, with_values
from app.trials.repository import Range, calls_in, stored_call
from app.trials.rules import Rules, RulesSpec, open_rules
from app.trials.schemas import MOST_CALLS
from app.trials.states import Levels, Tally, tally
from detection.policy import Policy
from detection.policy_files import load_policy
from detection.policy_writing import policy_toml
from detection.rule_book import load_rule_book

LEVELS: Final = ("通常", "注意", "警告", "打ち切り・通報")
MOST_TOLD: Final = 20


def try_rules(
    policy: Annotated[
        str, typer.Option("--policy", help="試す基本方針の名前か TOML ファイル。省けば今のもの。")
    ] = "",
    value: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="項目=値", help="基本方針の一つの値を変えます(minutes.held=30)。"
        ),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="ルール", help="使わないルールの id。")
    ] = None,
    words: Annotated[
        Path | None, typer.Option("--words", help='加える言葉の一覧(kind = "findings" の TOML)。')
    ] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="この日からの通話。")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="この日までの通話。")
    ] = None,
    section: Annotated[str, typer.Option("--section", help="この課の通話だけ。")] = "",
    most: Annotated[
        int,
        typer.Option("--most", min=1, max=MOST_CALLS, help="多くてもこの件数(新しいものから)。"),
    ] = 500,
    as_json: JsonOption = False,
) -> None:
    """変えたルールを、終了した通話で試します。

    記録された言葉を、今のルールと変えたルールの両方でもう一度判定し、段階とお知らせがどう変わるかを数えます。
    監査担当者の判断があれば、「該当」なのに出なくなるもの、「非該当」で出なくなるものを先に示します。記録も、通話中の
    判定も変わりません。通話の言葉は表示しません。
    """
    settings = load_settings()
    chosen = Range(section, _day(since), _day(until, after=1), most)

    async def work() -> dict[str, Any]:
        current = load_policy(settings.detection.policy)
        changed = _changed(load_policy(policy) if policy else current, value or [])
        added = (_text_of(words),) if words is not None else ()
        async with open_trailed_database(settings, SystemClock()) as database:
            acting.set(Acting(COMMAND_LINE))
            before, after, calls = await _ready(
                database, current, changed, _known(without or []), added, chosen
            )
            return await _tried(database, before, after, calls, quiet=as_json)

    told = run(work)
    if as_json:
        current = settings.detection.policy
        print_json({"policy": {"before": current, "after": policy or current}, **told})
    else:
        _print(told)


async def _ready(
    database: Database,
    current: Policy,
    changed: str,
    without: Sequence[str],
    added: tuple[str, ...],
    chosen: Range,
) -> tuple[Rules, Rules, Sequence[str]]:
    async with database.transaction() as session:
        off = switched_off(await reviews(session)).rules
        shipped = load_scripts()
        scripts = with_approved(shipped, await approved_wordings(session))
        calls = await calls_in(session, chosen)
        await record(session, Deed("trial.command"))
    warnings = (*warning_sentences(shipped), *warning_sentences(scripts))
    book = load_rule_book()
    more = {(rule, category) for rule in without if (category := book.category_of(rule))}
    specs = (
        RulesSpec(policy_toml(current), tuple(sorted(off))),
        RulesSpec(changed, tuple(sorted(off | {(r, c.value) for r, c in more})), added),
    )
    before, after = [await anyio.to_thread.run_sync(open_rules, spec, warnings) for spec in specs]
    return before, after, calls


async def _tried(
    database: Database, before: Rules, after: Rules, calls: Sequence[str], *, quiet: bool
) -> dict[str, Any]:
    levels: list[Levels] = []
    lost: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=quiet) as bar:
        task = bar.add_task("試しています", total=len(calls))
        for call_id in calls:
            async with database.transaction() as session:
                call = await stored_call(session, call_id)
            if call is not None:
                try:
                    compared = await anyio.to_thread.run_sync(compare, call, before, after)
                    levels.append(_levels(call_id, compared))
                except Exception:  # noqa: BLE001 - this call is not comparable; the next may be
                    lost.append(call_id)
            bar.advance(task)
    async with database.transaction() as session:
        counted = tally(levels, await standing_of(session, calls))
    return {
        "calls": len(levels) + len(lost),
        "tally": asdict(counted),
        "not_comparable": lost,
        "differing": [asdict(one) for one in levels if one.differs],
    }


def _levels(call_id: str, one: Compared) -> Levels:
    return Levels(call_id, one.level_before, one.level_after, one.come, one.gone, one.differs)


def _changed(base: Policy, values: Sequence[str]) -> str:
    pairs = dict(one.split("=", 1) for one in values if "=" in one)
    if len(pairs) != len(values):
        fail(
            "--set には minutes.held=30 のように、項目と値を = でつないで、一つの項目につき一度だけ指定してください。"
        )
    if not pairs:
        return policy_toml(base)
    try:
        return with_values(base, pairs)[1]
    except UnknownKey as unknown:
        fail(
            f"基本方針に {unknown} という項目はありません。mimamori policy show で確かめてください。"
        )


def _text_of(words: Path) -> str:
    try:
        # Some editors put a mark before the first letter; the parser would stumble over it.
        return words.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        fail(f"{words.name} は UTF-8 の文字ではありません。UTF-8 で保存し直してください。")


def _known(rules: Sequence[str]) -> Sequence[str]:
    for rule in rules:
        if load_rule_book().category_of(rule) is None:
            fail(f"{rule} というルールはありません。mimamori rules で確かめてください。")
    return rules


def _day(day: datetime | None, *, after: int = 0) -> datetime | None:
    if day is None:
        return None
    return datetime.combine(day.date(), time.min, JAPAN) + timedelta(days=after)


def _print(told: dict[str, Any]) -> None:
    if not told["calls"]:
        typer.echo("この範囲に、終了した通話はありません。--since や --section を広げてください。")
        return
    count = Tally(**told["tally"])
    typer.echo(
        f"{told['calls']}件の通話で試しました(比べられなかったもの {len(told['not_comparable'])}件)。"
    )
    typer.echo(
        f"  該当と判断された{count.harassment}件のうち、お知らせが出なくなる: {count.harassment_missed}件"
    )
    typer.echo(
        f"  非該当と判断された{count.fair}件のうち、お知らせが出なくなる: {count.fair_relieved}件"
    )
    typer.echo(
        f"  新しくお知らせが出る: 該当 {count.harassment_found}件、非該当 {count.fair_alarmed}件"
    )
    typer.echo(f"  最高の段階が上がる {count.up}件、下がる {count.down}件、同じ {count.same}件")
    typer.echo(f"  お知らせの行 +{count.alerts_come} −{count.alerts_gone}")
    for one in told["differing"][:MOST_TOLD]:
        before, after = LEVELS[one["before"]], LEVELS[one["after"]]
        typer.echo(f"  {one['call_id']}: {before} → {after}")
    if len(told["differing"]) > MOST_TOLD:
        typer.echo(f"  ほか{len(told['differing']) - MOST_TOLD}件。--json ですべて書きます。")
