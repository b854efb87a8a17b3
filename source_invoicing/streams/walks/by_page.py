"""The walk by page number, for lists that can neither be filtered by modification time nor asked for by offset."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from source_invoicing.streams.page import Order, Page, Question
from source_invoicing.streams.walks.walk import Horizon, Moved, PageKeys, Step, Walk, comes_whole, ends_early, goes_on

logger = logging.getLogger("airbyte.source_invoicing")

# Rows that are deleted while a list is read make it start again; a list that does so this often is broken.
MOST_PASSES = 10


class Pass:
    """One pass over pages 1, 2, 3, ..., and the signs that rows moved while it was under way.

    Deleted rows pull the following ones to the page before, which was read already. A total that shrinks gives that
    away; a page that repeats another one, a short page with another one behind it, and an end before the total is
    reached do too.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._first: Page | None = None
        self._before: Page | None = None
        self._seen_pages: set[int] = set()

    def take(self, page: Page, keys: PageKeys) -> bool:
        """Take note of the next page.

        :return: whether the list goes on behind it
        :raises Moved: when rows may have been missed
        """
        before, self._before = self._before, page
        self._first = self._first or page
        self.rows += len(page.rows)
        if before is not None:
            if before.total is not None and page.total is not None and page.total < before.total:
                raise Moved(f"shrank from {before.total} to {page.total} rows while it was read")
            if page.rows and len(before.rows) < len(self._first.rows):
                raise Moved(f"has a page of {len(before.rows)} rows between pages of {len(self._first.rows)}")
        if page.rows and hash(keys) in self._seen_pages:
            if comes_whole(page):
                return False
            raise Moved("answers with the same page twice")
        self._seen_pages.add(hash(keys))
        if ends_early(page, self.rows):
            raise Moved(f"tells of {page.total} rows and ends after {self.rows}")
        return goes_on(page, self.rows)


class RestartingWalk(Walk, ABC):
    """A walk that begins again from the top when rows moved; rows then come twice."""

    def steps(self, since: int | None) -> Iterator[Step]:
        """See :meth:`Walk.steps`."""
        reason = ""
        for attempt in range(MOST_PASSES):
            if attempt:
                logger.info("%s %s. Reading it again from the top.", self.listing.label, reason)
            try:
                yield from self.one_pass(since)
                return
            except Moved as moved:
                reason = str(moved)
        raise self.contradiction(reason)

    @abstractmethod
    def one_pass(self, since: int | None) -> Iterator[Step]:
        """Read the list once.

        :raises Moved: when rows may have been missed
        """


class PageWalk(RestartingWalk):
    """Pages 1, 2, 3, ... in the order in which the list comes by itself.

    When rows moved (:class:`Pass`), the list is read again from the top. One thing stays unnoticed: a delete and an
    insert between the same two requests, which leave the total as it was.

    Nothing is promised before the end: a page number is no place to come back to.
    """

    order: ClassVar[Order | None] = None

    def one_pass(self, since: int | None) -> Iterator[Step]:
        """See :class:`RestartingWalk`."""
        horizon = Horizon()
        current = Pass()
        number = 1
        more = True
        while more:
            page = self.listing.ask(Question(number=number, since=since, order=self.order))
            more = current.take(page, self.keys(page))
            horizon.saw(page, self.moments(page))
            yield Step(page.rows)
            number += 1
        yield Step([], reached=horizon.reached)


class NewestRowFirstWalk(PageWalk):
    """The same with the newest row first, for lists that can be sorted: nothing at all stays unnoticed.

    Here an insert pushes rows to the pages still to come, so a row can only slip to a page already read when more
    rows are deleted than inserted, and then the total shrinks. Edits move nothing, as the order is that of creation.
    """

    order = Order.NEWEST_ROW_FIRST
