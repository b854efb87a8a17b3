"""Moments written as text with the distance to UTC, as in ``2026-03-20T16:42:00+0100``."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from source_invoicing.streams.moments import real

OFFSET = re.compile(r"(?:([+-]\d{2}):?(\d{2})|[Zz])$")


class OffsetDateTime:
    """ISO 8601 with an offset, with or without a colon in it. The state holds RFC 3339 in UTC."""

    description = "a date and time with an offset, such as 2024-01-01T00:00:00Z"

    def seconds(self, value: Any) -> int | None:
        """See :class:`MomentFormat`. A time without an offset is no moment: it may be that of any zone."""
        return _seconds(value) if isinstance(value, str) and value else None

    def value(self, seconds: int) -> str:
        """See :class:`MomentFormat`."""
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def compact_offset(seconds: int) -> str:
    """A moment (seconds since 1970) as UTC with an offset without a colon: ``2024-01-01T00:00:00+0000``."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+0000")


# A walk asks for the moment of a row several times, and rows that were imported together share theirs.
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
