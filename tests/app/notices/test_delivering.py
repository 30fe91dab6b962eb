"""From a call's event to the receiver: once, signed, tried again, over crashes, and seen where it fails."""

from __future__ import annotations

import json
from datetime import datetime

import anyio
import pytest

from app.auth.identity import Role
from app.callers.number import UNREADABLE
from app.control.signing import is_signed
from app.errors import Conflict, NotFound, Unavailable
from app.notices.settings import RouteSettings
from tests.app.control.serving import refusing_port
from tests.app.notices.office import NUMBER, SECRET, WORDS, Office, webhook
from tests.app.notices.receivers import MailReceiver, WebReceiver, web_receiver
from tests.fakes_clock import FakeClock


class HastyClock(FakeClock):
    """An hour later at each look: nothing has to be waited for."""

    def now(self) -> datetime:
        self.advance(hours=1)
        return super().now()


@pytest.fixture
def clock() -> FakeClock:
    return HastyClock()


async def states(calls: Office) -> list[tuple[str, str, int, str]]:
    return [(row.subject, row.state, row.tries, row.problem) for row in await calls.rows()]


async def test_a_call_that_rises_is_told_signed_and_without_words_number_or_name(
    calls: Office, web: WebReceiver
) -> None:
    async with calls.desk(cti=webhook(web.url)):
        await calls.begin()
        await calls.rise(2)
        await web.has(1)

    (arrived,) = web.arrived
    told, headers = json.loads(arrived.body), arrived.headers
    stamp, signature = headers["mimamori-timestamp"], headers["mimamori-signature"]
    assert is_signed(SECRET, stamp, arrived.body, signature)
    assert headers["idempotency-key"] == told["notice_id"]
    assert (told["level"], told["call_id"]) == (2, "c1")
    assert told["url"] == "https://mimamori.example/calls/c1"
    assert [category["id"] for category in told["categories"]] == [
        "physical_attack",
        "intimidation",
    ]
    assert not {"quote", "caller_number", "operator_name"} & told.keys()
    assert await states(calls) == [("level.2", "sent", 1, "")]


async def test_words_number_and_name_are_said_where_the_route_has_them(
    calls: Office, web: WebReceiver
) -> None:
    await calls.administration.create_user(
        login="sato", display_name="佐藤 一郎", role=Role.OPERATOR, section="市民課"
    )
    open_hearted = webhook(
        web.url, with_words=True, with_caller_number=True, with_operator_name=True
    )

    async with calls.desk(cti=open_hearted):
        await calls.begin()
        await calls.rise(3)
        await web.has(1)

    told = json.loads(web.arrived[0].body)
    assert (told["quote"], told["caller_number"]) == (WORDS, NUMBER)
    assert told["operator_name"] == "佐藤 一郎"


async def test_a_number_whose_key_is_lost_is_not_told_as_one(
    calls: Office, web: WebReceiver
) -> None:
    calls.number_of = lambda _call: UNREADABLE

    async with calls.desk(cti=webhook(web.url, with_caller_number=True)):
        await calls.begin()
        await calls.rise(2)
        await web.has(1)

    assert "caller_number" not in json.loads(web.arrived[0].body)


async def test_each_level_is_told_once_and_nothing_on_the_way_down(
    calls: Office, web: WebReceiver
) -> None:
    async with calls.desk(cti=webhook(web.url)):
        await calls.begin()
        for level in (1, 2, 1, 2, 3, 2, 3, 0):
            await calls.rise(level)
        await web.has(2)

    assert [row[:2] for row in await states(calls)] == [("level.2", "sent"), ("level.3", "sent")]
    assert len(web.arrived) == 2


async def test_help_and_the_end_are_told_without_what_was_written(
    calls: Office, web: WebReceiver
) -> None:
    async with calls.desk(cti=webhook(web.url, ended_from_level=1)):
        await calls.begin()
        await calls.rise(1)
        for kind in ("help_requested", "help_requested", "help_withdrawn", "help_requested"):
            await calls.note(kind)
        await calls.over()
        await web.has(3)

    assert [row[0] for row in await states(calls)] == ["help.0", "help.1", "ended"]
    assert all(WORDS.encode("unicode-escape") not in one.body for one in web.arrived)


