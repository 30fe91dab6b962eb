"""Pure: what screens cost, as lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_KINDS: Final = {
    "operator_call": "職員(通話の画面)",
    "operator_list": "職員(通話一覧)",
    "board": "監督者(全通話)",
}


def screens_table(result: Mapping[str, Any]) -> str:
    """Return the figures of ``mimamori bench screens`` for people."""
    cores, memory = result["cores"], result["memory_mb"]
    head = (
        f"{result['calls']} 通話、職員 {result['operators']} 画面、"
        f"監督者 {result['boards']} 画面、{result['rounds']} 回"
    )
    lines = [
        head,
        "書き込みの始まりから画面に届くまで",
    ]
    for kind, word in _KINDS.items():
        told, sent = result["event_latency_ms"][kind], result["messages_per_second"][kind]
        lines.append(f"  {word}  毎秒 {sent:.1f} 通  {_late(told)}")
    lines.append("言葉の終わりから知らせが届くまで")
    for name, key in (("職員", "operator"), ("監督者", "supervisor")):
        lines.append(f"  {name}  {_late(result['alert_latency_ms'][key])}")
        lines.append(f"  {name}(話の途中)  {_late(result['early_alert_latency_ms'][key])}")
    lines += [
        f"  画面なしのとき  {_late(one)}"
        for one in result["alert_latency_ms"]["supervisor_without_screens"]
    ]
    for half, word in (("without", "画面なし"), ("with_screens", "画面あり")):
        used = cores[half]
        lines.append(
            f"コア({word}): サーバー {used['server']:.3f}  認識 {used['recognisers']:.3f}  "
            f"この測定自身 {used['client']:.3f}"
        )
    closed = result["screens_closed"]
    memory_line = (
        f"メモリー: 開始 {memory['idle']} MB  画面を開いて {memory['idle_with_screens']} MB  "
        f"最大 画面なし {memory['max_without']} MB 画面あり {memory['max_with_screens']} MB  "
        f"1 画面 {memory['kilobytes_each_screen']} KB"
    )
    lost_line = (
        f"遅すぎて切られた画面 {closed['too_slow']}  "
        f"そのほか切れた画面 {sum(closed.values()) - closed['too_slow']}  "
        f"届かなかった出来事 {result['events_missed']}  二度届いた出来事 {result['events_repeated']}  "
        f"欠落 {result['gaps']}(画面なし {result['gaps_without']})"
    )
    return "\n".join([*lines, memory_line, lost_line]) + "\n"


def _late(told: Mapping[str, Any]) -> str:
    if not told["count"]:
        return "0 件"
    return f"p50 {told['p50']} ms  p95 {told['p95']} ms  最大 {told['max']} ms({told['count']} 件)"
