"""The walks with the newest in front, for lists that sort by modification time or by creation but do not filter."""

from __future__ import annotations

import logging
from abc import ABC
from collections.abc import Hashable, Iterator
from dataclasses import replace
from itertools import pairwise

from source_invoicing.http import BadRequest
from source_invoicing.streams.page import Listing, Order, Page, PageRequest, Row
from source_invoicing.streams.walks.by_page import MOST_PASSES, PageWalk, Pass, RestartingWalk, Trail
from source_invoicing.streams.walks.walk import NotHonoured, Shrank, Step, comes_whole

logger = logging.getLogger("airbyte.source_invoicing")

# Each look at the head hands out what changed since the look before; under steady change somebody has to stop.
MOST_LOOKS_AT_THE_HEAD = 5


class NewestFirstWalk(RestartingWalk, ABC):
    """A walk down a list with the newest in front, which steps back where rows were deleted.

    Inserts and edits put rows in front and push others down, towards the pages still to come. Only deletes pull rows
    up to pages that were read, never more of them than the total shrinks by, and those stand at the end of what was
    read: the pages there are read again, and the walk goes on.

    An API that wants pages in their order and refuses to go back is asked from the top instead.
    """

    def __init__(self, listing: Listing) -> None:
        super().__init__(listing)
        self._steps_back = True

    def descend(self, request: PageRequest) -> Iterator[tuple[int, Page, bool]]:
        """The pages of one pass, each with its number and whether the list goes on behind it.

        :raises Moved: when rows may have been missed
        :raises Failure: when rows are deleted so often that the walk gets nowhere
        """
        current = Pass()
        number = 1
        asked = lowest = 0
        more = True
        while more:
            page = self._ask(replace(request, number=number), again=number <= lowest)
            asked, lowest = asked + 1, max(lowest, number)
            if self._steps_back and current.slipped(page):
                if asked > MOST_PASSES * (MOST_PASSES + lowest):
                    raise self.contradiction("loses rows faster than they can be read", Shrank.advice)
                number -= current.step_back(page)
                logger.info("%s lost rows while it was read. Going on at page %d again.", self.listing.label, number)
                continue
            keys = self.keys(page)
            if current.repeats(page, keys) and comes_whole(page):
                return
            more = current.take(page, keys)
            yield number, page, more
            number += 1

    def _ask(self, request: PageRequest, *, again: bool) -> Page:
        try:
            return self.listing.fetch(request)
        except BadRequest:
            if not again:
                raise
        self._steps_back = False
        raise Shrank("lost rows while it was read, and refuses to go back to an earlier page")


class NewestChangeFirstWalk(NewestFirstWalk):
    """Sorted descending by modification time, page after page, until ``since`` is reached.

    What moved to the front meanwhile is fetched by a last look at the head.

    A further sync pays for the changed rows only. Nothing is promised before the end.
    """

    def __init__(self, listing: Listing) -> None:
        super().__init__(listing)
        self._newest: int | None = None
        self._handed_out_at_newest: set[Hashable] = set()

    def one_pass(self, since: int | None) -> Iterator[Step]:
        """See :class:`RestartingWalk`."""
        lowest = 0
        for number, page in self._down_to(since):
            lowest = max(lowest, number)
            yield Step([row for row in page.rows if self._is_since(row, since)])
        if lowest > 1:
            yield from self._what_moved_to_the_head()
        yield Step([], reached=self._newest)

    def _what_moved_to_the_head(self) -> Iterator[Step]:
        for _ in range(MOST_LOOKS_AT_THE_HEAD):
            known, handed_out = self._newest, self._handed_out_at_newest
            for _, page in self._down_to(known):
                moved = [row for row in page.rows if self._is_since(row, known)]
                yield Step(
                    [
                        row
                        for row in moved
                        if self.listing.timestamp(row) != known or self.listing.key(row) not in handed_out
                    ]
                )
            if self._newest == known:
                return

    def _down_to(self, since: int | None) -> Iterator[tuple[int, Page]]:
        """The pages down to a moment, with their numbers. Those of the first one tell what is newest."""
        for number, page, more in self.descend(PageRequest(order=Order.NEWEST_CHANGE_FIRST)):
            timestamps = self.timestamps(page)
            if any(earlier < later for earlier, later in pairwise(timestamps)):
                raise NotHonoured("does not sort by modification time")
            is_down = since is not None and bool(timestamps) and timestamps[-1] < since
            if page.total is None and (number > 1 or (more and not is_down)):
                raise NotHonoured("does not tell how many rows it has, which would show that some were deleted")
            if number == 1:
                self._note_newest(page, timestamps)
            yield number, page
            if is_down:
                return

    def _note_newest(self, page: Page, timestamps: list[int]) -> None:
        self._newest = timestamps[0] if timestamps else None
        self._handed_out_at_newest = {
            self.listing.key(row) for row in page.rows if self.listing.timestamp(row) == self._newest
        }

    def _is_since(self, row: Row, since: int | None) -> bool:
        timestamp = self.listing.timestamp(row)
        return since is None or timestamp is None or timestamp >= since


class NewestRowFirstWalk(NewestFirstWalk, PageWalk):
    """Sorted descending by creation, page after page: edits move nothing.

    One pass is enough where each page tells the total. Without it nothing tells of deletes; and where the list is
    filtered by modification time, an edit may put a row into it, at any place, and so hide a delete from the total.
    Then a list of several pages is read until two passes agree, like any other that is walked by page.

    Each page proves that the server sorted.
    """

    order = Order.NEWEST_ROW_FIRST

    def __init__(self, listing: Listing) -> None:
        super().__init__(listing)
        self._tells_of_deletes = True

    def is_settled(self, trail: Trail) -> bool:
        """See :class:`PageWalk`."""
        return self._tells_of_deletes or trail.settled

    def pages(self, since: int | None) -> Iterator[Page]:
        """See :class:`PageWalk`."""
        for number, page, more in self.descend(PageRequest(since=since, order=self.order)):
            if number > 1 or more:
                self._tells_of_deletes = self._tells_of_deletes and since is None and page.total is not None
                self._prove_order(page)
            yield page

    def _prove_order(self, page: Page) -> None:
        """A list of one page needs none."""
        creation_ranks = [self.listing.creation_rank(row) for row in page.rows]
        if any(earlier is None or later is None or earlier < later for earlier, later in pairwise(creation_ranks)):
            raise NotHonoured("does not sort by creation")
