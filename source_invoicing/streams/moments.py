"""How a vendor writes down when something happened, and the whole seconds that walks compare."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import Any, Protocol

# Moments of other years are placeholders for "none" or rubbish; these leave room for every step back.
EARLIEST = int(datetime(1000, 1, 1, tzinfo=timezone.utc).timestamp())
LATEST = int(datetime(9999, 1, 1, tzinfo=timezone.utc).timestamp()) - 1


def real(seconds: float) -> int | None:
    """Seconds since 1970 (UTC), rounded down; ``None`` where they name no moment at which a row can have changed."""
    return math.floor(seconds) if EARLIEST <= seconds <= LATEST else None


class MomentFormat(Protocol):
    """Turns a record's cursor value into seconds since 1970 (UTC) and back."""

    #: what a value looks like, for messages
    description: str

    def seconds(self, value: Any) -> int | None:
        """The moment as whole seconds, rounded down; ``None`` for a value that is blank or not a moment."""

    def value(self, seconds: int) -> Any:
        """The moment as the vendor writes it, which is also how it stands in the state."""


class UnixSeconds:
    """Integers, as Invoiced sends them. Negative ones occur."""

    description = "whole Unix seconds"

    def seconds(self, value: Any) -> int | None:
        """See :class:`MomentFormat`."""
        if value.__class__ is int:  # nearly always, and asked for several times a record
            return value if EARLIEST <= value <= LATEST else None
        return real(value) if isinstance(value, float) else None

    def value(self, seconds: int) -> int:
        """See :class:`MomentFormat`."""
        return seconds
