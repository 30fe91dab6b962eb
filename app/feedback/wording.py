"""Pure: what is said about a rule: why it is suggested for review, and how sure the numbers are."""

from __future__ import annotations

from app.feedback.precision import Count, Proposal, RuleRecord


def reason_for(proposal: Proposal) -> str:
    """Return the reason in plain sentences: 「30件のうち14件が誤検知でした。…」."""
    where = "前回の見直しより後の" if proposal.since_review else ""
    where += "今の版での" if proposal.latest_only else ""
    counted = f"{where}{proposal.count.raised}件のうち{proposal.count.false}件が誤検知でした。"
    if proposal.only_to_look_at:
        return (
            f"{counted}身の安全に関わるルールのため、使用をやめることはできません。"
            "内容の確認だけをお願いします。"
        )
    return f"{counted}ルールの見直しを検討してください。"


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


def versions_of(record: RuleRecord) -> tuple[str, ...]:
    """Return a line for each version, the latest first; none where there was only one."""
    if len(record.versions) < 2:
        return ()
    return tuple(
        f"{version.detector_version}・{version.policy_version}: "
        f"{version.count.raised}件のうち誤検知{version.count.false}件"
        for version in record.versions
    )
