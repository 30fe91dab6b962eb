"""Whatever is shown of sentences that are not over, the records of the call come out the same."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.bus.memory import MemoryBus
from app.calls.explaining import Explainer
from app.calls.facts import CallFacts, Heard
from app.calls.judge import CallJudge
from app.calls.lifecycle import record_start
from app.calls.protocol import Track
from app.calls.repository import alerts_of, call_by_id, events_of_call, findings_of
from app.clock import SystemClock
from app.db import open_database
from app.events import Audience, EventType
from app.ledger import Entry, Ledger
from app.models import AccessToken, EventRow
from app.responses.scripts import load_scripts
from asr.types import AudioFormat, Cut, Encoding, SpeechSegment, Transcript
from detection.conversation import CallConversation
from detection.policy_files import load_policy
from detection.rule_book import load_rule_book
from tests.app.exchange import started
from tests.detection.shipped import shipped_detector

THREAT = "今からそっちに行って刺してやるからな、お前の顔は覚えたぞ"
INSULT = "お前みたいな税金泥棒のくせにえらそうな口をきくな"
SMASH = "家のガラス割ってやるぞ、わかったか、おい"
HARMLESS = "住民票の写しがほしいのですが、どうすればよいでしょうか"
SORRY = "言い過ぎました、すみません"
WARNING = "続くようでしたら、お電話を終了させていただきます"
SAID = st.sampled_from([THREAT, INSULT, SMASH, HARMLESS, SORRY])
LETTERS = st.integers(8, 30)
SENTENCES = st.tuples(
    st.lists(st.tuples(SAID, LETTERS), max_size=3),
    st.one_of(SAID, st.just("")),
    st.booleans(),
)
"""What was made of it before its end, what it was, and whether the operator spoke in between."""


def heard(track: Track, start_ms: int, end_ms: int, text: str) -> Heard:
    segment = SpeechSegment(start_ms, end_ms, np.zeros(1, dtype=np.float32), 1.0, Cut.PAUSE)
    return Heard(track, segment, Transcript(text, 0.9, model="scripted"))


async def records(
    folder: Path, call: Sequence[tuple[Any, str, bool]], *, partials: bool
) -> dict[str, Any]:
    """Judge *call* and return what the tables say about it in the end, withdrawn alerts left out."""
    detector, policy, clock = shipped_detector(), load_policy("ebetsu"), SystemClock()
    facts = CallFacts(
        "c1",
        Audience("sato", "市民課"),
        (Track.CALLER, Track.OPERATOR),
        AudioFormat(Encoding.MULAW, 8_000, 2),
    )
    async with open_database(f"sqlite+aiosqlite:///{folder / 'mimamori.db'}") as database:
        ledger = Ledger(database, MemoryBus(8), clock)

        async def begin(entry: Entry) -> None:
            entry.session.add(
                AccessToken(id=1, name="x", role="stream", secret_hash="x", created_at=entry.now)
            )
            await entry.session.flush()
            await record_start(entry, facts, started("c1"), 1)

        await ledger.write(begin)
        judge = CallJudge(
            facts,
            detector=detector,
            conversation=CallConversation(policy, detector.version),
            explainer=Explainer(policy, load_rule_book()),
            scripts=load_scripts(),
            ledger=ledger,
        )
        for number, (parts, whole, spoken_over) in enumerate(call):
            start_ms = number * 20_000
            for place, (text, letters) in enumerate(parts):
                if partials:
                    end_ms = start_ms + 2_400 * (place + 1)
                    await judge.foresee(heard(Track.CALLER, start_ms, end_ms, text[:letters]))
            if spoken_over:
                await judge.hear(
                    heard(Track.OPERATOR, start_ms + 500, start_ms + 2_500, WARNING), {}
                )
                await judge.tick(start_ms + 5_000, {})
            final = heard(Track.CALLER, start_ms, start_ms + 8_000, whole)
            await (judge.hear(final, {}) if whole else judge.hear_nothing(final))
            await judge.tick(start_ms + 10_000, {})
        async with database.transaction() as session:
            row = await call_by_id(session, "c1")
            assert row is not None
            alerts = [alert for alert in await alerts_of(session, "c1") if not alert.withdrawn]
            return {
                "call": (row.level, row.top_level, row.outcome, row.warnings_spoken),
                "alerts": sorted(
                    (a.key, a.level, a.quote, a.count, a.needs_check, a.closed_at is None, a.end_ms)
                    for a in alerts
                ),
                "raised twice": _raised_twice(
                    await events_of_call(session, "c1", EventType.ALERT_RAISED)
                ),
                "unconfirmed": [alert.key for alert in alerts if alert.unconfirmed is not None],
                "findings": [(f.utterance_id, f.rule) for f in await findings_of(session, "c1")],
            }


def _raised_twice(raised: Sequence[EventRow]) -> list[str]:
    counted = Counter(event.data["alert_id"] for event in raised)
    return [alert_id for alert_id, count in counted.items() if count > 1]


@given(call=st.lists(SENTENCES, min_size=1, max_size=4))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_records_of_a_call_do_not_depend_on_what_was_shown_early(
    migrated_file: Path, call: list[tuple[Any, str, bool]]
) -> None:
    found = []
    for partials in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(migrated_file, Path(folder) / "mimamori.db")

            async def judged(folder: str = folder, partials: bool = partials) -> dict[str, Any]:
                return await records(Path(folder), call, partials=partials)

            found.append(anyio.run(judged))

    without, with_partials = found
    assert with_partials == without
    assert with_partials["unconfirmed"] == with_partials["raised twice"] == []
