"""Holds, plans and proofs on a running server, in the roles that may see them."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
from sqlalchemy import select, text

from app.auth.identity import Identity, Role
from app.retention.endpoints import seen_of
from app.retention.models import LegalHold, PurgeRun
from app.retention.opening import open_parts
from app.retention.planning import plan
from app.retention.purging import purge_due
from app.retention.settings import RetentionSettings
from app.trail.models import TrailRow
from tests.app.retention.filling import MARK, fill_call
from tests.app.running import SECTION, RunningServer


async def ended_call(server: RunningServer, call_id: str, *, section: str = SECTION) -> str:
    now = server.services.clock.now()
    async with server.services.database.transaction() as session:
        await fill_call(session, call_id, ended_at=now - timedelta(days=40), section=section)
        for table in ("incident_report_steps", "incident_reports", "legal_holds"):
            await session.execute(text(f"DELETE FROM {table}"))
    return call_id


async def test_who_may_see_a_call_reads_how_long_it_is_kept_and_nobody_else(
    server: RunningServer,
) -> None:
    await ended_call(server, "c-1")
    answers = {}
    for role, section in [
        (Role.AUDITOR, ""),
        (Role.AUDITOR, "税務課"),
        (Role.SUPERVISOR, SECTION),
        (Role.SUPERVISOR, "税務課"),
        (Role.OPERATOR, SECTION),
        (Role.ADMINISTRATOR, ""),
    ]:
        async with server.client(await server.token(role, section)) as client:
            answers[role, section] = (await client.get("/v1/calls/c-1/retention")).status_code

    assert answers == {
        (Role.AUDITOR, ""): 200,
        (Role.AUDITOR, "税務課"): 404,
        (Role.SUPERVISOR, SECTION): 200,
        (Role.SUPERVISOR, "税務課"): 403,
        (Role.OPERATOR, SECTION): 403,
        (Role.ADMINISTRATOR, ""): 403,
    }


async def test_an_office_that_has_not_decided_is_told_so(server: RunningServer) -> None:
    await ended_call(server, "c-1")
    async with server.client(await server.token(Role.AUDITOR, "")) as client:
        kept = (await client.get("/v1/calls/c-1/retention")).json()
        plan = (await client.get("/v1/retention/plan")).json()

    assert (kept["kind"], kept["days"], kept["due_at"]) == ("ordinary", None, None)
    assert (plan["decided"], plan["counts"], plan["calls"]) == (False, [], [])


async def test_programs_neither_hold_nor_lift(server: RunningServer) -> None:
    await ended_call(server, "c-1")
    async with server.client(await server.token(Role.AUDITOR, "")) as client:
        held = await client.post("/v1/calls/c-1/holds", json={"reason": "訴訟"})

    assert (held.status_code, held.json()["code"]) == (403, "person_needed")


async def test_an_administrator_reads_counts_and_no_call_on_the_page(
    server: RunningServer,
) -> None:
    services = server.services
    await ended_call(server, "c-1")
    async with services.database.transaction() as session:
        session.add(
            LegalHold(call_id="c-1", reason="秘密の理由", by_login="kansa", at=services.clock.now())
        )

    pages = {}
    for role in (Role.ADMINISTRATOR, Role.AUDITOR, Role.SUPERVISOR):
        async with server.client(await server.token(role, "")) as client:
            pages[role] = await client.get("/retention", headers={"Accept": "text/html"})

    assert pages[Role.SUPERVISOR].status_code == httpx.codes.FORBIDDEN
    assert "秘密の理由" in pages[Role.AUDITOR].text
    assert "秘密の理由" not in pages[Role.ADMINISTRATOR].text
    assert "c-1" not in pages[Role.ADMINISTRATOR].text
    assert "保存期間が決められていないため" in pages[Role.ADMINISTRATOR].text


async def test_the_proof_is_a_page_without_a_word_of_the_calls(server: RunningServer) -> None:
    services = server.services
    await ended_call(server, "c-gone")
    decided = services.settings.model_copy(update={"retention": RetentionSettings(preset="30days")})
    parts = await open_parts(decided, services.database, services.clock)

    purged = await purge_due(parts)

    async with server.client(await server.token(Role.ADMINISTRATOR, "")) as client:
        page = await client.get(
            f"/retention/runs/{purged.runs[0]}", headers={"Accept": "text/html"}
        )
        nowhere = await client.get("/retention/runs/0000", headers={"Accept": "text/html"})
    async with services.database.transaction() as session:
        run = (await session.scalars(select(PurgeRun))).one()
        deeds = (await session.scalars(select(TrailRow.kind))).all()
    assert run.digest in page.text
    assert "何も残っていません" in page.text
    assert "c-gone" not in page.text
    assert MARK not in page.text
    assert nowhere.status_code == httpx.codes.NOT_FOUND
    assert {"call.purged", "purge.finished"} <= set(deeds)


async def test_the_list_says_which_calls_are_held_but_not_to_operators(
    server: RunningServer,
) -> None:
    services = server.services
    for call_id in ("held", "free"):
        await ended_call(server, call_id)
    async with services.database.transaction() as session:
        await session.execute(text("UPDATE calls SET operator = 'token:test', top_level = 0"))
        session.add(
            LegalHold(call_id="held", reason="訴訟", by_login="kansa", at=services.clock.now())
        )

    told = {}
    for role in (Role.AUDITOR, Role.SUPERVISOR, Role.OPERATOR):
        async with server.client(await server.token(role, SECTION)) as client:
            calls = (await client.get("/v1/calls")).json()["calls"]
        told[role] = {call["call_id"]: call["held"] for call in calls}

    assert told == {
        Role.AUDITOR: {"held": True, "free": False},
        Role.SUPERVISOR: {"held": True, "free": False},
        Role.OPERATOR: {"held": False, "free": False},
    }


async def test_requests_of_a_person_are_for_auditors_of_the_whole_office_and_administrators(
    server: RunningServer,
) -> None:
    answers = {}
    for role, section in [
        (Role.AUDITOR, ""),
        (Role.AUDITOR, SECTION),
        (Role.ADMINISTRATOR, ""),
        (Role.SUPERVISOR, SECTION),
        (Role.OPERATOR, SECTION),
    ]:
        async with server.client(await server.token(role, section)) as client:
            page = await client.get("/retention/person", headers={"Accept": "text/html"})
        answers[role, section] = page.status_code

    assert answers == {
        (Role.AUDITOR, ""): 200,
        (Role.AUDITOR, SECTION): 403,
        (Role.ADMINISTRATOR, ""): 200,
        (Role.SUPERVISOR, SECTION): 403,
        (Role.OPERATOR, SECTION): 403,
    }


async def test_an_auditor_of_a_section_counts_its_calls_and_sees_no_proof_of_others(
    server: RunningServer,
) -> None:
    services = server.services
    decided = services.settings.model_copy(update={"retention": RetentionSettings(preset="30days")})
    await ended_call(server, "c-gone", section="税務課")
    run_id = (await purge_due(await open_parts(decided, services.database, services.clock))).runs[0]
    await ended_call(server, "c-other", section="税務課")
    await ended_call(server, "c-held", section="税務課")
    async with services.database.transaction() as session:
        session.add(
            LegalHold(call_id="c-held", reason="訴訟", by_login="kansa", at=services.clock.now())
        )
        found = await plan(session, decided.retention, services.clock.now())

    pages = {}
    for section in (SECTION, ""):
        async with server.client(await server.token(Role.AUDITOR, section)) as client:
            pages[section] = (await client.get("/retention", headers={"Accept": "text/html"})).text
            proof = await client.get(f"/retention/runs/{run_id}", headers={"Accept": "text/html"})
        pages[f"proof {section}"] = str(proof.status_code)

    mine, all_of_them = (
        seen_of(found, Identity("k", "k", Role.AUDITOR, section, user_id=1))
        for section in (SECTION, "")
    )
    assert (len(mine.due), len(mine.held)) == (0, 0)
    assert (len(all_of_them.due), len(all_of_them.held)) == (1, 1)
    assert (pages[f"proof {SECTION}"], pages["proof "]) == ("404", "200")
    assert run_id not in pages[SECTION]
    assert run_id in pages[""]
    assert held_count(pages[SECTION]) == "0件"
    assert held_count(pages[""]) == "1件"


def held_count(page: str) -> str:
    found = re.search(r'id="holds-heading">[^<]*<span class="count">([^<]*)<', page)
    assert found is not None
    return found[1]
