"""Glue: what Twilio asks when a citizen calls: stream both voices to us, then connect the office.

Open routes, but every request is signed by Twilio over the *public* address (``MIMAMORI_PUBLIC_URL``); what the
request's Host says is not looked at. The answer gives the stream a one-time token bound to this call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from xml.sax.saxutils import escape, quoteattr

import structlog
from fastapi import APIRouter, Depends, Request, Response

from app.auth.access import public
from app.calls.protocol import StreamRefused
from app.errors import NotAllowed, NotFound
from app.services import services_of
from app.settings import Settings
from app.telephony.live_doors import doors_of
from app.telephony.messages import call_name
from app.telephony.twilio_signature import HEADER, public_address, stream_address, verify

log = structlog.get_logger()

STREAM_PATH: Final = "/v1/stream/twilio"
VOICE_PATH: Final = "/v1/stream/twilio/voice"
STATUS_PATH: Final = "/v1/stream/twilio/status"
MOST_FIELDS: Final = 100
"""Twilio sends some thirty."""
MOST_FIELD_BYTES: Final = 16_384
_ANSWERED: Final = frozenset({"in-progress", "answered"})
_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

router = APIRouter(dependencies=[Depends(public("signed by the exchange"))])


@router.post(VOICE_PATH, include_in_schema=False)
async def answer_call(request: Request) -> Response:
    """Answer with TwiML that streams the call here and connects the office."""
    form = await _signed_form(request)
    services = services_of(request)
    settings, twilio = services.settings, services.settings.telephony.twilio
    if not twilio.forward_to:
        raise NotFound(
            "not_configured", "転送先の番号(telephony.twilio.forward_to)が設定されていません。"
        )
    parameters = {
        "from": form.get("From", ""),
        "to": form.get("To", ""),
        "direction": form.get("Direction", ""),
        "operator": request.query_params.get("operator", ""),
        "section": request.query_params.get("section", ""),
    }
    if "twilio" in settings.telephony.wait_for_answer:
        parameters["answered"] = "false"
    if twilio.one_time_token:
        parameters["token"] = doors_of(request).one_time_tokens.issue(
            call_name("twilio", form.get("CallSid", "")), services.clock.monotonic_ms()
        )
    return Response(
        twiml(
            stream_url=stream_address(settings.public_url, STREAM_PATH),
            parameters=parameters,
            forward_to=twilio.forward_to,
            status_url=public_address(settings.public_url, STATUS_PATH),
        ),
        media_type="application/xml",
    )


@router.post(STATUS_PATH, include_in_schema=False)
async def call_answered(request: Request) -> Response:
    """Tell the live call that the office has picked up. Of the two legs, the caller's is the one streamed."""
    form = await _signed_form(request)
    if form.get("CallStatus") in _ANSWERED:
        call_id = call_name("twilio", form.get("ParentCallSid") or form.get("CallSid", ""))
        try:
            if not await doors_of(request).answer(call_id):
                log.info("answered call is not live yet", call_id=call_id)
        except StreamRefused as refused:
            # Twilio can do nothing about it.
            log.warning("answered call is not heard", call_id=call_id, refusal=refused.code)
    return Response(status_code=204)


def twiml(
    *, stream_url: str, parameters: Mapping[str, str], forward_to: str, status_url: str
) -> str:
    """Return the TwiML document; *forward_to* is a telephone number or a ``sip:`` address."""
    noun = "Sip" if forward_to.lower().startswith(("sip:", "sips:")) else "Number"
    given = "".join(
        f"<Parameter name={_quoted(name)} value={_quoted(value)}/>"
        for name, value in parameters.items()
        if value
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        "<Response>"
        f'<Start><Stream url={_quoted(stream_url)} track="both_tracks">{given}</Stream></Start>'
        f"<Dial><{noun} statusCallback={_quoted(status_url)}"
        ' statusCallbackEvent="answered" statusCallbackMethod="POST">'
        f"{escape(_NOT_IN_XML.sub('', forward_to))}</{noun}></Dial>"
        "</Response>"
    )


async def _signed_form(request: Request) -> dict[str, str]:
    """Return the form, if Twilio sent it.

    Raises:
        NotFound: the door is closed (``not_configured``).
        NotAllowed: it is not signed by this account (``bad_signature``), or of another one (``not_allowed``).
    """
    settings: Settings = services_of(request).settings
    twilio = settings.telephony.twilio
    if twilio.auth_token is None:
        raise NotFound(
            "not_configured", "Twilio の受け口は設定されていません(telephony.twilio.auth_token)。"
        )
    form = await request.form(max_fields=MOST_FIELDS, max_part_size=MOST_FIELD_BYTES)
    pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    url = public_address(settings.public_url, request.url.path, request.url.query)
    if not verify(
        url, pairs, twilio.auth_token.get_secret_value(), request.headers.get(HEADER, "")
    ):
        raise NotAllowed(
            "bad_signature",
            "Twilio の署名を確認できません。public_url と auth_token の設定を確認してください。",
        )
    fields = _first_of_each(pairs)
    if twilio.account_sid and fields.get("AccountSid") != twilio.account_sid:
        raise NotAllowed("not_allowed", "このアカウントの通話は受け付けられません。")
    return fields


def _first_of_each(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields


def _quoted(value: str) -> str:
    return quoteattr(_NOT_IN_XML.sub("", value))
