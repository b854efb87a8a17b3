"""Moments that vendors write as text. See :class:`~source_invoicing.streams.moments.MomentFormat`."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from source_invoicing.streams.moments import real


class ZonelessText:
    """``2024-01-31T12:00:00`` (or with a blank) without a time zone, in whatever zone the vendor keeps its clocks.

    The seconds are those of the same text in UTC. That is enough to compare moments of one vendor with each other;
    the clock of a server in UTC can be behind them, which makes walks promise less, never too much.
    """

    description = "a date and time such as 2024-01-31T12:00:00"

    def seconds(self, value: Any) -> int | None:
        """See :class:`MomentFormat`. Zero dates are no moments."""
        if not isinstance(value, str):
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        return real(moment.replace(tzinfo=timezone.utc).timestamp())

    def value(self, seconds: int) -> str:
        """See :class:`MomentFormat`."""
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
