"""Pure: what is asked of an OpenAI-compatible transcription server, and what its answers mean.

vLLM, speaches, LocalAI, OpenAI and others offer the same endpoint and differ in what they tell
besides the text. What comes back is a stranger's: it is read as such, and never quoted in a message.
"""

from __future__ import annotations

import ipaddress
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Any, Final
from urllib.parse import urlsplit

from asr.types import RawTranscript
from asr.windowing import WindowLimits, token_bound

MAX_ANSWER_BYTES: Final = 1 << 20
"""Eight seconds of speech with every token's number take about 4 kB."""

UNTOLD_LOGPROB: Final = -0.5
"""Of a server that does not say how sure it is: a confidence of 0.607, below what a sure transcript
gets, and above where the operator is asked to check (0.5) or words count as unsure (0.4)."""
UNTOLD_NO_SPEECH: Final = 0.0
LOWEST_LOGPROB: Final = -100.0
"""Below it the number is no probability that anything computed."""

FIRST_PAUSE_MS: Final = 250
LONGEST_PAUSE_MS: Final = 4_000

_API_ROOT: Final = re.compile(r".*/v\d+")
_ENDPOINT: Final = "/audio/transcriptions"
_HOST_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_PATH: Final = re.compile(r"[A-Za-z0-9._~/-]*")
_OFFICE: Final = tuple(
    map(
        ipaddress.ip_network,
        ("127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
    )
)
"""This machine, and the addresses that no router of the internet passes on."""


# --- where ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Made by ``server_address``: no name, password or question is in it."""

    root: str
    """Up to the version, such as ``http://127.0.0.1:8000/v1``."""
    host: str
    """For people and logs, such as ``127.0.0.1:8000``."""

    @property
    def transcriptions(self) -> str:
        return self.root + _ENDPOINT

    @property
    def models(self) -> str:
        return f"{self.root}/models"


def server_address(url: str, *, allow_plain_http: bool = False) -> ServerAddress:
    """Return the address that *url* means; ``/v1`` is added where it ends without a version.

    Raises:
        ValueError: callers' voices should not go there; the message never quotes *url*.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or parts.scheme not in ("http", "https"):
        raise ValueError("must be an address such as http://127.0.0.1:8000/v1")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a name or password; the key has a setting of its own")
    if parts.query or parts.fragment:
        raise ValueError("must end with the path, without ? or #")
    number = _ip_address(host)
    path = parts.path.rstrip("/").removesuffix(_ENDPOINT)
    if (number is None and not _HOST_NAME.fullmatch(host)) or not _PATH.fullmatch(path):
        raise ValueError("must be written in plain letters, digits, dots and hyphens")
    if parts.scheme == "http" and not allow_plain_http and not _is_in_office(host, number):
        raise ValueError(
            "must begin with https: over http anybody on the way can listen to the callers "
            "(allowed only to localhost and private addresses written as numbers, or with "
            "MIMAMORI_ASR__SERVER_ALLOW_PLAIN_HTTP=true)"
        )
    shown = f"[{host}]" if isinstance(number, ipaddress.IPv6Address) else host
    shown += "" if port is None else f":{port}"
    root = f"{parts.scheme}://{shown}{path}"
    return ServerAddress(root if _API_ROOT.fullmatch(root) else f"{root}/v1", shown)


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        # Not with a zone (%eth0): it would be the only sign in an address that has to be quoted.
        return None if "%" in host else ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_in_office(host: str, number: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    # A name may lead anywhere, and elsewhere tomorrow; only this one never leaves the machine.
    if number is None:
        return host == "localhost"
    return any(number in network for network in _OFFICE)


# --- asking -----------------------------------------------------------------------------------


def form_fields(*, model: str, detailed: bool, prompt: str = "") -> dict[str, str]:
    """Return what goes beside the sound; *detailed* asks how sure the server is."""
    fields = {
        "model": model,
        "language": "ja",
        "temperature": "0",
        "response_format": "verbose_json" if detailed else "json",
    }
    return {**fields, "prompt": prompt} if prompt else fields


def pause_ms(tries: int, luck: float) -> int:
    """Return how long to wait after *tries* failures; *luck*, 0..1, keeps workers from returning at once."""
    step = min(FIRST_PAUSE_MS << min(tries - 1, 16), LONGEST_PAUSE_MS)
    return round(step * (1 + luck) / 2)


def wanted_pause_ms(headers: Mapping[str, str]) -> int | None:
    """Return how long the server asks to be left alone (``Retry-After``); ``None`` if it does not say.

    A moment is compared with the server's own clock, the ``Date`` of the same answer.
    """
    wanted = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,6}", wanted):
        return int(wanted) * 1000
    try:
        moment, now = map(parsedate_to_datetime, (wanted, headers.get("date", "")))
        return max(0, round((moment - now).total_seconds() * 1000))
    except (TypeError, ValueError, OverflowError):
        return None


# --- understanding ----------------------------------------------------------------------------


class Fault(Enum):
    """Whose fault it is that there is no transcript."""

    MOMENT = auto()
    """Nobody's: asking again may work."""
    SEGMENT = auto()
    """This segment's: the next may work."""
    SETTING = auto()
    """No segment will work until a person changes something."""


_SETTINGS: Final = frozenset({401, 402, 403, 404, 405, 407, 410})
_MOMENTS: Final = frozenset({408, 425, 429})


def fault_of(status: int) -> Fault:
    """Return whose fault an answer with *status*, other than success, is."""
    if status in _SETTINGS or status < 400:
        return Fault.SETTING
    return Fault.MOMENT if status in _MOMENTS or status >= 500 else Fault.SEGMENT


def reason_of(status: int, host: str) -> str:
    """Return what *status* means for the person who runs Mimamori, with the next step."""
    match status:
        case 401 | 403:
            step = "refuses the key: set MIMAMORI_ASR__SERVER_KEY to one that it accepts"
        case 402:
            step = "wants to be paid first: look at the account there"
        case 404 | 405 | 410:
            step = (
                "does not know the address or the model: check MIMAMORI_ASR__SERVER_URL and "
                "MIMAMORI_ASR__SERVER_MODEL"
            )
        case 407:
            step = "wants to know the proxy's user: give MIMAMORI_ASR__SERVER_URL a direct way"
        case 413:
            step = "takes no segment of this size: let it take requests of 1 MB"
        case 429:
            step = (
                "has too much to do, or the account's limit is reached: lower "
                "MIMAMORI_ASR__SERVER_CONNECTIONS or raise the limit there"
            )
        case _ if status < 400:
            step = (
                "leads on to another address, which is not followed: set "
                "MIMAMORI_ASR__SERVER_URL to the last one"
            )
        case _ if status < 500:
            step = (
                "does not take the segment: check that MIMAMORI_ASR__SERVER_MODEL is a model for "
                "speech that knows Japanese and reads WAV"
            )
        case _:
            step = "is failing: look at its own log"
    return f"the recognition server {host} {step} (HTTP {status})"


class AnswerMalformed(ValueError):  # noqa: N818 - named as a fact, like the errors of this package
    """It is not what the API promises; the message holds none of it."""


def read_transcription(answer: bytes, *, sample_count: int) -> RawTranscript:
    """Return what the server wrote for *sample_count* samples; what it does not tell is neutral.

    Text that nobody can have said in that time is cut, and marked as truncated.

    Raises:
        AnswerMalformed: there is no text in *answer*.
    """
    content = _json_object(answer)
    text = content.get("text")
    if not isinstance(text, str):
        raise AnswerMalformed("the answer holds no text")
    written = _clean(text)
    bound = token_bound(sample_count, WindowLimits())
    segments = [each for each in _items(content.get("segments")) if isinstance(each, dict)]
    tokens = [each["tokens"] for each in segments if isinstance(each.get("tokens"), list)]
    return RawTranscript(
        # 15 characters a second and 16 more; synthesised sentences at 1.2 times their speed reach 9.
        text=written[:bound],
        avg_logprob=_mean(segments, "avg_logprob", _is_logprob, UNTOLD_LOGPROB),
        no_speech_probability=_mean(segments, "no_speech_prob", _is_share, UNTOLD_NO_SPEECH),
        token_count=sum(map(len, tokens)) or len(written),
        truncated=len(written) > bound,
    )


def read_model_names(answer: bytes) -> frozenset[str]:
    """Return the models that the server offers.

    Raises:
        AnswerMalformed: *answer* is no list of models.
    """
    models = _json_object(answer).get("data")
    if not isinstance(models, list):
        raise AnswerMalformed("the answer holds no list of models")
    names = (model.get("id") for model in models if isinstance(model, dict))
    return frozenset(name for name in names if isinstance(name, str))


def _json_object(answer: bytes) -> dict[str, Any]:
    try:
        content = json.loads(answer)
    except (ValueError, RecursionError):
        # `from None`: the library's message holds what it could not read.
        raise AnswerMalformed("the answer is not JSON") from None
    if not isinstance(content, dict):
        raise AnswerMalformed("the answer is not an object")
    return content


def _items(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else ()


def _clean(text: str) -> str:
    """Return *text* without halves of characters and control signs, which no database takes."""
    whole = text.encode("utf-8", errors="ignore").decode("utf-8")
    return "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in whole).strip()


def _mean(
    segments: Iterable[Mapping[str, Any]],
    field: str,
    told: Callable[[float], bool],
    untold: float,
) -> float:
    """Return the mean of *field*, long segments counting more; *untold* when no segment has it."""
    values = []
    for segment in segments:
        value, text = segment.get(field), segment.get("text")
        if isinstance(value, int | float) and not isinstance(value, bool) and told(value):
            values.append((float(value), max(1, len(text)) if isinstance(text, str) else 1))
    total = sum(weight for _, weight in values)
    return sum(value * weight for value, weight in values) / total if total else untold


def _is_logprob(value: float) -> bool:
    # Servers that do not compute it send 0, which would be certainty of every token.
    return LOWEST_LOGPROB < value < 0


def _is_share(value: float) -> bool:
    return 0 <= value <= 1
