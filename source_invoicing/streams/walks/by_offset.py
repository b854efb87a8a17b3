"""The walk by overlapping offset, for lists that are asked for by the number of rows to skip."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterator

from airbyte_cdk.models import FailureType

from source_invoicing.http import BadRequest, UnexpectedAnswer
from source_invoicing.streams.page import Page, Question, Row
from source_invoicing.streams.walks.walk import Horizon, NotHonoured, PageKeys, Step, Walk, ends_early, goes_on

logger = logging.getLogger("airbyte.source_invoicing")

# A single row that is pushed back so often while it is looked for is one that comes whatever is asked.
MOST_INSERTS = 3
# A filter that takes a date may begin a day earlier, in whatever time zone the vendor counts (seconds).
COARSEST_FILTER = 3 * 86_400


class OffsetWalk(Walk):
    """Each page starts with the row the page before ended with.

    If that row is not there, rows were deleted or inserted before it; the walk steps back, further each time, until
    it meets a row of the page before, and goes on behind it. A list of N rows in pages of s costs about
    N / (s - 1) requests and one more that proves the end.

    Nothing is promised before the end: an offset is no place to come back to.
    """

    def steps(self, since: int | None) -> Iterator[Step]:
        """See :meth:`Walk.steps`."""
        horizon = Horizon()
        offset = size = known_pages = 0
        page = self._page_at(0, since)
        fresh = page.rows
        while True:
            horizon.saw(page, self.moments(page))
            yield Step(fresh)
            size = max(size, len(page.rows))
            position = offset + len(page.rows)
            if ends_early(page, position):
                raise self.contradiction(f"tells of {page.total} rows and ends after {position}")
            if not goes_on(page, position):
                break
            offset, page, fresh = self._page_behind(self.keys(page), position, since)
            known_pages = 0 if fresh else known_pages + 1
            if known_pages and self._is_the_end(page, offset, size):
                break
            if known_pages > 1:
                raise self.contradiction("answers with the same page twice")
        yield Step([], reached=horizon.reached)

    def _page_at(self, offset: int, since: int | None) -> Page:
        """The page that begins behind ``offset`` rows."""
        try:
            return self._ask(offset, since)
        except BadRequest as refusal:
            if offset == 0:
                raise
            # All but the offset was fine on the pages before. Another walk would hand out all of these rows again,
            # and end in the same place.
            raise UnexpectedAnswer(
                f"{refusal.sentence} The list could be read up to row {offset}, so it may be longer than the API lets "
                "it be read. A later start_date can make it shorter; otherwise leave the stream out.",
                refusal.failure_type or FailureType.system_error,
            ) from refusal

    def _ask(self, offset: int, since: int | None) -> Page:
        """The same, without a look at what a refusal means. Here nothing is filtered by ``since``."""
        return self.listing.ask(Question(offset=offset))

    def _page_behind(self, anchor: PageKeys, position: int, since: int | None) -> tuple[int, Page, list[Row]]:
        """The page that goes on behind the rows of the last one: its offset, itself, and its rows not seen yet."""
        if len(anchor) == 1:
            return self._page_behind_one_row(anchor, position, since)
        offset = position - 1
        back = max(len(anchor) - 1, 1)
        known = set(anchor)
        while True:
            page = self._page_at(offset, since)
            overlap = self._end_of_overlap(page, known)
            if overlap is not None:
                return offset, page, page.rows[overlap:]
            if offset == 0:
                logger.info("%s was replaced while it was read. Reading it again from the top.", self.listing.label)
                return 0, page, page.rows
            offset = max(0, offset - back)
            back *= 2
            logger.info("%s moved while it was read. Stepping back to row %d.", self.listing.label, offset)

    def _page_behind_one_row(self, anchor: PageKeys, position: int, since: int | None) -> tuple[int, Page, list[Row]]:
        """Pages of one row leave no room for an overlap. The row comes again where others were inserted before it."""
        for offset in range(position, position + MOST_INSERTS):
            page = self._page_at(offset, since)
            if self.keys(page) != anchor:
                return offset, page, page.rows
        raise self.contradiction("answers with the same page twice")

    def _end_of_overlap(self, page: Page, known: set[Hashable]) -> int | None:
        """Index of the first row behind the first run of known rows; ``None`` without such a run."""
        met = False
        for index, row in enumerate(page.rows):
            if self.listing.key(row) in known:
                met = True
            elif met:
                return index
        return len(page.rows) if met else None

    def _is_the_end(self, page: Page, offset: int, size: int) -> bool:
        """Whether a page without a new row ends the list.

        A full page of known rows does not: as many may have been inserted before them, or the server ignores the
        offset, which the next page will tell.
        """
        if len(page.rows) == size > 1:
            return False
        position = offset + len(page.rows)
        if page.total is not None and position < page.total:
            raise self.contradiction(f"tells of {page.total} rows and ends after {position}")
        return True


class FilteredOffsetWalk(OffsetWalk):
    """The same for lists that filter by modification time. Each page proves that they do."""

    def _ask(self, offset: int, since: int | None) -> Page:
        page = self.listing.ask(Question(offset=offset, since=since))
        if since is not None and any(moment < since - COARSEST_FILTER for moment in self.moments(page)):
            raise NotHonoured("does not filter by modification time")
        return page
