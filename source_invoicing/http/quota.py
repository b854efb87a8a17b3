"""What an account may ask of its vendor, shared by everything that asks for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from airbyte_cdk.models import FailureType

from source_invoicing.http.budget import Budget
from source_invoicing.http.failures import QuotaExhausted
from source_invoicing.http.in_flight import InFlight

logger = logging.getLogger("airbyte.source_invoicing")

# A platform ends a sync that stays silent; a line this often (seconds) shows that waiting is on purpose.
HEARTBEAT = 30.0


class Quota:
    """At most ``in_flight`` requests of the account at a time, and none while the vendor asked to wait.

    :param budget: how many there may be within a stretch of time, where somebody counts them
    :param longest_wait: a budget that opens later than this (seconds) ends the sync instead
    """

    def __init__(self, in_flight: int, budget: Budget | None = None, longest_wait: float = 600.0) -> None:
        self._in_flight = InFlight(in_flight)
        self._lock = threading.Lock()
        self._closed_until = 0.0
        self._budget = budget
        self._longest_wait = longest_wait

    @contextmanager
    def slot(self, *, again: bool = False) -> Iterator[None]:
        """Hold one of the places for requests in flight. Blocks until one is free, no pause is on, and the budget
        has a request left.

        :param again: whether the request was refused (:meth:`refuse`) and is to be sent once more
        :raises QuotaExhausted: when the budget opens too late to wait for
        """
        with ExitStack() as afterwards:
            if again:
                afterwards.callback(self._in_flight.came_again)
            while True:
                self._wait_for_opening()
                with self._in_flight.one(again):
                    # A pause may have begun while this request stood in line.
                    if self._remaining_pause() > 0:
                        continue
                    delay = self._budget.take() if self._budget else 0.0
                    if delay <= 0:
                        afterwards.close()
                        try:
                            yield
                        finally:
                            if self._budget:
                                self._budget.end()
                        return
                self._wait_for_budget(delay)

    def refuse(self, seconds: float) -> None:
        """A request came too soon, and will come again: no request of the account starts within the next ``seconds``,
        and fewer are in flight from then on."""
        with self._lock:
            self._in_flight.refuse(is_first=self._remaining_pause() <= 0)
            self._closed_until = max(self._closed_until, time.monotonic() + seconds)

    def grant(self) -> None:
        """A request was answered."""
        self._in_flight.grant()

    def _wait_for_budget(self, seconds: float) -> None:
        if seconds > self._longest_wait:
            raise QuotaExhausted(
                f"The budget of {self._budget} is used up. The next request is due in {seconds:.0f} seconds, which is "
                f"longer than a sync waits ({self._longest_wait:.0f} seconds). What was read is kept, and the next "
                "sync goes on where this one stopped.",
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
