"""How a vendor writes down when something happened, and the whole seconds that strategies compare."""

from __future__ import annotations

import math
import re
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, Protocol

SECONDS_PER_DAY = 86_400
# Timestamps of other years are placeholders for "none" or rubbish; these leave room for every step back.
EARLIEST = int(datetime(1000, 1, 1, tzinfo=timezone.utc).timestamp())
LATEST = int(datetime(9999, 1, 1, tzinfo=timezone.utc).timestamp()) - 1


def real(seconds: float) -> int | None:
    """Seconds since 1970 (UTC), rounded down; ``None`` where they name no moment at which a row can have changed."""
    return math.floor(seconds) if EARLIEST <= seconds <= LATEST else None


class TimestampFormat(Protocol):
    """Turns a record's cursor value into seconds since 1970 (UTC) and back."""

    #: what a value looks like, for messages
    description: str

    def parse(self, value: Any) -> int | None:
        """The moment as whole seconds, rounded down; ``None`` for a value that is blank or not a moment."""

    def format(self, seconds: int) -> Any:
        """The moment as the vendor writes it, which is also how it stands in the state."""


class UnixSeconds:
    """Integers, as Invoiced sends them. Negative ones occur."""

    description = "whole Unix seconds"

    def parse(self, value: Any) -> int | None:
        """See :class:`TimestampFormat`."""
        if value.__class__ is int:  # nearly always, and asked for several times a record
            return value if EARLIEST <= value <= LATEST else None
        return real(value) if isinstance(value, float) else None

    def format(self, seconds: int) -> int:
        """See :class:`TimestampFormat`."""
        return seconds


OFFSET = re.compile(r"(?:([+-]\d{2}):?(\d{2})|[Zz])$")


class OffsetDateTime:
    """ISO 8601 with an offset, with or without a colon in it. The state holds RFC 3339 in UTC."""

    description = "a date and time with an offset, such as 2024-01-01T00:00:00Z"

    def parse(self, value: Any) -> int | None:
        """See :class:`TimestampFormat`. A time without an offset is no moment: it may be that of any zone."""
        return _seconds(value) if isinstance(value, str) and value else None

    def format(self, seconds: int) -> str:
        """See :class:`TimestampFormat`."""
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def compact_offset(seconds: int) -> str:
    """A moment (seconds since 1970) as UTC with an offset without a colon: ``2024-01-01T00:00:00+0000``."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+0000")


# A strategy asks for the timestamp of a row several times, and rows that were imported together share theirs.
@lru_cache(maxsize=8192)
def _seconds(value: str) -> int | None:
    offset = OFFSET.search(value)
    if offset is None:
        return None
    hours, minutes = offset.groups(default="00")
    zone = f"{hours}:{minutes}" if hours != "00" else "+00:00"
    try:
        return real(datetime.fromisoformat(value[: offset.start()] + zone).timestamp())
    except (ValueError, OverflowError):
        return None


class ZonelessText:
    """``2024-01-31T12:00:00`` (or with a blank) without a time zone, in whatever zone the vendor keeps its clocks.

    The seconds are those of the same text in UTC. That is enough to compare moments of one vendor with each other;
    the clock of a server in UTC can be behind them, which makes a reading promise less, never too much.
    """

    description = "a date and time such as 2024-01-31T12:00:00"

    def parse(self, value: Any) -> int | None:
        """See :class:`TimestampFormat`. Zero dates are no moments."""
        if not isinstance(value, str):
            return None
        try:
            timestamp = datetime.fromisoformat(value)
        except ValueError:
            return None
        return real(timestamp.replace(tzinfo=timezone.utc).timestamp())

    def format(self, seconds: int) -> str:
        """See :class:`TimestampFormat`."""
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
