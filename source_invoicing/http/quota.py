"""What an account may ask of its vendor, shared by everything that asks for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from airbyte_cdk.models import FailureType

from source_invoicing.http.budget import Budget
from source_invoicing.http.failures import AbandonedError, QuotaExhausted
from source_invoicing.http.in_flight import InFlight
from source_invoicing.http.waiting import heartbeat_seconds, spoke

logger = logging.getLogger("airbyte.source_invoicing")


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
        self._abandoned = threading.Event()

    @property
    def in_flight(self) -> int:
        """How many requests there may be at a time, by now."""
        return self._in_flight.allowed

    @contextmanager
    def slot(self, *, again: bool = False) -> Iterator[None]:
        """Hold one of the places for requests in flight. Blocks until one is free, no pause is on, and the budget
        has a request left.

        :param again: whether the request was refused (:meth:`refuse`) and is to be sent once more
        :raises QuotaExhausted: when the budget opens too late to wait for
        :raises AbandonedError: when nobody wants the answer any more
        """
        with ExitStack() as afterwards:
            if again:
                afterwards.callback(self._in_flight.came_again)
            while True:
                self._wait_for_opening()
                with self._in_flight.one(again):
                    if self._abandoned.is_set():
                        raise AbandonedError
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

    def abandon(self) -> None:
        """Let no request start any more. Whoever waits for one is sent home."""
        self._abandoned.set()

    def wait(self, seconds: float, why: str) -> None:
        """Sleep, saying so first and again every half a minute.

        :raises AbandonedError: when nobody wants any more what is waited for
        """
        end = time.monotonic() + seconds
        while (remaining := end - time.monotonic()) > 0:
            if self._abandoned.is_set():
                raise AbandonedError
            logger.info("Waiting %.0f s more: %s.", remaining, why)
            spoke(will_again=remaining > heartbeat_seconds())
            sleep(min(remaining, heartbeat_seconds()), self._abandoned)

    def _wait_for_budget(self, seconds: float) -> None:
        if seconds > self._longest_wait:
            raise QuotaExhausted(
                f"The budget of {self._budget} is used up. The next request is due in {seconds:.0f} seconds, which is "
                f"longer than a sync waits ({self._longest_wait:.0f} seconds). What was read is kept. The next sync "
                "goes on behind it, or, in lists that cannot be entered in the middle, begins at the top.",
                FailureType.transient_error,
            )
        self.wait(seconds, f"no more than {self._budget} are sent")

    def _wait_for_opening(self) -> None:
        while (remaining := self._remaining_pause()) > 0:
            self.wait(remaining, "the vendor asked the account to slow down")

    def _remaining_pause(self) -> float:
        return self._closed_until - time.monotonic()


def sleep(seconds: float, unless: threading.Event) -> None:
    """Let time pass, but no longer than until something happens."""
    unless.wait(seconds)
