"""How a vendor writes down when something happened, and the whole seconds that walks compare."""

from __future__ import annotations

import math
from typing import Any, Protocol


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
            return value
        return math.floor(value) if isinstance(value, float) and math.isfinite(value) else None

    def value(self, seconds: int) -> int:
        """See :class:`MomentFormat`."""
        return seconds
