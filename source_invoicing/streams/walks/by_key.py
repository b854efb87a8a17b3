"""The walk by modification time: each page is the answer to "what changed at or after the last moment seen"."""

from __future__ import annotations

import time
from collections.abc import Generator, Hashable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from source_invoicing.streams.page import Listing, Order, Page, PageRequest, Row
from source_invoicing.streams.walks.parts import Part
from source_invoicing.streams.walks.walk import NotHonoured, PageKeys, Step, Walk, comes_whole, ends_early, goes_on

# A moment that fills more than a page is read until two passes agree. Each pass beyond the second one needs a row
# that left the moment meanwhile; a list that never agrees is not sorted the way it says.
MOST_PASSES = 40
UNSEEN = object()
# How often totals that do not add up are asked for.
MOST_COUNTS = 3


@dataclass(frozen=True)
class _Stretch:
    """Where the walk stands in the answer to one question: its latest page, and the rows on the pages before it.

    :param keys: of the rows of the page, in order
    :param timestamps: modification time of each of them
    :param behind: the latest moment on the pages before it, or the one the question began with
    """

    request: PageRequest
    page: Page
    keys: PageKeys
    timestamps: list[int | None]
    behind: int | None
    rows_before: int = 0

    def without_rows(self) -> _Stretch:
        """The same for later comparison. The rows are out; memory is soonest used again while it is warm."""
        return replace(self, page=replace(self.page, rows=[]), timestamps=[])

    @property
    def told(self) -> list[int]:
        """The modification times on the page, in order, rows without one left out."""
        return [timestamp for timestamp in self.timestamps if timestamp is not None]

    @property
    def goes_on(self) -> bool:
        return goes_on(self.page, self.rows_before + len(self.page.rows))

    @property
    def last_timestamp(self) -> int | None:
        """The latest moment up to the end of the page."""
        return next((timestamp for timestamp in reversed(self.timestamps) if timestamp is not None), self.behind)

    def advance(self, part: Part | None, waited: float | None = None) -> int | None:
        """Take note of the page in the part that is read; returns where the part ends."""
        return None if part is None else part.advance(self.request.since, self.page, self.told, waited)

    def is_beyond(self, end: int | None) -> bool:
        """Whether the page reaches the end of the part."""
        last = self.last_timestamp
        return end is not None and last is not None and last >= end

    @property
    def stands_still(self) -> bool:
        """Whether the page ends at the moment it begins with, or the question began with: asking on leads nowhere."""
        return self.last_timestamp in (self.request.since, self.timestamps[0])


