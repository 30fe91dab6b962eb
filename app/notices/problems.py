"""Pure: why a notice did not arrive, and what to do about it, for the administrator's eyes."""

from __future__ import annotations

from typing import Final

from app.screens.language import Phrase, phrase

ANSWERED: Final = "answered_"
"""Before the status of an answer that was no yes."""

_WORDS: Final = {
    "": "",
    "unreachable": "送り先につながりません。アドレスとネットワークを確かめてください。",
    "no_answer": "送り先から返事がありません。届いたかどうかは分かりません。",
    "interrupted": "送っている途中でサーバーが止まりました。届いたかどうかは分かりません。",
    "tls_failed": "暗号化した接続ができません。証明書と接続の設定を確かめてください。",
    "tls_missing": "メールサーバーが暗号化(STARTTLS)に対応していないため、送りませんでした。",
    "sign_in_refused": "メールサーバーにサインインできません。利用者名とパスワードを確かめてください。",
    "sender_refused": "メールサーバーが差出人を受け付けません。差出人の設定を確かめてください。",
    "recipients_refused": "メールサーバーが送り先を受け付けません。送り先の設定を確かめてください。",
    "some_recipients_refused": "一部の送り先が受け付けられませんでした。送り先の設定を確かめてください。",
    "mail_refused": "メールサーバーがメールを受け付けません。メールの担当者に確かめてください。",
    "route_removed": "送り先の設定がなくなったため、送りませんでした。",
    "defect": "送る途中で予期しないエラーが起きました。続くときは、ログとともにご連絡ください。",
}
_ANSWERS: Final = {
    "401": "送り先の認証の設定を確かめてください。",
    "403": "送り先の許可の設定を確かめてください。",
    "404": "送り先のアドレスを確かめてください。",
    "410": "送り先がなくなっています。新しいアドレスを設定してください。",
    "429": "送り先が混み合っています。",
}


def problem_words(code: str) -> str:
    """Return *code* in words; a code of a later version is shown as it is."""
    return str(problem_phrase(code))


def problem_phrase(code: str) -> Phrase:
    """Return the same for a page, which says it in its own language."""
    if code.startswith(ANSWERED):
        status = code.removeprefix(ANSWERED)
        hint = _ANSWERS.get(status, "送り先の担当者に確かめてください。")
        return phrase(
            "送り先が受け付けませんでした(応答 {status})。{hint}",
            status=status,
            hint=phrase(hint),
        )
    return phrase(_WORDS.get(code, code))
