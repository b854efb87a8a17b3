"""The log of the connector. Waiting is never silent: a platform ends a sync that logs nothing for long."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from source_invoicing.http.testing import HEARTBEAT_SCALE, testing_scale

logger = logging.getLogger("airbyte.source_invoicing")

# A thread that waits logs at least once in this time (seconds).
HEARTBEAT = 30.0
# How many of the overdue requests are named; the others are counted.
MAX_NAMED = 3


@dataclass(eq=False)
class _Wait:
    """What a thread waits for. Times are those of :func:`time.monotonic`.

    :param silent_since: when it last logged something; in the future while the thread will log something itself
    """

    what: str
    began: float
    silent_since: float


_lock = threading.Lock()
_waits: set[_Wait] = set()
# The innermost wait of this thread.
_wait: ContextVar[_Wait | None] = ContextVar("wait", default=None)


@contextmanager
def waiting_for(what: str) -> Iterator[None]:
    """Register what this thread waits for: its turn, its response, or a retry. While a :func:`heartbeat` runs, it is
    logged now and then."""
    now = time.monotonic()
    wait = _Wait(what, now, now)
    token = _wait.set(wait)
    with _lock:
        _waits.add(wait)
    try:
        yield
    finally:
        _wait.reset(token)
        with _lock:
            _waits.remove(wait)


def wait_logged(*, will_repeat: bool) -> None:
    """Record that this thread has just logged why it waits.

    :param will_repeat: whether it logs that again, a heartbeat from now
    """
    if (wait := _wait.get()) is not None:
        wait.silent_since = time.monotonic() + (heartbeat_seconds() if will_repeat else 0.0)


@contextmanager
def heartbeat() -> Iterator[None]:
    """Log every half a minute what threads wait for, since a thread in a system call cannot do so itself. A background
    thread does it until the context ends."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(log_overdue_waits()):
            pass

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def log_overdue_waits() -> float:
    """Log the waits that have been silent for too long.

    :return: seconds until the next call is due
    """
    now, max_silence = time.monotonic(), heartbeat_seconds()
    with _lock:
        overdue = sorted(
            (wait for wait in _waits if wait.silent_since + max_silence <= now), key=lambda wait: wait.began
        )
        for wait in overdue:
            wait.silent_since = now
        # A wait that begins later is due no earlier than a heartbeat from now.
        seconds = min((wait.silent_since + max_silence - now for wait in _waits), default=max_silence)
    if overdue:
        named = ", ".join(f"{wait.what} ({now - wait.began:.0f} s so far)" for wait in overdue[:MAX_NAMED])
        others = f" and {len(overdue) - MAX_NAMED} more" if len(overdue) > MAX_NAMED else ""
        logger.info("Still waiting for an answer: %s%s.", named, others)
    return min(seconds, max_silence)


def heartbeat_seconds() -> float:
    """How long a wait may be silent."""
    return HEARTBEAT * testing_scale(HEARTBEAT_SCALE)
