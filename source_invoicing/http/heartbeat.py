"""Waiting is never silent: a platform ends a sync that says nothing for long."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

logger = logging.getLogger("airbyte.source_invoicing")

# A line this often (seconds) shows that waiting is on purpose.
HEARTBEAT = 30.0
# For tests: a factor for it. 0.001 makes a line every 30 milliseconds.
HEARTBEAT_SCALE = "SOURCE_INVOICING_HEARTBEAT_SCALE"
# So many of the requests that are waited for are named; the others are counted.
MOST_NAMED = 3


@dataclass(eq=False)
class _Wait:
    """One thread's waiting, its moments by the clock of :func:`time.monotonic`.

    :param silent_since: the moment from which silence counts; ahead while the thread is about to speak itself
    """

    what: str
    begun: float
    silent_since: float


_lock = threading.Lock()
_waits: set[_Wait] = set()
_of_this_thread = threading.local()


@contextmanager
def waiting_for(what: str) -> Iterator[None]:
    """Let it be known that this thread waits for something, with all that belongs to it: its turn, its answer, further
    tries. While a :func:`heartbeat` is on, it is named now and then."""
    now = time.monotonic()
    wait, outer = _Wait(what, now, now), getattr(_of_this_thread, "wait", None)
    _of_this_thread.wait = wait
    with _lock:
        _waits.add(wait)
    try:
        yield
    finally:
        _of_this_thread.wait = outer
        with _lock:
            _waits.remove(wait)


def spoke(*, will_again: bool) -> None:
    """This thread has just logged why it waits.

    :param will_again: whether it does so once more, a heartbeat from now
    """
    wait = getattr(_of_this_thread, "wait", None)
    if wait is not None:
        wait.silent_since = time.monotonic() + (heartbeat_seconds() if will_again else 0.0)


@contextmanager
def heartbeat() -> Iterator[None]:
    """Name every half a minute what is waited for by any thread, in the place of whoever sits in a system call and
    cannot. One thread does it, which ends with the context."""
    over = threading.Event()
    thread = threading.Thread(target=_beat, args=(over,), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat(over: threading.Event) -> None:
    while not over.wait(name_what_is_overdue()):
        pass


def name_what_is_overdue() -> float:
    """Log what has been waited for in silence for as long as that may be.

    :return: seconds until it has to be done again
    """
    now, longest = time.monotonic(), heartbeat_seconds()
    with _lock:
        overdue = sorted((wait for wait in _waits if wait.silent_since + longest <= now), key=lambda wait: wait.begun)
        for wait in overdue:
            wait.silent_since = now
        # Whoever begins to wait in the meantime is due no earlier than a heartbeat from now.
        seconds = min((wait.silent_since + longest - now for wait in _waits), default=longest)
    if overdue:
        named = ", ".join(f"{wait.what} ({now - wait.begun:.0f} s so far)" for wait in overdue[:MOST_NAMED])
        others = f" and {len(overdue) - MOST_NAMED} more" if len(overdue) > MOST_NAMED else ""
        logger.info("Still waiting for an answer: %s%s.", named, others)
    return min(seconds, longest)


def heartbeat_seconds() -> float:
    """How long waiting may be silent."""
    return HEARTBEAT * float(os.environ.get(HEARTBEAT_SCALE, "1"))