async def test_other_sections_calls_go_elsewhere(calls: Office, web: WebReceiver) -> None:
    async with (
        web_receiver() as tax_office,
        calls.desk(
            citizens=webhook(web.url, sections=["市民課"]),
            taxes=webhook(tax_office.url, sections=["税務課"]),
        ),
    ):
        await calls.begin("c1")
        await calls.begin("c2", section="税務課")
        await calls.rise(2, "c1")
        await calls.rise(2, "c2", section="税務課")
        await web.has(1)
        await tax_office.has(1)

    assert [json.loads(one.body)["call_id"] for one in web.arrived] == ["c1"]
    assert [json.loads(one.body)["call_id"] for one in tax_office.arrived] == ["c2"]


async def test_a_notice_that_is_not_taken_is_tried_again_under_the_same_id(
    calls: Office, web: WebReceiver
) -> None:
    web.answers = [503, 429, 500]

    async with calls.desk(cti=webhook(web.url)):
        await calls.begin()
        await calls.rise(2)
        await web.has(4)

    assert len({one.headers["idempotency-key"] for one in web.arrived}) == 1
    assert len({one.body for one in web.arrived}) == 1
    assert await states(calls) == [("level.2", "sent", 4, "")]


async def test_a_notice_that_never_arrives_fails_in_the_end_and_an_administrator_can_try_anew(
    calls: Office, web: WebReceiver
) -> None:
    web.answers, calls.settings["tries"] = [500, 500, 500], 3
    async with calls.desk(cti=webhook(web.url)):
        await calls.begin()
        await calls.rise(2)
        await web.has(3)
    failed = await states(calls)

    async with calls.desk(cti=webhook(web.url)) as desk:
        await desk.retry((await calls.rows())[0].id)
        await web.has(4)

    assert failed == [("level.2", "failed", 3, "answered_500")]
    assert await states(calls) == [("level.2", "sent", 1, "")]


async def test_what_would_be_refused_the_same_again_is_not_tried_again(
    calls: Office, web: WebReceiver
) -> None:
    web.answers = [404]

    async with calls.desk(cti=webhook(web.url)):
        await calls.begin()
        await calls.rise(2)
        await calls.rise(3)
        await web.has(2)

    assert await states(calls) == [
        ("level.2", "failed", 1, "answered_404"),
        ("level.3", "sent", 1, ""),
    ]


async def test_a_redirect_is_not_followed(calls: Office, web: WebReceiver) -> None:
    web.answers, calls.settings["tries"] = [307], 1
    web.answer_headers = {"Location": "/in"}

    async with calls.desk(cti=webhook(web.url)) as desk:
        row = await desk.test("cti")

    assert (row.state, row.problem) == ("failed", "answered_307")
    assert len(web.arrived) == 1


async def test_what_happened_while_the_server_was_down_is_told_when_it_is_back(
    calls: Office, web: WebReceiver
) -> None:
    async with calls.desk(cti=webhook(web.url)):
        await calls.begin()

    await calls.rise(2)
    await calls.rise(3)
    async with calls.desk(cti=webhook(web.url)):
        await web.has(2)
    async with calls.desk(cti=webhook(web.url)) as desk:
        await desk.test("cti")

    assert len(web.arrived) == 3  # two levels and the test
    assert [row[0] for row in await states(calls)] == ["test", "level.2", "level.3"]


async def test_a_new_route_is_not_told_of_the_past(calls: Office, web: WebReceiver) -> None:
    await calls.begin()
    await calls.rise(2)

    async with calls.desk(cti=webhook(web.url)):
        await calls.rise(3)
        await web.has(1)

    assert await states(calls) == [("level.3", "sent", 1, "")]


async def test_nothing_is_owed_to_anybody_when_nothing_is_set_up(
    calls: Office, web: WebReceiver
) -> None:
    async with calls.desk():
        await calls.begin()
        await calls.rise(3)
    async with calls.desk(cti=webhook(web.url)) as desk:
        await desk.test("cti")

    assert await states(calls) == [("test", "sent", 1, "")]


