"""A number of calls within a window of time."""

from __future__ import annotations

import time


class CallQuota:
    """Counts calls in windows that begin with a call and have a fixed length."""

    def __init__(self) -> None:
        self._began = float("-inf")
        self._calls = 0

    def spend(self, calls: int, seconds: int) -> bool:
        """Count a call and tell whether it is within ``calls`` per ``seconds``; with 0 calls there is no limit."""
        now = time.monotonic()
        if now - self._began >= seconds:
            self._began, self._calls = now, 0
        self._calls += 1
        return not calls or self._calls <= calls

    def left(self, calls: int) -> int:
        """Calls that the window still allows."""
        return max(calls - self._calls, 0)

    def opens_in(self, seconds: int) -> int:
        """Whole seconds until the window ends, at least one; all of them if none has begun."""
        passed = min(time.monotonic() - self._began, seconds) if self._calls else 0
        return max(int(seconds - passed), 1)
