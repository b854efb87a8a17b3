"""Reading by key: each request asks for what changed at or after the last time seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Hashable, Iterator, Mapping
from dataclasses import replace
from itertools import compress, islice

from typing_extensions import override

from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.listing.errors import (
    UNIQUE_ORDER_ADVICE,
    ListChanged,
    PageRepeated,
    PlanNotSupported,
    RowsRepeated,
    TiesUnstable,
)
from source_invoicing.streams.listing.memory import KeysetMemory, KeysetPage, PreviousRequest
from source_invoicing.streams.listing.paging import ListedPage, pages
from source_invoicing.streams.listing.ranges import KeyRange
from source_invoicing.streams.listing.strategy import Batch, Plan, Strategy
from source_invoicing.streams.listing.ties import TieProof
from source_invoicing.streams.page import BOUNDARY, LARGEST, Listing, Order, Page, PageRequest, Row
from source_invoicing.streams.timestamps import complete_until

# A second that fills more than a page is read until it is proven complete. Each pass after the second one needs a row
# that left meanwhile, or a server that breaks ties anew for each page.
MAX_PASSES_OVER_TIES = 40
# In addition to one pass for each size of a page.
MAX_PASSES_OVER_KNOWN_TIES = 3
# How often totals that do not add up are asked for.
MAX_COUNTS = 3
# How many pages of changes may follow each other whose rows have all come before.
MAX_PAGES_OF_KNOWN_CHANGES = 20
FEWER_CHANGES_ADVICE = "Run the sync again while fewer rows are changed in it."

TimestampTest = Callable[[int | None], bool]


class Keyset(Strategy):
    """Sorted ascending by modification time; each request asks for page 1 of what changed since the last time seen.

    Inserts and edits land at the end, and deletes only shorten what is still to come. So nothing shifts, every page is
    a checkpoint, and a resume is the same request. Only where one second fills a whole page (a bulk import) are pages
    2, 3, ... of the same request read, until :class:`.TieProof` is satisfied.

    Each page shows whether the server sorted and filtered. Totals have to add up from each request to the next. The
    newest end of a list of several pages shows what a filter or a wrong order hides: before that, no batch carries a
    cursor.
    """

    def __init__(self, listing: Listing, plan: Plan) -> None:
        super().__init__(listing, plan)
        self._memory = KeysetMemory()
        self._page_size = 0
        # No cursor is later than this time.
        self._cursor_limit = LARGEST

    @override
    def batches(
        self, since: int | None, resume: Checkpoint | None = None, key_range: KeyRange | None = None
    ) -> Iterator[Batch]:
        """
        :param key_range: the part of the list to read; its end may move closer meanwhile
        """
        if key_range is not None:
            self._memory = key_range.memory
        previous: PreviousRequest | None = None
        next_since = last_seen = since
        needs_a_look = False
        while True:
            asked_at = time.monotonic()
            current = self._ask(PageRequest(since=next_since, order=self.plan.order), last_seen)
            waited = None if needs_a_look else time.monotonic() - asked_at  # unless a look came in between
            if previous is not None:
                current = self._check_totals(previous, current)
            elif current.is_silent and current.page.short:
                current.has_next = current.has_next and self._goes_on(current)
            self._check_order(current)
            if self._memory.pages_without_news(current) > MAX_PAGES_OF_KNOWN_CHANGES:
                raise self.cannot_be_read("changes faster than it can be read", FEWER_CHANGES_ADVICE)
            end = None if key_range is None else key_range.ranges.advance(key_range, current, waited)
            needs_a_look = self._needs_a_look(previous, current, end)
            times = current.times
            previous = PreviousRequest(current.request, current.page.total, times)
            last_seen, is_beyond, has_next = current.last, current.is_beyond(end), current.has_next
            is_tied = has_next and current.cannot_advance and not is_beyond
            if is_tied:
                ties = self._read_ties(current, previous)
                del current
                last_seen = yield from ties
                # Rows of later seconds may have been pulled onto pages that were read.
                next_since = min([0, *previous.span]) if last_seen is None else last_seen + 1
            else:
                cursor = self._cursor(current, end)
                is_safe = not has_next or self._memory.proof.established
                yield Batch(self._fresh_rows(current, end), cursor if is_safe else None)
                # Release the rows before the next page is fetched: their memory is reused while it is warm.
                del current
                next_since = last_seen
            if needs_a_look:
                yield from self._look_at_newest_end(times)
                if not is_tied:
                    yield Batch([], cursor)
            if is_beyond:
                return
            if not has_next:
                break
        yield from self._recheck_filter(since, last_seen)

    # -- pages ------------------------------------------------------------------------------------------------------

    def _ask(self, request: PageRequest, last_before: int | None = None) -> KeysetPage:
        """The first page of a request that has rows on it.

        :param last_before: the latest time before it
        """
        asked_at = int(time.time())
        page = self.listing.fetch(request)
        listed = ListedPage(request, page, self.keys(page), page.has_next(len(page.rows)))
        if not page.rows:
            listed = next((each for each in self._pages(request, page) if each.page.rows), listed)
            page = listed.page
        current = self._in_context(listed, last_before, complete_until(asked_at, page.server_time))
        if current.is_silent and self._is_short(page) and all(map(self._memory.knows, current.keys)):
            current.has_next = False  # the previous page may have been the last one, and this one holds nothing new
        self._page_size = max(self._page_size, len(page.rows))
        return current

    def _in_context(self, listed: ListedPage, last_before: int | None = None, complete: int = 0) -> KeysetPage:
        timestamps = [self.listing.timestamp(row) for row in listed.page.rows]
        current = KeysetPage(**vars(listed), timestamps=timestamps, last_before=last_before, complete_until=complete)
        self._memory.proof.saw(listed.request.since, current.dated)
        return current

    def _pages(self, request: PageRequest, first: Page | None = None) -> Iterator[ListedPage]:
        """All pages of one request."""
        listed_pages = pages(self.listing, request, first=first)
        del first
        try:
            yield from listed_pages
        except ListChanged as changed:
            raise self.failure(changed) from None

    def _goes_on(self, first: KeysetPage) -> bool:
        """Whether rows follow the first page of a list, where that page is short and does not say."""
        return any(listed.keys for listed in islice(self._pages(first.request, first.page), 1, None))

    def _is_short(self, page: Page) -> bool:
        return page.short or len(page.rows) < self._page_size

    # -- one second -------------------------------------------------------------------------------------------------

    def _read_ties(self, current: KeysetPage, answered: PreviousRequest) -> Generator[Batch, None, int | None]:
        """Read the pages that one second fills, until none of its rows can have been missed.

        :param current: the first of them
        :param answered: the rows are added to it
        :return: the second; ``None`` for rows without a modification time
        """
        request, limit = current.request, current.complete_until
        if request.since is not None and not current.dated:
            raise PlanNotSupported("lists rows without a modification time whatever it is filtered by")
        # Where the boundary is included, the page may be filled by the second before the one that was asked for.
        second = max((at for at in (current.last, request.since) if at is not None), default=None)

        def is_tied(timestamp: int | None) -> bool:
            return timestamp is None or (second is not None and timestamp <= second)

        proof = TieProof(is_past=second is not None and second < limit)
        full, size = current.page.size or len(current.keys), None
        resizable = self.paging.resizable and full > 1
        answered.rows, answered.is_tied = {}, True
        for number in range(MAX_PASSES_OVER_TIES):
            is_short = self._is_short(current.page)
            one_pass = self._pass_over_ties(current.request, current.page, is_tied, answered)
            del current
            keys_by_page, ended = yield from one_pass
            proof.unstable = proof.unstable or not ended
            # Rows that one response holds all existed at one time.
            on_one_page = len(keys_by_page) == 1 or (
                is_short and not any(keys_by_page[1:]) and not answered.expects_more
            )
            if ended and (proof.add(keys_by_page, size) or on_one_page):
                cursor = None if second is None else self._up_to(second, limit)
                if self._memory.proof.established:
                    yield Batch([], cursor)
                return second
            sizes = max(full // 2, 1)
            if proof.unstable and resizable:
                if proof.last_seen.passes_without_new_rows >= sizes + MAX_PASSES_OVER_KNOWN_TIES:
                    break
                size = full - 1 - number % sizes
            elif proof.cannot_advance:
                break
            current = self._ask(replace(request, number=1, size=size))
            if size is not None and (len(current.keys) > size or current.page.size not in (None, size)):
                resizable, size = False, None
        if proof.unstable:
            raise TiesUnstable
        raise self.cannot_be_read("answers differently each time it is asked for one moment")

    def _pass_over_ties(
        self, request: PageRequest, first: Page, is_tied: TimestampTest, answered: PreviousRequest
    ) -> Generator[Batch, None, tuple[list[list[Hashable]], bool]]:
        """Read the pages of one second once.

        :return: the keys of its rows, page by page, and whether the pass came to its end
        """
        keys_by_page: list[list[Hashable]] = []
        listed_pages = pages(self.listing, request, first=first)
        del first
        try:
            for listed in listed_pages:
                current = self._in_context(listed)
                self._check_order(current)
                tied = {key: at for key, at in current.times.items() if is_tied(at)}
                answered.rows.update(tied)
                keys_by_page.append([key for key in current.keys if key in tied])
                answered.saw(current.dated)
                answered.expects_more = len(keys_by_page[-1]) < len(current.keys)
                fresh = self._take_fresh(current, is_tied, comes_again=True)
                del listed, current
                if fresh:
                    yield Batch(fresh)
                del fresh
                if answered.expects_more:
                    break
        except RowsRepeated:
            return keys_by_page, True
        except ListChanged as changed:
            if isinstance(changed, PageRepeated) and len(answered.rows) > len(keys_by_page[-1]):
                return keys_by_page, False  # it does page; the same rows happened to be on two of them
            raise self.failure(changed) from None
        return keys_by_page, True

    # -- checks -----------------------------------------------------------------------------------------------------

    def _check_order(self, current: KeysetPage) -> None:
        """A list of one page needs no order; in a longer one, a wrong order could hide rows."""
        dated, since = current.dated, current.request.since
        if not current.has_next or not dated:
            return
        is_sorted = dated == sorted(dated, reverse=current.request.order is Order.NEWEST_CHANGE_FIRST)
        if not is_sorted or self._memory.proof.is_contradicted_by(dated):
            raise PlanNotSupported("does not sort by modification time")
        if since is not None and dated[0] < since - BOUNDARY:
            raise PlanNotSupported("does not filter by modification time")

    def _check_totals(self, previous: PreviousRequest, current: KeysetPage) -> KeysetPage:
        """Each row that was counted has to be among those listed, or those still to come; different rows count.

        :return: the latest page of the request
        """
        for count in range(MAX_COUNTS):
            if previous.total is None or current.page.total is None:
                return current if current.keys or not previous.expects_more else self._recheck_empty_page(current)
            undated = len(self._memory.undated - previous.rows.keys()) if previous.request.since is None else 0
            if previous.total <= previous.not_counted_with(current) + current.page.total + undated:
                self._memory.proof.established = True
                return current
            if previous.is_tied or count == MAX_COUNTS - 1:
                break
            # A row that was deleted in between makes the same difference, but hardly each time.
            page = self.listing.fetch(previous.request)
            rows = {key: previous.rows[key] for key in self.keys(page) if key in previous.rows}
            previous = replace(previous, total=page.total, rows=rows)
            current = self._ask(current.request, current.last_before)
        if previous.request.since is None:
            raise PlanNotSupported("may hold rows that a filter by modification time leaves out")
        raise PlanNotSupported("lists fewer rows than its totals count")

    def _recheck_empty_page(self, current: KeysetPage) -> KeysetPage:
        """Ask again where an empty page came in the place of one with rows, all of which may have been deleted."""
        current = self._ask(current.request, current.last_before)
        if current.keys:
            return current
        since = current.request.since
        for newest in self._newest_end():
            later = [key for key, at in newest.times.items() if since is None or (at is not None and at >= since)]
            if not all(map(self._memory.knows, later)):
                current = self._ask(current.request, current.last_before)  # it may have come meanwhile
                if not current.keys:
                    raise PlanNotSupported("does not list what changed after the time it is asked for")
        return current

    def _needs_a_look(self, previous: PreviousRequest | None, current: KeysetPage, end: int | None) -> bool:
        """Whether the newest end may hold rows without a modification time: in a list of several pages, unless it is
        filtered and its totals will be compared."""
        if self._memory.proof.established:
            return False
        if previous is None:
            is_filtered, counts = current.request.since is not None, current.page.total is not None
            return current.has_next and not (is_filtered and counts and not current.is_beyond(end))
        return current.has_next or not all(map(self._memory.knows, current.keys))

    def _look_at_newest_end(self, rows_before: Mapping[Hashable, int | None]) -> Iterator[Batch]:
        """Emit the rows without a modification time at the newest end, which also shows whether the list is sorted.

        :param rows_before: the times of the rows on the latest page, by key
        """
        proof = self._memory.proof
        newest = self._ask(PageRequest(order=Order.NEWEST_CHANGE_FIRST))
        self._check_order(newest)
        proof.newest, proof.looked_at = max(newest.dated, default=None), newest.complete_until
        answered = PreviousRequest(newest.request, None, newest.times)
        if not newest.dated and newest.has_next:
            yield from self._read_ties(newest, answered)
            proof.newest = max(answered.span, default=None)
        elif rows := self._take_fresh(newest, lambda timestamp: timestamp is None, comes_again=True):
            yield Batch(rows)
        self._memory.undated = {key for key, at in answered.rows.items() if at is None}
        times = [at for at in rows_before.values() if at is not None]
        if newest.lacks(rows_before) or proof.is_contradicted_by(times):
            raise PlanNotSupported("does not sort by modification time")
        proof.established = True

    def _newest_end(self) -> Iterator[KeysetPage]:
        """The pages at the newest end of the list, up to the first one with a modification time."""
        for listed in self._pages(PageRequest(order=Order.NEWEST_CHANGE_FIRST)):
            current = self._in_context(listed)
            self._check_order(current)
            yield current
            if current.dated:
                return

    def _recheck_filter(self, since: int | None, last_seen: int | None) -> Iterator[Batch]:
        """Emit what is later than the last time seen: it changed meanwhile, or follows a page that looked like the
        last one. A filter that hides it is not supported.

        :param since: what the reading began with
        :param last_seen: the newest change it has seen
        """
        proof = self._memory.proof
        if since is not None and not proof.filters:
            last_seen = since
        elif proof.newest is None or last_seen is None or last_seen >= proof.newest:
            return
        if not any(timestamp > last_seen for newest in self._newest_end() for timestamp in newest.dated):
            return
        is_listed, seen = False, set[tuple[Hashable, int | None]]()
        for listed in self._pages(PageRequest(since=last_seen, order=self.plan.order)):
            current = self._in_context(listed)
            versions = set(current.times.items())
            if seen & versions:
                raise PlanNotSupported("lists the same rows on several pages", UNIQUE_ORDER_ADVICE)
            seen |= versions
            is_listed = is_listed or any(timestamp > last_seen for timestamp in current.dated)
            yield Batch(self._take_fresh(current))
            del listed, current
        if not is_listed:
            raise PlanNotSupported("does not list what changed after the time it is asked for")

    # -- batches ----------------------------------------------------------------------------------------------------

    def _fresh_rows(self, current: KeysetPage, end: int | None) -> list[Row]:
        if end is None or not current.dated or max(current.dated) < end:
            return self._take_fresh(current)
        return self._take_fresh(current, lambda timestamp: timestamp is None or timestamp < end)

    def _cursor(self, current: KeysetPage, end: int | None) -> int | None:
        """The cursor after a page."""
        if current.is_beyond(end):
            latest = end
        elif current.has_next or not current.dated:
            latest = current.last
        else:
            # Nothing follows, so this holds even where the server did not sort a list of one page.
            latest = max(current.dated)
        return None if latest is None else self._up_to(latest, current.complete_until)

    def _up_to(self, latest: int, limit: int) -> int:
        """The cursor after a page. A change later than ``limit`` may show only when the reading has passed its
        place. So the first page with such a time caps the cursors of all later pages."""
        if latest > limit:
            self._cursor_limit = min(self._cursor_limit, limit)
        return min(latest, self._cursor_limit)

    def _take_fresh(
        self, current: KeysetPage, is_taken: TimestampTest | None = None, *, comes_again: bool = False
    ) -> list[Row]:
        """Rows not handed out yet in this version. Those that may come again are remembered.

        :param is_taken: which rows of the page to take, if not all
        :param comes_again: whether all of them may come again, not only those at the end of the page
        """
        rows, keys, timestamps = current.page.rows, current.keys, current.timestamps
        if is_taken is not None:
            taken = list(map(is_taken, timestamps))
            rows, timestamps = list(compress(rows, taken)), list(compress(timestamps, taken))
            keys = tuple(compress(keys, taken))
        # The next page repeats rows of the last second, or the one before it.
        lowest = None if comes_again or current.last is None else current.last - 1
        return self._memory.take(rows, keys, timestamps, lowest)
