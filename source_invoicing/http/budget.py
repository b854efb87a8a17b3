"""How many requests an account may make within a stretch of time."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable

# When all of the budget is under way there is no end to count from: look again after so many seconds.
LOOK_AGAIN = 0.05
# For tests: a factor for the stretches of time in which calls are counted. 0.01 makes 0.6 seconds of a minute.
BUDGET_SCALE = "SOURCE_INVOICING_BUDGET_SCALE"


class Budget:
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