async def test_what_is_owed_to_a_route_that_was_removed_is_shown_as_failed(
    calls: Office, web: WebReceiver
) -> None:
    async with calls.desk(cti=webhook(web.url)):
        await calls.begin()
    await calls.rise(2)
    async with calls.opened(cti=webhook(web.url)) as desk:
        await desk._outbox.open()
        await desk._outbox.collect()

    async with calls.desk() as desk:
        with pytest.raises(Conflict):
            await desk.retry((await calls.rows())[0].id)

    assert await states(calls) == [("level.2", "failed", 0, "route_removed")]


async def test_a_receiver_that_does_not_answer_holds_no_other_route(
    calls: Office, web: WebReceiver
) -> None:
    async with web_receiver() as stuck:
        stuck.hold = anyio.Event()
        async with calls.desk(stuck=webhook(stuck.url), cti=webhook(web.url)):
            await calls.begin()
            await calls.rise(2)
            await stuck.has(1)
            await calls.rise(3)
            await web.has(2)
            stuck.hold.set()
            await stuck.has(2)

    assert {row[1] for row in await states(calls)} == {"sent"}


async def test_a_try_that_has_begun_is_brought_to_its_end_when_the_server_stops(
    calls: Office, web: WebReceiver
) -> None:
    web.hold = anyio.Event()

    async def stop_in_the_middle() -> None:
        async with calls.desk(cti=webhook(web.url)):
            await calls.begin()
            await calls.rise(2)
            await web.has(1)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stop_in_the_middle)
        await web.has(1)
        web.hold.set()

    assert await states(calls) == [("level.2", "sent", 1, "")]


async def test_a_removed_call_takes_its_notices_with_it(calls: Office, web: WebReceiver) -> None:
    async with calls.desk(cti=webhook(web.url)):
        await calls.begin()
        await calls.rise(2)
        await web.has(1)

    await calls.remove("c1")

    assert await states(calls) == []


async def test_only_what_failed_can_be_tried_anew(calls: Office, web: WebReceiver) -> None:
    async with calls.desk(cti=webhook(web.url)) as desk:
        sent = await desk.test("cti")
        with pytest.raises(Conflict):
            await desk.retry(sent.id)
        with pytest.raises(NotFound):
            await desk.retry("nothing")
        with pytest.raises(NotFound):
            await desk.test("nobody")


@pytest.mark.parametrize(("kind", "part"), [("slack", "blocks"), ("teams", "attachments")])
async def test_chats_are_told_in_their_own_form_and_unsigned(
    calls: Office, web: WebReceiver, kind: str, part: str
) -> None:
    route = RouteSettings.model_validate({"kind": kind, "url": web.url})

    async with calls.desk(chat=route):
        await calls.begin()
        await calls.rise(2)
        await web.has(1)

    (arrived,) = web.arrived
    assert part in json.loads(arrived.body)
    assert "mimamori-signature" not in arrived.headers


async def test_mail_goes_out_through_the_offices_server(calls: Office, post: MailReceiver) -> None:
    calls.settings["smtp"] = {
        "host": post.host,
        "port": post.port,
        "security": "none",
        "sender": "mimamori@city.example",
    }
    route = RouteSettings.model_validate({"kind": "mail", "to": ["kacho@city.example"]})

    async with calls.desk(kacho=route) as desk:
        row = await desk.test("kacho")

    assert row.state == "sent"
    assert [mail["Subject"] for mail in post.mails] == ["【テスト】見守りからのお知らせ"]


async def test_a_proxy_is_used_for_chats_and_not_for_the_offices_own_system(
    calls: Office, web: WebReceiver
) -> None:
    chat = RouteSettings.model_validate({"kind": "slack", "url": web.url})
    with refusing_port() as port:
        calls.settings |= {"proxy": f"http://127.0.0.1:{port}", "tries": 1}
        async with calls.desk(chat=chat, cti=webhook(web.url)) as desk:
            outside, inside = await desk.test("chat"), await desk.test("cti")

    assert (outside.state, outside.problem) == ("failed", "unreachable")
    assert inside.state == "sent"


async def test_an_unreadable_certificate_file_stops_the_start(calls: Office) -> None:
    calls.settings["ca_file"] = "nowhere.pem"

    with pytest.raises(Unavailable):
        async with calls.opened(cti=webhook("https://cti.example/in")):
            pass


async def test_an_address_that_nothing_can_read_stops_the_start(calls: Office) -> None:
    with pytest.raises(Unavailable):
        async with calls.opened(cti=webhook("https://[::1]x/in")):
            pass
