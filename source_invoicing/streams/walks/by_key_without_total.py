"""The walk by modification time over a list that may not tell how many rows it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from source_invoicing.streams.page import Listing, Order, Page, PageRequest
from source_invoicing.streams.walks.by_key import KeyWalk, _Stretch
from source_invoicing.streams.walks.filter_proof import FilterProof, hides_later_changes
from source_invoicing.streams.walks.parts import Part
from source_invoicing.streams.walks.walk import NotHonoured, PageKeys, Step, comes_whole, goes_on


class KeyWalkWithoutTotal(KeyWalk):
    """Reads a list by key, and looks at its far end once where there is reason to, unless each answer told a total.

    Two things hide behind a filter by modification time and would give themselves away by a total: rows without a
    modification time that stand at the end of the list, and a filter that answers with the asked moment alone. A look
    at the newest end shows both for one request. It is due when it took several questions to read a whole list, and
    when nothing was listed that changed since the moment a later sync begins with.
    """

    def __init__(self, listing: Listing) -> None:
        super().__init__(listing)
        self._questions = 0
        self._tells_totals = True
        self._proof = FilterProof()

    def steps(self, since: int | None, part: Part | None = None) -> Iterator[Step]:
        """See :meth:`KeyWalk.steps`."""
        reached: int | None = None
        for step in super().steps(since, part):
            reached = step.reached if step.reached is not None else reached
            yield step
            del step
        if self._tells_totals:
            return
        if since is None and self._questions > 1:
            yield from self._what_stands_at_the_far_end(reached)
        elif since is not None and not self._proof.shown:
            for page in self._far_end():
                self._prove_that_nothing_is_newer(page, since)

    def _ask(self, request: PageRequest, before: _Stretch | None = None) -> _Stretch:
        self._questions += 1
        stretch = super()._ask(request, before)
        self._tells_totals = self._tells_totals and stretch.page.total is not None
        self._proof.saw(request.since, stretch.told)
        return stretch

    def _what_stands_at_the_far_end(self, reached: int | None) -> Iterator[Step]:
        for page in self._far_end():
            yield Step([row for row in page.rows if self.listing.timestamp(row) is None])
            self._prove_that_nothing_is_newer(page, reached)

    def _far_end(self) -> Iterator[Page]:
        """The pages at the newest end, up to the first one with a modification time."""
        for page in self._pages(PageRequest(order=Order.NEWEST_CHANGE_FIRST)):
            timestamps = self.timestamps(page)
            if any(earlier < later for earlier, later in pairwise(timestamps)) and goes_on(page, len(page.rows)):
                raise NotHonoured("does not sort by modification time")
            yield page
            if timestamps:
                return

    def _prove_that_nothing_is_newer(self, page: Page, reached: int | None) -> None:
        """A row that is newer than the end of the walk changed meanwhile, or the filter hid it."""
        if reached is None or not self._holds_newer(page, reached):
            return
        again = self._pages(PageRequest(since=reached, order=Order.OLDEST_CHANGE_FIRST))
        if not any(self._holds_newer(page, reached) for page in again):
            raise hides_later_changes()

    def _holds_newer(self, page: Page, reached: int) -> bool:
        return any(timestamp > reached for timestamp in self.timestamps(page))

    def _pages(self, request: PageRequest) -> Iterator[Page]:
        rows = 0
        before: PageKeys = ()
        more = True
        while more:
            page = self.listing.fetch(request)
            keys = self.keys(page)
            if keys and keys == before:
                if comes_whole(page):
                    return
                raise self.contradiction("answers with the same page twice")
            rows += len(page.rows)
            more, before = goes_on(page, rows), keys
            yield page
            request = replace(request, number=request.number + 1)
