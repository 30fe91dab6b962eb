"""Glue: the command ``mimamori``. Each subject lives in a module of its own."""

from __future__ import annotations

import sys

import typer

from app.bench.command import bench_app
from app.cli.announcement import announcement_app
from app.cli.database_roles import database_roles
from app.cli.demo import demo
from app.cli.evaluate import evaluate_app
from app.cli.export import export
from app.cli.failures import explain
from app.cli.model import model_app
from app.cli.options import REFUSED
from app.cli.person import person_app
from app.cli.policy import policy_app
from app.cli.purge import purge
from app.cli.recordings import recordings_app
from app.cli.rules import rules
from app.cli.search_index import search_index
from app.cli.serve import serve
from app.cli.simulate import simulate
from app.cli.statistics import statistics
from app.cli.token import token_app
from app.cli.train import train
from app.cli.try_rules import try_rules
from app.cli.user import user_app
from app.cli.verify_audit import verify_audit

cli = typer.Typer(
    name="mimamori",
    help="通話を見守り、カスタマーハラスメントのおそれを職員に知らせます。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show local values, and those may be speech
)
cli.command("serve")(serve)
cli.command("demo")(demo)
cli.command("simulate")(simulate)
cli.command("rules")(rules)
cli.command("try-rules")(try_rules)
cli.command("train")(train)
cli.command("search-index")(search_index)
cli.command("verify-audit")(verify_audit)
cli.command("database-roles")(database_roles)
cli.command("statistics")(statistics)
cli.command("purge")(purge)
cli.command("export")(export)
cli.add_typer(user_app, name="user")
cli.add_typer(token_app, name="token")
cli.add_typer(model_app, name="model")
cli.add_typer(policy_app, name="policy")
cli.add_typer(person_app, name="person")
cli.add_typer(announcement_app, name="announcement")
cli.add_typer(recordings_app, name="recordings")
cli.add_typer(evaluate_app, name="evaluate")
cli.add_typer(bench_app, name="bench")


def main() -> None:
    """Run the command line; an expected failure is one line on standard error and exit code 2."""
    try:
        cli()
    except Exception as failed:
        line = explain(failed)
        if line is None:
            raise
        print(f"mimamori: {line}", file=sys.stderr)
        sys.exit(REFUSED)


if __name__ == "__main__":
    main()
