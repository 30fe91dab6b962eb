"""A report from its draft to its approval and its correction: who may do what, and that nothing is lost."""

from __future__ import annotations

import anyio
import pytest
from sqlalchemy import select

from app.auth.errors import FieldRefused
from app.auth.identity import Identity, Role
from app.errors import Conflict, NotAllowed, NotFound
from app.models import Call
from app.reports.composing import composed
from app.reports.deciding import approve, give_back, submit, withdraw
from app.reports.guarding import ChangedMeanwhile
from app.reports.models import IncidentReport, ReportStep
from app.reports.reading import ReadReport, read_report
from app.reports.repository import contents_hash
from app.reports.settings import ReportsSettings
from app.reports.writing import Written, begin, correct, save
from app.services import Services
from app.trail.models import TrailRow
from tests.app.reports.conftest import CALL
from tests.app.reports.people import (
    AUDITOR,
    KATO,
    OTHER_HEAD,
    PROGRAM,
    SATO,
    TANAKA,
    WRITTEN,
    YAMADA,
)
from tests.app.review.filled import THREAT, WARNING, add_ended_call
from tests.app.running import RunningServer


async def read(services: Services, report_id: int, identity: Identity = SATO) -> ReadReport:
    async with services.database.transaction() as session:
        return await read_report(services, session, identity, report_id)


async def begun(services: Services, identity: Identity = SATO) -> int:
    report_id, created = await begin(services, identity, CALL)
    assert created
    return report_id


async def submitted(services: Services) -> tuple[int, int]:
    """Return a report that waits for its approval, and its revision."""
    report_id = await begun(services)
    revision = await save(services, SATO, report_id, Written(1, WRITTEN))
    await submit(services, SATO, report_id, revision)
    return report_id, revision + 1


async def test_a_report_begins_with_everything_that_the_record_knows(on_both: Services) -> None:
    report_id = await begun(on_both)

    told = await read(on_both, report_id)

    assert "(日本時間)" in told.texts["when"]
    assert told.texts["duration"] == "12分0秒"
    assert told.texts["where"] == "市民課(電話による対応)"
    assert "sato" in told.texts["staff"]
    assert "yamada" in told.texts["joined"] or "監督者" in told.texts["joined"]
    assert WARNING in told.texts["warnings"]
    assert "精神的な攻撃" in told.texts["manner"]
    assert "検知されていない" in told.texts["content"]
    assert "通話終了" in told.texts["course"]
    assert told.texts["effect"] == told.texts["future"] == ""
    assert {one.text for one in told.quotes} == {THREAT}
    assert told.edited == frozenset()


async def test_a_call_has_one_report_however_often_it_is_begun(on_both: Services) -> None:
    first = await begun(on_both)

    assert await begin(on_both, YAMADA, CALL) == (first, False)


async def test_what_was_edited_is_marked_keeps_its_original_and_can_be_filled_in_again(
    on_both: Services,
) -> None:
    report_id = await begun(on_both)
    before = (await read(on_both, report_id)).texts["where"]

    revision = await save(on_both, SATO, report_id, Written(1, {"where": "市民課 2番電話"}))
    edited = await read(on_both, report_id)
    await save(on_both, SATO, report_id, Written(revision, {"where": before}))

    assert (edited.texts["where"], edited.originals["where"]) == ("市民課 2番電話", before)
    assert edited.edited == {"where"}
    assert (await read(on_both, report_id)).edited == frozenset()


async def test_the_second_of_two_who_write_is_refused_and_told_who_was_first(
    on_both: Services,
) -> None:
    report_id = await begun(on_both)
    await save(on_both, YAMADA, report_id, Written(1, {"answer": "山田の文"}))

    with pytest.raises(ChangedMeanwhile) as refused:
        await save(on_both, SATO, report_id, Written(1, {"answer": "佐藤の文"}))

    assert refused.value.by == "yamada"
    assert (await read(on_both, report_id)).texts["answer"] == "山田の文"


async def test_of_many_who_save_in_the_same_moment_one_succeeds_and_the_others_are_told(
    on_both: Services,
) -> None:
    report_id = await begun(on_both)
    told: list[str] = []

    async def save_as(number: int) -> None:
        try:
            await save(on_both, YAMADA, report_id, Written(1, {"remarks": f"{number}"}))
        except ChangedMeanwhile:
            told.append("late")
        else:
            told.append("saved")

    async with anyio.create_task_group() as tasks:
        for number in range(6):
            tasks.start_soon(save_as, number)

    assert sorted(told) == ["late"] * 5 + ["saved"]
    assert (await read(on_both, report_id)).report.revision == 2


