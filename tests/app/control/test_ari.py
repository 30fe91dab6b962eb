"""Clicks on an Asterisk, over real HTTP and a real event socket; only the exchange is a small one."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketStream
from hypothesis import given
from hypothesis import strategies as st

from app.auth.identity import Role
from app.control.ari import AriRequests, AriServer, ari_client, named_channel
from app.control.ari_control import AriControl
from app.control.opening import FirstAble, open_call_control
from app.control.ports import (
    Ability,
    CallControl,
    Clicker,
    ControlledCall,
    ExchangeAway,
    ExchangeRefused,
    JoinMode,
    NotControllable,
    OutcomeUnknown,
)
from app.telephony.settings import ControlSettings
from tests.app.control.fake_ari import PASSWORD, USER, FakeAri
from tests.app.control.serving import own_certificate, peer, refusing_port, serving

CHANNEL = "1700000000.7"
CALL = ControlledCall(call_id="asterisk.42", exchange={"channel_id": CHANNEL})
CHIEF = Clicker("kacho", "課長", Role.SUPERVISOR)
SATO = Clicker("sato", "佐藤", Role.OPERATOR)
EXTENSIONS = {"200": "Kacho", "100": "sato", "1;rm": "bucho"}


@asynccontextmanager
async def control(
    url: str, password: str = PASSWORD, ca_file: Path | None = None
) -> AsyncIterator[CallControl]:
    settings = ControlSettings.model_validate(
        {"ari": {"url": f"{url}/ari", "user": USER, "password": password}, "ca_file": ca_file}
    )
    async with open_call_control(settings, operators_by_extension=EXTENSIONS) as opened:
        assert opened is not None
        yield opened


def calling(**exchange: str) -> ControlledCall:
    return replace(CALL, exchange=exchange)


# Hanging up


async def test_ending_a_call_hangs_up_its_own_channel() -> None:
    exchange = FakeAri()

    async with serving(exchange.app) as url, control(url) as opened:
        await opened.end(CALL, SATO)

    assert exchange.channels == {}
    assert exchange.asked[-1] == ("DELETE", f"/channels/{CHANNEL}", {"reason": "normal"})


async def test_a_channel_may_be_known_by_its_name() -> None:
    exchange = FakeAri()

    async with serving(exchange.app) as url, control(url) as opened:
        await opened.end(calling(channel="PJSIP/trunk-00000007"), SATO)

    assert exchange.channels == {}


async def test_the_channel_named_on_purpose_counts_more_than_the_one_that_brings_the_sound() -> (
    None
):
    exchange = FakeAri(channels={CHANNEL: "PJSIP/trunk-1", "5.5": "WebSocket/mimamori/0x7f"})
    call = calling(caller_channel_id=CHANNEL, channel_id="5.5", channel="WebSocket/mimamori/0x7f")

    async with serving(exchange.app) as url, control(url) as opened:
        await opened.end(call, SATO)

    assert exchange.channels == {"5.5": "WebSocket/mimamori/0x7f"}


@pytest.mark.parametrize("leg", ["WebSocket/m/0x7f", "AudioSocket/10.0.0.1", "Snoop/1-2"])
async def test_a_leg_that_only_carries_sound_is_never_hung_up(leg: str) -> None:
    exchange = FakeAri(channels={"5.5": leg})

    async with serving(exchange.app) as url, control(url) as opened:
        offered = opened.ability(calling(channel_id="5.5", channel=leg), SATO)
        with pytest.raises(NotControllable):
            await opened.end(calling(channel_id="5.5"), SATO)

    assert not offered.can_end
    assert "caller_channel_id" in offered.why_no_end
    assert exchange.channels == {"5.5": leg}


async def test_a_call_that_has_gone_is_told_as_such() -> None:
    exchange = FakeAri(channels={})

    async with serving(exchange.app) as url, control(url) as opened:
        for call in (CALL, calling(channel="PJSIP/trunk-00000007")):
            with pytest.raises(ExchangeRefused) as refused:
                await opened.end(call, SATO)
            assert refused.value.code == "channel_gone"


async def test_a_wrong_password_names_the_setting_and_not_the_password() -> None:
    exchange = FakeAri()

    async with serving(exchange.app) as url, control(url, "wrong word") as opened:
        with pytest.raises(ExchangeRefused, match="ARI__USER") as refused:
            await opened.end(CALL, SATO)
        with pytest.raises(ExchangeRefused, match="ARI__USER"):
            await opened.join(CALL, JoinMode.TALK, CHIEF)

    assert "wrong word" not in refused.value.message
    assert exchange.channels


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "ari_forbidden"),
        (404, "channel_gone"),
        (409, "ari_not_possible"),
        (422, "ari_not_possible"),
        (302, "ari_failed"),
        (500, "ari_failed"),
        (503, "ari_failed"),
    ],
)
async def test_every_status_that_is_no_success_has_its_words(status: int, code: str) -> None:
    exchange = FakeAri(failing={CHANNEL: status})

    async with serving(exchange.app) as url, control(url) as opened:
        with pytest.raises(ExchangeRefused) as refused:
            await opened.end(CALL, SATO)

    assert refused.value.code == code


async def test_an_exchange_that_is_off_is_away() -> None:
    with refusing_port() as port:
        async with control(f"http://127.0.0.1:{port}") as opened:
            with pytest.raises(ExchangeAway):
                await opened.end(CALL, SATO)
            with pytest.raises(ExchangeAway):
                await opened.join(CALL, JoinMode.TALK, CHIEF)


async def test_an_exchange_that_breaks_off_while_hanging_up_leaves_the_outcome_open() -> None:
    requests: list[bytes] = []

    async def cut_at_the_deed(stream: SocketStream) -> None:
        async with stream:
            requests.append((await stream.receive()).split(b" ")[0])
            if requests[-1] == b"GET":
                shown = json.dumps({"id": CHANNEL, "name": "PJSIP/trunk-1"}).encode()
                await stream.send(
                    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(shown), shown)
                )

    async with peer(cut_at_the_deed) as url, control(url) as opened:
        with pytest.raises(OutcomeUnknown) as unknown:
            await opened.end(CALL, SATO)

    assert (unknown.value.sent, unknown.value.known) == (True, False)
    assert requests == [b"GET", b"DELETE"]


async def test_a_question_that_is_not_answered_has_changed_nothing() -> None:
    async def cut(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()

    async with peer(cut) as url, control(url) as opened:
        with pytest.raises(ExchangeAway, match="何も行っていません") as away:
            await opened.end(CALL, SATO)

    assert not away.value.sent


async def test_something_that_is_no_asterisk_is_told_as_such() -> None:
    async def answer(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")

    async with peer(answer) as url, control(url) as opened:
        with pytest.raises(ExchangeRefused) as refused:
            await opened.end(CALL, SATO)

    assert refused.value.code == "ari_not_understood"


# Joining


@pytest.mark.parametrize(("mode", "whisper"), [(JoinMode.TALK, "both"), (JoinMode.LISTEN, "none")])
async def test_a_supervisor_who_picks_up_is_in_the_call(mode: JoinMode, whisper: str) -> None:
    exchange = FakeAri()

    async with serving(exchange.app) as url, control(url) as opened:
        await opened.join(CALL, mode, CHIEF)
        ((bridge, members),) = exchange.bridges.items()
        during = dict(exchange.channels), set(members)

    ring = next(query for method, path, query in exchange.asked if path.endswith("-phone"))
    snoop = next(query for method, path, query in exchange.asked if "/snoop/" in path)
    assert (ring["endpoint"], ring["timeout"]) == ("PJSIP/200", "30")
    assert (snoop["spy"], snoop["whisper"]) == ("both", whisper)
    assert ring["app"] == snoop["app"] == bridge.removesuffix("-bridge")
    assert during[1] == set(during[0]) - {CHANNEL}
    assert {name.rpartition("-")[2] for name in during[1]} == {"phone", "snoop"}


async def test_nothing_is_tapped_before_the_supervisor_has_picked_up() -> None:
    exchange = FakeAri(picks_up=False)

    async with serving(exchange.app) as url, control(url) as opened:
        with pytest.raises(ExchangeRefused) as refused:
            await opened.join(CALL, JoinMode.TALK, CHIEF)

    assert refused.value.code == "supervisor_no_answer"
    assert not [path for _, path in exchange.done() if "/snoop/" in path]
    assert (exchange.bridges, set(exchange.channels)) == ({}, {CHANNEL})


@pytest.mark.parametrize("who", ["-phone", "-snoop"])
async def test_when_either_side_hangs_up_nothing_of_the_stay_is_left(who: str) -> None:
    exchange = FakeAri()

    async with serving(exchange.app) as url, control(url) as opened:
        await opened.join(CALL, JoinMode.TALK, CHIEF)
        await exchange.hang_up(next(c for c in exchange.channels if c.endswith(who)))
        await exchange.until(gone="-bridge")

        assert (exchange.bridges, set(exchange.channels)) == ({}, {CHANNEL})


async def test_a_defect_in_one_stay_ends_neither_the_server_nor_the_other_stays() -> None:
    class Defect(AriRequests):
        async def take_down(self, bridge_id: str) -> None:
            await super().take_down(bridge_id)
            raise ZeroDivisionError

    exchange = FakeAri()
    async with serving(exchange.app) as url, anyio.create_task_group() as stays:
        server = AriServer(f"{url}/ari", USER, PASSWORD, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        async with ari_client(server) as client:
            for requests in (AriRequests(client, server), Defect(client, server)):
                await AriControl(requests, server, EXTENSIONS, stays).join(
                    CALL, JoinMode.TALK, CHIEF
                )
            sound, broken = exchange.bridges
            await exchange.hang_up(broken.replace("-bridge", "-phone"))
            await exchange.until(gone=broken)
            left = set(exchange.bridges)
            stays.cancel_scope.cancel()

    assert left == {sound}


async def test_a_server_that_stops_takes_its_supervisors_out_of_the_calls() -> None:
    exchange = FakeAri()

    async with serving(exchange.app) as url:
        async with control(url) as opened:
            await opened.join(CALL, JoinMode.TALK, CHIEF)

        assert (exchange.bridges, set(exchange.channels)) == ({}, {CHANNEL})


async def test_requests_and_events_go_over_tls_with_the_offices_own_certificate(
    tmp_path: Path,
) -> None:
    exchange, own = FakeAri(), own_certificate(tmp_path / "own.pem")

    async with serving(exchange.app, certificate=own) as url:
        async with control(url) as opened:
            for click in (opened.end(CALL, SATO), opened.join(CALL, JoinMode.TALK, CHIEF)):
                with pytest.raises(ExchangeAway) as away:
                    await click
                assert away.value.code == "control_untrusted"
        asked_without = list(exchange.asked)
        async with control(url, ca_file=own) as opened:
            await opened.join(CALL, JoinMode.TALK, CHIEF)
            await opened.end(CALL, SATO)

    assert asked_without == []
    assert CHANNEL not in exchange.channels


async def test_events_are_heard_at_the_address_that_was_set_and_nowhere_else() -> None:
    elsewhere = FakeAri()

    async with serving(elsewhere.app) as there:
        exchange = FakeAri(events_moved_to=f"{there}/ari/events?app=a")
        async with serving(exchange.app) as url, control(url) as opened:
            with pytest.raises(ExchangeRefused) as refused:
                await opened.join(CALL, JoinMode.TALK, CHIEF)

    assert refused.value.code == "ari_failed"
    assert elsewhere.events_asked == 0


@pytest.mark.parametrize(
    "exchange",
    [
        FakeAri(failing={"/addChannel": 422}),
        FakeAri(failing={"-phone": 400}),
        FakeAri(loses_events=True),
        FakeAri(forgets_snoops=True),
    ],
    ids=["no bridge", "no telephone", "no events", "no snoop"],
)
async def test_a_stay_that_fails_half_way_leaves_nothing(exchange: FakeAri) -> None:
    async with serving(exchange.app) as url, control(url) as opened:
        with pytest.raises(ExchangeRefused):
            await opened.join(CALL, JoinMode.TALK, CHIEF)

    assert exchange.bridges == {}
    assert CHANNEL in exchange.channels
    assert not [name for name in exchange.channels if name.endswith("-snoop")]


async def test_a_call_that_ends_while_the_telephone_rings_is_told_as_gone() -> None:
    exchange = FakeAri(ends_when_ringing=CHANNEL)

    async with serving(exchange.app) as url, control(url) as opened:
        with pytest.raises(ExchangeRefused) as refused:
            await opened.join(CALL, JoinMode.TALK, CHIEF)

    assert refused.value.code == "channel_gone"
    assert (exchange.bridges, exchange.channels) == ({}, {})


async def test_who_has_no_telephone_here_is_told_whom_to_ask() -> None:
    exchange = FakeAri()
    stranger = Clicker("bucho", "部長", Role.SUPERVISOR)  # whose extension no dial string may hold

    async with serving(exchange.app) as url, control(url) as opened:
        offered = opened.ability(CALL, stranger), opened.ability(CALL, SATO)
        with pytest.raises(NotControllable, match="OPERATORS_BY_EXTENSION"):
            await opened.join(CALL, JoinMode.TALK, stranger)
        with pytest.raises(NotControllable, match="監督者が自分の画面から"):
            await opened.join(CALL, JoinMode.TALK, SATO)
        with pytest.raises(NotControllable):
            await opened.join(CALL, JoinMode.WHISPER, CHIEF)

    assert [(ability.can_join, ability.can_end) for ability in offered] == [(False, True)] * 2
    assert exchange.asked == []


# What is worth offering


@given(st.dictionaries(st.sampled_from(["caller_channel_id", "channel_id", "channel"]), st.text()))
def test_no_metadata_whatever_names_a_channel_that_leads_elsewhere(
    exchange: Mapping[str, str],
) -> None:
    named = named_channel(exchange)

    assert named is None or (named in "".join(exchange.values()) and named.strip(".") != "")


async def test_of_two_exchanges_the_one_that_knows_the_call_is_asked() -> None:
    class Other:
        def __init__(self) -> None:
            self.ended: list[str] = []

        def ability(self, call: ControlledCall, by: Clicker) -> Ability:
            return Ability(can_end=True, why_no_join="だめです")

        async def join(self, call: ControlledCall, mode: JoinMode, by: Clicker) -> None:
            raise NotControllable("never", "だめです")

        async def end(self, call: ControlledCall, by: Clicker) -> None:
            self.ended.append(call.call_id)

    exchange, other = FakeAri(), Other()
    unknown_here = replace(CALL, call_id="twilio.1", exchange={})

    async with serving(exchange.app) as url, control(url) as ari:
        both = FirstAble([ari, other])
        await both.end(CALL, SATO)
        await both.end(unknown_here, SATO)
        offered = both.ability(unknown_here, CHIEF)

    assert exchange.channels == {}
    assert other.ended == ["twilio.1"]
    assert (offered.can_end, offered.can_join) == (True, False)
