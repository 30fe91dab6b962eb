"""Trials over REST, on the real server with the real detector: what is counted, who reads it, what a restart leaves."""

from __future__ import annotations

import tomllib
from typing import Any

import anyio
import httpx
from sqlalchemy import func, select, update

from app.auth.identity import Role
from app.models import Call
from app.settings import Settings
from app.trail.models import TrailRow
from app.trials.models import Trial, TrialCall
from tests.app.past_calls import RUDE, RULE, Past, keep_calls
from tests.app.running import RunningServer, running_server
from tests.fakes_transcriber import ScriptedTranscriber

PATIENCE_SECONDS = 90
THREAT = "殺すぞ"
WITHOUT = {"off": [{"rule": RULE, "category": "mental_attack"}]}
CALM = ("ごみの収集日を教えてください", "火曜日です", "ありがとうございました")


async def auditor(server: RunningServer, section: str = "") -> httpx.AsyncClient:
    return server.client(await server.token(Role.AUDITOR, section, f"auditor{section}"))


async def started(
    client: httpx.AsyncClient, change: dict[str, Any], **given: Any
) -> dict[str, Any]:
    answer = await client.post("/v1/trials", json={"change": change} | given)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    return dict(answer.json())


async def ended(client: httpx.AsyncClient, trial_id: str) -> dict[str, Any]:
    with anyio.fail_after(PATIENCE_SECONDS):
        while True:
            view = dict((await client.get(f"/v1/trials/{trial_id}")).json())
            if view["state"] not in {"waiting", "running"}:
                return view
            await anyio.sleep(0.2)  # another process works: there is nothing to wait on


async def judged(client: httpx.AsyncClient, call_id: str, verdict: str) -> None:
    body = {"verdict": verdict, "reason": "x", "callers_side": "x", "seen": 0}
    (await client.post(f"/v1/calls/{call_id}/judgements", json=body)).raise_for_status()


async def test_a_trial_counts_what_auditors_would_miss_and_what_callers_would_be_spared(
    server: RunningServer,
) -> None:
    word = "しっかりしてくれよ困るんだ"
    await keep_calls(
        server.services.database,
        [
            Past("meant", said=(RUDE,), found=(0,)),
            Past("fair", said=(RUDE,), found=(0,)),
            Past("threat", said=(THREAT, "はい", RUDE), found=()),
            Past("calm", said=CALM, top_level=0, found=()),
            Past("word", said=(word,), top_level=0, found=()),
        ],
    )
    async with await auditor(server) as mori:
        await judged(mori, "meant", "harassment")
        await judged(mori, "fair", "not_harassment")
        values = {"levels.first_severe_level": "1", "levels.points_for_warning": "20"}
        trial = await started(mori, {"values": values}, title="緩める")
        view = await ended(mori, trial["trial_id"])
        calls = (await mori.get(f"/v1/trials/{trial['trial_id']}/calls")).json()
        found = (await mori.get(f"/v1/trials/{trial['trial_id']}/calls/meant")).json()
        file = await mori.get(f"/v1/trials/{trial['trial_id']}/policy.toml")

    assert (view["state"], view["calls"], view["done"], view["not_comparable"]) == ("done", 5, 5, 0)
    tally = view["tally"]
    assert (tally["harassment_missed"], tally["harassment"]) == (1, 1)
    assert (tally["fair_relieved"], tally["fair"]) == (1, 1)
    assert tally["down"] >= 2
    assert {"meant", "fair"} <= {call["call_id"] for call in calls["calls"]}
    assert "calm" not in {call["call_id"] for call in calls["calls"]}
    (one,) = found["differences"]
    assert (one["text"], one["level_before"], one["level_after"]) == (RUDE, 2, 1)
    assert [value["key"] for value in view["values"]] == list(values)
    assert tomllib.loads(file.text)["levels"]["points_for_warning"] == 20
    async with server.services.database.transaction() as session:
        assert await session.scalar(select(Call.top_level).where(Call.id == "meant")) == 2


async def test_words_that_are_added_and_rules_that_are_left_out_show_in_the_differences(
    server: RunningServer,
) -> None:
    word = "ぬらりひょんめ"
    await keep_calls(
        server.services.database,
        [
            Past(
                "added", said=(f"この{word}が、いい加減にしろ馬鹿野郎、090-1234-5678だ",), found=()
            ),
            Past("threat", said=(THREAT,), found=()),
        ],
    )
    added = {"words": [{"category": "mental_attack", "severity": 2, "words": [word]}]}
    async with await auditor(server) as mori:
        trial = await started(mori, added)
        view = await ended(mori, trial["trial_id"])
        found = (await mori.get(f"/v1/trials/{trial['trial_id']}/calls/added")).json()
        file = await mori.get(f"/v1/trials/{trial['trial_id']}/words.toml")

    assert view["tally"]["differing"] == 1
    rules = {change["rule"] for one in found["differences"] for change in one["findings"]}
    assert "office.mental_attack_1" in rules
    # What an auditor may not read uncovered stands covered here too.
    assert "1234" not in found["differences"][0]["text"]
    assert tomllib.loads(file.text)["entry"][0]["catches"] == [word]
    assert view["versions"]["before"] != view["versions"]["after"]


