"""Pure: what is said about a rule: why it is suggested for review, and how sure the numbers are."""

from __future__ import annotations

from app.feedback.precision import Count, Proposal, RuleRecord
from app.screens.language import Phrase, phrase


def reason_for(proposal: Proposal) -> str:
    """Return the reason in plain sentences: 「30件のうち14件が誤検知でした。…」."""
    return str(reason_of(proposal))


def reason_of(proposal: Proposal) -> Phrase:
    """Return the same for a page, which says it in its own language."""
    advice = phrase("ルールの見直しを検討してください。")
    if proposal.only_to_look_at:
        advice = phrase(
            "身の安全に関わるルールのため、使用をやめることはできません。内容の確認だけをお願いします。"
        )
    return phrase(
        "{since}{version}{raised}件のうち{false}件が誤検知でした。{advice}",
        since=phrase("前回の見直しより後の") if proposal.since_review else "",
        version=phrase("今の版での") if proposal.latest_only else "",
        raised=proposal.count.raised,
        false=proposal.count.false,
        advice=advice,
    )


def share_of(count: Count) -> str:
    """Return the share that was right, with the ends between which it surely lies."""
    if count.share is None:
        return "–"
    interval = count.interval
    # Cut off, not rounded: what lies under a limit of 70 % is never shown as 70 %.
    share, low, high = (
        int(100 * part + 1e-9) for part in (count.share, interval.low, interval.high)
    )
    return f"{share}%({low}〜{high}%)"


def versions_of(record: RuleRecord) -> tuple[Phrase, ...]:
    """Return a line for each version, the latest first; none where there was only one."""
    if len(record.versions) < 2:
        return ()
    return tuple(
        phrase(
            "{detector}・{policy}: {raised}件のうち誤検知{false}件",
            detector=version.detector_version,
            policy=version.policy_version,
            raised=version.count.raised,
            false=version.count.false,
        )
        for version in record.versions
    )
