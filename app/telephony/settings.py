"""Pure: what an office may set about its telephone doors (``MIMAMORI_TELEPHONY__…``)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, SecretStr, StringConstraints, field_validator

from app.telephony.audiohook_signature import decoded_secret

DoorName = Literal[
    "native", "twilio", "asterisk", "freeswitch", "jambonz", "audiohook", "audiosocket"
]
_Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)]


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class TwilioSettings(_Group):
    auth_token: SecretStr | None = None
    """Secret of the account, by which Twilio signs; unset: the door is closed."""
    account_sid: str = ""
    """Set: streams of other accounts are refused."""
    one_time_token: bool = True
    """Ask each stream for the token that ``/v1/stream/twilio/voice`` gave to its call (docs/telephony/twilio.md)."""
    forward_to: str = ""
    """Number to which ``/v1/stream/twilio/voice`` lets Twilio connect the caller; unset: no such answer is given."""


class AudioHookSettings(_Group):
    keys: dict[str, SecretStr] = {}
    """API key to client secret (base64), as registered in Genesys Cloud; empty: the door is closed."""
    unsigned: bool = False
    """Also take sessions of a key whose secret is empty. For tests on one's own network."""

    @field_validator("keys")
    @classmethod
    def _readable_secrets(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for secret in value.values():
            try:
                decoded_secret(secret.get_secret_value())
            except ValueError:
                raise ValueError(
                    "a client secret must be base64, as Genesys Cloud shows it"
                ) from None
        return value


class AudioSocketSettings(_Group):
    listen: str | None = None
    """Address and port, as ``127.0.0.1:9092``; unset: closed. The protocol knows no password and no TLS."""
    allowed_networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    """From which addresses connections are taken."""
    section: _Short = ""
    """The 課 of its calls: the protocol itself tells nothing of a call but its id."""


class AriSettings(_Group):
    url: str | None = None
    """Asterisk's REST interface, as ``https://asterisk.example:8089/ari``; unset: not used."""
    user: str = ""
    """Its user."""
    password: SecretStr | None = None
    """And password."""
    app: str = "mimamori"
    """Name of the Stasis application under which its channels are made."""
    endpoint: str = "PJSIP/{extension}"
    """How Asterisk calls a supervisor's telephone."""


class ControlSettings(_Group):
    webhook_url: str | None = None
    """The office's CTI: supervisors' and operators' clicks (join, end) are sent to it; unset: not used."""
    webhook_secret: SecretStr | None = None
    """By which these requests are signed (HMAC-SHA256)."""
    ca_file: Path | None = None
    """PEM file with the certificates that signed theirs, when the system does not know them."""
    ari: AriSettings = AriSettings()
    """Asterisk's REST interface."""


class TelephonySettings(_Group):
    sections_by_number: dict[str, _Short] = {}
    """Number that citizens dial to the section (課) that it belongs to."""
    operators_by_extension: dict[str, _Short] = {}
    """Extension or agent id to the login name of who sits there."""
    outbound_from: tuple[str, ...] = ()
    """Beginnings of numbers that are the office's own: a call dialled from one of them is outbound."""
    wait_for_answer: tuple[DoorName, ...] = ()
    """Doors whose calls are judged only once the exchange has said that somebody answered."""
    client_certificate_header: str = ""
    """Header in which a trusted proxy names the checked client certificate (mutual TLS); unset: not looked at."""
    client_certificates: dict[str, str] = {}
    """What that header says to the name of a stream token whose rights it has."""
    twilio: TwilioSettings = TwilioSettings()
    """Twilio and those that speak like it."""
    audiohook: AudioHookSettings = AudioHookSettings()
    """Genesys Cloud."""
    audiosocket: AudioSocketSettings = AudioSocketSettings()
    """Asterisk's AudioSocket (TCP)."""
    control: ControlSettings = ControlSettings()
    """The way back to the exchange, on a person's click only."""
