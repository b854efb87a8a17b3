"""Reading by key: each request asks for what changed at or after the last time seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Hashable, Iterator, Mapping
from dataclasses import replace
from functools import partial
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
from source_invoicing.streams.listing.memory import FIRST_SECOND, Answered, Memory, PageInContext
from source_invoicing.streams.listing.paging import ListedPage, pages
from source_invoicing.streams.listing.ranges import KeyRange
from source_invoicing.streams.listing.strategy import Batch, Plan, Strategy
from source_invoicing.streams.listing.ties import TieProof
from source_invoicing.streams.page import LARGEST, Listing, Order, Page, PageRequest, Row

# A second that fills more than a page is read until that is proven to be complete. Each pass beyond the second one
# needs a row that left meanwhile, or a server that breaks ties anew for each page.
MAX_PASSES = 40
ENOUGH = 3  # passes without a new row, beside one for each size of a page
# How often totals that do not add up are asked for.
MAX_COUNTS = 3

TimestampTest = Callable[[int | None], bool]


class Keyset(Strategy):
    """Sorted ascending by modification time, asked again from the last time seen, always for page 1.

    Inserts and edits land at the end, deletes only shorten what is still to come: nothing shifts, every page is a
    checkpoint, and a resume is the same request. Only while one second fills a whole page (a bulk import) are pages
    2, 3, ... of the same request read, until :class:`.TieProof` is satisfied.

    Each page proves that the server sorted and filtered. Totals have to add up from each request to the next. The far
    end of a list of several pages shows what a filter or a wrong order hides: no batch carries a cursor before that.
    """

    def __init__(self, listing: Listing, plan: Plan) -> None:
        super().__init__(listing, plan)
        self._memory = Memory()
        self._page_size = 0
        # No cursor lies behind this time.
        self._highest_cursor = LARGEST

    @override
    def batches(
        self, since: int | None, resume: Checkpoint | None = None, key_range: KeyRange | None = None
    ) -> Iterator[Batch]:
        """
        :param key_range: what of the list is to be read; its end may come nearer meanwhile
        """
        if key_range is not None:
            self._memory = key_range.memory
        before: Answered | None = None
        position = reached = since
        met: Mapping[Hashable, int | None] | None = None
        while True:
            asked_at = time.monotonic()
            here = self._ask(PageRequest(since=position, order=self.plan.order), reached)
            waited = time.monotonic() - asked_at if met is None else None
            if before is not None:
                here = self._prove_nothing_between(before, here)
            elif here.is_silent and here.page.short:
                here.has_next = here.has_next and self._goes_on(here)
            self._prove_order(here)
            end = None if key_range is None else key_range.ranges.advance(key_range, here, waited)
            rows = dict(zip(here.keys, here.timestamps, strict=True))
            met = rows if self._needs_a_look(before, here, end) else None
            reached, is_beyond, has_next = here.last, here.is_beyond(end), here.has_next
            before = Answered(here.request, here.page.total, rows)
            if has_next and here.cannot_advance and not is_beyond:
                if here.request.since is not None and not here.dated:
                    raise PlanNotSupported("lists rows without a modification time whatever it is filtered by")
                ties = self._read_ties(here, before)
                del here
                reached = yield from ties
                if met is not None:
                    yield from self._look_at_the_far_end(met)
                # Rows behind that second may have been pulled onto pages that were read.
                position = FIRST_SECOND if reached is None else reached + 1
                continue
            cursor = self._cursor(here, end)
            proves_nothing = has_next and not self._memory.proof.established
            yield Batch(self._fresh_rows(here, end), None if proves_nothing else cursor)
            # Release the rows before the next page is fetched: their memory is reused while it is warm.
            del here
            position = reached
            if met is not None:
                yield from self._look_at_the_far_end(met)
                yield Batch([], cursor)
            if is_beyond:
                return
            if not has_next:
                break
        yield from self._prove_the_filter(since, reached)

    # -- pages ------------------------------------------------------------------------------------------------------

    def _ask(self, request: PageRequest, behind: int | None = None) -> PageInContext:
        """The first page of a request that has rows on it.

        :param behind: the latest time before it
        """
        asked_at = int(time.time())
        for listed in self._pages(request):
            if listed.page.rows:
                break
        page = listed.page
        here = self._in_context(listed, behind, page.complete_until(asked_at))
        if here.is_silent and self._is_short(page) and all(map(self._memory.knows, here.keys)):
            here.has_next = False  # the page before may have been the last one, and this one holds nothing new
        self._page_size = max(self._page_size, len(page.rows))
        return here

    def _in_context(self, listed: ListedPage, behind: int | None, complete_until: int) -> PageInContext:
        timestamp = self.listing.timestamp
        timestamps = [timestamp(row) for row in listed.page.rows]
        here = PageInContext(
            listed.request, listed.page, listed.keys, timestamps, listed.has_next, behind, complete_until
        )
        self._memory.proof.saw(listed.request.since, here.dated)
        return here

    def _pages(self, request: PageRequest, first: Page | None = None) -> Iterator[ListedPage]:
        """The pages of one request to its end."""
        listed_pages = pages(self.listing, request, first=first)
        del first
        try:
            yield from listed_pages
        except ListChanged as changed:
            raise self.failure(changed) from None

    def _goes_on(self, here: PageInContext) -> bool:
        """Whether rows follow the first page of a list, where that page is short and does not say."""
        return any(listed.keys for listed in islice(self._pages(here.request, here.page), 1, None))

    def _is_short(self, page: Page) -> bool:
        return page.short or len(page.rows) < self._page_size

    # -- one second -------------------------------------------------------------------------------------------------

    def _read_ties(self, here: PageInContext, answered: Answered) -> Generator[Batch, None, int | None]:
        """Step through the pages that one second fills, until none of its rows can have slipped through.

        :param here: the first of them
        :param answered: takes note of the rows
        :return: the second; ``None`` for rows without a modification time
        """
        request, complete_until = here.request, here.complete_until
        # Where the boundary is included, the page may be filled by the second before the one that was asked for.
        second = max((at for at in (here.last, request.since) if at is not None), default=None)

        def is_tied(timestamp: int | None) -> bool:
            return timestamp is None or (second is not None and timestamp <= second)

        proof = TieProof(is_past=second is not None and second < complete_until)
        full, size = here.page.size or len(here.keys), None
        resizable = self.paging.resizable and full > 1
        answered.rows, answered.is_tied = {}, True
        for number in range(MAX_PASSES):
            is_short = self._is_short(here.page)
            one_pass = self._pass_over_ties(here.request, here.page, is_tied, answered)
            del here
            met, ended = yield from one_pass
            proof.unstable = proof.unstable or not ended
            # Rows that are all on one page were there at one time.
            stood_on_one_page = len(met) == 1 or (is_short and not any(met[1:]) and not answered.promises)
            if ended and (proof.add(met, size) or stood_on_one_page):
                cursor = None if second is None else self._up_to(second, complete_until)
                if self._memory.proof.established:
                    yield Batch([], cursor)
                return second
            sizes = max(full // 2, 1)
            if proof.unstable and resizable:
                if proof.last_met.passes_without_news >= sizes + ENOUGH:
                    break
                size = full - 1 - number % sizes
            elif proof.cannot_advance:
                break
            here = self._ask(replace(request, number=1, size=size))
            if size is not None and (len(here.keys) > size or here.page.size not in (None, size)):
                resizable, size = False, None
        if proof.unstable:
            raise TiesUnstable
        raise self.cannot_be_read("answers differently each time it is asked for one moment")

    def _pass_over_ties(
        self, request: PageRequest, first: Page, is_tied: TimestampTest, answered: Answered
    ) -> Generator[Batch, None, tuple[list[list[Hashable]], bool]]:
        """Hand out the rows of one second that are new.

        :param first: the page of the request
        :return: the keys of all of them, page by page, and whether the pass came to its end
        """
        met: list[list[Hashable]] = []
        listed_pages = pages(self.listing, request, first=first)
        del first
        try:
            for listed in listed_pages:
                here = self._in_context(listed, None, 0)
                self._prove_order(here)
                tied = {key: at for key, at in zip(here.keys, here.timestamps, strict=True) if is_tied(at)}
                answered.rows.update(tied)
                met.append([key for key in here.keys if key in tied])
                answered.newest = max([*here.dated, answered.newest or 0])
                answered.promises = len(met[-1]) < len(here.keys)
                fresh = self._take_fresh(here, is_tied, comes_again=True)
                del listed, here
                if fresh:
                    yield Batch(fresh)
                del fresh
                if answered.promises:
                    break
        except RowsRepeated:
            return met, True
        except ListChanged as changed:
            if isinstance(changed, PageRepeated) and len(answered.rows) > len(met[-1]):
                return met, False  # it does page; the same rows happened to stand on two of them
            raise self.failure(changed) from None
        return met, True

    # -- proofs -----------------------------------------------------------------------------------------------------

    def _prove_order(self, here: PageInContext) -> None:
        """A list of one page needs no order; in a longer one, a wrong order could hide rows."""
        if not here.has_next or not here.dated:
            return
        is_sorted = here.dated == sorted(here.dated, reverse=here.request.order is Order.NEWEST_CHANGE_FIRST)
        if not is_sorted or self._memory.proof.is_contradicted_by(here.dated):
            raise PlanNotSupported("does not sort by modification time")
        # A stream asks one second earlier than the request says where it is unknown whether the boundary is included.
        if here.request.since is not None and here.dated[0] < here.request.since - 1:
            raise PlanNotSupported("does not filter by modification time")

    def _prove_nothing_between(self, before: Answered, here: PageInContext) -> PageInContext:
        """Each row that was counted has to be among those listed, or those still to come; different rows count.

        :return: the latest page of the request
        """
        for count in range(MAX_COUNTS):
            if before.total is None or here.page.total is None:
                return here if here.keys or not before.promises else self._prove_it_ended(here)
            undated = len(self._memory.undated - before.rows.keys()) if before.request.since is None else 0
            if before.total <= before.left_behind(here) + here.page.total + undated:
                self._memory.proof.established = True
                return here
            if before.is_tied or count == MAX_COUNTS - 1:
                break
            # A row that was deleted in between makes the same difference, but hardly each time.
            page = self.listing.fetch(before.request)
            rows = {key: before.rows[key] for key in self.keys(page) if key in before.rows}
            before = replace(before, total=page.total, rows=rows)
            here = self._ask(here.request, here.behind)
        if before.request.since is None:
            raise PlanNotSupported("may hold rows that a filter by modification time leaves out")
        raise PlanNotSupported("lists fewer rows than its totals count")

    def _prove_it_ended(self, here: PageInContext) -> PageInContext:
        """An empty page in the place of one that was to follow: all that stood there may have been deleted."""
        here = self._ask(here.request, here.behind)
        since = here.request.since or 0
        for end in [] if here.keys else self._far_end():
            later = [key for key, at in zip(end.keys, end.timestamps, strict=True) if (at or 0) >= since]
            if not all(map(self._memory.knows, later)):
                here = self._ask(here.request, here.behind)  # it may have come meanwhile
                if not here.keys:
                    raise PlanNotSupported("does not list what changed after the moment it is asked for")
        return here

    def _needs_a_look(self, before: Answered | None, here: PageInContext, end: int | None) -> bool:
        """Whether rows without a modification time may stand at the far end: in a list of several pages, unless it is
        filtered and its totals will be compared."""
        if self._memory.proof.established:
            return False
        if before is None:
            compares = here.request.since is not None and here.page.total is not None and not here.is_beyond(end)
            return here.has_next and not compares
        return here.has_next or not all(map(self._memory.knows, here.keys))

    def _look_at_the_far_end(self, met: Mapping[Hashable, int | None]) -> Iterator[Batch]:
        """Rows without a modification time may stand there, and a list that is not sorted shows it.

        :param met: the rows on the page before, and their times
        """
        proof = self._memory.proof
        here = self._ask(PageRequest(order=Order.NEWEST_CHANGE_FIRST))
        self._prove_order(here)
        proof.newest, proof.looked_at = max(here.dated, default=None), here.complete_until
        end = Answered(here.request, None, dict(zip(here.keys, here.timestamps, strict=True)))
        if not here.dated and here.has_next:
            yield from self._read_ties(here, end)
            proof.newest = end.newest
        elif rows := self._take_fresh(here, lambda timestamp: timestamp is None, comes_again=True):
            yield Batch(rows)
        self._memory.undated = {key for key, at in end.rows.items() if at is None}
        if here.lacks(met) or proof.is_contradicted_by([at for at in met.values() if at is not None]):
            raise PlanNotSupported("does not sort by modification time")
        proof.established = True

    def _far_end(self) -> Iterator[PageInContext]:
        """The pages at the newest end of the list, up to the first one with a modification time."""
        for listed in self._pages(PageRequest(order=Order.NEWEST_CHANGE_FIRST)):
            here = self._in_context(listed, None, 0)
            self._prove_order(here)
            yield here
            if here.dated:
                return

    def _prove_the_filter(self, since: int | None, reached: int | None) -> Iterator[Batch]:
        """At the end of the list: what changed later changed meanwhile, or stands behind a page that looked like the
        last one, or the filter hides it.

        :param since: what the reading began with
        :param reached: the newest change it has met
        """
        proof = self._memory.proof
        if since is not None and not proof.filters:
            reached = since
        elif proof.newest is None or reached is None or reached >= proof.newest:
            return
        if not any(timestamp > reached for here in self._far_end() for timestamp in here.dated):
            return
        is_listed, met = False, set[Hashable]()
        for listed in self._pages(PageRequest(since=reached, order=self.plan.order)):
            here = self._in_context(listed, None, 0)
            versions = set(zip(here.keys, here.timestamps, strict=True))
            if met & versions:
                raise PlanNotSupported("lists the same rows on several pages", UNIQUE_ORDER_ADVICE)
            met |= versions
            is_listed = is_listed or any(timestamp > reached for timestamp in here.dated)
            yield Batch(self._take_fresh(here))
            del listed, here
        if not is_listed:
            raise PlanNotSupported("does not list what changed after the moment it is asked for")

    # -- batches ----------------------------------------------------------------------------------------------------

    def _fresh_rows(self, here: PageInContext, end: int | None) -> list[Row]:
        goes_beyond = end is not None and here.dated and max(here.dated) >= end
        return self._take_fresh(here, partial(_is_before, end) if goes_beyond else None)

    def _cursor(self, here: PageInContext, end: int | None) -> int | None:
        if here.is_beyond(end):
            reached = end
        elif here.has_next or not here.dated:
            reached = here.last
        else:
            # Nothing follows, so this holds even where the server did not sort a list of one page.
            reached = max(here.dated)
        return None if reached is None else self._up_to(reached, here.complete_until)

    def _up_to(self, reached: int, complete_until: int) -> int:
        """The cursor behind a page. What changes within the margin of a page may be seen only behind it, when the
        reading has passed it by. So no later page promises more than the first one that came so far.

        :param reached: the latest time on it
        :param complete_until: up to when it can promise anything
        """
        if reached > complete_until:
            self._highest_cursor = min(self._highest_cursor, complete_until)
        return min(reached, self._highest_cursor)

    def _take_fresh(
        self, here: PageInContext, is_taken: TimestampTest | None = None, *, comes_again: bool = False
    ) -> list[Row]:
        """Rows not handed out yet in this version. Those that may come again are remembered.

        :param is_taken: which rows of the page to take, if not all
        :param comes_again: whether all of them may come again, not only those at the end of the page
        """
        rows, keys, timestamps = here.page.rows, here.keys, here.timestamps
        if is_taken is not None:
            taken = list(map(is_taken, timestamps))
            rows, timestamps = list(compress(rows, taken)), list(compress(timestamps, taken))
            keys = tuple(compress(keys, taken))
        # The next page repeats rows of the last second, or the one before it.
        lowest = None if comes_again or here.last is None else here.last - 1
        return self._memory.take(rows, keys, timestamps, lowest)


def _is_before(end: int | None, timestamp: int | None) -> bool:
    return timestamp is None or end is None or timestamp < end
