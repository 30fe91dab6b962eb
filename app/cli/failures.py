"""Pure: what went wrong, in one line for the person who typed the command, with the next step.

What is not listed here is a defect of the program and keeps its traceback.
"""

from __future__ import annotations

import socket
from typing import Final

from alembic.util.exc import CommandError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.cli.policy_words import faults_in_one_line
from app.errors import AppError
from asr.errors import AsrError, ModelCorrupt, ModelNotFound
from detection.errors import CorpusInvalid, DetectionError, PolicyInvalid, PolicyNotFound
from detection.policy_files import policy_names

_UNREACHABLE: Final = (
    "データベースに接続できません。データベースが動いているか、"
    "MIMAMORI_DATABASE_URL と MIMAMORI_DATA_DIR が正しいかを確認してください"
)
_LOCKED: Final = (
    "データベースをほかのプログラムが使用中です。二重に起動していないか、"
    "バックアップなどの作業中でないかを確認してから、もう一度実行してください"
)
_CORRUPT: Final = (
    "データベースのファイルを読めません(壊れているか、別の種類のファイルです)。"
    "ファイルを別の場所へ移し、バックアップから戻してください"
)
_READ_ONLY: Final = (
    "データベースのファイルに書き込めません。"
    "MIMAMORI_DATA_DIR のファイルの権限と空き容量を確認してください"
)
_NEWER: Final = (
    "データベースの版がこのプログラムと合いません。"
    "プログラムを新しい版に戻すか、その版のバックアップを使ってください"
)
_IN_SQLITE_WORDS: Final = (
    ("locked", _LOCKED),
    ("not a database", _CORRUPT),
    ("malformed", _CORRUPT),
    ("readonly", _READ_ONLY),
    ("unable to open", _READ_ONLY),
    ("full", _READ_ONLY),
)


def explain(error: BaseException) -> str | None:
    """Return the line for *error*; None where it is not one that an office can mend.

    Never the database's own words: they may hold the address with its password.
    """
    if isinstance(error, BaseExceptionGroup):
        lines = [explain(inner) for inner in error.exceptions]
        known = list(dict.fromkeys(line for line in lines if line is not None))
        return " / ".join(known) if known and None not in lines else None
    if isinstance(error, AppError):
        return error.message
    if isinstance(error, DetectionError):
        return _detection(error)
    if isinstance(error, AsrError):
        return _recognition(error)
    if isinstance(error, ModuleNotFoundError):
        return _missing_driver(error)
    if isinstance(error, CommandError):
        return f"{_NEWER}。"
    if isinstance(error, SQLAlchemyError) or type(error).__module__.startswith("asyncpg."):
        return _database(error)
    if isinstance(error, OSError):
        return _system(error)
    return None


def _detection(error: DetectionError) -> str:
    if isinstance(error, PolicyNotFound):
        return (
            f"基本方針が見つかりません。{'、'.join(policy_names())} のどれか、または TOML ファイルの場所を "
            "MIMAMORI_DETECTION__POLICY(コマンドでは引数か --policy)に指定してください。"
        )
    if isinstance(error, PolicyInvalid):
        return f"基本方針のファイルに誤りがあります。次の箇所を直してください: {faults_in_one_line(error)}"
    if isinstance(error, CorpusInvalid):
        return f"例文を読み込めません。次の箇所を直してください: {error}"
    return f"検知の規則を読み込めません。次の箇所を直してください: {error}"


def _recognition(error: AsrError) -> str:
    if isinstance(error, ModelNotFound):
        return (
            "音声認識モデルが見つかりません。MIMAMORI_ASR__MODEL にモデルのフォルダーを指定するか、"
            f"offline に戻してください(pip install 'mimamori[offline-model]'): {error}"
        )
    if isinstance(error, ModelCorrupt):
        return f"音声認識モデルが壊れています。削除してからもう一度実行してください: {error}"
    return f"音声認識を使えません。記録を確認し、もう一度実行してください: {error}"


def _missing_driver(error: ModuleNotFoundError) -> str | None:
    if error.name == "asyncpg":
        return "PostgreSQL を使うには pip install 'mimamori[postgres]' を実行してください。"
    return None


def _database(error: BaseException) -> str:
    line = _UNREACHABLE
    if isinstance(error, DBAPIError):
        own_words = str(error.orig)
        line = next((said for word, said in _IN_SQLITE_WORDS if word in own_words), line)
    return f"{line}({type(error).__name__})。"


def _system(error: OSError) -> str:
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror):
        return f"{_UNREACHABLE}({type(error).__name__})。"
    where = f"{error.filename} を" if error.filename else "ファイルを"
    return (
        f"{where}読み書きできません。場所と権限、空き容量を確認してください"
        f"({error.strerror or type(error).__name__})。"
    )
