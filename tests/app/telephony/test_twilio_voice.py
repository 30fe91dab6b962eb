"""What Twilio asks when a citizen calls, and what it is answered: only if it proves that it is Twilio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from app.errors import AppError
from app.settings import Settings
from app.telephony.one_time_tokens import OneTimeTokens
from app.telephony.twilio_signature import HEADER, sign
from app.telephony.twilio_voice import STATUS_PATH, VOICE_PATH, router
from tests.fakes_clock import FakeClock

PUBLIC = "https://mimamori.example"
CALL = {
    "CallSid": "CA1",
    "AccountSid": "AC1",
    "From": "+819012345678",
    "To": "+81113821111",
    "Direction": "inbound",
    "CallerName": "",
}
ANSWERED = {"CallSid": "CA2", "ParentCallSid": "CA1", "AccountSid": "AC1"}
TWILIO = {"auth_token": "12345", "account_sid": "AC1", "forward_to": "+81113821112"}


@dataclass(slots=True)
class ToldDoors:
    """Doors that remember what they were told."""

    one_time_tokens: OneTimeTokens = field(default_factory=lambda: OneTimeTokens(lambda: "t0k3n"))
    answered: list[str] = field(default_factory=list)

    async def answer(self, call_id: str) -> bool:
        self.answered.append(call_id)
        return True


@dataclass(frozen=True, slots=True)
class FewServices:
    settings: Settings
    doors: ToldDoors
    clock: FakeClock


@dataclass(slots=True)
class Office:
    """An office's server as Twilio reaches it: through a proxy, so that Host is not the public name."""

    app: FastAPI
    client: httpx.AsyncClient
    services: FewServices

    async def post(
        self, path: str, form: dict[str, str], *, signed: str | None = None
    ) -> httpx.Response:
        signature = sign(signed or PUBLIC + path, form.items(), "12345")
        return await self.client.post(
            path,
            content=urlencode(form),
            headers={
                HEADER: signature,
                "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            },
        )

    def change(self, **telephony: Any) -> None:
        settings = Settings(public_url=PUBLIC, telephony={"twilio": TWILIO} | telephony)
        self.app.state.services = FewServices(settings, self.services.doors, self.services.clock)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    app = FastAPI()
    app.include_router(router)

    @app.exception_handler(AppError)
    async def render(_request: Request, error: AppError) -> Response:
        return JSONResponse({"code": error.code}, error.status)

    settings = Settings(public_url=PUBLIC, telephony={"twilio": TWILIO})
    app.state.services = FewServices(settings, ToldDoors(), FakeClock())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.5:8000") as client:
        yield Office(app, client, app.state.services)


def parameters(answer: httpx.Response) -> dict[str, str]:
    return {
        each.attrib["name"]: each.attrib["value"]
        for each in ET.fromstring(answer.text).iter("Parameter")
    }


async def test_a_signed_question_is_answered_with_the_stream_and_the_office(office: Office) -> None:
    answer = await office.post(VOICE_PATH, CALL)

    document = ET.fromstring(answer.text)
    stream, number = document.find("Start/Stream"), document.find("Dial/Number")
    assert stream is not None
    assert number is not None
    assert answer.headers["content-type"].startswith("application/xml")
    assert [each.tag for each in document] == ["Start", "Dial"]
    assert stream.attrib == {
        "url": "wss://mimamori.example/v1/stream/twilio",
        "track": "both_tracks",
    }
    assert parameters(answer) == {
        "from": "+819012345678",
        "to": "+81113821111",
        "direction": "inbound",
        "token": "t0k3n",
    }
    assert number.text == "+81113821112"
    assert number.attrib["statusCallback"] == PUBLIC + STATUS_PATH


async def test_the_token_opens_this_call_and_no_other(office: Office) -> None:
    await office.post(VOICE_PATH, CALL)

    tokens = office.services.doors.one_time_tokens
    assert not tokens.redeem("t0k3n", "twilio.CA9", 1_000)
    assert tokens.redeem("t0k3n", "twilio.CA1", 1_000)


async def test_the_address_may_name_operator_and_section_and_is_signed_with_them(
    office: Office,
) -> None:
    path = VOICE_PATH + "?section=%E5%B8%82%E6%B0%91%E8%AA%B2&operator=sato"

    answer = await office.post(path, CALL)

    assert parameters(answer)["section"] == "市民課"
    assert parameters(answer)["operator"] == "sato"


async def test_where_the_office_waits_for_an_answer_the_stream_says_so(office: Office) -> None:
    office.change(wait_for_answer=("twilio",))

    assert parameters(await office.post(VOICE_PATH, CALL))["answered"] == "false"


async def test_what_a_caller_names_himself_cannot_write_xml(office: Office) -> None:
    hostile = '"/><Hangup/><x y="&\x01'

    answer = await office.post(VOICE_PATH, CALL | {"From": hostile})

    assert parameters(answer)["from"] == '"/><Hangup/><x y="&'
    assert ET.fromstring(answer.text).find(".//Hangup") is None


async def test_an_office_may_be_reached_by_sip(office: Office) -> None:
    office.change(twilio=TWILIO | {"forward_to": "sip:1001@pbx.example"})

    document = ET.fromstring((await office.post(VOICE_PATH, CALL)).text)

    assert document.findtext("Dial/Sip") == "sip:1001@pbx.example"


@pytest.mark.parametrize("path", [VOICE_PATH, STATUS_PATH])
@pytest.mark.parametrize(
    "signed",
    [
        "http://10.0.0.5:8000" + VOICE_PATH,
        "https://other.example" + VOICE_PATH,
        PUBLIC + "/v1/stream/twilio",
    ],
)
async def test_who_signs_another_address_is_refused(office: Office, path: str, signed: str) -> None:
    answer = await office.post(path, CALL, signed=signed)

    assert (answer.status_code, answer.json()["code"]) == (403, "bad_signature")


async def test_who_does_not_sign_is_refused(office: Office) -> None:
    answer = await office.client.post(VOICE_PATH, data=CALL)

    assert (answer.status_code, answer.json()["code"]) == (403, "bad_signature")


async def test_another_account_is_refused(office: Office) -> None:
    answer = await office.post(VOICE_PATH, CALL | {"AccountSid": "AC2"})

    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("missing", ["auth_token", "forward_to"])
async def test_a_door_without_its_settings_is_closed(office: Office, missing: str) -> None:
    office.change(twilio={name: value for name, value in TWILIO.items() if name != missing})

    answer = await office.post(VOICE_PATH, CALL)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_configured")


async def test_when_the_office_picks_up_the_callers_call_is_told(office: Office) -> None:
    answer = await office.post(STATUS_PATH, ANSWERED | {"CallStatus": "in-progress"})

    assert answer.status_code == 204
    assert office.services.doors.answered == ["twilio.CA1"]


@pytest.mark.parametrize("status", ["ringing", "busy", "no-answer", "completed"])
async def test_nothing_else_counts_as_an_answer(office: Office, status: str) -> None:
    answer = await office.post(STATUS_PATH, ANSWERED | {"CallStatus": status})

    assert answer.status_code == 204
    assert office.services.doors.answered == []
