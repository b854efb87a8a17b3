"""The walk by overlapping offset, for lists that are asked for by the number of rows to skip."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterator
from typing import ClassVar

from airbyte_cdk.models import FailureType

from source_invoicing.http import BadRequest, UnexpectedAnswer
from source_invoicing.streams.page import Page, Place, Question, Row
from source_invoicing.streams.walks.walk import Horizon, NotHonoured, PageKeys, Step, Walk, ends_early, goes_on

logger = logging.getLogger("airbyte.source_invoicing")

# A single row that is pushed back so often while it is looked for is one that comes whatever is asked.
MOST_INSERTS = 3
# How far to step back first (rows) from where an earlier walk stopped.
ROWS_BACK = 99
# A filter that takes a date may begin a day earlier, in whatever time zone the vendor counts (seconds).
COARSEST_FILTER = 3 * 86_400


class OffsetWalk(Walk):
    """Each page starts with the row the page before ended with.

    If that row is not there, rows were deleted or inserted before it; the walk steps back, further each time, until
    it meets a row of the page before, and goes on behind it. A list of N rows in pages of s costs about
    N / (s - 1) requests and one more that proves the end.

    Nothing is promised before the end. A walk that was cut off goes on behind the last row it handed out, wherever
    that is by then; what was inserted or edited meanwhile is later than its start, up to which it promises.
    """

    #: Whether the API is asked to leave out rows by their modification time.
    filters: ClassVar[bool] = False

    def steps(self, since: int | None) -> Iterator[Step]:
        """See :meth:`Walk.steps`."""
        place = self._place_to_go_on_from(since)
        horizon = Horizon(place)
        size = known_pages = 0
        offset, page, fresh = self._first_page(place, since)
        while True:
            horizon.saw(page, self.moments(page))
            yield Step(fresh, place=self._place(page, offset, since, horizon))
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

    def _place_to_go_on_from(self, since: int | None) -> Place | None:
        """The place where an earlier walk stopped, unless it was after other rows."""
        place = self.stopped_at
        return place if place and (place.since, place.filtered) == (since, self.filters) else None

    def _first_page(self, place: Place | None, since: int | None) -> tuple[int, Page, list[Row]]:
        if place is None:
            page = self._page_at(0, since)
            return 0, page, page.rows
        logger.info("%s was not read to its end. Going on at row %d.", self.listing.label, place.offset)
        return self._page_behind_rows({place.row}, place.offset, ROWS_BACK, since)

    def _place(self, page: Page, offset: int, since: int | None, horizon: Horizon) -> Place | None:
        """The last row of a page as a place to go on from; some lists have no row, or keys of several parts."""
        row = self.listing.key(page.rows[-1]) if page.rows else None
        if not isinstance(row, (str, int)):
            return None
        return Place(offset + len(page.rows) - 1, row, self.filters, since, horizon.started, horizon.newest)

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
        return self._page_behind_rows(set(anchor), position - 1, max(len(anchor) - 1, 1), since)

    def _page_behind_rows(
        self, known: set[Hashable], offset: int, back: int, since: int | None
    ) -> tuple[int, Page, list[Row]]:
        """The page that goes on behind known rows.

        :param offset: where to look first
        :param back: how many rows to step back if they are not there; doubles with each step
        """
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

    filters = True

    def _ask(self, offset: int, since: int | None) -> Page:
        page = self.listing.ask(Question(offset=offset, since=since))
        if since is not None and any(moment < since - COARSEST_FILTER for moment in self.moments(page)):
            raise NotHonoured("does not filter by modification time")
        return page
