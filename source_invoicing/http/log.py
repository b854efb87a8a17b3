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

# A line this often (seconds) shows that waiting is on purpose.
HEARTBEAT = 30.0
# How many of the pending requests are named; the others are counted.
MAX_NAMED = 3


@dataclass(eq=False)
class _Wait:
    """One thread's waiting. Its times are those of :func:`time.monotonic`.

    :param silent_since: when the silence began; in the future while the thread is about to log something itself
    """

    what: str
    begun: float
    silent_since: float


_lock = threading.Lock()
_waits: set[_Wait] = set()
# Of this thread, the innermost.
_wait: ContextVar[_Wait | None] = ContextVar("wait", default=None)


@contextmanager
def waiting_for(what: str) -> Iterator[None]:
    """Register what this thread waits for: its turn, its response, further tries. While a :func:`heartbeat` runs, the
    name is logged now and then."""
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


def spoke(*, will_again: bool) -> None:
    """Note that this thread has just logged why it waits.

    :param will_again: whether it does so once more, a heartbeat from now
    """
    if (wait := _wait.get()) is not None:
        wait.silent_since = time.monotonic() + (heartbeat_seconds() if will_again else 0.0)


@contextmanager
def heartbeat() -> Iterator[None]:
    """Log every half a minute what any thread waits for: a thread in a system call cannot do so itself. One further
    thread does it, which ends with the context."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(name_what_is_overdue()):
            pass

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def name_what_is_overdue() -> float:
    """Log the waits that have been silent for as long as a wait may be.

    :return: seconds until the next call is due
    """
    now, longest = time.monotonic(), heartbeat_seconds()
    with _lock:
        overdue = sorted((wait for wait in _waits if wait.silent_since + longest <= now), key=lambda wait: wait.begun)
        for wait in overdue:
            wait.silent_since = now
        # A wait that begins in the meantime is due no earlier than a heartbeat from now.
        seconds = min((wait.silent_since + longest - now for wait in _waits), default=longest)
    if overdue:
        named = ", ".join(f"{wait.what} ({now - wait.begun:.0f} s so far)" for wait in overdue[:MAX_NAMED])
        others = f" and {len(overdue) - MAX_NAMED} more" if len(overdue) > MAX_NAMED else ""
        logger.info("Still waiting for an answer: %s%s.", named, others)
    return min(seconds, longest)


def heartbeat_seconds() -> float:
    """How long waiting may be silent."""
    return HEARTBEAT * testing_scale(HEARTBEAT_SCALE)
