"""What the streams of one account share."""

from __future__ import annotations

from dataclasses import dataclass

from source_invoicing.http import ApiClient
from source_invoicing.streams.timestamps import SECONDS_PER_DAY


@dataclass(frozen=True)
class Window:
    """Which rows a sync asks for.

    :param start: rows last changed before this moment (seconds since 1970, UTC) are of no interest
    :param lookback_days: how far each incremental sync steps back behind its cursor, for systems that book late
    """

    start: int | None = None
    lookback_days: int = 0

    # Writers that commit a little late, and clocks cut to whole seconds, need the syncs to overlap.
    OVERLAP_SECONDS = 1

    def overlapping(self, timestamp: int) -> int:
        """Where to go on, coming from a moment of this very sync or one that was cut off."""
        return timestamp - self.OVERLAP_SECONDS

    def since(self, position: int | None) -> int | None:
        """Where to begin, coming from a stored position (seconds since 1970, UTC)."""
        if position is None:
            return self.start
        since = position - self.OVERLAP_SECONDS - self.lookback_days * SECONDS_PER_DAY
        return since if self.start is None else max(since, self.start)


@dataclass(frozen=True)
class Account:
    """One account at a vendor: two streams of it use the same connections, the same quota and the same token."""

    client: ApiClient
    window: Window
