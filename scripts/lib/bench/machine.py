"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import resource
import time
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("source-invoicing", "airbyte-cdk", "requests", "orjson", "aiohttp")
GIB = 1024**3


def describe() -> list[tuple[str, str]]:
    """Name and value of everything that bears on the figures."""
    return [
        ("date", datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")),
        ("machine", f"{os.cpu_count()} cores, {_cpu_model()}, {_memory_gib():.0f} GiB of memory"),
        ("system", f"{platform.system()} {platform.release()}"),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("packages", ", ".join(f"{name} {version(name)}" for name in PACKAGES)),
    ]


class Bystanders:
    """What other programs took of the machine's processors since this object was made."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._busy = _busy_seconds()
        self._ours = _our_seconds()

    def share(self) -> float | None:
        """A part of all processor time there was, from 0 to 1; ``None`` where the system does not tell."""
        busy = _busy_seconds()
        if busy is None or self._busy is None:
            return None
        others = (busy - self._busy) - (_our_seconds() - self._ours)
        return max(others, 0.0) / ((time.monotonic() - self._started) * (os.cpu_count() or 1))


def _busy_seconds() -> float | None:
    """Processor time that all programs together have used since the machine was started."""
    table = Path("/proc/stat")
    if not table.exists():
        return None
    user, nice, system, _idle, _waiting, interrupts, soft_interrupts, *_ = map(int, table.read_text().split()[1:11])
    return (user + nice + system + interrupts + soft_interrupts) / os.sysconf("SC_CLK_TCK")


def _our_seconds() -> float:
    """Processor time of this program and of those it started and waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _cpu_model() -> str:
    table = Path("/proc/cpuinfo")
    if table.exists():
        for line in table.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