async def test_what_changes_nothing_is_no_edit(services: Services) -> None:
    report_id = await begun(services)
    same = (await read(services, report_id)).texts["where"]

    assert await save(services, YAMADA, report_id, Written(1, {"where": same})) == 1
    assert [step.kind for step in (await read(services, report_id)).steps] == ["created"]


async def test_who_wrote_submits_and_another_head_of_the_section_approves(
    on_both: Services,
) -> None:
    report_id, revision = await submitted(on_both)

    await approve(on_both, YAMADA, report_id, revision)

    told = await read(on_both, report_id)
    assert (told.report.state, told.report.decided_by) == ("approved", "yamada")
    assert [step.kind for step in told.steps] == ["created", "edited", "submitted", "approved"]


async def test_nobody_approves_what_they_wrote_a_part_of(services: Services) -> None:
    report_id = await begun(services)
    revision = await save(services, YAMADA, report_id, Written(1, WRITTEN))
    await submit(services, SATO, report_id, revision)

    with pytest.raises(NotAllowed) as own:
        await approve(services, YAMADA, report_id, revision + 1)
    with pytest.raises(NotAllowed) as operator:
        await approve(services, SATO, report_id, revision + 1)
    with pytest.raises(NotAllowed) as auditor:
        await approve(services, AUDITOR, report_id, revision + 1)

    assert own.value.code == "own_report"
    assert operator.value.code == auditor.value.code == "section_head_needed"
    await approve(services, KATO, report_id, revision + 1)


async def test_a_report_goes_back_with_a_reason_and_comes_again(services: Services) -> None:
    report_id, revision = await submitted(services)
    with pytest.raises(FieldRefused):
        await give_back(services, YAMADA, report_id, revision, "  ")

    await give_back(services, YAMADA, report_id, revision, "市の回答の\0日付を書いてください。")
    returned = await read(services, report_id)
    again = await save(
        services, SATO, report_id, Written(returned.report.revision, {"remarks": "追記"})
    )
    await submit(services, SATO, report_id, again)

    assert (returned.report.state, returned.may.write) == ("returned", True)
    assert returned.report.decision_reason == "市の回答の 日付を書いてください。"
    assert (await read(services, report_id)).report.state == "submitted"


async def test_a_reason_is_covered_for_who_reads_the_call_covered(server: RunningServer) -> None:
    services = server.services
    async with services.database.transaction() as session:
        await add_ended_call(session, services.clock.now(), CALL)
    report_id, revision = await submitted(services)
    await give_back(services, YAMADA, report_id, revision, "090-1234-5678の件も書いてください。")
    path = f"/v1/reports/{report_id}"

    async with server.client(await server.token(Role.AUDITOR)) as client:
        covered = await client.get(path)
    async with server.client(await server.token(Role.SUPERVISOR)) as client:
        whole = await client.get(path)

    assert "090-1234-5678" not in covered.raise_for_status().text
    assert whole.json()["decision_reason"] == whole.json()["steps"][-1]["reason"]
    assert "090-1234-5678" in whole.json()["decision_reason"]


async def test_what_was_approved_is_frozen_and_corrected_in_a_new_version(
    on_both: Services,
) -> None:
    report_id, revision = await submitted(on_both)
    await approve(on_both, YAMADA, report_id, revision)
    with pytest.raises(Conflict):
        await save(on_both, SATO, report_id, Written(revision + 1, {"remarks": "後から"}))

    second = await correct(on_both, KATO, report_id, "発生時刻の誤り")
    await save(on_both, KATO, second, Written(1, {"remarks": "時刻を改めた。"}))

    old, new = await read(on_both, report_id), await read(on_both, second)
    assert (old.texts["remarks"], new.texts["remarks"]) == ("", "時刻を改めた。")
    assert (new.report.version, new.number) == (2, old.number)
    assert [one.version for one in new.versions] == [2, 1]
    with pytest.raises(Conflict) as late:
        await correct(on_both, KATO, report_id, "もう一度")
    assert late.value.code == "report_not_latest"


