"""The walk by page number, for lists that can neither be filtered by modification time nor asked for by offset."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from array import array
from collections.abc import Hashable, Iterator
from math import ceil
from typing import ClassVar

from source_invoicing.streams.page import Order, Page, PageRequest, Row
from source_invoicing.streams.walks.walk import (
    Horizon,
    Moved,
    PageKeys,
    Repeated,
    Shrank,
    Step,
    Walk,
    comes_whole,
    ends_early,
    goes_on,
)

logger = logging.getLogger("airbyte.source_invoicing")

# Rows that are deleted while a list is read make it start again; a list that does so this often is broken.
MOST_PASSES = 10
# How many rows in a row may be gone before the rest of a pass counts as unseen and is handed out again.
LOOK_AHEAD = 300


class Pass:
    """One pass over pages 1, 2, 3, ..., and the signs that rows moved while it was under way.

    Deleted rows pull the following ones to the page before, which was read already. A total that shrinks gives that
    away; a page that repeats another one, a short page with another one behind it, and an end before the total is
    reached do too.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._full = 0
        self._latest = 0
        self._total: int | None = None
        # Hashes of the pages, in order.
        self._pages: dict[int, None] = {}

    def take(self, page: Page, keys: PageKeys) -> bool:
        """Take note of the next page.

        :return: whether the list goes on behind it
        :raises Moved: when rows may have been missed
        """
        if self.slipped(page):
            raise Shrank(f"shrank from {self._total} to {page.total} rows while it was read")
        if not self._pages:
            self._full = self._latest = len(page.rows)
        if page.rows and self._latest < self._full:
            raise Moved(f"has a page of {self._latest} rows between pages of {self._full}")
        if self.repeats(page, keys):
            raise Repeated("answers with the same page twice")
        self._latest, self._total = len(page.rows), page.total
        self._pages[hash(keys)] = None
        self.rows += len(page.rows)
        if ends_early(page, self.rows):
            raise Moved(f"tells of {page.total} rows and ends after {self.rows}")
        return goes_on(page, self.rows)

    def slipped(self, page: Page) -> int:
        """How many rows the total lacks since the page before: so many may have slipped to pages that were read."""
        if not self._pages or self._total is None or page.total is None:
            return 0
        return max(self._total - page.total, 0)

    def step_back(self, page: Page) -> int:
        """Forget the pages to which rows may have slipped, where those stand that were pulled up last.

        :param page: the one that shows it; it was not taken
        :return: how many they are
        """
        pages = min(ceil(self.slipped(page) / self._full), len(self._pages))
        for _ in range(pages):
            self._pages.popitem()
        self.rows -= pages * self._full
        self._latest, self._total = self._full, page.total
        return pages

    def repeats(self, page: Page, keys: PageKeys) -> bool:
        """Whether this pass has seen the same page before."""
        return bool(page.rows) and hash(keys) in self._pages


class RestartingWalk(Walk, ABC):
    """A walk that begins again from the top when rows moved; rows then come twice."""

    def steps(self, since: int | None) -> Iterator[Step]:
        """See :meth:`Walk.steps`."""
        moved: Moved | None = None
        for _ in range(MOST_PASSES):
            if moved is not None:
                logger.info("%s %s. Reading it again from the top.", self.listing.label, moved)
            before = moved
            try:
                yield from self.one_pass(since)
                return
            except Moved as again:
                moved = again
            if isinstance(before, Repeated) and isinstance(moved, Repeated):
                break
        assert moved is not None
        raise self.contradiction(str(moved), moved.advice)

    @abstractmethod
    def one_pass(self, since: int | None) -> Iterator[Step]:
        """Read the list once.

        :raises Moved: when rows may have been missed
        """


class Trail:
    """The rows of one pass in the order in which it met them, held against those of the pass before.

    :param before: the earlier pass
    """

    def __init__(self, before: Trail | None = None) -> None:
        self.pages = 0
        self._met = array("q")
        self._before = before._met if before else array("q")
        self._next = 0
        self._kept_order = before is not None

    @property
    def settled(self) -> bool:
        """Whether nothing left the list since the pass before, or the whole list stood on one page."""
        return self.pages == 1 or (self._kept_order and self._next == len(self._before))

    def add(self, key: Hashable) -> bool:
        """Take note of a row.

        :return: whether the pass before met it here too
        """
        mark = hash(key)
        self._met.append(mark)
        ahead = self._before[self._next : self._next + LOOK_AHEAD]
        if mark not in ahead:
            return False
        skipped = ahead.index(mark)
        self._kept_order = self._kept_order and not skipped
        self._next += skipped + 1
        return True


class PageWalk(RestartingWalk):
    """Pages 1, 2, 3, ... in the order in which the list comes by itself: the last resort, for any list.

    A delete on a page already read pulls an unread row onto it, and an insert elsewhere hides that from the total. So
    a list of several pages is read until a pass meets all the rows of the pass before, in their order: then none of
    them left meanwhile, and none pulled another out of sight. Rows that the pass before has met are not handed out
    again.

    Nothing is promised before the end: a page number is no place to come back to.
    """

    order: ClassVar[Order | None] = None

    def one_pass(self, since: int | None) -> Iterator[Step]:
        """See :class:`RestartingWalk`."""
        horizon = Horizon()
        trail: Trail | None = None
        for _ in range(MOST_PASSES):
            trail = Trail(trail)
            for page in self.pages(since):
                horizon.saw(page, self.timestamps(page))
                trail.pages += 1
                yield Step([row for row in page.rows if not trail.add(self.known_by(row))])
            if self.is_settled(trail):
                yield Step([], reached=horizon.reached)
                return
        raise self.contradiction("loses rows each time it is read")

    def known_by(self, row: Row) -> Hashable:
        """What the next pass knows a row by."""
        return self.listing.key(row)

    def is_settled(self, trail: Trail) -> bool:
        """Whether no further pass is needed."""
        return trail.settled

    def pages(self, since: int | None) -> Iterator[Page]:
        """The pages of one pass.

        :raises Moved: when rows may have been missed
        """
        current = Pass()
        number = 1
        more = True
        while more:
            page = self.listing.fetch(PageRequest(number=number, since=since, order=self.order))
            keys = self.keys(page)
            if current.repeats(page, keys) and self.is_whole(page, since):
                return
            more = current.take(page, keys)
            yield page
            number += 1

    def is_whole(self, page: Page, since: int | None) -> bool:
        """Whether a page that came again is the whole list."""
        return comes_whole(page)


class SizedPageWalk(PageWalk):
    """The same for lists whose page size may be chosen: a full page that comes again, of an API that tells nothing of
    paging, is the whole list if it does not shrink when fewer rows are asked for."""

    def is_whole(self, page: Page, since: int | None) -> bool:
        """See :class:`PageWalk`."""
        if page.has_more is not None or page.total is not None:
            return False
        fewer = self.listing.fetch(PageRequest(since=since, order=self.order, size=max(len(page.rows) - 1, 1)))
        return self.keys(fewer) == self.keys(page)


class PlainPageWalk(SizedPageWalk):
    """The same without a filter, for an API that refuses it."""

    def pages(self, since: int | None) -> Iterator[Page]:
        """See :class:`PageWalk`."""
        return super().pages(None)