class KeyWalk(Walk):
    """Sorted ascending by modification time, asked again from the last moment seen, always page 1.

    Inserts and edits land at the end, deletes only shorten what is still to come: nothing shifts, every page is a
    checkpoint, and a resume is the same question. Only while one moment fills a whole page (a bulk import) does the
    walk step to pages 2, 3, ... of the same question.

    Each page proves that the server sorted and filtered.
    """

    def __init__(self, listing: Listing) -> None:
        super().__init__(listing)
        # Rows handed out at the moment the next question starts from: they come again in its answer.
        self._handed_out: dict[Hashable, int | None] = {}

    def steps(self, since: int | None, part: Part | None = None) -> Iterator[Step]:
        """See :meth:`Walk.steps`.

        :param part: what of the list is to be read; its end may come nearer meanwhile
        """
        before: _Stretch | None = None
        while True:
            asked_at = time.monotonic()
            here = self._ask(PageRequest(since=since, order=Order.OLDEST_CHANGE_FIRST))
            waited = time.monotonic() - asked_at
            if before is not None and comes_whole(here.page) and self._is_the_same(before, here):
                return
            self._prove(here)
            if before is not None:
                self._prove_nothing_hidden(before, here)
            end = here.advance(part, waited)
            if here.goes_on and here.stands_still and not here.is_beyond(end):
                here = yield from self._pass_over_the_moment(here, part)
                end = here.advance(part)
            yield self._step(here, end)
            if not here.goes_on or here.is_beyond(end):
                return
            before, since = here.without_rows(), here.last_timestamp
            del here

    def _ask(self, request: PageRequest, before: _Stretch | None = None) -> _Stretch:
        rows_before = before.rows_before + len(before.page.rows) if before else 0
        behind = before.last_timestamp if before else request.since
        page = self._whole_answer(request, rows_before)
        timestamps = [self.listing.timestamp(row) for row in page.rows]
        return _Stretch(request, page, self.keys(page), timestamps, behind, rows_before)

    def _whole_answer(self, request: PageRequest, rows_before: int) -> Page:
        """A page that does not end before its total. One that does may be a slip, and is asked for once more."""
        page = self.listing.fetch(request)
        if ends_early(page, rows_before + len(page.rows)):
            page = self.listing.fetch(request)
        rows = rows_before + len(page.rows)
        if ends_early(page, rows):
            raise self.contradiction(f"tells of {page.total} rows and ends after {rows}")
        return page

    def _prove(self, here: _Stretch) -> None:
        """A list of one page needs no order; in a longer one the rows behind a wrong order could be missed."""
        if not here.goes_on:
            return
        timestamps = here.told
        if any(earlier > later for earlier, later in pairwise(timestamps)):
            raise NotHonoured("does not sort by modification time")
        # A stream asks one second earlier than the question says where it is unknown whether the boundary is included.
        if timestamps and here.request.since is not None and timestamps[0] < here.request.since - 1:
            raise NotHonoured("does not filter by modification time")

    def _prove_nothing_hidden(self, before: _Stretch, here: _Stretch) -> None:
        """Rows without a modification time answer a question without "since" and no other one.

        Where totals are told, those of the first two questions must add up; if they do not, such rows may stand at
        the end of the list, where this walk would never meet them.
        """
        if before.request.since is not None or before.page.total is None or here.page.total is None:
            return
        handed_out = set(before.keys)
        first = before
        for _ in range(MOST_COUNTS):
            if self._adds_up(first, here, handed_out):
                return
            if before.rows_before:
                break
            # A row that was deleted in between makes the same difference, but hardly each time.
            first, here = self._ask(before.request), self._ask(here.request)
        raise NotHonoured("may hold rows that a filter by modification time leaves out")

    def _adds_up(self, before: _Stretch, here: _Stretch, handed_out: set[Hashable]) -> bool:
        """Whether each row is either one of those handed out or among those still to come."""
        again = set(here.keys)
        left_behind = before.rows_before + sum(1 for key in before.keys if key in handed_out - again)
        return (before.page.total or 0) <= left_behind + (here.page.total or 0)

    def _pass_over_the_moment(self, here: _Stretch, part: Part | None) -> Generator[Step, None, _Stretch]:
        """Step through the pages that one moment fills, until two passes over them agree.

        Rows can only leave a moment in the past; each one that leaves shifts the rest towards the front, and none
        comes back. So two equal passes prove that between them everything stood where it was read.

        :return: the page on which the moment ends
        """
        request = here.request
        # Where the boundary is included, the page may be filled by the second before the one the question names.
        timestamp = max((at for at in (here.last_timestamp, request.since) if at is not None), default=None)
        seen_before: PageKeys | None = None
        for _ in range(MOST_PASSES):
            seen = here.keys
            while here.goes_on and self._is_within(timestamp, here.last_timestamp):
                yield Step(self._take_fresh(here))
                here = self._next_page(here)
                timestamps = zip(here.keys, here.timestamps, strict=True)
                seen += tuple(key for key, changed in timestamps if self._is_within(timestamp, changed))
            if seen == seen_before or not here.rows_before:
                self._prove(here)
                return here
            yield Step(self._take_fresh(here, here.advance(part)))
            seen_before = seen
            here = self._ask(request)
        raise self.contradiction("answers differently each time it is asked for one moment")

    @staticmethod
    def _is_within(timestamp: int | None, changed: int | None) -> bool:
        return changed is None or (timestamp is not None and changed <= timestamp)

    def _next_page(self, here: _Stretch) -> _Stretch:
        request = replace(here.request, number=here.request.number + 1)
        following = self._ask(request, here)
        if self._is_the_same(here, following):
            if comes_whole(following.page):
                return replace(following, page=Page([]), keys=(), timestamps=[])
            raise self.contradiction("answers with the same page twice")
        return following

    def _is_the_same(self, here: _Stretch, following: _Stretch) -> bool:
        return bool(following.keys) and following.keys == here.keys

    def _take_fresh(self, here: _Stretch, end: int | None = None) -> list[Row]:
        """Rows not handed out yet, remembered from now on. Those at or after the end of a part belong to another."""
        handed_out = self._handed_out
        fresh = []
        for row, key, timestamp in zip(here.page.rows, here.keys, here.timestamps, strict=True):
            if end is not None and timestamp is not None and timestamp >= end:
                continue
            if handed_out.get(key, UNSEEN) != timestamp:
                handed_out[key] = timestamp
                fresh.append(row)
        return fresh

    def _step(self, here: _Stretch, end: int | None = None) -> Step:
        fresh = self._take_fresh(here, end)
        if here.is_beyond(end):
            return Step(fresh, reached=end)
        last = here.last_timestamp
        if last is not None:
            # The next answer repeats rows of this second, and of the one before where the boundary is included.
            self._handed_out = {
                key: timestamp
                for key, timestamp in self._handed_out.items()
                if timestamp is not None and timestamp >= last - 1
            }
        if last is not None and not here.goes_on:
            # Nothing follows, so this holds even where the server did not sort a list of one page.
            last = max([last, *here.told])
        return Step(fresh, reached=last)
