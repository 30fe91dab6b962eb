"""Glue: settings from ``MIMAMORI_…`` variables (nested with ``__``) or the TOML file named by ``MIMAMORI_CONFIG``.

Read once, at the top; packages below receive their own small configuration values.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from app.aids.settings import AidsSettings
from app.callers.settings import CallersSettings
from app.exports.settings import ExportsSettings
from app.joining.settings import JoiningSettings
from app.notices.settings import NoticeSettings
from app.privacy.settings import PrivacySettings
from app.recordings.settings import RecordingSettings
from app.reports.settings import ReportsSettings
from app.responses.settings import ResponsesSettings
from app.retention.settings import RetentionSettings
from app.statistics.settings import StatisticsSettings
from app.telephony.settings import TelephonySettings
from asr.openai_protocol import server_address

_SSLMODE: Final = re.compile(r"([?&])sslmode=")


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class AsrSettings(_Group):
    engine: Literal["whisper", "openai"] = "whisper"
    """``whisper`` recognises on this machine; ``openai`` sends callers' voices to a server with OpenAI's API."""
    model: str = "offline"
    """Recognition model: ``offline`` (from wheels), a directory, a size such as ``large-v3-turbo``, or a hub id."""
    device: Literal["cpu", "cuda"] = "cpu"
    """Where the model computes; ``cuda`` is an NVIDIA card with its libraries."""
    compute_type: Literal[
        "auto",
        "int8",
        "int8_float32",
        "int8_float16",
        "int8_bfloat16",
        "int16",
        "float16",
        "bfloat16",
        "float32",
    ] = "auto"
    """Precision of the model; ``auto`` is ``int8`` on a CPU and ``float16`` on a card."""
    processes: int = Field(default=0, ge=0, le=64)
    """Recogniser processes, one thread each; 0: every core of two, all but one of more (at most 32), one on a card."""
    batch_size: int = Field(default=8, ge=1, le=64)
    """At most so many waiting segments are decoded together."""
    queue_segments: int = Field(default=512, ge=1, le=10_000)
    """So many segments may wait; beyond it one becomes a visible gap, an operator's first."""
    give_up_after_ms: int = Field(default=20_000, ge=1_000)
    """A segment that has waited so long past its budget becomes a visible gap; 5 s in a lasting overload."""
    partials: bool = True
    """Recognise sentences that are still being spoken, when nothing else needs the recognisers."""
    beam_size: int = Field(default=5, ge=1, le=10)
    """Readings followed at once. 1 is a fifth cheaper and hears a little less (docs/recognition.md)."""
    server_allow_plain_http: bool = False
    """Send callers' voices unencrypted to other addresses than localhost and private ones written as numbers."""
    server_url: str | None = Field(default=None, validate_default=True)
    """Address of the recognition server of ``openai``, such as ``http://127.0.0.1:8000/v1`` (docs/engines.md)."""
    server_model: str | None = Field(default=None, validate_default=True)
    """Name of the model as that server calls it."""
    server_key: SecretStr | None = None
    """Key that it asks for, if it does."""
    server_ca_file: Path | None = None
    """PEM file with the certificates that signed its own, when the system does not know them."""
    server_timeout_ms: int = Field(default=10_000, ge=500, le=120_000)
    """A segment that it has not answered by then counts as lost, tries included."""
    server_connections: int = Field(default=8, ge=1, le=64)
    """Segments that it is asked for at the same time."""

    @field_validator("server_url")
    @classmethod
    def _plain_address(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not value:
            _refuse_openai_without(info, "address of its server, as http://127.0.0.1:8000/v1")
            return None
        server_address(value, allow_plain_http=info.data.get("server_allow_plain_http") is True)
        return value

    @field_validator("server_model")
    @classmethod
    def _named_model(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not value:
            _refuse_openai_without(info, "name of a model, as its server calls it")
        return value or None

    @field_validator("server_key")
    @classmethod
    def _sendable_key(cls, value: SecretStr | None) -> SecretStr | None:
        key = value.get_secret_value() if value else ""
        if not (key.isascii() and key.isprintable()):
            raise ValueError("must be printable ASCII without line ends")
        return value if key else None


def _refuse_openai_without(info: ValidationInfo, what: str) -> None:
    if info.data.get("engine") == "openai":
        raise ValueError(f"the engine openai needs the {what}")


class AuthSettings(_Group):
    session_hours: int = Field(default=12, ge=1, le=168)
    """A screen stays signed in for so long after its last use."""
    login_attempts: int = Field(default=5, ge=1, le=100)
    """Failed sign-ins of one name in the window before further ones are refused."""
    login_attempts_per_address: int = Field(default=30, ge=1, le=1_000)
    """The same of one address; more, because a whole office may share a terminal server."""
    login_window_seconds: int = Field(default=300, ge=10)
    """Length of that window."""
    cookie_secure: bool | None = None
    """Send the session cookie over TLS only; unset: whenever ``public_url`` begins with https."""


class StreamSettings(_Group):
    max_frame_bytes: int = Field(default=65_536, ge=1_024)
    """Largest binary message that a telephone stream may send."""
    resume_seconds: int = Field(default=60, ge=0)
    """How long a call waits for its lost socket to come back before it is closed as interrupted."""
    max_calls: int = Field(default=200, ge=1)
    """Live calls that this server takes at once."""
    start_timeout_seconds: int = Field(default=10, ge=1)
    """A stream that has not said ``start`` by then is closed."""
    idle_timeout_seconds: int = Field(default=60, ge=1)
    """A stream that has sent nothing for so long counts as lost."""
    recheck_seconds: int = Field(default=60, ge=0)
    """How often a stream that goes on must still have a valid token."""
    drain_seconds: int = Field(default=20, ge=0)
    """At shutdown, live calls may finish what they have already sent for so long."""


class ScreenSettings(_Group):
    queue_events: int = Field(default=512, ge=8)
    """Events that may wait for one screen; a slower screen is disconnected and comes back by ``after``."""


class DetectionSettings(_Group):
    policy: str = "ebetsu"
    """Name of a shipped policy, or a TOML file."""


class FeedbackSettings(_Group):
    review_below: float = Field(default=0.7, ge=0, le=1)
    """A rule is suggested for review when its share of right alerts lies surely (95 %) below it; 0: never."""
    review_from: int = Field(default=10, ge=1)
    """So many alerts it must have raised before."""


class Settings(BaseSettings):
    """Everything that an office may set; each field says what it does."""

    model_config = SettingsConfigDict(
        env_prefix="MIMAMORI_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
    )

    data_dir: Path = Path("var")
    """Where the database, the joined model and secrets of this installation live."""
    database_url: SecretStr | None = None
    """Address; unset: SQLite (WAL) in ``data_dir``. ``postgresql://…?sslmode=…`` needs the extra ``postgres``."""
    nats_url: SecretStr | None = None
    """Unset: events travel inside this process."""
    public_url: str = "http://127.0.0.1:8000"
    """Address at which browsers reach this server; decides cookie and origin checks."""
    trusted_proxies: str = "127.0.0.1"
    """Addresses of TLS proxies, separated by commas, whose word about who is calling is taken."""
    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""
    asr: AsrSettings = AsrSettings()
    """Recognition."""
    auth: AuthSettings = AuthSettings()
    """Accounts and sessions."""
    stream: StreamSettings = StreamSettings()
    """Telephone streams."""
    telephony: TelephonySettings = TelephonySettings()
    """What each exchange's protocol needs."""
    screen: ScreenSettings = ScreenSettings()
    """Operators' and supervisors' screens."""
    detection: DetectionSettings = DetectionSettings()
    """Rules and policy."""
    callers: CallersSettings = CallersSettings()
    """Calls from the same number."""
    joining: JoiningSettings = JoiningSettings()
    """Joining a call."""
    aids: AidsSettings = AidsSettings()
    """What the cards for 110 and for support say, and where staff turn."""
    responses: ResponsesSettings = ResponsesSettings()
    """The sentences to say."""
    reports: ReportsSettings = ReportsSettings()
    """The form of incident reports."""
    notices: NoticeSettings = NoticeSettings()
    """Telling others; empty: nothing is sent."""
    recording: RecordingSettings = RecordingSettings()
    """Recording calls, section by section."""
    privacy: PrivacySettings = PrivacySettings()
    """Personal data in calls."""
    exports: ExportsSettings = ExportsSettings()
    """Calls that leave the office as files."""
    retention: RetentionSettings = RetentionSettings()
    """How long calls are kept (docs/retention.md)."""
    statistics: StatisticsSettings = StatisticsSettings()
    """Figures of the office."""
    feedback: FeedbackSettings = FeedbackSettings()
    """What is made of 誤検知."""

    @field_validator("public_url")
    @classmethod
    def _whole_address(cls, value: str) -> str:
        parts = urlsplit(value)
        told = f"{parts.path.strip('/')}{parts.query}{parts.fragment}{parts.username or ''}"
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0 or told:
            raise ValueError("must be http:// or https://, a name, and a port where it needs one")
        return value.rstrip("/")

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("log_level must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        sources = [init_settings, env_settings]
        config = os.environ.get("MIMAMORI_CONFIG")
        if config:
            sources.append(TomlConfigSettingsSource(settings_cls, toml_file=Path(config)))
        return tuple(sources)

    @property
    def async_database_url(self) -> str:
        """The address with the asynchronous driver in it."""
        if self.database_url is None:
            return f"sqlite+aiosqlite:///{self.data_dir / 'mimamori.db'}"
        url = self.database_url.get_secret_value()
        for plain in ("postgresql://", "postgres://"):
            if url.startswith(plain):
                # PostgreSQL's own word for TLS; the driver knows it by another name, with the same values.
                rest = _SSLMODE.sub(r"\1ssl=", url[len(plain) :])
                return f"postgresql+asyncpg://{rest}"
        if url.startswith("sqlite://"):
            return "sqlite+aiosqlite://" + url[len("sqlite://") :]
        return url

    @property
    def recordings_folder(self) -> Path:
        return self.recording.folder or self.data_dir / "recordings"

    @property
    def secure_cookies(self) -> bool:
        if self.auth.cookie_secure is not None:
            return self.auth.cookie_secure
        return self.public_url.startswith("https://")
