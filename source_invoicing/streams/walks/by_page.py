"""The walk by page number, for lists that can neither be filtered by modification time nor asked for by offset."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from source_invoicing.streams.page import Page, Question
from source_invoicing.streams.walks.walk import Horizon, Moved, Step, Walk, ends_early, goes_on

logger = logging.getLogger("airbyte.source_invoicing")

# Rows that are deleted while a list is read make it start again; a list that does so this often is broken.
MOST_PASSES = 10


class PageWalk(Walk):
    """Pages 1, 2, 3, ... in the most stable order on offer, so that edits move nothing.

    Deleted rows pull the following ones to the page before, which was read already. Where the list tells its total,
    a total that shrinks gives that away; a page that repeats another one, a page of another size in the middle, and
    an end before the total is reached do too. The list is then read again from the top, and rows come twice.

    Nothing is promised before the end: a page number is no place to come back to.
    """

    def steps(self, since: int | None) -> Iterator[Step]:
        """See :meth:`Walk.steps`."""
        reason = ""
        for attempt in range(MOST_PASSES):
            if attempt:
                logger.info("%s %s. Reading it again from the top.", self.listing.label, reason)
            try:
                yield from self._one_pass(since)
                return
            except Moved as moved:
                reason = str(moved)
        raise self.contradiction(reason)

    def _one_pass(self, since: int | None) -> Iterator[Step]:
        number = rows = 0
        horizon = Horizon()
        first = before = None
        seen_pages: set[int] = set()
        more = True
        while more:
            number += 1
            page = self.listing.ask(Question(number=number, since=since))
            rows += len(page.rows)
            more = goes_on(page, rows)
            first = first or page
            if ends_early(page, rows):
                raise Moved(f"tells of {page.total} rows and ends after {rows}")
            if more and len(page.rows) != len(first.rows):
                raise Moved(f"has {len(page.rows)} rows on page {number} and {len(first.rows)} on the first one")
            if before is not None and shrank(before, page):
                raise Moved(f"shrank from {before.total} to {page.total} rows while it was read")
            fingerprint = hash(self.keys(page))
            if page.rows and fingerprint in seen_pages:
                raise Moved("answers with the same page twice")
            seen_pages.add(fingerprint)
            horizon.saw(page, self.moments(page))
            before = page
            yield Step(page.rows)
        yield Step([], reached=horizon.reached)


def shrank(before: Page, page: Page) -> bool:
    """Whether rows left the list between two of its pages."""
    return before.total is not None and page.total is not None and page.total < before.total
