"""Glue: ``mimamori verify-audit``: whether the trail is as it was written."""

from __future__ import annotations

import re
from typing import Annotated, Final

import anyio.to_thread
import typer
from rich.console import Console
from rich.progress import Progress

from app.cli.options import JsonOption, fail, load_settings, print_json, run
from app.db import open_database
from app.trail.chain import Broken, End, Fault
from app.trail.opening import open_trail_keys
from app.trail.verifying import Verified, verify

BROKEN: Final = 1
"""Exit code of a trail that is not sound."""
_KNOWN: Final = re.compile(r"(\d{1,12}):([0-9a-f]{64})")
FAULTS: Final = {
    Fault.CHANGED: "内容が、記録されたときと違います",
    Fault.MISSING: "この番号の記録がありません",
    Fault.TORN: "前の記録とつながっていません",
    Fault.KEY_UNKNOWN: "この記録を確かめる鍵が trail_keys にありません",
    Fault.SHORTENED: "この番号から後の記録がありません",
}


def verify_audit(
    known: Annotated[
        str,
        typer.Option(
            "--known",
            metavar="番号:印",
            help="以前に控えた終わりの番号と印。そこまでの記録が変わっていないことも確かめます。",
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """操作の記録が、書かれたときのままであることを確かめます。

    記録は一つずつ前の記録とつながっていて、変える・抜く・差し込むと、その場所が分かります。最初に
    つながらなくなった番号を示し、終了コード 1 で終わります。最後に示す「番号:印」を紙などに
    控えておくと、後から --known で、終わりが切り取られていないことも確かめられます。
    """
    settings = load_settings()
    noted = _end(known)

    async def work() -> Verified:
        keys = await anyio.to_thread.run_sync(open_trail_keys, settings.data_dir)
        async with open_database(settings.async_database_url) as database:
            with Progress(console=Console(stderr=True), transient=True, disable=as_json) as bar:
                task = bar.add_task("確かめています", total=None)
                return await verify(
                    database,
                    keys,
                    known=noted,
                    progress=lambda done, of: bar.update(task, completed=done, total=of),
                )

    verified = run(work)
    if as_json:
        print_json(_shown(verified))
    else:
        typer.echo(_told(verified))
    if not verified.sound:
        raise typer.Exit(BROKEN)


def _end(known: str) -> End | None:
    if not known:
        return None
    found = _KNOWN.fullmatch(known.strip())
    if found is None:
        fail("--known には、以前に表示された「番号:印」をそのまま入力してください。")
    return End(int(found[1]), found[2])


def _told(verified: Verified) -> str:
    lines = []
    if verified.broken is not None:
        lines.append(f"{verified.broken.number} 番の記録: {FAULTS[verified.broken.fault]}。")
    lines += [
        f"{number} 番の記録が示す操作の内容が、後から変えられています。"
        for number in verified.altered
    ]
    if not lines:
        lines.append(f"{verified.links} 件の記録は、すべて書かれたときのままです。")
    lines.append(f"確かめた終わり {verified.end.number}:{verified.end.seal}")
    return "\n".join(lines)


def _shown(verified: Verified) -> dict[str, object]:
    broken: Broken | None = verified.broken
    return {
        "sound": verified.sound,
        "links": verified.links,
        "broken": None
        if broken is None
        else {"number": broken.number, "fault": broken.fault.value},
        "altered": list(verified.altered),
        "end": f"{verified.end.number}:{verified.end.seal}",
    }
