"""The walk by modification time over a list that may not tell how many rows it has."""

from __future__ import annotations

from collections.abc import Iterator

from source_invoicing.streams.page import Listing, Order, Page, Question
from source_invoicing.streams.walks.by_key import KeyWalk, _Stretch
from source_invoicing.streams.walks.parts import Part
from source_invoicing.streams.walks.walk import NotHonoured, PageKeys, Step, comes_whole, goes_on


class KeyWalkWithoutTotal(KeyWalk):
    """Reads a list by key, and when it took several questions to read all of it, looks at its far end once, unless each
    answer told a total.

    Two things hide behind a filter by modification time and would give themselves away by a total: rows without a
    modification time that stand at the end of the list, and a filter that answers with the asked moment alone. A look
    at the newest end shows both for one request.
    """

    def __init__(self, listing: Listing) -> None:
        super().__init__(listing)
        self._questions = 0
        self._tells_totals = True

    def steps(self, since: int | None, part: Part | None = None) -> Iterator[Step]:
        """See :meth:`KeyWalk.steps`."""
        reached: int | None = None
        for step in super().steps(since, part):
            reached = step.reached if step.reached is not None else reached
            yield step
        if since is None and self._questions > 1 and not self._tells_totals:
            yield from self._what_stands_at_the_far_end(reached)

    def _ask(self, question: Question, before: _Stretch | None = None) -> _Stretch:
        self._questions += 1
        stretch = super()._ask(question, before)
        self._tells_totals = self._tells_totals and stretch.page.total is not None
        return stretch

    def _what_stands_at_the_far_end(self, reached: int | None) -> Iterator[Step]:
        number = rows = 0
        before: PageKeys = ()
        while True:
            number += 1
            page = self.listing.ask(Question(number=number, order=Order.NEWEST_CHANGE_FIRST))
            keys = self.keys(page)
            if keys and keys == before:
                if comes_whole(page):
                    return
                raise self.contradiction("answers with the same page twice")
            before = keys
            rows += len(page.rows)
            yield Step([row for row in page.rows if self.listing.moment(row) is None])
            moments = self.moments(page)
            if moments and reached is not None and max(moments) > reached:
                self._prove_that_the_filter_reaches(reached)
            if moments or not goes_on(page, rows):
                return

    def _prove_that_the_filter_reaches(self, reached: int) -> None:
        """The newest row is newer than the end of the walk: it changed meanwhile, or the filter hid it."""
        if not self._finds_newer(self.listing.ask(Question(since=reached, order=Order.OLDEST_CHANGE_FIRST)), reached):
            raise NotHonoured("does not list what changed after the moment it is asked for")

    def _finds_newer(self, page: Page, reached: int) -> bool:
        # A page that goes on is full of rows of that one moment, and more follow it.
        return goes_on(page, len(page.rows)) or any(moment > reached for moment in self.moments(page))
