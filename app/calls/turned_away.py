"""Pure: the words with which a stream that wants to begin or resume a call is turned away."""

from __future__ import annotations

from app.calls.facts import CallFacts
from app.calls.protocol import CallStarted, Refusal, StreamRefused


def stopping() -> StreamRefused:
    return StreamRefused(
        Refusal.NOT_READY, "サーバーを停止しています。しばらくして接続し直してください。"
    )


def ended() -> StreamRefused:
    return StreamRefused(Refusal.CALL_ENDED, "この通話はすでに終了しています。")


def not_yours() -> StreamRefused:
    return StreamRefused(Refusal.NOT_ALLOWED, "この call_id の通話は別の接続元のものです。")


def check_same(started: CallStarted, facts: CallFacts, token_id: int, owner_id: int) -> None:
    if token_id != owner_id:
        raise not_yours()
    if (started.tracks, started.format) != (facts.tracks, facts.format):
        raise StreamRefused(
            Refusal.FORMAT_CHANGED,
            "再開する通話の tracks、encoding、rate は開始時と同じにしてください。",
        )
