"""Glue: the tables of every subject, known to one metadata: what migrations are compared with."""

from __future__ import annotations

from app.callers import models as callers
from app.joining import models as joining
from app.models import Base
from app.notices import models as notices
from app.privacy import models as privacy
from app.responses import models as responses
from app.trail import models as trail

TABLES_OF = (callers, joining, notices, privacy, responses, trail)

__all__ = ["TABLES_OF", "Base"]
