"""Adapter: what a process and its children use of the machine."""

from __future__ import annotations

from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Usage:
    cpu_seconds: float
    memory_bytes: int
    """Proportional: what several processes share counts once."""


def usage_of(pid: int) -> Usage:
    """Return what the process *pid* and all below it have used until now."""
    cpu_seconds, memory_bytes = 0.0, 0
    for process in family_of(pid):
        try:
            times = process.cpu_times()
            cpu_seconds += times.user + times.system
            memory_bytes += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return Usage(cpu_seconds, memory_bytes)


def family_of(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
