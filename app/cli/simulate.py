"""Glue: ``mimamori simulate``: plays a recording to any server as an exchange of the chosen dialect would.

For integrators who try their set-up, and for our own tests. Nothing but the chosen server is spoken to.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit
from uuid import uuid4

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli.options import JsonOption, fail, print_json, run
from app.simulate.dialects import DIALECTS, SimulatedDialect, sound_of
from app.simulate.exchange import SimulatedCall, Trouble
from app.simulate.native import CallSound, StreamClosed
from asr.errors import AsrError
from asr.wav import read_wav

SECRET_VARIABLE: Final = "MIMAMORI_SIMULATE_SECRET"  # noqa: S105 - the name of a variable
FAILED: Final = 1
NEAREST: Final = "ws://127.0.0.1:8000"
NEAREST_AUDIOSOCKET: Final = "127.0.0.1:9092"
_TROUBLE: Final = "困ったときの動き"


def simulate(
    dialect: Annotated[str, typer.Argument(help="方言: " + "、".join(DIALECTS) + "。")],
    wav: Annotated[
        Path,
        typer.Option(help="再生する録音(wav)。左が相手の方、右が職員。モノラルは相手の方だけ。"),
    ],
    url: Annotated[
        str | None,
        typer.Option(
            help="サーバー。ws://ホスト:ポート(経路は方言から決まります)か、経路まで含むアドレス。"
            f"audiosocket は ホスト:ポート。既定は {NEAREST}、audiosocket は {NEAREST_AUDIOSOCKET}。"
        ),
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option(
            envvar=SECRET_VARIABLE,
            help="接続に使う秘密。ストリームトークン、Twilio の auth token、Genesys の client secret。"
            "コマンド履歴に残さないよう、環境変数で渡してください。",
        ),
    ] = None,
    key: Annotated[
        str, typer.Option(help="公開側の名前(Genesys の API キー、Basic の利用者名)。")
    ] = "",
    call_id: Annotated[
        str | None, typer.Option(help="交換機が付ける通話の名前(既定は毎回新しいもの)。")
    ] = None,
    from_number: Annotated[str, typer.Option("--from", help="かけた側の番号。")] = "",
    to_number: Annotated[str, typer.Option("--to", help="かけられた番号。")] = "",
    operator: Annotated[str, typer.Option(help="応対する職員のログイン名か内線。")] = "",
    metadata: Annotated[
        list[str] | None,
        typer.Option(help="通話に添える情報、名前=値。繰り返せます(Twilio の token など)。"),
    ] = None,
    jitter_ms: Annotated[
        int,
        typer.Option(
            min=0, help="各フレームを最大この時間だけ遅らせます。", rich_help_panel=_TROUBLE
        ),
    ] = 0,
    loss: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="この割合のフレームを送りません。", rich_help_panel=_TROUBLE
        ),
    ] = 0.0,
    reconnect_at_ms: Annotated[
        int | None,
        typer.Option(min=0, help="ここで接続を切り、つなぎ直します。", rich_help_panel=_TROUBLE),
    ] = None,
    late_start_ms: Annotated[
        int,
        typer.Option(
            min=0, help="開始の知らせを音声よりこれだけ遅らせます。", rich_help_panel=_TROUBLE
        ),
    ] = 0,
    wrong_signature: Annotated[
        bool, typer.Option(help="署名やトークンを誤らせます。", rich_help_panel=_TROUBLE)
    ] = False,
    seed: Annotated[
        int, typer.Option(help="同じ値なら同じ乱れになります。", rich_help_panel=_TROUBLE)
    ] = 1,
    speed: Annotated[
        float, typer.Option(min=0.1, max=20, help="再生の速さ。見るためのもので、測るときは 1。")
    ] = 1.0,
    as_json: JsonOption = False,
) -> None:
    """録音を、選んだ方言の交換機になりすましてサーバーへ流します。接続の設定を試すためのものです。

    ステレオの録音を実時間で送り、サーバーが受け取り終えると終了コード 0、断られると 1 で終わります。
    """
    chosen = DIALECTS.get(dialect)
    if chosen is None:
        fail(f"{dialect} という方言はありません。次から選んでください: {'、'.join(DIALECTS)}")
    if chosen.key_is and not key:
        fail(f"--key に{chosen.key_is}を指定してください。")
    # Whoever has a key may be set up with that alone; the server decides whether it takes it.
    if chosen.path and not secret and not chosen.key_is:
        fail(f"--secret か {SECRET_VARIABLE} に{chosen.proves_with}を指定してください。")
    trouble = Trouble(jitter_ms, loss, reconnect_at_ms, late_start_ms, wrong_signature, seed)
    for name in _without_effect(chosen, trouble):
        typer.echo(f"mimamori: {dialect} では --{name.replace('_', '-')} は働きません。", err=True)
    call = SimulatedCall(
        url=_address(url, chosen),
        sound=_sound(wav),
        call_id=call_id or str(uuid4()),
        from_number=from_number,
        to_number=to_number,
        operator=operator,
        secret=secret or "",
        key=key,
        metadata=_pairs(metadata or []),
        trouble=trouble,
        speed=speed,
    )
    _play(dialect, chosen, call, as_json=as_json)


def _play(dialect: str, chosen: SimulatedDialect, call: SimulatedCall, *, as_json: bool) -> None:
    refused: StreamClosed | None = None
    begun_at = time.monotonic()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} / {task.total:.0f} 秒"),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        disable=as_json or not sys.stderr.isatty(),
    ) as bar:
        shown = bar.add_task(f"{dialect} で再生中", total=call.sound.duration_ms / 1000)

        def tell(position_ms: int) -> None:
            bar.update(shown, completed=position_ms / 1000)

        exchange = chosen.new(_told(call, tell))
        try:
            run(partial(exchange.play))
        except StreamClosed as closed:
            refused = closed
    if as_json:
        print_json(_result(dialect, call, refused, time.monotonic() - begun_at))
    elif refused is None:
        typer.echo(f"{call.sound.duration_ms / 1000:.0f} 秒を送りました(通話 {call.call_id})。")
    if refused is not None:
        fail(_why(refused), FAILED)


def _told(call: SimulatedCall, tell: Callable[[int], None]) -> SimulatedCall:
    return replace(call, on_position=tell)


def _result(
    dialect: str, call: SimulatedCall, refused: StreamClosed | None, seconds: float
) -> dict[str, object]:
    return {
        "dialect": dialect,
        "call_id": call.call_id,
        "seconds": round(seconds, 2),
        "sound_ms": call.sound.duration_ms,
        "accepted": refused is None,
        "close_code": refused.close_code if refused else None,
        "code": refused.code if refused else None,
        "message": _said_by(refused) if refused else None,
    }


def _said_by(refused: StreamClosed) -> str:
    return refused.message or "サーバーが接続を閉じました。"


def _why(refused: StreamClosed) -> str:
    code = f"({refused.code}、{refused.close_code})" if refused.code else f"({refused.close_code})"
    return f"{_said_by(refused)}{code} docs/telephony/README.md に、断られた理由の一覧があります。"


def _without_effect(chosen: SimulatedDialect, asked: Trouble) -> list[str]:
    """Return the troubles that were asked for and that such an exchange cannot have."""
    calm = Trouble()
    return [
        each.name
        for each in fields(Trouble)
        if each.name in chosen.without and getattr(asked, each.name) != getattr(calm, each.name)
    ]


def _address(url: str | None, chosen: SimulatedDialect) -> str:
    if not chosen.path:
        return _host_and_port(url or NEAREST_AUDIOSOCKET)
    scheme, _, rest = (url or NEAREST).partition("://")
    scheme = {"http": "ws", "https": "wss"}.get(scheme, scheme)
    if scheme not in {"ws", "wss"} or not _names_a_host(f"{scheme}://{rest}"):
        fail("--url は ws://ホスト:ポート か wss://ホスト の形で指定してください。")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}{slash}{path}" if path else f"{scheme}://{host}{chosen.path}"


def _host_and_port(url: str) -> str:
    _, _, address = f"//{url}".rpartition("//")
    address = address.rstrip("/")
    if not _names_a_host(f"tcp://{address}") or urlsplit(f"tcp://{address}").port is None:
        fail("audiosocket の --url は ホスト:ポート の形で指定してください(例: 127.0.0.1:9092)。")
    return address


def _names_a_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _sound(path: Path) -> CallSound:
    try:
        return sound_of(read_wav(path))
    except (OSError, AsrError) as wrong:
        fail(f"{path} を読めません: {wrong}")


def _pairs(written: list[str]) -> dict[str, object]:
    pairs = dict(item.partition("=")[::2] for item in written)
    if "" in pairs or not all("=" in item for item in written):
        fail("--metadata は 名前=値 の形で指定してください。")
    return {**pairs}
