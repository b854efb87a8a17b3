"""How often and how long to try: time-outs, backoff, and the ``Retry-After`` header."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from source_invoicing.http.testing import BACKOFF_SCALE, TIMEOUT_SCALE, testing_scale

#: Headers that tell when the vendor counts anew: of a draft of the IETF, and in common spellings.
RESETS = ("RateLimit-Reset", "X-RateLimit-Reset", "X-Rate-Limit-Reset")
# Larger numbers are times since 1970: as a duration they would be thirty years.
LARGEST_DURATION = 10**9
# Larger ones are in milliseconds.
LARGEST_SECONDS = 10**11


@dataclass(frozen=True)
class RetryPolicy:
    """How long to wait for a response and how often to ask again. All durations in seconds.

    :param connect: for a connection
    :param read: for the next byte of a response
    :param total: for a whole try, however steadily the response drips
    :param retries: further tries after the first one
    :param backoff: wait before the first further try; doubles with each one
    :param rate_limit_backoff: first wait after "too many requests" without a ``Retry-After``: three such waits make
        more than a minute, the window most vendors count in
    :param longest_backoff: the limit of waits that double
    :param rate_limit_retries: further tries after "too many requests", counted apart from other ones; ``None``: they
        count like any other
    :param longest_wait: a vendor that asks for a longer wait than this ends the sync instead; state is kept
    :param of: who waits, for messages
    """

    connect: float = 10.0
    read: float = 60.0
    total: float = 300.0
    retries: int = 3
    backoff: float = 1.0
    rate_limit_backoff: float = 10.0
    longest_backoff: float = 60.0
    rate_limit_retries: int | None = None
    longest_wait: float = 600.0
    of: str = "a sync"

    @classmethod
    def for_check(cls) -> RetryPolicy:
        """A connection test ends within a minute, whatever the host does."""
        return cls(
            connect=8.0,
            read=15.0,
            total=20.0,
            retries=1,
            rate_limit_backoff=2.0,
            longest_wait=10.0,
            of="a connection test",
        )

    def wait(self, retry: int, *, rate_limited: bool, asked_for: float | None) -> float:
        """Seconds to wait before a further try.

        :param retry: how many there were before
        :param asked_for: what the vendor asks for (``Retry-After``). It is never undercut, and neither is the backoff
            after a fault: even after "come back now", requests are not sent back to back
        """
        first = self.rate_limit_backoff if rate_limited and not asked_for else self.backoff
        return max(asked_for or 0.0, min(first * 2.0**retry, self.longest_backoff))

    def scaled_for_tests(self) -> RetryPolicy:
        """The policy with the factors that a test has put into the environment."""
        backoff, timeout = testing_scale(BACKOFF_SCALE), testing_scale(TIMEOUT_SCALE)
        return replace(
            self,
            backoff=self.backoff * backoff,
            rate_limit_backoff=self.rate_limit_backoff * backoff,
            longest_backoff=self.longest_backoff * backoff,
            connect=self.connect * timeout,
            read=self.read * timeout,
            total=self.total * timeout,
        )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, by the ``Retry-After`` header in either of its forms (RFC 9110, section 10.2.3).

    A date is compared with the response's own ``Date``: this machine's clock may differ from the server's.

    :return: 0 for "now" and for a time that is past; ``None`` without the header or where it is malformed
    """
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        until = http_date(value)
        if until is None:
            return None
        now = http_date(headers.get("Date", "")) or datetime.now(timezone.utc)
        return max(0.0, (until - now).total_seconds())
    return max(0.0, seconds) if math.isfinite(seconds) else None


def reset_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until the vendor counts anew, by a header such as ``X-RateLimit-Reset``: a number of seconds, or a time
    since 1970 (in seconds or milliseconds), which is compared with the response's own ``Date``.

    Some vendors send it with every response, so it says nothing about whether to wait. Where something is left of that
    quota, such as the calls of a day, it was another limit that was exceeded.

    :return: ``None`` without the header, where it is malformed, and where something is left
    """
    name = next((name for name in RESETS if name in headers), "")
    value, left = headers.get(name, ""), headers.get(name.replace("Reset", "Remaining"), "")
    if left.isdecimal() and left.strip("0"):
        return None
    try:
        reset = float(value)
    except ValueError:
        return None
    if not math.isfinite(reset):
        return None
    if reset > LARGEST_SECONDS:
        reset /= 1000
    if reset > LARGEST_DURATION:
        reset -= (http_date(headers.get("Date", "")) or datetime.now(timezone.utc)).timestamp()
    return max(0.0, reset)


def http_date(value: str) -> datetime | None:
    """A date of HTTP (RFC 9110, section 5.6.7); ``None`` if malformed. Without a zone, it is UTC."""
    try:
        date = parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)
