"""Pure: what the kinds of the trail are called. A kind without a word is shown by its family, and as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.screens.words import DEEDS

FAMILIES: Final[Mapping[str, str]] = {
    "account": "利用者の変更",
    "board": "見守り盤の閲覧",
    "call": "通話への操作",
    "events": "通話の動きの受信",
    "export": "書き出し",
    "findings": "検知の閲覧",
    "hold": "通話の保全",
    "judgement": "判断",
    "judgements": "判断の閲覧",
    "list": "一覧の閲覧",
    "measure": "対応制限",
    "notice": "お知らせの送信",
    "number": "電話番号",
    "person": "本人からの求め",
    "policy": "基本方針",
    "purge": "記録の削除",
    "record_key": "記録の鍵",
    "recording": "録音",
    "recordings": "録音",
    "report": "報告書",
    "reports": "報告書の閲覧",
    "retention": "保存期間",
    "review": "振り返り",
    "rule": "検知ルールの見直し",
    "search": "通話の検索",
    "sentence": "ご案内の文",
    "session": "サインイン",
    "statistics": "統計",
    "token": "トークン",
    "trail": "操作の記録",
    "trial": "ルールの試行",
}

KINDS: Final[Mapping[str, str]] = {
    "session.began": "サインイン",
    "session.refused": "サインインの失敗",
    "session.ended": "サインアウト",
    "account.created": "利用者の登録",
    "account.disabled": "利用者の停止",
    "account.enabled": "利用者の再開",
    "account.name": "利用者の氏名の変更",
    "account.password": "パスワードの変更",
    "account.password_reset": "パスワードの再発行",
    "account.role": "利用者の役割の変更",
    "account.section": "利用者の課の変更",
    "token.created": "トークンの発行",
    "token.revoked": "トークンの取り消し",
    "call.seen": "通話の閲覧",
    "findings.seen": "検知の閲覧",
    "list.seen": "通話一覧の閲覧",
    "board.seen": "見守り盤の閲覧",
    "events.followed": "通話の動きの受信",
    "review.seen": "振り返りの閲覧",
    "search.made": "通話の検索",
    "recording.heard": "録音の再生",
    "judgements.seen": "判断の閲覧",
    "judgements.listed": "判断待ちの一覧の閲覧",
    "report.seen": "報告書の閲覧",
    "reports.listed": "報告書の一覧の閲覧",
    "report.created": "報告書の作成",
    "report.edited": "報告書の編集",
    "report.submitted": "報告書の提出",
    "report.withdrawn": "報告書の提出の取り消し",
    "report.returned": "報告書の差し戻し",
    "report.approved": "報告書の承認",
    "report.corrected": "報告書の訂正の開始",
    "report.exported": "報告書の書き出し",
    "export.made": "通話の記録の書き出し",
    "export.fetched": "書き出した記録の受け取り",
    "list.exported": "一覧の書き出し",
    "trial.seen": "ルールの試行の閲覧",
    "trial.asked": "ルールの試行の依頼",
    "trial.cancelled": "ルールの試行の中止",
    "trial.command": "ルールの試行(コマンド)",
    "call.judged": "判断の記録",
    "call.matter": "用件とお答えの記録",
    "call.unmasked": "個人情報をすべて表示",
    "call.covered": "個人情報の表示を終了",
    "call.purged": "通話の記録の削除",
    "recording.purged": "録音の削除",
    "purge.finished": "記録の削除の完了",
    "hold.set": "通話の保全",
    "hold.lifted": "保全の解除",
    "person.export.asked": "開示の求めの登録",
    "person.export.ready": "開示の書き出しの用意",
    "person.export.fetched": "開示の書き出しの受け取り",
    "person.export.expired": "開示の書き出しの期限切れ",
    "person.export.failed": "開示の書き出しの失敗",
    "person.exported": "本人の記録の書き出し",
    "person.erase.asked": "消去の求めの登録",
    "person.erase.approved": "消去の求めの承認",
    "person.erase.refused": "消去の求めの取りやめ",
    "person.erase.done": "消去の求めの完了",
    "person.erase.partly": "消去の求めの一部の完了",
    "person.erased": "本人の記録の消去",
    "record_key.added": "記録の鍵の追加",
    "recordings.resealed": "録音を新しい鍵で封印",
    "measure.listed": "対応制限の閲覧",
    "measure.requested": "対応制限の提案",
    "measure.approved": "対応制限の承認",
    "measure.lifted": "対応制限の解除",
    "notice.tested": "お知らせのテスト送信",
    "notice.retried": "お知らせの再送信",
    "rule.reviewed": "検知ルールの見直し済み",
    "rule.switched_off": "検知ルールの使用停止",
    "rule.switched_on": "検知ルールの使用再開",
    "sentence.proposed": "ご案内の文の提案",
    "sentence.waiting": "ご案内の文の承認待ち",
    "sentence.approved": "ご案内の文の承認",
    "sentence.returned": "ご案内の文の差し戻し",
    "statistics.exported": "統計の書き出し",
    "trail.seen": "操作の記録の閲覧",
    "trail.exported": "操作の記録の書き出し",
    "trail.checked": "操作の記録の確認",
    **{f"call.{kind}": words for kind, words in DEEDS.items()},
}

NAMELESS: Final = "名称のない操作"
FAULTS: Final[Mapping[str, str]] = {
    "changed": "内容が、記録されたときと違います",
    "missing": "この番号の記録がありません",
    "torn": "前の記録とつながっていません",
    "key_unknown": "この記録を確かめる鍵が trail_keys にありません",
    "shortened": "この番号から後の記録がありません",
}


@dataclass(frozen=True, slots=True)
class KindWords:
    label: str
    """What the kind is called, or its family."""
    known: bool
    """False where the kind itself has no word: it is to be shown beside the label."""


def kind_words(kind: str) -> KindWords:
    """Return what *kind* is called: never nothing, so that no deed is hidden by a missing word."""
    if kind in KINDS:
        return KindWords(KINDS[kind], known=True)
    return KindWords(FAMILIES.get(kind.partition(".")[0], NAMELESS), known=False)


def every_word() -> set[str]:
    """Return every text that the page shows in the reader's language."""
    return {*KINDS.values(), *FAMILIES.values(), NAMELESS, *FAULTS.values()}
