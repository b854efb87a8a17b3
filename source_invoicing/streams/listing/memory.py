"""What a reading by key remembers: of the list, of the previous page, and of the rows that may come again."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from source_invoicing.streams.checkpoint import checksum
from source_invoicing.streams.listing.paging import ListedPage
from source_invoicing.streams.listing.strategy import shows_a_filter
from source_invoicing.streams.page import PageRequest, Row
from source_invoicing.streams.timestamps import EARLIEST


@dataclass
class KeysetPage(ListedPage):
    """A page and its place in the list.

    :param timestamps: modification time of each of its rows
    :param last_before: the latest time before its first row: that of the previous page, or what the request begins with
    :param complete_until: the latest time up to which it shows every change (:func:`.complete_until`)
    """

    timestamps: list[int | None]
    last_before: int | None
    complete_until: int

    def __post_init__(self) -> None:
        self.dated: list[int] = [each for each in self.timestamps if each is not None]
        #: The latest time up to the end of the page.
        self.last = self.dated[-1] if self.dated else self.last_before

    @property
    def times(self) -> dict[Hashable, int | None]:
        """The modification times of its rows, by key."""
        return dict(zip(self.keys, self.timestamps, strict=True))

    def is_beyond(self, end: int | None) -> bool:
        """Whether the page reaches the end of the range."""
        return end is not None and self.last is not None and self.last >= end

    def lacks(self, rows: Mapping[Hashable, int | None]) -> bool:
        """Whether the page, with the newest change first, goes down past the times of rows that are not on it."""
        lowest = min(self.dated, default=None)
        if lowest is None or not self.has_next:
            return False
        return any(
            at is not None and lowest < at < self.complete_until and key not in self.keys for key, at in rows.items()
        )

    @property
    def cannot_advance(self) -> bool:
        """Whether a request from its last time on would list no other rows."""
        since = self.request.since
        return self.last is None or self.last == self.timestamps[0] or (since is not None and self.last <= since)

    @property
    def is_silent(self) -> bool:
        """Whether the page says nothing about whether the list goes on."""
        return self.page.has_more is None and self.page.total is None


@dataclass
class PreviousRequest:
    """A request that was answered, for comparison with the next one.

    :param rows: times of the rows that were handed out, by key
    :param is_tied: whether those are the rows of one second, on several pages
    :param expects_more: whether more rows follow those
    :param span: the earliest and the latest time seen on pages of one second; empty where their rows have none
    """

    request: PageRequest
    total: int | None
    rows: dict[Hashable, int | None]
    is_tied: bool = False
    expects_more: bool = True
    span: tuple[int, ...] = ()

    def saw(self, timestamps: Sequence[int]) -> None:
        """Record the times on a page of one second."""
        times = [*self.span, *timestamps]
        self.span = (min(times), max(times)) if times else ()

    def not_counted_with(self, following: KeysetPage) -> int:
        """How many of the rows are not in the total of the next request.

        :param following: its first page
        """
        since = following.request.since
        lowest = min([EARLIEST if since is None else since, *following.dated[:1]])  # the boundary may be included
        again = self.rows.keys() & set(following.keys)
        times = sorted(at for at in self.rows.values() if at is not None)
        undated = len(self.rows) - len(times)
        listed = sum(1 for key in again if (at := self.rows[key]) is None or at < lowest)
        return bisect_left(times, lowest) + undated - listed


@dataclass
class ListProof:
    """What the pages of a list have shown about it, across all workers.

    :ivar established: whether rows without a modification time were looked for, or totals added up; until then, a
        later run has to begin where this one did
    :ivar filters: whether pages have shown what the filter means (:func:`.shows_a_filter`)
    :ivar newest: the newest change at the newest end of the list, where that was looked at
    :ivar looked_at: the time before which nothing can have changed since
    """

    established: bool = False
    filters: bool = False
    newest: int | None = None
    looked_at: int = 0

    def saw(self, since: int | None, timestamps: Sequence[int]) -> None:
        """Record the modification times on a page.

        :param since: what was asked for
        """
        self.filters = self.filters or shows_a_filter(since, timestamps)

    def is_contradicted_by(self, timestamps: Sequence[int]) -> bool:
        """Whether a page holds a later change than the newest end did, although it is too old to be new."""
        newest = self.newest
        return newest is not None and any(newest < timestamp < self.looked_at for timestamp in timestamps)


@dataclass
class KeysetMemory:
    """What a reading by key has to remember from one page to the next.

    :ivar handed_out: rows that may come again, by key: time and checksum of the version that was handed out. A row that
        was edited twice within a second comes again with the same time
    :ivar undated: keys of the rows without a modification time at the newest end of the list, which no filter lists
    :ivar proof: what the pages of the list have shown
    :ivar cursor_limit: the time up to which the first page was complete
    """

    handed_out: dict[Hashable, tuple[int | None, int]] = field(default_factory=dict)
    undated: set[Hashable] = field(default_factory=set)
    proof: ListProof = field(default_factory=ListProof)
    cursor_limit: int | None = None
    # Hashes of the keys of rows that changed after that time, and how many pages of such rows held no other ones.
    _changed: set[int] = field(default_factory=set)
    _without_news: int = 0

    def knows(self, key: Hashable) -> bool:
        """Whether a row may be one that comes again."""
        return key in self.handed_out

    def pages_without_news(self, current: KeysetPage) -> int:
        """Add the first page of a request. Rows that change while they are read come again at the end of the list: if
        that never stops, neither does the reading.

        :return: how many pages in a row held only rows that have come before since they began to change
        """
        if self.cursor_limit is None:
            self.cursor_limit = current.complete_until
        if current.last is not None and current.last > self.cursor_limit:
            known = len(self._changed)
            self._changed.update(map(hash, current.keys))
            self._without_news = 0 if len(self._changed) > known else self._without_news + 1
        return self._without_news

    def take(
        self, rows: list[Row], keys: Sequence[Hashable], timestamps: Sequence[int | None], lowest: int | None
    ) -> list[Row]:
        """The rows of a page that were not handed out yet in this version, each version once.

        :param lowest: only rows with this time or a later one may come again; ``None``: all of them may
        """
        if len(set(keys)) < len(keys):  # some vendors list a row several times
            versions = {(key, checksum(row)): at for at, (key, row) in enumerate(zip(keys, rows, strict=True))}
            once = sorted(versions.values())
            rows, keys, timestamps = (
                [rows[at] for at in once],
                [keys[at] for at in once],
                [timestamps[at] for at in once],
            )
        known, fresh = self.handed_out, rows
        if known:
            fresh = [
                row for row, key in zip(rows, keys, strict=True) if key not in known or known[key][1] != checksum(row)
            ]
        if lowest is None:
            again = list(range(len(rows)))
        else:
            self.handed_out = {key: kept for key, kept in known.items() if kept[0] is not None and kept[0] >= lowest}
            again = [index for index, at in enumerate(timestamps) if at is not None and at >= lowest]
        self.handed_out.update((keys[index], (timestamps[index], checksum(rows[index]))) for index in again)
        return fresh
