"""How often and how long to try: time-outs, backoff, and the ``Retry-After`` header."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from source_invoicing.http.testing import BACKOFF_SCALE, TIMEOUT_SCALE, testing_scale

#: Headers that say when the vendor's quota resets: that of an IETF draft, and common spellings.
RESET_HEADERS = ("RateLimit-Reset", "X-RateLimit-Reset", "X-Rate-Limit-Reset")
# A larger number is a time since 1970: as a duration it would be thirty years.
MAX_DURATION = 10**9
# A larger number is in milliseconds.
MAX_SECONDS = 10**11


@dataclass(frozen=True)
class RetryPolicy:
    """How long to wait for a response and how often to retry. All durations in seconds.

    :param connect: for a connection
    :param read: for the next byte of a response
    :param total: for a whole try, also if the response keeps trickling in
    :param retries: tries after the first one
    :param backoff: wait before the first retry; doubles with each one
    :param rate_limit_backoff: first wait after "too many requests" without a ``Retry-After``: three such waits take
        more than a minute, the window most vendors count in
    :param max_backoff: the limit of the doubled waits
    :param rate_limit_retries: retries after "too many requests", if they are counted separately; ``None``: they count
        like any other
    :param max_wait: the sync ends if the vendor asks for a longer wait; state is kept
    :param waiter: who waits, for messages
    """

    connect: float = 10.0
    read: float = 60.0
    total: float = 300.0
    retries: int = 3
    backoff: float = 1.0
    rate_limit_backoff: float = 10.0
    max_backoff: float = 60.0
    rate_limit_retries: int | None = None
    max_wait: float = 600.0
    waiter: str = "a sync"

    @classmethod
    def for_check(cls) -> RetryPolicy:
        """For a connection test, which ends within a minute in any case."""
        return cls(
            connect=8.0,
            read=15.0,
            total=20.0,
            retries=1,
            rate_limit_backoff=2.0,
            max_wait=10.0,
            waiter="a connection test",
        )

    def wait(self, retry: int, *, rate_limited: bool, asked_for: float | None) -> float:
        """Seconds to wait before a retry.

        :param retry: how many retries there were already
        :param asked_for: what the vendor asks for (``Retry-After``). The wait is never shorter than that, nor than the
            backoff: even after "come back now", requests are not sent back to back
        """
        first = self.rate_limit_backoff if rate_limited and not asked_for else self.backoff
        return max(asked_for or 0.0, min(first * 2.0**retry, self.max_backoff))

    def scaled_for_tests(self) -> RetryPolicy:
        """The policy, scaled by the factors that a test has set in the environment."""
        backoff, timeout = testing_scale(BACKOFF_SCALE), testing_scale(TIMEOUT_SCALE)
        return replace(
            self,
            backoff=self.backoff * backoff,
            rate_limit_backoff=self.rate_limit_backoff * backoff,
            max_backoff=self.max_backoff * backoff,
            connect=self.connect * timeout,
            read=self.read * timeout,
            total=self.total * timeout,
        )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, by the header ``Retry-After`` in either of its forms (RFC 9110, section 10.2.3), or as a time
    since 1970, which some vendors send.

    A time is compared with the response's own ``Date``: this machine's clock may differ from the server's.

    :return: 0 for "now" and for a past time; ``None`` if the header is missing or malformed
    """
    value = headers.get("Retry-After", "")
    until = http_date(value)
    return _seconds(value, headers) if until is None else max(0.0, until.timestamp() - _now(headers))


def reset_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until the vendor's quota resets, by a header such as ``X-RateLimit-Reset``.

    It holds a number of seconds, or a time since 1970 (in seconds or milliseconds). A time is compared with the
    response's own ``Date``.

    Some vendors send it with every response, so it does not mean that one has to wait. If some of that quota remains,
    such as the calls of a day, another limit was exceeded.

    :return: ``None`` if the header is missing or malformed, or if some of the quota remains
    """
    name = next((name for name in RESET_HEADERS if name in headers), "")
    value, remaining = headers.get(name, ""), headers.get(name.replace("Reset", "Remaining"), "")
    if remaining.isdecimal() and remaining.strip("0"):
        return None
    return _seconds(value, headers)


def http_date(value: str) -> datetime | None:
    """A date of HTTP (RFC 9110, section 5.6.7); ``None`` if malformed. Without a zone, it is UTC."""
    try:
        date = parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def _seconds(value: str, headers: Mapping[str, str]) -> float | None:
    """A number of seconds, or the seconds until a time since 1970; ``None`` if malformed."""
    try:
        seconds = float(value)
    except ValueError:
        return None
    if not math.isfinite(seconds):
        return None
    if seconds > MAX_SECONDS:
        seconds /= 1000
    if seconds > MAX_DURATION:
        seconds -= _now(headers)
    return max(0.0, seconds)


def _now(headers: Mapping[str, str]) -> float:
    """The time by the clock of the server, or by this machine's where a response has none."""
    return (http_date(headers.get("Date", "")) or datetime.now(timezone.utc)).timestamp()
