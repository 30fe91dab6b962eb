"""Glue: ``mimamori demo``: plays the shipped calls to a running server, as a telephone would."""

from __future__ import annotations

import itertools
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final
from uuid import uuid4

import anyio
import httpx
import typer

from app.cli.options import load_settings, open_administration, run
from app.demo.catalogue import DemoCall, demo_calls, demo_sound
from app.demo.people import SECTION, DemoPeople, open_demo_people
from app.demo.presence import demonstration_on
from app.errors import Unavailable
from app.settings import Settings
from app.simulate.native import CallSound, NativeTelephone, StreamClosed

READY_SECONDS: Final = 600
"""A first start joins the model and creates the tables."""
PAUSE_SECONDS: Final = 6


@dataclass(frozen=True, slots=True)
class Playing:
    url: str
    stream_url: str
    calls: Sequence[DemoCall]
    once: bool
    concurrent: int


def demo(
    url: Annotated[
        str | None, typer.Option(help="サーバーのアドレス(既定は MIMAMORI_PUBLIC_URL)。")
    ] = None,
    call: Annotated[
        list[str] | None, typer.Option("--call", help="再生する通話の id。繰り返し指定できます。")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="一巡したら終わります。")] = False,
    concurrent: Annotated[int, typer.Option(help="同時に再生する通話の数。", min=1, max=64)] = 1,
    list_calls: Annotated[
        bool, typer.Option("--list", help="収録されている通話を表示します。")
    ] = False,
) -> None:
    """収録済みの通話を、動いているサーバーへ実時間で流します。デモ用の職員でサインインして画面をご覧ください。"""
    if list_calls:
        for shipped in demo_calls():
            print(f"{shipped.call_id:22} {shipped.title}({seconds_of(shipped)} 秒)")
        return
    settings = load_settings()
    address = (url or settings.public_url).rstrip("/")
    playing = Playing(
        url=address,
        stream_url="ws" + address.removeprefix("http") + "/v1/stream/native",
        calls=_chosen(call),
        once=once,
        concurrent=concurrent,
    )
    run(partial(_demo, settings, playing))
    say("デモを終わりました。")


def _chosen(wanted: Sequence[str] | None) -> Sequence[DemoCall]:
    shipped = demo_calls()
    if not wanted:
        return shipped
    by_id = {item.call_id: item for item in shipped}
    unknown = [name for name in wanted if name not in by_id]
    if unknown:
        raise typer.BadParameter(
            f"{'、'.join(unknown)} という通話はありません。--list で一覧を表示できます。"
        )
    return [by_id[name] for name in wanted]


async def _demo(settings: Settings, playing: Playing) -> None:
    async with anyio.create_task_group() as tasks:
        stopping = anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM)

        async def stop_on_signal(signals: AsyncIterator[signal.Signals]) -> None:
            async for _ in signals:
                tasks.cancel_scope.cancel()

        # From the start: whoever tires of waiting for the server wants no traceback either.
        with stopping as signals:
            tasks.start_soon(stop_on_signal, signals)
            await _wait_until_ready(playing.url)
            await _demonstrate(settings, playing)
        tasks.cancel_scope.cancel()


async def _demonstrate(settings: Settings, playing: Playing) -> None:
    with demonstration_on(settings.data_dir):
        async with (
            open_administration(settings) as administration,
            open_demo_people(administration, SECTION) as people,
            anyio.create_task_group() as lines,
        ):
            _greet(playing.url, people)
            for line in range(playing.concurrent):
                lines.start_soon(
                    _play_all, playing, people.operator_login, people.stream_token, line
                )


async def _play_all(playing: Playing, operator: str, token: str, line: int) -> None:
    rounds = itertools.count() if not playing.once else range(1)
    await anyio.sleep(line * 1.7)  # telephones do not ring in step
    for _ in rounds:
        for shipped in playing.calls:
            await _play(playing, shipped, operator, token)
            await anyio.sleep(PAUSE_SECONDS)


async def _play(playing: Playing, shipped: DemoCall, operator: str, token: str) -> None:
    say(f"▶ {shipped.title}")
    telephone = NativeTelephone(
        url=playing.stream_url,
        token=token,
        sound=CallSound(demo_sound(shipped.call_id)),
        call_id=f"demo-{shipped.call_id}-{uuid4().hex[:8]}",
        operator=operator,
        caller_number="デモ",
        metadata={"demo": shipped.call_id},
    )
    try:
        await telephone.play()
    except StreamClosed as closed:
        say(f"  通話が切れました: {closed}")
        await anyio.sleep(PAUSE_SECONDS)


async def _wait_until_ready(url: str) -> None:
    """Wait for the server, which may still be preparing its model.

    Raises:
        Unavailable: it did not become ready.
    """
    with anyio.move_on_after(READY_SECONDS):
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            while True:
                try:
                    answer = await client.get(f"{url}/readyz")
                except httpx.HTTPError:
                    answer = None
                if answer is not None and answer.status_code == httpx.codes.OK:
                    return
                await anyio.sleep(0.5)
    raise Unavailable(
        "server_not_ready",
        f"{url} のサーバーが準備できません。別の端末で mimamori serve を実行してください。",
    )


def _greet(url: str, people: DemoPeople) -> None:
    say("─" * 60)
    say(f"デモを始めます。{url} を開き、次のどちらかでサインインしてください。")
    say(f"  オペレーター   {people.operator_login}   {people.operator_password}")
    say(f"  監督者         {people.supervisor_login}   {people.supervisor_password}")
    say("「通話一覧」から「通話中」の通話を開くと、文字起こしとおそれの表示が届きます。")
    say("─" * 60)


def seconds_of(shipped: DemoCall) -> int:
    return CallSound(demo_sound(shipped.call_id)).duration_ms // 1000


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
