"""What an account may ask of its vendor, shared by everything that asks for it."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from source_invoicing.http.failures import transient_failure

logger = logging.getLogger("airbyte.source_invoicing")

# A platform ends a sync that stays silent; a line this often (seconds) shows that waiting is on purpose.
HEARTBEAT = 30.0


class Budget:
    """At most ``calls`` requests within any ``seconds``, counted from the first one of this sync."""

    def __init__(self, calls: int, seconds: float) -> None:
        self.calls = calls
        self.seconds = seconds
        self._lock = threading.Lock()
        self._taken: deque[float] = deque()

    def take(self) -> float:
        """Take one call.

        :return: 0, or the seconds until one is left, and then none was taken
        """
        with self._lock:
            now = time.monotonic()
            while self._taken and self._taken[0] <= now - self.seconds:
                self._taken.popleft()
            if len(self._taken) >= self.calls:
                return self._taken[0] + self.seconds - now
            self._taken.append(now)
            return 0.0


class Quota:
    """At most ``in_flight`` requests of the account at a time, within its budget, and none while the vendor asked to
    wait.
    """

    def __init__(self, in_flight: int, budget: Budget | None = None, longest_wait: float = 600.0) -> None:
        """
        :param budget: calls per time; ``None`` counts nothing
        :param longest_wait: a budget that opens later than this many seconds ends the sync instead
        """
        self._slots = threading.BoundedSemaphore(in_flight)
        self._budget = budget
        self._longest_wait = longest_wait
        self._lock = threading.Lock()
        self._closed_until = 0.0

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold one of the places for requests in flight. Blocks until one is free, no pause is on, and the budget
        allows a call.

        :raises Failure: when the budget opens too late to wait for
        """
        while True:
            self._wait_for_opening()
            with self._slots:
                # A pause may have begun while this request stood in line.
                if self._remaining_pause() <= 0:
                    self._spend()
                    yield
                    return

    def pause(self, seconds: float) -> None:
        """Let no request of the account start within the next ``seconds``."""
        with self._lock:
            self._closed_until = max(self._closed_until, time.monotonic() + seconds)

    def _spend(self) -> None:
        budget = self._budget
        while budget is not None and (seconds := budget.take()) > 0:
            if seconds > self._longest_wait:
                raise transient_failure(
                    f"The {budget.calls} calls per {budget.seconds:.0f} seconds that the configuration allows are used "
                    f"up. The next one is free in {seconds:.0f} seconds, which is longer than a sync waits "
                    f"({self._longest_wait:.0f} seconds). State is saved; run the sync again later."
                )
            wait(seconds, f"the configuration allows {budget.calls} calls per {budget.seconds:.0f} seconds")

    def _wait_for_opening(self) -> None:
        while (remaining := self._remaining_pause()) > 0:
            wait(remaining, "the vendor asked the account to slow down")

    def _remaining_pause(self) -> float:
        return self._closed_until - time.monotonic()


def wait(seconds: float, why: str) -> None:
    """Sleep, saying so first and again every half a minute."""
    end = time.monotonic() + seconds
    while (remaining := end - time.monotonic()) > 0:
        logger.info("Waiting %.0f s more: %s.", remaining, why)
        time.sleep(min(remaining, HEARTBEAT))