async def test_what_cannot_be_tried_is_refused_with_the_line_and_the_reason(
    server: RunningServer,
) -> None:
    await keep_calls(server.services.database, [Past("c1")])
    refused = [
        ({}, {}, "trial_changes_nothing"),
        (
            {"policy_toml": 'name = "x"\nversion = 3\n[levels]\npoints = 2\n'},
            {},
            "trial_policy_invalid",
        ),
        ({"values": {"minutes.held": "ずっと"}}, {}, "trial_policy_invalid"),
        ({"values": {"minutes.nothing": "3"}}, {}, "trial_key_unknown"),
        ({"policy": "nowhere"}, {}, "trial_policy_unknown"),
        ({"removed": ["no.such"]}, {}, "trial_rule_unknown"),
        ({"lexicon_toml": "kind = 3"}, {}, "trial_lexicon_invalid"),
        (
            {"words": [{"category": "apology", "severity": 2, "words": ["・"]}]},
            {},
            "trial_words_empty",
        ),
        (WITHOUT, {"since": "2030-01-01"}, "trial_without_calls"),
    ]
    async with await auditor(server) as mori:
        told = [
            (await mori.post("/v1/trials", json={"change": change} | given)).json()
            for change, given, _ in refused
        ]
        check = (
            await mori.post(
                "/v1/trials/policy-check", json={"toml": 'name = "x"\n[levels]\na = 1\n'}
            )
        ).json()

    assert [one["code"] for one in told] == [code for *_, code in refused]
    assert "policy.toml 2行目" in told[1]["message"]
    assert check["valid"] is False
    assert 3 in [problem["line"] for problem in check["problems"]]


async def test_administrators_read_counts_and_never_a_call(server: RunningServer) -> None:
    await keep_calls(server.services.database, [Past("their-call")])
    async with (
        server.client(await server.token(Role.ADMINISTRATOR, "", "admin")) as admin,
        server.client(await server.token(Role.SUPERVISOR, name="kato")) as kato,
    ):
        trial = await started(admin, WITHOUT)
        path = f"/v1/trials/{trial['trial_id']}"
        told = [
            (await admin.get(path)).status_code,
            (await admin.get(f"{path}/calls")).status_code,
            (await admin.get(f"{path}/calls/their-call")).status_code,
            (await kato.get("/v1/trials")).status_code,
        ]
        view = (await admin.get(path)).json()

    assert told == [200, 403, 403, 403]
    assert view["sees_calls"] is False
    assert "their-call" not in str(view)


async def test_administrators_are_told_no_small_number_and_look_for_no_words(
    server: RunningServer,
) -> None:
    said = [Past(f"c{n}", said=(RUDE,), found=(0,)) for n in range(2)]
    await keep_calls(server.services.database, [*said, Past("calm", said=CALM, found=())])
    words = [{"category": "mental_attack", "severity": 3, "words": ["収集日"]}]
    listed = 'kind = "findings"'
    async with (
        server.client(await server.token(Role.ADMINISTRATOR, "", "admin")) as admin,
        await auditor(server) as mori,
    ):
        await judged(mori, "c0", "harassment")
        change = {"values": {"levels.first_severe_level": "1"}}
        trial_id = (await started(admin, change))["trial_id"]
        theirs = (await ended(admin, trial_id))["tally"]
        whole = (await mori.get(f"/v1/trials/{trial_id}")).json()["tally"]
        refused = [
            (await admin.post("/v1/trials", json={"change": asked})).json()["code"]
            for asked in ({"words": words}, {"lexicon_toml": listed})
        ]

    assert (whole["down"], whole["same"], whole["harassment_missed"]) == (2, 1, 1)
    assert {n for n in theirs.values() if n is not None} == {0}
    assert (theirs["down"], theirs["same"], theirs["harassment_missed"]) == (None, None, None)
    assert refused == ["trial_words_not_allowed"] * 2


async def test_a_trial_whose_policy_a_later_release_reads_no_more_can_still_be_opened(
    server: RunningServer,
) -> None:
    await keep_calls(server.services.database, [Past("c1")])
    async with await auditor(server) as mori:
        trial_id = (await started(mori, {"values": {"minutes.held": "44"}}))["trial_id"]
        async with server.services.database.transaction() as session:
            await session.execute(update(Trial).values(policy_before="of_another_time = 1\n"))
        opened = await mori.get(f"/v1/trials/{trial_id}")

    assert opened.status_code == httpx.codes.OK
    assert (opened.json()["values"], opened.json()["policy_changed"]) == ([], True)


