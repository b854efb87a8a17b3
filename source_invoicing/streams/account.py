"""What the streams of one account share."""

from __future__ import annotations

from dataclasses import dataclass, field

from source_invoicing.http import ApiClient
from source_invoicing.streams.detail_calls import DetailCalls
from source_invoicing.streams.events import EventFeed
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
class DeletionPolicy:
    """What streams tell of rows that are gone.

    :param emit: whether they tell anything
    :param sweep_days: how often a long list is searched for them; 0 is never
    """

    emit: bool = False
    sweep_days: int = 7


@dataclass(frozen=True)
class Account:
    """One account at a vendor. Its streams share connections, quota and token.

    :param detail_calls: the requests for details, of all streams together
    :param events: what happened in the account, where the vendor lists that
    :param children_refresh_days: how often lists per parent are all read, where events say which ones have changed; 0
        is each time
    """

    client: ApiClient
    window: Window
    detail_calls: DetailCalls = field(default_factory=DetailCalls, kw_only=True)
    deletions: DeletionPolicy = field(default_factory=DeletionPolicy, kw_only=True)
    events: EventFeed | None = field(default=None, kw_only=True)
    children_refresh_days: int = field(default=7, kw_only=True)

    @property
    def id(self) -> str | None:
        """What the vendor calls it, where the login reaches several; ``None`` where only the vendor knows.

        :raises Failure: when it cannot be found out
        """
        return None

    @property
    def name(self) -> str:
        """What messages call it, where the connection reads several."""
        return ""
