"""Glue: what may be changed in a trial, as it stands in this office now."""

from __future__ import annotations

from sqlalchemy import select

from app.auth.identity import Identity, Role
from app.cli.policy_words import fault_line
from app.feedback.repository import reviews
from app.feedback.reviews import OF_THE_CONVERSATION, switched_off
from app.feedback.rule_words import rule_words, words_for
from app.models import Call
from app.services import Services
from app.trials.asking import UPLOADED
from app.trials.schemas import (
    MOST_CALLS,
    ChoicesOut,
    PolicyCheckOut,
    PolicyKeyOut,
    PolicyProblemOut,
    RuleChoiceOut,
)
from detection.errors import PolicyInvalid
from detection.policy_files import load_policy, policy_names
from detection.policy_keys import KEYS, Stated
from detection.policy_reading import parse_policy
from detection.rule_book import BY_MEANING, load_rule_book
from detection.types import Category


async def choices(services: Services, identity: Identity) -> ChoicesOut:
    async with services.database.transaction() as session:
        off = switched_off(await reviews(session)).rules
        sections = [
            section
            for section in await session.scalars(
                select(Call.section).distinct().order_by(Call.section)
            )
            if section
        ]
    if identity.role is Role.AUDITOR and identity.section:
        sections = [identity.section]
    policy, book = load_policy(services.settings.detection.policy), load_rule_book()
    rules = [(rule, category) for rule in book.rules if (category := book.category_of(rule))]
    return ChoicesOut(
        policy=policy.name,
        policies=list(policy_names()),
        sections=sections,
        keys=[
            PolicyKeyOut(
                key=key.path, label=key.label, unit=key.unit, now=_as_entered(key.stated(policy))
            )
            for key in KEYS
        ],
        rules=[
            RuleChoiceOut(
                rule=rule,
                category=category.value,
                words=words_for(rule, category.value),
                off=(rule, category.value) in off,
                always_used=rule.startswith(OF_THE_CONVERSATION),
                from_words=rule in rule_words() and not rule.startswith(BY_MEANING),
            )
            for rule, category in rules
        ],
        categories=[category.value for category in Category],
        most_calls=MOST_CALLS,
    )


def check_policy(text: str) -> PolicyCheckOut:
    """Say whether *text* is a policy, and of each fault the line."""
    try:
        policy = parse_policy(text, UPLOADED)
    except PolicyInvalid as invalid:
        problems = [
            PolicyProblemOut(line=fault.place.line, message=fault_line(UPLOADED, fault))
            for fault in invalid.faults
        ]
        return PolicyCheckOut(valid=False, title="", version="", problems=problems)
    return PolicyCheckOut(valid=True, title=policy.title, version=policy.version, problems=[])


def _as_entered(value: Stated | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:g}"
