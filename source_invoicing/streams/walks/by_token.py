"""The walks over lists whose pages hand out what to ask for the next page with: a cursor or a link."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from source_invoicing.streams.page import Page, Question
from source_invoicing.streams.walks.walk import Horizon, Moved, Step, Walk

logger = logging.getLogger("airbyte.source_invoicing")

# Rows that are deleted while a list is read make it start again; a list that does so this often is broken.
MOST_PASSES = 10


class TokenWalk(Walk):
    """Page after page, each asked for with what the one before handed out, until one hands out nothing.

    A cursor names a place in the list, so rows that come and go elsewhere shift nothing. The same token twice, or the
    same page twice, is an error: such a list has no end.

    Nothing is promised before the end: how long a token lives is not known.
    """

    def steps(self, since: int | None) -> Iterator[Step]:
        """See :meth:`Walk.steps`."""
        horizon = Horizon()
        tokens: set[str] = set()
        pages: set[int] = set()
        rows = 0
        # Rows that others insert behind the walk's back are counted by later answers, and not read.
        fewest: int | None = None
        before: Page | None = None
        token: str | None = None
        while True:
            page = self.listing.ask(Question(since=since, token=token))
            self.compare(before, page)
            keys = hash(self.keys(page))
            if page.rows and keys in pages:
                raise self.contradiction("answers with the same page twice")
            pages.add(keys)
            rows += len(page.rows)
            if page.total is not None:
                fewest = page.total if fewest is None else min(fewest, page.total)
            horizon.saw(page, self.moments(page))
            yield Step(page.rows)
            if page.next is None:
                break
            if page.next in tokens:
                raise self.contradiction("hands out the same next page twice")
            tokens.add(page.next)
            before, token = page, page.next
        if page.has_more:
            raise self.contradiction(f"says that it goes on and hands out no next page after {rows} rows")
        if fewest is not None and rows < fewest:
            raise self.contradiction(f"tells of {fewest} rows and ends after {rows}")
        yield Step([], reached=horizon.reached)

    def compare(self, before: Page | None, page: Page) -> None:
        """Look for signs that rows moved between two pages. A cursor does not mind."""


class LinkWalk(TokenWalk):
    """The same along links, which may hold page numbers: when a total shrinks, the list is read again from the top."""

    def steps(self, since: int | None) -> Iterator[Step]:
        """See :meth:`Walk.steps`."""
        reason = ""
        for attempt in range(MOST_PASSES):
            if attempt:
                logger.info("%s %s. Reading it again from the top.", self.listing.label, reason)
            try:
                yield from super().steps(since)
                return
            except Moved as moved:
                reason = str(moved)
        raise self.contradiction(reason)

    def compare(self, before: Page | None, page: Page) -> None:
        """See :class:`TokenWalk`."""
        if before is not None and before.total is not None and page.total is not None and page.total < before.total:
            raise Moved(f"shrank from {before.total} to {page.total} rows while it was read")
