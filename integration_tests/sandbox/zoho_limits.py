"""Zoho's limits on calls: per minute, per day, and what comes out of the blue."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from random import Random

from integration_tests.sandbox.options import Options
from integration_tests.sandbox.zoho_refusal import Refused

USUAL_QUOTA = 1000
"""Shown in the headers while no quota is enforced."""
DAY = 86_400
"""Seconds."""


class Limits:
    """Counts the calls of the organisation."""

    def __init__(self, seed: int, options: Options) -> None:
        self._options = options
        self._random = Random(f"{seed}/throttle")
        self._asked: deque[float] = deque()
        self._served: deque[float] = deque()
        self._blocked_until = 0.0
        self.served = 0
        """Calls that were let through since the start."""

    def admit(self) -> None:
        """Count a call, or refuse it with status 429."""
        now, number = time.monotonic(), self._options.number
        for calls in (self._asked, self._served):
            while calls and calls[0] <= now - number("minute_ms") / 1000:
                calls.popleft()
        self._asked.append(now)
        if number("block_above") and len(self._asked) > number("block_above"):
            self._blocked_until = now + number("block_seconds")
            self._asked.clear()
        if now < self._blocked_until:
            wait = {"Retry-After": str(int(self._blocked_until - now) + 1)}
            raise Refused(429, 43, "The maximum number of calls per minute was exceeded. Calls are blocked.", wait)
        quota = number("daily_quota")
        if quota and self.served >= quota:
            raise Refused(429, 45, f"The maximum number of {quota:,} calls a day for this organization was reached.")
        limit = number("calls_per_minute")
        if limit and len(self._served) >= limit:
            raise Refused(429, 44, "The maximum number of calls per minute for this organization was exceeded.")
        if self._random.random() * 100 < number("random_throttle"):
            code, reason = self._random.choice(((44, "calls per minute"), (1070, "calls in process")))
            raise Refused(429, code, f"The maximum number of {reason} for this organization was exceeded.")
        self._served.append(now)
        self.served += 1

    def headers(self) -> Mapping[str, str]:
        """The quota, what is left of it, and the seconds until it is full again."""
        kind = self._options.text("rate_headers")
        if kind == "absent":
            return {}
        quota = self._options.number("daily_quota") or USUAL_QUOTA
        left = -80 - self.served if kind == "negative" else quota - self.served
        return {
            "X-Rate-Limit-Limit": str(quota),
            "X-Rate-Limit-Remaining": str(left),
            "X-Rate-Limit-Reset": str(DAY - int(time.time()) % DAY),
        }
