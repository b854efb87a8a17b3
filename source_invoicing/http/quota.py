"""What an account may ask of its vendor, shared by everything that asks for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from airbyte_cdk.models import FailureType

from source_invoicing.http.budget import Budget
from source_invoicing.http.failures import QuotaExhausted

logger = logging.getLogger("airbyte.source_invoicing")

# A platform ends a sync that stays silent; a line this often (seconds) shows that waiting is on purpose.
HEARTBEAT = 30.0


class Quota:
    """At most ``in_flight`` requests of the account at a time, and none while the vendor asked to wait.

    :param budget: how many there may be within a stretch of time, where somebody counts them
    :param longest_wait: a budget that opens later than this (seconds) ends the sync instead
    """

    def __init__(self, in_flight: int, budget: Budget | None = None, longest_wait: float = 600.0) -> None:
        self._slots = threading.BoundedSemaphore(in_flight)
        self._lock = threading.Lock()
        self._closed_until = 0.0
        self._budget = budget
        self._longest_wait = longest_wait

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold one of the places for requests in flight. Blocks until one is free, no pause is on, and the budget
        has a request left.

        :raises QuotaExhausted: when the budget opens too late to wait for
        """
        while True:
            self._wait_for_opening()
            with self._slots:
                # A pause may have begun while this request stood in line.
                if self._remaining_pause() > 0:
                    continue
                delay = self._budget.take() if self._budget else 0.0
                if delay <= 0:
                    try:
                        yield
                    finally:
                        if self._budget:
                            self._budget.end()
                    return
            self._wait_for_budget(delay)

    def pause(self, seconds: float) -> None:
        """Let no request of the account start within the next ``seconds``."""
        with self._lock:
            self._closed_until = max(self._closed_until, time.monotonic() + seconds)

    def _wait_for_budget(self, seconds: float) -> None:
        if seconds > self._longest_wait:
            raise QuotaExhausted(
                f"The budget of {self._budget} is used up. The next request is due in {seconds:.0f} seconds, which is "
                f"longer than a sync waits ({self._longest_wait:.0f} seconds). What was read is kept. The next sync "
                "goes on behind it, or, in lists that cannot be entered in the middle, begins at the top.",
                FailureType.transient_error,
            )
        wait(seconds, f"no more than {self._budget} are sent")

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
