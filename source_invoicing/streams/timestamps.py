"""The formats of vendors' timestamps, as whole seconds that can be compared, and the window that a sync reads."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, Protocol

from typing_extensions import override

SECONDS_PER_DAY = 86_400
# The clocks of a vendor's servers differ a little, and changes are committed a little late (seconds).
CLOCK_MARGIN = 60
ISO_8601 = "%Y-%m-%dT%H:%M:%SZ"
# Timestamps outside of these years are placeholders or rubbish. The margins allow for stepping back from a timestamp.
EARLIEST = int(datetime(1000, 1, 1, tzinfo=timezone.utc).timestamp())
LATEST = int(datetime(9999, 1, 1, tzinfo=timezone.utc).timestamp()) - 1


def real(seconds: float) -> int | None:
    """Seconds since 1970 (UTC), rounded down; ``None`` where a row cannot have changed at that time."""
    return math.floor(seconds) if EARLIEST <= seconds <= LATEST else None


def format_utc(seconds: int, pattern: str) -> str:
    """Seconds since 1970 as text in UTC, by a pattern of ``strftime``."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime(pattern)


def complete_until(asked_at: int, server_time: int | None = None) -> int:
    """The latest time up to which a page is sure to show every change. All times are seconds since 1970 (UTC).

    That is when it was asked for, by this machine's clock or the server's, if that is earlier, less a margin: rows may
    be stamped by another clock.

    :param asked_at: when the request was sent, by this machine's clock
    :param server_time: the server's clock when it responded, where it says
    """
    if server_time is None:
        return asked_at - CLOCK_MARGIN
    waited = max(int(time.time()) - asked_at, 0)
    return min(server_time - waited, asked_at) - CLOCK_MARGIN


@dataclass(frozen=True)
class Window:
    """The modification times that a sync reads.

    :param start: rows last changed before this time (seconds since 1970, UTC) are not read
    :param lookback_days: how far before its cursor each incremental sync starts, for systems that book late
    """

    start: int | None = None
    lookback_days: int = 0

    # Syncs overlap, because changes are committed a little late and timestamps are cut to whole seconds.
    OVERLAP_SECONDS = 1

    @property
    def lookback(self) -> int:
        """``lookback_days`` in seconds."""
        return self.lookback_days * SECONDS_PER_DAY

    def overlapping(self, timestamp: int) -> int:
        """Where to continue after a time that this sync, or one that was interrupted, has reached."""
        return timestamp - self.OVERLAP_SECONDS

    def since(self, cursor: int | None, overlap: int = OVERLAP_SECONDS) -> int | None:
        """Where to begin, given a stored cursor. All times are seconds since 1970 (UTC)."""
        if cursor is None:
            return self.start
        since = cursor - overlap - self.lookback
        return since if self.start is None else max(since, self.start)


class TimestampFormat(Protocol):
    """Converts a record's cursor value into seconds since 1970 (UTC) and back."""

    #: A description of such values, for messages.
    description: str

    def parse(self, value: Any) -> int | None:
        """Whole seconds since 1970 (UTC), rounded down; ``None`` for a value that is blank or not a timestamp."""

    def format(self, seconds: int) -> Any:
        """The timestamp as the vendor writes it, which is also its form in the state."""


class UnixSeconds(TimestampFormat):
    """Integers, as Invoiced sends them. Negative ones occur."""

    description = "whole Unix seconds"

    @override
    def parse(self, value: Any) -> int | None:
        if value.__class__ is int:  # nearly always, several times a record
            return value if EARLIEST <= value <= LATEST else None
        return real(value) if isinstance(value, float) else None

    @override
    def format(self, seconds: int) -> int:
        return seconds


OFFSET = re.compile(r"(?:([+-]\d{2}):?(\d{2})|[Zz])$")


class OffsetDateTime(TimestampFormat):
    """ISO 8601 with an offset, with or without a colon in it. The state holds RFC 3339 in UTC."""

    description = "a date and time with an offset, such as 2024-01-01T00:00:00Z"

    @override
    def parse(self, value: Any) -> int | None:
        """``None`` also for a time without an offset, since its time zone is not known."""
        return _seconds(value) if isinstance(value, str) and value else None

    @override
    def format(self, seconds: int) -> str:
        return format_utc(seconds, ISO_8601)


def compact_offset(seconds: int) -> str:
    """Seconds since 1970 (UTC) as text whose offset has no colon: ``2024-01-01T00:00:00+0000``."""
    return format_utc(seconds, "%Y-%m-%dT%H:%M:%S+0000")


# A strategy parses the timestamp of a row several times, and rows that were imported together share theirs.
@lru_cache(maxsize=2048)
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


class ZonelessText(TimestampFormat):
    """``2024-01-31T12:00:00`` (or with a blank instead of the ``T``), in the unknown time zone of the vendor's clocks.

    It is converted as if it were UTC. That is enough to compare timestamps of one vendor with each other. A server
    clock in UTC can lag behind them. Then the cursor of a reading is too low, which is safe; it is never too high.
    """

    description = "a date and time such as 2024-01-31T12:00:00"

    @override
    def parse(self, value: Any) -> int | None:
        """``None`` also for a date of zeros."""
        if not isinstance(value, str):
            return None
        try:
            timestamp = datetime.fromisoformat(value)
        except ValueError:
            return None
        return real(timestamp.replace(tzinfo=timezone.utc).timestamp())

    @override
    def format(self, seconds: int) -> str:
        return format_utc(seconds, "%Y-%m-%dT%H:%M:%S")
