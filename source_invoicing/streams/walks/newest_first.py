"""The walk from the newest change backwards, for lists that sort by modification time but do not filter by it."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterator
from itertools import pairwise

from source_invoicing.streams.page import Listing, Order, Page, Question, Row
from source_invoicing.streams.walks.by_page import Pass, RestartingWalk
from source_invoicing.streams.walks.walk import NotHonoured, Step, goes_on

# Each look at the head hands out what changed since the look before; under steady change somebody has to stop.
MOST_LOOKS_AT_THE_HEAD = 5


class NewestChangeFirstWalk(RestartingWalk):
    """Sorted descending by modification time, page after page, until ``since`` is reached.

    An insert or an edit puts a row at the front and pushes others towards the pages still to come: they come twice,
    none is skipped. What moved to the front meanwhile is fetched by a last look at the head. Only a delete pulls
    rows to pages already read, and then the total shrinks: the list is read again from the top.

    A further sync pays for the changed rows only. Nothing is promised before the end.
    """

    def __init__(self, listing: Listing) -> None:
        super().__init__(listing)
        self._pages_read = 0
        self._newest: int | None = None
        self._handed_out_at_newest: set[Hashable] = set()

    def one_pass(self, since: int | None) -> Iterator[Step]:
        """See :class:`RestartingWalk`."""
        yield from self._down_to(since)
        if self._pages_read > 1:
            yield from self._what_moved_to_the_head()
        yield Step([], reached=self._newest)

    def _down_to(self, since: int | None) -> Iterator[Step]:
        current = Pass()
        for number, page in self._pages():
            more = current.take(page, self.keys(page))
            self._pages_read = number
            if number == 1:
                self._note_newest(page)
            yield Step([row for row in page.rows if self._is_since(row, since)])
            if not more or self._is_down_to(since, page):
                return

    def _what_moved_to_the_head(self) -> Iterator[Step]:
        for _ in range(MOST_LOOKS_AT_THE_HEAD):
            known = self._newest
            yield from self._head_down_to(known)
            if self._newest == known:
                return

    def _head_down_to(self, known: int | None) -> Iterator[Step]:
        handed_out = self._handed_out_at_newest
        rows = 0
        for number, page in self._pages():
            rows += len(page.rows)
            if number == 1:
                self._note_newest(page)
            moved = [row for row in page.rows if self._is_since(row, known)]
            yield Step(
                [row for row in moved if self.listing.moment(row) != known or self.listing.key(row) not in handed_out]
            )
            if self._is_down_to(known, page) or not goes_on(page, rows):
                return

    def _note_newest(self, page: Page) -> None:
        moments = self.moments(page)
        self._newest = moments[0] if moments else None
        self._handed_out_at_newest = {
            self.listing.key(row) for row in page.rows if self.listing.moment(row) == self._newest
        }

    def _is_down_to(self, since: int | None, page: Page) -> bool:
        moments = self.moments(page)
        return since is not None and bool(moments) and moments[-1] < since

    def _pages(self) -> Generator[tuple[int, Page], None, None]:
        number = 0
        while True:
            number += 1
            page = self.listing.ask(Question(number=number, order=Order.NEWEST_CHANGE_FIRST))
            moments = self.moments(page)
            if any(earlier < later for earlier, later in pairwise(moments)):
                raise NotHonoured("does not sort by modification time")
            yield number, page

    def _is_since(self, row: Row, since: int | None) -> bool:
        moment = self.listing.moment(row)
        return since is None or moment is None or moment >= since
