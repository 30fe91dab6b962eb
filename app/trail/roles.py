"""Pure: the rights of a PostgreSQL role that serves and cannot change what must stay as it was written.

The role that migrates owns the tables. The server's role may read and add everywhere, and change or delete only where
Mimamori does so itself; that refuses a changed trail before its triggers are asked. What goes with a deleted call goes
by foreign keys, which PostgreSQL follows in the owner's name.
"""

from __future__ import annotations

import re
from typing import Final

from app.errors import BadRequest

DEFAULT_ROLE: Final = "mimamori_server"
NEVER_CHANGED: Final = (
    "basis_in_use",
    "basis_texts",
    "judged_findings",
    "judgements",
    "rule_reviews",
    "trail",
    "trail_checks",
)
"""Rows are added, never rewritten."""
NEVER_DELETED: Final = ("basis_in_use", "basis_texts", "rule_reviews", "trail", "trail_checks")
"""Nor taken out: they outlive the calls."""
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def statements(role: str = DEFAULT_ROLE, schema: str = "public") -> tuple[str, ...]:
    """Return the statements, to be run by the owner of the tables; again after every update of Mimamori.

    Raises:
        BadRequest: a name that would have to be quoted (``role_name``).
    """
    if not (_NAME.fullmatch(role) and _NAME.fullmatch(schema)):
        raise BadRequest(
            "role_name",
            "役割の名前は、英小文字・数字・下線で、63字までにしてください。",
        )
    return (
        f"DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        f"GRANT USAGE ON SCHEMA {schema} TO {role}",
        f"REVOKE CREATE ON SCHEMA {schema} FROM {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
        # To vacuum what a purge has deleted; a right that PostgreSQL has from version 17 on.
        (
            "DO $$ BEGIN IF current_setting('server_version_num')::int >= 170000 THEN "
            f"EXECUTE 'GRANT MAINTAIN ON ALL TABLES IN SCHEMA {schema} TO {role}'; END IF; END $$"
        ),
        f"REVOKE INSERT, UPDATE, DELETE ON {schema}.alembic_version FROM {role}",
        *(f"REVOKE UPDATE, TRUNCATE ON {schema}.{table} FROM {role}" for table in NEVER_CHANGED),
        *(f"REVOKE DELETE ON {schema}.{table} FROM {role}" for table in NEVER_DELETED),
    )
