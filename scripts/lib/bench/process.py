"""Running a program and measuring it from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
# A reader that hangs is ended after so many seconds; a healthy one takes two minutes at most.
PATIENCE = 1800
# The kernel counts memory in kilobytes, on a Mac in bytes.
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024
SHOWN_OF_THE_OUTPUT = 2000


class BenchError(Exception):
    """Something that makes the figures worthless."""


@dataclass(frozen=True)
class Run:
    """One run of a program.

    :param seconds: from its start to its end
    :param cpu_seconds: user and system time
    :param peak_bytes: most memory it held at once (resident set)
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def measure(command: Sequence[str], output: Path) -> Run:
    """Run a program to its end.

    The peak is the kernel's own figure for the process. A child inherits its parent's peak at birth, so this program
    has to stay smaller than those it measures.

    :param output: file for its standard output; what it says on standard error goes beside it
    :raises BenchError: when it fails or does not end
    """
    complaints = output.with_suffix(".stderr")
    with output.open("wb") as stdout, complaints.open("wb") as stderr:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=stdout, stderr=stderr)
        watchdog = threading.Timer(PATIENCE, process.kill)
        watchdog.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            watchdog.cancel()
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise BenchError(
            f"{' '.join(command)} ended with {process.returncode}:\n{_end_of(output)}{_end_of(complaints)}"
        )
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * PEAK_UNIT)


def _end_of(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - SHOWN_OF_THE_OUTPUT, 0))
        return file.read().decode("utf-8", errors="replace")
