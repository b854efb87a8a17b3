"""What an account may ask: so many requests at a time, so many within a stretch of time, none while it has to wait."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from airbyte_cdk.models import FailureType

from source_invoicing.http.errors import Cancelled, QuotaExhausted
from source_invoicing.http.heartbeat import heartbeat_seconds, spoke

logger = logging.getLogger("airbyte.source_invoicing")

# When all of the budget is under way there is no end to count from: look again after so many seconds.
LOOK_AGAIN = 0.05
# For tests: a factor for the stretches of time in which calls are counted. 0.01 makes 0.6 seconds of a minute.
BUDGET_SCALE = "SOURCE_INVOICING_BUDGET_SCALE"


class CallBudget:
    """At most ``calls`` requests within any ``seconds``, by the vendor's clock as well as by this one.

    A request counts from its start until ``seconds`` after its end. The vendor saw it somewhere in between, so
    whatever the network adds, the vendor's own window never holds more than ``calls`` of them.

    Safe to use from several threads.
    """

    def __init__(self, calls: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """
        :param clock: tells seconds; another one only in tests
        """
        self._calls = calls
        self._seconds = seconds * float(os.environ.get(BUDGET_SCALE, "1"))
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way = 0
        self._ended: deque[float] = deque()

    def __str__(self) -> str:
        return f"{self._calls} requests within {self._seconds:.0f} seconds"

    def take(self) -> float:
        """Take one request out of the budget.

        :return: 0 when it was granted; otherwise the seconds after which to ask again
        """
        with self._lock:
            now = self._clock()
            while self._ended and self._ended[0] + self._seconds <= now:
                self._ended.popleft()
            if self._under_way + len(self._ended) < self._calls:
                self._under_way += 1
                return 0.0
            return max(self._ended[0] + self._seconds - now, LOOK_AGAIN) if self._ended else LOOK_AGAIN

    def end(self) -> None:
        """A request that was granted is over."""
        with self._lock:
            self._under_way -= 1
            self._ended.append(self._clock())


class AdaptiveConcurrency:
    """At most so many requests at a time: fewer once the vendor has refused one for coming too soon, and step by step
    more again with each good answer, as senders share a line of unknown width.

    A request that was refused goes before all that were not. So nobody is refused over and over while others, who came
    later, use up what the vendor allows.

    Safe to use from several threads.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._allowed = float(most)
        self._under_way = 0
        self._refused = 0
        self._changed = threading.Condition()

    @property
    def allowed(self) -> int:
        """How many there may be by now."""
        return int(self._allowed)

    @contextmanager
    def one(self, again: bool) -> Iterator[None]:
        """Be one of the requests under way; blocks until there is room.

        :param again: whether the request was refused before
        """
        with self._changed:
            self._changed.wait_for(lambda: self._has_room(again))
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def on_rate_limited(self, is_first: bool) -> None:
        """A request was refused and will come again. It has to say :meth:`on_retried` when it has.

        :param is_first: whether it is the first of those that were refused together
        """
        with self._changed:
            self._refused += 1
            if is_first:
                self._allowed = max(self._allowed / 2, 1.0)

    def on_retried(self) -> None:
        """A request that was refused was sent once more, or never will be."""
        with self._changed:
            self._refused -= 1
            self._changed.notify_all()

    def on_success(self) -> None:
        """A request was answered."""
        if self._allowed >= self._most:
            return
        with self._changed:
            self._allowed = min(self._allowed + 1 / self._allowed, float(self._most))
            self._changed.notify_all()

    def _has_room(self, again: bool) -> bool:
        return self._under_way < self.allowed and (again or not self._refused)


class RateLimiter:
    """At most ``in_flight`` requests of the account at a time, and none while the vendor asked to wait.

    :param budget: how many there may be within a stretch of time, where somebody counts them
    :param longest_wait: a budget that opens later than this (seconds) ends the sync instead
    """

    def __init__(self, in_flight: int, budget: CallBudget | None = None, longest_wait: float = 600.0) -> None:
        self._in_flight = AdaptiveConcurrency(in_flight)
        self._lock = threading.Lock()
        self._closed_until = 0.0
        self._budget = budget
        self._longest_wait = longest_wait
        self._cancelled = threading.Event()

    @property
    def in_flight(self) -> int:
        """How many requests there may be at a time, by now."""
        return self._in_flight.allowed

    @contextmanager
    def slot(self, *, again: bool = False) -> Iterator[None]:
        """Hold one of the places for requests in flight. Blocks until one is free, no pause is on, and the budget
        has a request left.

        :param again: whether the request was refused (:meth:`on_rate_limited`) and is to be sent once more
        :raises QuotaExhausted: when the budget opens too late to wait for
        :raises Cancelled: when nobody wants the answer any more
        """
        with ExitStack() as afterwards:
            if again:
                afterwards.callback(self._in_flight.on_retried)
            while True:
                self._wait_for_opening()
                with self._in_flight.one(again):
                    if self._cancelled.is_set():
                        raise Cancelled
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

    def on_rate_limited(self, seconds: float) -> None:
        """A request came too soon, and will come again: no request of the account starts within the next ``seconds``,
        and fewer are in flight from then on."""
        with self._lock:
            self._in_flight.on_rate_limited(is_first=self._remaining_pause() <= 0)
            self._closed_until = max(self._closed_until, time.monotonic() + seconds)

    def on_success(self) -> None:
        """A request was answered."""
        self._in_flight.on_success()

    def cancel(self) -> None:
        """Let no request start any more. Whoever waits for one is sent home."""
        self._cancelled.set()

    def wait(self, seconds: float, why: str) -> None:
        """Sleep, saying so first and again every half a minute.

        :raises Cancelled: when nobody wants any more what is waited for
        """
        end = time.monotonic() + seconds
        while (remaining := end - time.monotonic()) > 0:
            if self._cancelled.is_set():
                raise Cancelled
            logger.info("Waiting %.0f s more: %s.", remaining, why)
            spoke(will_again=remaining > heartbeat_seconds())
            sleep(min(remaining, heartbeat_seconds()), self._cancelled)

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
