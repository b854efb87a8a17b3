"""The limits of an account: requests in flight, calls within a time window, and pauses that the vendor asks for."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from typing_extensions import override

from source_invoicing.http.errors import Cancelled, QuotaExhausted
from source_invoicing.http.log import heartbeat_seconds, logger, wait_logged
from source_invoicing.http.testing import BUDGET_SCALE, testing_scale

# While all calls of a budget are in flight, it is not known when one ends: check again after this (seconds).
RECHECK_AFTER = 0.05
# A shorter wait (seconds) is not logged: with few requests per second, each of them waits.
SHORTEST_LOGGED = 5.0


class CallBudget:
    """At most ``calls`` requests within any window of ``seconds``, by the vendor's clock as well as by ours.

    A request counts from its start until ``seconds`` after its end. The vendor counts it at some time in
    between, so its window never holds more than ``calls`` of them, at any latency.

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
        return f"{_counted(self._calls, 'request')} within {_counted(self._seconds, 'second')}"

    def take(self) -> float:
        """Take one request out of the budget.

        :return: 0 if it was granted, else the seconds to wait before asking again
        """
        with self._lock:
            now = time.monotonic()
            while self._ended and self._ended[0] + self._seconds <= now:
                self._ended.popleft()
            if self._in_flight + len(self._ended) < self._calls:
                self._in_flight += 1
                return 0.0
            return max(self._ended[0] + self._seconds - now, RECHECK_AFTER) if self._ended else RECHECK_AFTER

    def end(self, *, counts: bool = True) -> None:
        """Record that a granted request has ended.

        :param counts: whether the vendor counts it; if not, it is given back to the budget
        """
        with self._lock:
            self._in_flight -= 1
            if counts:
                self._ended.append(time.monotonic())


class RateLimiter:
    """At most ``in_flight`` requests of the account at a time, within its budget, and none while the vendor asked it
    to wait.

    When the vendor rejects a request as too frequent, the limit of requests in flight halves. It grows again with each
    success (additive increase, multiplicative decrease, as in TCP). Rejected requests go first: otherwise one could be
    rejected over and over while later ones use up what the vendor allows.

    Safe to use from several threads.

    :param budget: how many requests there may be within a time window, if the vendor limits that
    :param max_wait: the longest wait (seconds) for the budget; if the next request is due later, the sync ends
    """

    def __init__(self, in_flight: int, budget: CallBudget | None = None, max_wait: float = 600.0) -> None:
        self._max_in_flight = self._allowed = float(in_flight)
        self._budget = budget
        self._max_wait = max_wait
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
    def slot(self, *, after_rejection: bool = False) -> Iterator[None]:
        """Hold one of the slots for requests in flight. Blocks until one is free, no pause is on, and the budget
        allows a request.

        :param after_rejection: whether this is a retry after :meth:`on_rate_limited`
        :raises QuotaExhausted: when the budget allows the next request too late to wait for
        :raises Cancelled: after :meth:`cancel`
        """
        try:
            self._take(after_rejection)
        finally:
            if after_rejection:
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
        """Record that a request was rejected as too frequent, and will be sent again. No request of the account starts
        within the next ``seconds``, and fewer are in flight from then on."""
        with self._changed:
            self._rejected += 1
            # Requests that were rejected together halve the limit once.
            if self._remaining_pause() <= 0:
                self._allowed = max(self._allowed / 2, 1.0)
            self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    def on_success(self) -> None:
        """Record that a request succeeded."""
        if self._allowed >= self._max_in_flight:
            return
        with self._changed:
            self._allowed = min(self._allowed + 1 / self._allowed, self._max_in_flight)
            self._changed.notify_all()

    def cancel(self) -> None:
        """Let no further request start. Waiting callers get :class:`Cancelled`."""
        self._cancelled.set()

    def wait(self, seconds: float, why: str) -> None:
        """Sleep. The reason for a long wait is logged at once and every half a minute.

        :param why: the rest of the sentence
        :raises Cancelled: after :meth:`cancel`
        """
        end = time.monotonic() + seconds
        is_logged = seconds >= min(SHORTEST_LOGGED, heartbeat_seconds())
        while (remaining := end - time.monotonic()) > 0:
            if self._cancelled.is_set():
                raise Cancelled
            if is_logged:
                logger.info("Waiting %.0f s %s.", remaining, why)
                wait_logged(will_repeat=remaining > heartbeat_seconds())
            sleep(min(remaining, heartbeat_seconds()), self._cancelled)

    def _take(self, after_rejection: bool) -> None:
        """Take a slot and a request of the budget, once no pause is on."""
        while True:
            while (remaining := self._remaining_pause()) > 0:
                self.wait(remaining, "because the vendor asked the account to slow down")
            with self._changed:
                self._changed.wait_for(
                    lambda: self._in_flight < self.allowed and (after_rejection or not self._rejected)
                )
                if self._cancelled.is_set():
                    raise Cancelled
                # A pause may have begun while this request was waiting for its slot.
                if self._remaining_pause() > 0:
                    continue
                delay = self._budget.take() if self._budget else 0.0
                if delay <= 0:
                    self._in_flight += 1
                    return
            self._wait_for_budget(delay)

    def _wait_for_budget(self, seconds: float) -> None:
        if seconds > self._max_wait:
            raise QuotaExhausted(
                f"The budget of {self._budget} is used up. The next request is due in {seconds:.0f} seconds, which is "
                f"longer than a sync waits ({self._max_wait:.0f} seconds). What was read is kept. The next sync "
                "goes on behind it, or, in lists that cannot be entered in the middle, begins at the top."
            )
        self.wait(seconds, f"because the limit is {self._budget}")

    def _remaining_pause(self) -> float:
        return self._paused_until - time.monotonic()


def _counted(number: float, noun: str) -> str:
    return f"{number:.0f} {noun}{'' if number == 1 else 's'}"


def sleep(seconds: float, interrupted: threading.Event) -> None:
    """Sleep until the time is over or the event is set."""
    interrupted.wait(seconds)
