"""The strategies for lists that come newest change first: down to a time, and then their newest end again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import ClassVar

from typing_extensions import override

from source_invoicing.streams.checkpoint import Checkpoint, RowFingerprint
from source_invoicing.streams.listing.errors import ListChanged, PlanNotSupported, RowsRepeated, TiesUnstable
from source_invoicing.streams.listing.overlap import Overlap
from source_invoicing.streams.listing.paging import Tally
from source_invoicing.streams.listing.passes import Passes
from source_invoicing.streams.listing.placed_page import PlacedPage, fingerprint
from source_invoicing.streams.listing.seen_rows import SeenRows
from source_invoicing.streams.listing.strategy import Batch, PageKeys, Strategy, Watermark
from source_invoicing.streams.page import Listing, Order, Page, PageRequest, Row

# Each look at the newest end hands out what changed since the previous look. Under steady change that would never end.
MAX_LOOKS_AT_NEWEST_END = 5


class NewestEnd:
    """The newest end of a list that is sorted by change. When a reading has come down to its time, the newest end is
    looked at again, until a look finds no row that moved there meanwhile.

    :param watermark: of the reading
    :ivar pages: how many pages the reading had, or the latest look
    :ivar any_moved: whether rows moved to the newest end since the previous look
    :ivar any_missed: whether the latest look has found other rows that were not seen
    """

    def __init__(self, listing: Listing, watermark: Watermark) -> None:
        self.pages = 0
        self.num_moved, self.any_missed = 0, False
        self._listing = listing
        self._watermark = watermark
        self._known: int | None = None
        self._rows: dict[str | int, RowFingerprint] = {}

    def saw(self, page: Page, timestamps: list[int], rows: Iterable[Row]) -> list[Row]:
        """Add a page, and rows on it that are about to be handed out.

        :return: those that moved to the newest end, or changed there, since they were handed out
        """
        self.pages += 1
        self._watermark.saw(page, timestamps)
        known = self._watermark.cursor if self._known is None else self._known
        moved = []
        for row in rows:
            timestamp = self._listing.timestamp(row)
            if timestamp is None or known is None or timestamp < known:
                continue
            now = fingerprint(self._listing, row)
            if self._rows.get(now.name) != now:
                self._rows[now.name] = now
                moved.append(row)
        self.num_moved += len(moved)
        return moved

    def looks(self) -> Iterator[int]:
        """The looks to take: down to which time (seconds since 1970, UTC). Earlier rows cannot have moved since the
        reading began, or since the previous look. A reading, or a look, of a single page cannot have missed any.

        :raises PlanNotSupported: where rows have no modification time
        """
        if self.pages <= 1:
            return
        known = self._watermark.cursor
        if known is None:
            raise PlanNotSupported("tells no modification times, which would show that it is sorted")
        for _ in range(MAX_LOOKS_AT_NEWEST_END):
            self.pages, self.num_moved, self.any_missed = 0, 0, False
            self._known, self._watermark = known, Watermark()
            yield known
            if self.pages == 1 or not (self.num_moved or self.any_missed):
                return
            known = max(known, self._watermark.cursor or known)


class NewestChange(Passes):
    """Down to the time that is asked for, and then the rows that moved to the newest end meanwhile. A list that changed
    in the last minute is read down to that time once more."""

    # How many rows a page began with that the previous page had ended with, since the latest look began.
    _num_pushed = 0

    @override
    def _read(self, request: PageRequest, since: int | None) -> Iterator[Batch]:
        watermark = self._watermark
        newest_end = NewestEnd(self.listing, watermark)
        self._num_pushed = 0
        for page, timestamps in self._down_to(request, since):
            newest_end.saw(page, timestamps, page.rows)
            rows = [row for row in page.rows if self._is_since(row, since)]
            self._seen.update(hash(self.listing.key(row)) for row in rows)
            del page
            yield Batch(rows)
            del rows
        for known in newest_end.looks():
            self._changed_during_read = self._changed_during_read or (watermark.newest or 0) >= watermark.cursor_limit
            num_pushed, self._num_pushed = self._num_pushed, 0
            for page, timestamps in self._down_to(request, since if self._changed_during_read else known):
                moved = newest_end.saw(page, timestamps, page.rows)
                missed = self._missed_on(page.rows, since, known)
                newest_end.any_missed = newest_end.any_missed or bool(missed)
                del page
                yield Batch([*moved, *missed])
                del moved, missed
            if num_pushed > newest_end.num_moved:
                # Too few rows were put in front to have pushed so many to the next page.
                raise TiesUnstable
        if newest_end.any_missed and newest_end.pages > 1:
            raise self.cannot_be_read("shows other rows each time it is read")

    def _missed_on(self, rows: Sequence[Row], since: int | None, known: int) -> list[Row]:
        """The rows last changed from ``since`` on and before ``known`` that have not been seen."""
        missed = []
        for row in rows:
            timestamp, key = self.listing.timestamp(row), hash(self.listing.key(row))
            if key not in self._seen and self._is_since(row, since) and (timestamp is None or timestamp < known):
                missed.append(row)
            self._seen.add(key)
        return missed

    def _down_to(self, request: PageRequest, until: int | None) -> Iterator[tuple[Page, list[int]]]:
        """The pages down to a time, and the modification times on them."""
        is_first, tally, watermark = True, Tally(), Watermark()
        previous: PageKeys = ()
        num_seen = 0
        for listed in self._follow(self._resized(request), tally):
            page, timestamps = listed.page, self.timestamps(listed.page)
            watermark.saw(page, timestamps)
            check_sorted(timestamps)
            if tally.total == tally.most and max(timestamps, default=0) < watermark.cursor_limit:
                self._check_ties_keep_their_order(previous, listed.keys, tally.distinct - num_seen)
                self._num_pushed += len(set(previous) & set(listed.keys))
            previous, num_seen = listed.keys, tally.distinct
            is_down = until is not None and bool(timestamps) and timestamps[-1] < until
            if page.total is None and (not is_first or (listed.has_next and not is_down)):
                raise PlanNotSupported("does not tell how many rows it has, which would show that some were deleted")
            if is_first and until is not None and listed.has_next:
                check_newest_first(self, timestamps, until)
            is_first = False
            del listed
            yield page, timestamps
            del page
            if is_down:
                return

    def _check_ties_keep_their_order(self, previous: PageKeys, keys: PageKeys, fresh: int) -> None:
        """Rows that inserts and edits push to the next page come first there, in their old order. Not where rows were
        deleted, and pages read again.

        :param previous: the previous page
        :param keys: a page on which no row was edited since the reading began
        :param fresh: how many of its rows were not seen until now
        """
        on_both = set(previous) & set(keys)
        pushed = [key for key in previous if key in on_both]
        skipped = len(set(keys)) - fresh > len(on_both) and on_both < set(previous)
        if fresh and (list(keys[: len(pushed)]) != pushed or skipped):
            raise TiesUnstable

    def _is_since(self, row: Row, since: int | None) -> bool:
        timestamp = self.listing.timestamp(row)
        return since is None or timestamp is None or timestamp >= since

    @override
    def _is_final(self, previous: ListChanged | None, changed: ListChanged) -> bool:
        if isinstance(changed, RowsRepeated):
            self._last_seen.add(self._seen, self._passes_begun)
        return super()._is_final(previous, changed)

    # Another plan may read a list that repeats rows.
    failure = Strategy.failure


class NewestChangeOverlap(Overlap):
    """The same with overlapping pages. Edits move rows, so there is no place to continue from."""

    resumable: ClassVar[bool] = False

    @override
    def batches(self, since: int | None, resume: Checkpoint | None = None) -> Iterator[Batch]:
        watermark = Watermark()
        newest_end = NewestEnd(self.listing, watermark)
        for current, fresh in self._down_to(since):
            newest_end.saw(current.page, current.timestamps, fresh)
            yield Batch(fresh)
            del fresh
        for known in newest_end.looks():
            for current, fresh in self._down_to(known):
                yield Batch(newest_end.saw(current.page, current.timestamps, fresh))
                del fresh
        yield Batch([], cursor=watermark.cursor)

    def _down_to(self, until: int | None) -> Iterator[tuple[PlacedPage, list[Row]]]:
        """The pages down to a time, and the rows on them that are new."""
        for current, fresh, more in self._read(SeenRows(), self._page_at(0)):
            if more and not current.offset and until is not None:
                check_newest_first(self, current.timestamps, until)
            yield current, fresh
            del fresh
            if until is not None and current.timestamps and current.timestamps[-1] < until:
                return

    @override
    def _check_order(self, current: PlacedPage) -> None:
        check_sorted(current.timestamps)


def check_newest_first(strategy: Strategy, timestamps: Sequence[int], since: int) -> None:
    """Where no row of a first page is as new as what is asked for, either the newest row was deleted, or the list is
    not sorted and the page is in order by chance, as rows are that were imported in one second. In a sorted list, the
    opposite order begins with an older row. Costs one request.

    :param timestamps: on that page, which is not the last one
    :raises PlanNotSupported: when the opposite order begins with another row
    """
    if not timestamps or max(timestamps) >= since:
        return
    oldest = strategy.timestamps(strategy.listing.fetch(PageRequest(order=Order.OLDEST_CHANGE_FIRST)))
    if oldest and min(oldest) >= min(timestamps):
        raise PlanNotSupported("does not sort by modification time")


def check_sorted(timestamps: Sequence[int]) -> None:
    """:raises PlanNotSupported: where the modification times on a page are not in order"""
    if any(earlier < later for earlier, later in pairwise(timestamps)):
        raise PlanNotSupported("does not sort by modification time")
