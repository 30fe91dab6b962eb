"""Adapter: what a server and its recognisers use of the machine."""

from __future__ import annotations

from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Usage:
    server_seconds: float
    """Processor time of the first process, its own alone."""
    below_seconds: float
    """Of all processes below it, the recognisers, those that have ended included."""
    memory_bytes: int
    """Proportional: what several processes share counts once, in parts."""
    server_bytes: int
    """Of the first process, its own alone."""
    below_bytes: int
    """Of all processes below it, their own alone."""


def usage_of(pid: int) -> Usage:
    """Return what the process *pid* and all below it have used until now."""
    server_seconds, below_seconds, memory_bytes, own_bytes = 0.0, 0.0, 0, {pid: 0}
    for process in family_of(pid):
        try:
            times = process.cpu_times()
            if process.pid == pid:
                server_seconds = times.user + times.system
                # The system keeps the time of ended children with their parent.
                below_seconds += times.children_user + times.children_system
            else:
                below_seconds += times.user + times.system
            memory = process.memory_full_info()
            memory_bytes += memory.pss
            own_bytes[process.pid] = memory.uss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    server_bytes = own_bytes.pop(pid)
    return Usage(server_seconds, below_seconds, memory_bytes, server_bytes, sum(own_bytes.values()))


def family_of(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