async def test_days_at_the_ends_of_the_calendar_are_no_limit(server: RunningServer) -> None:
    await keep_calls(server.services.database, [Past("c1")])
    async with await auditor(server) as mori:
        trial = await started(mori, WITHOUT, since="0001-01-01", until="9999-12-31")

    assert (trial["calls"], trial["since"], trial["until"]) == (1, None, None)


async def test_an_auditor_of_a_section_tries_rules_on_that_section_alone(
    server: RunningServer,
) -> None:
    await keep_calls(server.services.database, [Past("c1"), Past("t1", section="税務課")])
    async with await auditor(server) as mori, await auditor(server, "税務課") as taxes:
        everywhere = await started(mori, WITHOUT)
        theirs = await started(taxes, WITHOUT, section="市民課")
        hidden = await taxes.get(f"/v1/trials/{everywhere['trial_id']}")
        listed = (await taxes.get("/v1/trials")).json()["trials"]

    assert (theirs["section"], theirs["calls"]) == ("税務課", 1)
    assert hidden.status_code == httpx.codes.NOT_FOUND
    assert [one["trial_id"] for one in listed] == [theirs["trial_id"]]


async def test_a_trial_is_cancelled_once_and_only_so_many_wait(server: RunningServer) -> None:
    await keep_calls(server.services.database, [Past("c1")])
    async with await auditor(server) as mori:
        trials = [await started(mori, WITHOUT) for _ in range(5)]
        full = await mori.post("/v1/trials", json={"change": WITHOUT})
        path = f"/v1/trials/{trials[-1]['trial_id']}/cancel"
        cancelled, again = await mori.post(path), await mori.post(path)

    assert (full.status_code, full.json()["code"]) == (429, "trials_waiting")
    assert cancelled.json()["state"] == "cancelled"
    assert (again.status_code, again.json()["code"]) == (409, "trial_over")
    async with server.services.database.transaction() as session:
        told = select(TrailRow.subject).where(TrailRow.kind == "trial.cancelled")
        assert (await session.scalars(told)).all() == [trials[-1]["trial_id"]]


async def test_a_trial_that_a_restart_cut_off_goes_on_with_the_calls_that_wait(
    settings: Settings, transcriber: ScriptedTranscriber
) -> None:
    async with running_server(settings, transcriber) as first:
        await keep_calls(
            first.services.database,
            [Past("done", said=(RUDE,), found=(0,)), Past("left", said=(RUDE,), found=(0,))],
        )
        async with await auditor(first) as mori:
            trial_id = (await started(mori, WITHOUT))["trial_id"]
            await mori.post(f"/v1/trials/{trial_id}/cancel")
        async with first.services.database.transaction() as session:
            await session.execute(update(Trial).values(state="running", ended_at=None))
            one = update(TrialCall).where(TrialCall.call_id == "done")
            # A number that hearing it again would not give.
            await session.execute(one.values(state="compared", come=77))
    async with (
        running_server(settings, ScriptedTranscriber()) as second,
        await auditor(second) as mori,
    ):
        view = await ended(mori, trial_id)

    assert (view["state"], view["done"]) == ("done", 2)
    assert view["tally"]["alerts_come"] == 77


async def test_a_call_over_which_the_detector_stumbles_is_listed_and_the_trial_goes_on(
    server: RunningServer,
) -> None:
    await keep_calls(
        server.services.database,
        [
            Past(
                "broken", marks=("script_used",), detail={"at_ms": 1, "text": None, "step": "warn"}
            ),
            Past("whole", said=(RUDE,), found=(0,)),
        ],
    )
    async with await auditor(server) as mori:
        trial_id = (await started(mori, WITHOUT))["trial_id"]
        view = await ended(mori, trial_id)
        calls = (await mori.get(f"/v1/trials/{trial_id}/calls")).json()["calls"]

    assert (view["state"], view["done"], view["not_comparable"]) == ("done", 2, 1)
    assert [call["call_id"] for call in calls if call["state"] == "not_comparable"] == ["broken"]


async def test_a_deleted_call_vanishes_from_the_results(server: RunningServer) -> None:
    await keep_calls(server.services.database, [Past("c1"), Past("c2")])
    async with await auditor(server) as mori:
        trial_id = (await started(mori, WITHOUT))["trial_id"]
        async with server.services.database.transaction() as session:
            await session.delete(await session.get(Call, "c1"))
        async with server.services.database.transaction() as session:
            left = await session.scalar(select(func.count()).select_from(TrialCall))
        view = (await mori.get(f"/v1/trials/{trial_id}")).json()

    assert (left, view["calls"]) == (1, 1)
