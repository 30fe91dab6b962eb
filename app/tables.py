"""Glue: the tables of every subject, known to one metadata: what migrations are compared with."""

from __future__ import annotations

from app.basis import models as basis
from app.callers import models as callers
from app.exports import models as exports
from app.joining import models as joining
from app.judgements import models as judgements
from app.models import Base
from app.notices import models as notices
from app.privacy import models as privacy
from app.recordings import models as recordings
from app.reports import models as reports
from app.responses import models as responses
from app.retention import models as retention
from app.search import models as search
from app.statistics import models as statistics
from app.trail import models as trail
from app.trials import models as trials

TABLES_OF = (
    basis,
    callers,
    exports,
    joining,
    judgements,
    notices,
    privacy,
    recordings,
    reports,
    responses,
    retention,
    search,
    statistics,
    trail,
    trials,
)

__all__ = ["TABLES_OF", "Base"]