async def test_the_author_of_an_earlier_version_does_not_approve_the_correction(
    services: Services,
) -> None:
    report_id = await begun(services, YAMADA)
    revision = await save(services, YAMADA, report_id, Written(1, WRITTEN))
    await submit(services, YAMADA, report_id, revision)
    await approve(services, KATO, report_id, revision + 1)
    second = await correct(services, SATO, report_id, "誤記")
    await submit(services, SATO, second, 1)

    with pytest.raises(NotAllowed):
        await approve(services, YAMADA, second, 2)


async def test_an_author_takes_back_what_waits(services: Services) -> None:
    report_id, revision = await submitted(services)
    with pytest.raises(NotAllowed):
        await withdraw(services, YAMADA, report_id, revision)

    await withdraw(services, SATO, report_id, revision)

    told = await read(services, report_id)
    printed = composed(told, ReportsSettings(), office="", sight=told.sight)
    assert told.report.state == "draft"
    assert "提出" not in dict(printed.about)
    assert printed.approvals[0].lines == ()


async def test_what_must_be_written_is_asked_for_before_it_is_submitted(services: Services) -> None:
    report_id = await begun(services)

    with pytest.raises(FieldRefused) as refused:
        await submit(services, SATO, report_id, 1)

    assert (refused.value.field, refused.value.code) == ("demand", "report_field_missing")


@pytest.mark.parametrize("stranger", [TANAKA, OTHER_HEAD])
async def test_who_may_not_see_the_call_is_told_that_there_is_no_report(
    services: Services, stranger: Identity
) -> None:
    report_id = await begun(services)

    with pytest.raises(NotFound) as refused:
        await read(services, report_id, stranger)

    assert refused.value.code == "report_unknown"


async def test_programs_write_no_reports(services: Services) -> None:
    with pytest.raises(NotAllowed) as refused:
        await begin(services, PROGRAM, CALL)

    assert refused.value.code == "person_needed"


async def test_a_call_that_goes_on_has_no_report_yet(services: Services) -> None:
    async with services.database.transaction() as session:
        await add_ended_call(session, services.clock.now(), "live", live=True)

    with pytest.raises(Conflict) as refused:
        await begin(services, SATO, "live")

    assert refused.value.code == "call_not_over"


async def test_a_sentence_of_another_call_cannot_be_quoted(services: Services) -> None:
    report_id = await begun(services)

    with pytest.raises(FieldRefused) as refused:
        await save(services, SATO, report_id, Written(1, {}, ["other.c0"]))

    assert refused.value.code == "report_quote_unknown"


async def test_quotes_are_what_somebody_chose_in_the_order_of_the_call(services: Services) -> None:
    report_id = await begun(services)
    offered = [one.utterance_id for one in (await read(services, report_id)).offered]

    await save(services, SATO, report_id, Written(1, {}, [offered[2], offered[0]]))

    told = await read(services, report_id)
    assert [one.utterance_id for one in told.quotes] == [offered[0], offered[2]]


async def test_every_step_is_on_the_trail_and_vouches_for_the_text_without_saying_it(
    on_both: Services,
) -> None:
    report_id, revision = await submitted(on_both)
    await approve(on_both, YAMADA, report_id, revision)

    async with on_both.database.transaction() as session:
        links = (
            await session.scalars(
                select(TrailRow)
                .where(TrailRow.kind.startswith("report."))
                .order_by(TrailRow.number)
            )
        ).all()
        steps = (await session.scalars(select(ReportStep).order_by(ReportStep.id))).all()
        report = await session.get_one(IncidentReport, report_id)

    assert [link.kind for link in links] == [
        "report.created",
        "report.edited",
        "report.submitted",
        "report.approved",
    ]
    assert {link.call_id for link in links} == {CALL}
    assert all(link.digest for link in links)
    assert steps[-1].contents_hash == contents_hash(report)
    assert WRITTEN["demand"] not in "".join(link.subject for link in links)


async def test_a_report_goes_when_its_call_goes(on_both: Services) -> None:
    await begun(on_both)
    async with on_both.database.transaction() as session:
        await session.delete(await session.get_one(Call, CALL))

    async with on_both.database.transaction() as session:
        assert (await session.scalars(select(IncidentReport))).all() == []
        assert (await session.scalars(select(ReportStep))).all() == []
