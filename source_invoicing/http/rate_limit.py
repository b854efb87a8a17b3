"""The limits of an account: requests in flight, calls within a time window, and pauses that the vendor asks for."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from airbyte_cdk.models import FailureType
from typing_extensions import override

from source_invoicing.http.errors import Cancelled, QuotaExhausted
from source_invoicing.http.log import heartbeat_seconds, logger, spoke
from source_invoicing.http.testing import BUDGET_SCALE, testing_scale

# While all calls of a budget are in flight, no window has begun to close: look again after this many seconds.
LOOK_AGAIN = 0.05


class CallBudget:
    """At most ``calls`` requests within any window of ``seconds``, by the vendor's clock as well as by ours.

    A request counts from its start until ``seconds`` after its end. The vendor saw it at some time in between, so its
    own window never holds more than ``calls`` of them, whatever the latency.

    Safe to use from several threads.
    """

    def __init__(self, calls: int, seconds: float, *, scaled: bool = True) -> None:
        """
        :param scaled: whether tests may shorten the window
        """
        self._calls = calls
        self._seconds = seconds * (testing_scale(BUDGET_SCALE) if scaled else 1.0)
        self._lock = threading.Lock()
        self._in_flight = 0
        self._ended: deque[float] = deque()

    @override
    def __str__(self) -> str:
        return f"{self._calls} requests within {self._seconds:.0f} seconds"

    def take(self) -> float:
        """Take one request out of the budget.

        :return: 0 when it was granted; otherwise the seconds after which to ask again
        """
        with self._lock:
            now = time.monotonic()
            while self._ended and self._ended[0] + self._seconds <= now:
                self._ended.popleft()
            if self._in_flight + len(self._ended) < self._calls:
                self._in_flight += 1
                return 0.0
            return max(self._ended[0] + self._seconds - now, LOOK_AGAIN) if self._ended else LOOK_AGAIN

    def end(self) -> None:
        """Note that a request that was granted is over."""
        with self._lock:
            self._in_flight -= 1
            self._ended.append(time.monotonic())


class RateLimiter:
    """At most ``in_flight`` requests of the account at a time, within its budget, and none while the vendor asked it
    to wait.

    When the vendor rejects a request as too frequent, the limit of requests in flight halves, and it grows step by step
    with each success (additive increase, multiplicative decrease, as in TCP). Rejected requests go first. Otherwise one
    could be rejected over and over while later ones use up what the vendor allows.

    Safe to use from several threads.

    :param budget: how many there may be within a time window, where the vendor counts them
    :param longest_wait: a budget that allows the next request later than this (seconds) ends the sync instead
    """

    def __init__(self, in_flight: int, budget: CallBudget | None = None, longest_wait: float = 600.0) -> None:
        self._most = self._allowed = float(in_flight)
        self._budget = budget
        self._longest_wait = longest_wait
        self._in_flight = 0
        self._rejected = 0
        self._paused_until = 0.0
        self._changed = threading.Condition()
        self._cancelled = threading.Event()

    @property
    def allowed(self) -> int:
        """How many requests may be in flight at present."""
        return int(self._allowed)

    @contextmanager
    def slot(self, *, again: bool = False) -> Iterator[None]:
        """Hold one of the slots for requests in flight. Blocks until one is free, no pause is on, and the budget has
        a request left.

        :param again: whether the request was rejected (:meth:`on_rate_limited`) and is to be sent once more
        :raises QuotaExhausted: when the budget opens too late to wait for
        :raises Cancelled: after :meth:`cancel`
        """
        try:
            while (delay := self._take(again)) > 0:
                self._wait_for_budget(delay)
        finally:
            if again:
                with self._changed:
                    self._rejected -= 1
                    self._changed.notify_all()
        try:
            yield
        finally:
            if self._budget:
                self._budget.end()
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()

    def on_rate_limited(self, seconds: float) -> None:
        """Note that a request was rejected as too frequent, and will be sent again: no request of the account starts
        within the next ``seconds``, and fewer are in flight from then on."""
        with self._changed:
            self._rejected += 1
            # Those that were rejected together halve the limit once.
            if self._remaining_pause() <= 0:
                self._allowed = max(self._allowed / 2, 1.0)
            self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    def on_success(self) -> None:
        """Note that a request succeeded."""
        if self._allowed >= self._most:
            return
        with self._changed:
            self._allowed = min(self._allowed + 1 / self._allowed, self._most)
            self._changed.notify_all()

    def cancel(self) -> None:
        """Let no further request start. Waiting callers get :class:`Cancelled`."""
        self._cancelled.set()

    def wait(self, seconds: float, why: str) -> None:
        """Sleep, logging the reason first and again every half a minute.

        :raises Cancelled: after :meth:`cancel`
        """
        end = time.monotonic() + seconds
        while (remaining := end - time.monotonic()) > 0:
            if self._cancelled.is_set():
                raise Cancelled
            logger.info("Waiting %.0f s more: %s.", remaining, why)
            spoke(will_again=remaining > heartbeat_seconds())
            sleep(min(remaining, heartbeat_seconds()), self._cancelled)

    def _take(self, again: bool) -> float:
        """Take a slot and a request of the budget, once no pause is on.

        :return: 0 when both were granted; otherwise the seconds after which to ask the budget again
        """
        while True:
            while (remaining := self._remaining_pause()) > 0:
                self.wait(remaining, "the vendor asked the account to slow down")
            with self._changed:
                self._changed.wait_for(lambda: self._in_flight < self.allowed and (again or not self._rejected))
                if self._cancelled.is_set():
                    raise Cancelled
                # A pause may have begun while this request was waiting for its slot.
                if self._remaining_pause() > 0:
                    continue
                delay = self._budget.take() if self._budget else 0.0
                if delay <= 0:
                    self._in_flight += 1
                return delay

    def _wait_for_budget(self, seconds: float) -> None:
        if seconds > self._longest_wait:
            raise QuotaExhausted(
                f"The budget of {self._budget} is used up. The next request is due in {seconds:.0f} seconds, which is "
                f"longer than a sync waits ({self._longest_wait:.0f} seconds). What was read is kept. The next sync "
                "goes on behind it, or, in lists that cannot be entered in the middle, begins at the top.",
                FailureType.transient_error,
            )
        self.wait(seconds, f"no more than {self._budget} are sent")

    def _remaining_pause(self) -> float:
        return self._paused_until - time.monotonic()


def sleep(seconds: float, unless: threading.Event) -> None:
    """Sleep until the time is over or the event is set."""
    unless.wait(seconds)
