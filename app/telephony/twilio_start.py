"""Pure: what the ``start`` message of a Twilio-shaped stream says about the call. Doubtful formats are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.calls.protocol import MAX_FIELD_CHARACTERS, Refusal, StreamRefused, Track, is_storable
from app.telephony.field_maps import FieldMap, parameters_of, tracks_named
from app.telephony.messages import CallBegan, Direction, call_name, kept_number, names_secret
from asr.types import Encoding

MAX_METADATA_KEYS: Final = 32
MAX_METADATA_CHARACTERS: Final = 256
MAX_EXCHANGE_ID_CHARACTERS: Final = 256
MAX_PROOF_CHARACTERS: Final = 256
RATE_HZ: Final = 8_000
_NO: Final = frozenset({"false", "no", "0"})
_READ: Final = frozenset({"token", "from", "to", "operator", "direction", "answered", "tracks"})
"""Parameters with a field of their own."""


def read_start(
    message: Mapping[str, Any],
    fields: FieldMap,
    *,
    account_sid: str = "",
    tracks: tuple[Track, ...] = (),
) -> CallBegan:
    """Return the call that this ``start`` begins.

    Args:
        account_sid: refuse what other accounts stream.
        tracks: which tracks come, where the exchange does not say so itself.

    Raises:
        StreamRefused: ``bad_message``, ``bad_call_id``, ``not_allowed``, ``unsupported_encoding``,
            ``unsupported_rate``.
    """
    start = message.get("start")
    if not isinstance(start, dict):
        raise StreamRefused(Refusal.BAD_MESSAGE, "start の内容がありません。")
    exchange_ids = {
        "exchange": fields.shape,
        "exchange_call_id": _exchange_id(start.get(fields.call_id), fields.call_id),
        "exchange_stream_id": stream_id_of(message, fields),
        "exchange_account_id": _kept(start.get(fields.account_id)),
    }
    if account_sid and exchange_ids["exchange_account_id"] != account_sid:
        raise StreamRefused(
            Refusal.NOT_ALLOWED, "このアカウントの音声は受け付けられません(account_sid の設定)。"
        )
    encoding = _encoding(start.get(fields.media_format), fields)
    parameters = parameters_of(message, fields)
    brings = (
        tracks_named(start.get("tracks"))
        or tracks_named(parameters.get("tracks"))
        or tracks
        or fields.brings
    )
    proof = parameters.get("token", "")
    return CallBegan(
        call_id=call_name(fields.shape, exchange_ids["exchange_call_id"]),
        encoding=encoding,
        rate_hz=RATE_HZ,
        brings=brings,
        tracks=brings,
        direction=_direction(parameters.get("direction", "")),
        from_number=_number(parameters, "from") or _number(start, fields.from_number),
        to_number=_number(parameters, "to") or _number(start, fields.to_number),
        operator=_field(parameters, "operator"),
        answered=parameters.get("answered", "").strip().lower() not in _NO,
        proof=proof if len(proof) <= MAX_PROOF_CHARACTERS else "",
        metadata=_metadata(
            exchange_ids | {name: _kept(start.get(name)) for name in fields.kept}, parameters
        ),
    )


def stream_id_of(message: Mapping[str, Any], fields: FieldMap) -> str:
    """Return the stream that *message* belongs to; empty where it does not say."""
    named = message.get(fields.stream_id)
    if named is None and isinstance(start := message.get("start"), dict):
        named = start.get(fields.stream_id)
    return _kept(named)


def _exchange_id(value: object, name: str) -> str:
    if (
        not isinstance(value, str)
        or not value
        or len(value) > MAX_EXCHANGE_ID_CHARACTERS
        or not is_storable(value)
    ):
        raise StreamRefused(
            Refusal.BAD_CALL_ID,
            f"start.{name} は {MAX_EXCHANGE_ID_CHARACTERS} 文字以内の文字列にしてください。",
        )
    return value


def _encoding(value: object, fields: FieldMap) -> Encoding:
    """Return how the sound is written, if it can be understood: everything else is refused, not guessed."""
    if not isinstance(value, dict):
        raise StreamRefused(
            Refusal.UNSUPPORTED_ENCODING, f"start.{fields.media_format} がありません。"
        )
    name = value.get("encoding")
    plain = name.partition(";")[0].strip().lower() if isinstance(name, str) else ""
    encoding = fields.encodings.get(plain)
    if encoding is None or value.get("channels", 1) not in (1, "1"):
        raise StreamRefused(
            Refusal.UNSUPPORTED_ENCODING,
            f"音声はモノラルの {'、'.join(fields.encodings)} のいずれかにしてください。",
        )
    if value.get(fields.sample_rate) not in (RATE_HZ, str(RATE_HZ)):
        raise StreamRefused(
            Refusal.UNSUPPORTED_RATE, f"サンプリング周波数は {RATE_HZ} Hz にしてください。"
        )
    return encoding


def _direction(told: str) -> Direction:
    # Twilio's own word for it is outbound-api or outbound-dial.
    outbound = told.strip().lower().startswith(Direction.OUTBOUND)
    return Direction.OUTBOUND if outbound else Direction.INBOUND


def _number(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name) if name else None
    return kept_number(value.strip()) if isinstance(value, str) else ""


def _field(values: Mapping[str, str], name: str) -> str:
    value = values.get(name, "").strip()
    if len(value) > MAX_FIELD_CHARACTERS or not is_storable(value):
        raise StreamRefused(
            Refusal.BAD_MESSAGE,
            f"{name} は {MAX_FIELD_CHARACTERS} 文字以内の文字列にしてください。",
        )
    return value


def _metadata(exchange_ids: Mapping[str, str], parameters: Mapping[str, str]) -> dict[str, str]:
    """Return what is stored with the call. ``section`` is among it: the rules of the office look for it there."""
    metadata = {name: value for name, value in exchange_ids.items() if value}
    given = {name: value for name, value in parameters.items() if name not in _READ}
    if "section" in given:
        metadata["section"] = _field(given, "section")
    for name, value in given.items():
        if name in metadata or names_secret(name) or len(name) > MAX_FIELD_CHARACTERS:
            continue
        if len(metadata) == MAX_METADATA_KEYS:
            break
        if not is_storable(name) or not is_storable(value):
            raise StreamRefused(Refusal.BAD_MESSAGE, "パラメーターに使えない文字があります。")
        metadata[name] = value[:MAX_METADATA_CHARACTERS]
    return metadata


def _kept(value: object) -> str:
    if not isinstance(value, str) or not is_storable(value):
        return ""
    return value[:MAX_METADATA_CHARACTERS]
