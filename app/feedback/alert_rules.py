"""Adapter: which rules had a part in an alert, noted in the transaction that shows the alert."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.ledger import Entry
from app.models import AlertRule
from detection.types import Alert, AlertChange, Decision, Finding


async def note_rules(
    entry: Entry, alert_ids: Mapping[str, str], decision: Decision, *, early: bool
) -> None:
    """Store what the changed alerts of *decision* rest on; a rule is noted once for each alert.

    Comes after the alerts are stored. *early*: on half a sentence only, until a whole one says the same.
    """
    found: dict[tuple[str, str, str], int] = {}
    for alert, finding in _parts(decision):
        key = (alert_ids[alert.key], finding.rule, finding.category.value)
        found[key] = max(found.get(key, 0), int(finding.severity))
    if not found:
        return
    await entry.session.flush()  # the rows point to the alerts
    for (alert_id, rule, category), severity in found.items():
        row = await entry.session.get(AlertRule, (alert_id, rule, category))
        if row is None:
            row = AlertRule(
                alert_id=alert_id, rule=rule, category=category, severity=severity, early=early
            )
            entry.session.add(row)
        row.severity = max(row.severity, severity)
        row.early = row.early and early


def _parts(decision: Decision) -> Iterator[tuple[Alert, Finding]]:
    """Yield the alerts that *decision* changed, each with what was found for it.

    What is found in one utterance goes to one line, which is named after the gravest of it and carries every
    category; a finding for which a line of its own was changed belongs there.
    """
    changed = [alert for alert in decision.alerts if alert.change is not AlertChange.CLOSED]
    named = {alert.categories[0] for alert in changed}
    for finding in decision.findings:
        for alert in changed:
            if finding.category is alert.categories[0] or (
                finding.category not in named and finding.category in alert.categories
            ):
                yield alert, finding
