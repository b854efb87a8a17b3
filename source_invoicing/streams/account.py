"""What the streams of one account share."""

from __future__ import annotations

from dataclasses import dataclass, field

from source_invoicing.http import ApiClient
from source_invoicing.streams.detail_calls import DetailCalls
from source_invoicing.streams.timestamps import SECONDS_PER_DAY


@dataclass(frozen=True)
class Window:
    """Which rows a sync asks for.

    :param start: rows last changed before this time (seconds since 1970, UTC) are not read
    :param lookback_days: how far each incremental sync steps back behind its cursor, for systems that book late
    """

    start: int | None = None
    lookback_days: int = 0

    # Syncs overlap, because writers commit a little late and clocks are cut to whole seconds.
    OVERLAP_SECONDS = 1

    def overlapping(self, timestamp: int) -> int:
        """Where to continue behind a time that this sync, or one that was cut off, has reached."""
        return timestamp - self.OVERLAP_SECONDS

    def since(self, cursor: int | None, overlap: int = OVERLAP_SECONDS) -> int | None:
        """Where to begin after a stored cursor. All times in seconds since 1970 (UTC)."""
        if cursor is None:
            return self.start
        since = cursor - overlap - self.lookback_days * SECONDS_PER_DAY
        return since if self.start is None else max(since, self.start)


@dataclass(frozen=True)
class Account:
    """One account at a vendor. Its streams share connections, quota and token.

    :param detail_calls: the requests for details, of all streams together
    """

    client: ApiClient
    window: Window
    detail_calls: DetailCalls = field(default_factory=DetailCalls, kw_only=True)
