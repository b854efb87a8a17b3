"""The walk by overlapping pages, for lists that count in pages, let their size be chosen, and tell no total."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from source_invoicing.streams.checkpoint import Checkpoint, RowFingerprint
from source_invoicing.streams.page import Listing, Order, Page, PageRequest, Row
from source_invoicing.streams.walks.by_page import MOST_PASSES
from source_invoicing.streams.walks.filter_proof import FilterProof, hides_later_changes
from source_invoicing.streams.walks.walk import Horizon, NotHonoured, PageKeys, Step, Walk, ends_early, goes_on

logger = logging.getLogger("airbyte.source_invoicing")

# Answers in a row that bring no new row although more are said to follow.
MOST_EMPTY_HANDED = 5
# Each look at the head hands out what changed since the look before; under steady change somebody has to stop.
MOST_LOOKS_AT_THE_HEAD = 5
# How often a filter may seem to hide what is there.
MOST_PROOFS = 3


@dataclass(frozen=True)
class _Stretch:
    """A page and where it stands.

    :param offset: rows before the page, by the count of the question
    :param keys: the identities of its rows. Whoever takes the rows makes them fit their schema in place, so these are
        read before they are handed out
    :param fresh: its rows that the page before did not hold
    """

    page: Page
    offset: int
    keys: PageKeys
    fresh: list[Row]

    @property
    def end(self) -> int:
        return self.offset + len(self.page.rows)


class OverlapWalk(Walk):
    """Each page starts at or before the row the last one ended with, which proves that nothing moved in between.

    A list that counts in pages of one size has no such pages, but a page of slightly fewer rows has its borders
    elsewhere: page 2 of 199 rows begins with the last row of page 1 of 200. If a known row is not there, rows before
    it were deleted; the walk steps back, further each time, until it meets one, and goes on behind it. A list of N
    rows in pages of s costs little more than N / s requests.

    That holds in an order that no edit moves rows in, so each page has to prove that it is sorted by creation; a row
    that an edit put in front of the pages read looks like one that was inserted there.

    Nothing is promised before the end. A walk that was cut off goes on behind the last row it handed out, wherever that
    is by then; what was created or edited meanwhile is later than its start, up to which it promises.
    """

    #: Whether steps tell a place to go on from.
    keeps_place: ClassVar[bool] = True
    order: ClassVar[Order | None] = Order.OLDEST_ROW_FIRST
    #: Whether the API is asked to leave out rows by their modification time.
    filters: ClassVar[bool] = False

    def __init__(self, listing: Listing) -> None:
        super().__init__(listing)
        self._times_replaced = 0

    def steps(self, since: int | None) -> Iterator[Step]:
        """See :meth:`Walk.steps`."""
        place = self._place_to_go_on_from(since)
        horizon = Horizon(place)
        for stretch in self.stretches(PageRequest(since=since if self.filters else None, order=self.order), place):
            self._prove(stretch)
            horizon.saw(stretch.page, self.timestamps(stretch.page))
            yield Step(stretch.fresh, place=self._place(stretch, since, horizon))
        yield Step([], reached=horizon.reached)

    def _place_to_go_on_from(self, since: int | None) -> Checkpoint | None:
        """The place where an earlier walk stopped, unless it was after other rows."""
        place = self.stopped_at if self.keeps_place else None
        return place if place and (place.since, place.filtered) == (since, self.filters) else None

    def _place(self, here: _Stretch, since: int | None, horizon: Horizon) -> Checkpoint | None:
        """The last row of a page as a place to go on from; some lists have no row, or keys of several parts."""
        row = here.keys[-1] if here.keys else None
        if not self.keeps_place or not isinstance(row, (str, int)):
            return None
        # No edit moves a row in this order, so it need not look as it did.
        tail = (RowFingerprint(row),)
        return Checkpoint(here.end - 1, self.filters, since, horizon.started, horizon.newest, tail)

    def stretches(self, request: PageRequest, place: Checkpoint | None = None) -> Iterator[_Stretch]:
        """The pages of a question, each meeting the one before.

        :param place: where to begin; the first page is asked for all the same, since it tells how large pages are
        """
        page = self.listing.fetch(request)
        full = page.size or len(page.rows)
        if place is None or not goes_on(page, len(page.rows)):
            here = self._stretch(page, 0, set())
        else:
            logger.info("%s was not read to its end. Going on at row %d.", self.listing.label, place.offset)
            here = self._behind(request, {place.tail[-1].name}, place.offset + 1, full)
        known: set[Hashable] = set()
        empty_handed = 0
        yield here
        while goes_on(here.page, here.end) or empty_handed:
            known = {*(known if empty_handed else ()), *here.keys}
            following = self._behind(request, known, here.end, full)
            # Rows that are all known although they reach beyond the old end: more were put before them, or the
            # server repeats itself. The next question begins behind them and will tell.
            surprising = not following.fresh and (goes_on(following.page, following.end) or following.end > here.end)
            empty_handed = empty_handed + 1 if surprising else 0
            if empty_handed > MOST_EMPTY_HANDED:
                raise self.contradiction(self._why_it_does_not_end(here))
            here = following
            yield here
        if ends_early(here.page, here.end):
            raise self.contradiction(f"tells of {here.page.total} rows and ends after {here.end}")

    def _why_it_does_not_end(self, here: _Stretch) -> str:
        if here.page.total is not None and here.page.total > here.end:
            return f"tells of {here.page.total} rows and ends after {here.end}"
        return "answers with the same page again and again"

    def _prove(self, here: _Stretch) -> None:
        """A list of one page needs no order. Newest first will do as well: edits move nothing there either."""
        if not (here.offset or goes_on(here.page, here.end)):
            return
        created = [self.listing.creation_rank(row) for row in here.page.rows]
        told = [timestamp for timestamp in created if timestamp is not None]
        if len(told) < len(created) or told not in (sorted(told), sorted(told, reverse=True)):
            raise NotHonoured("does not sort by creation")

    def _behind(self, request: PageRequest, known: set[Hashable], end: int, full: int) -> _Stretch:
        """The page that goes on behind the known rows, which ended at ``end``."""
        start, back = end - 1, max(full - 1, 1)
        while start > 0:
            number, size = page_that_covers(start, full)
            if number * size <= end and start == end - 1:
                raise NotHonoured("has pages too small to overlap")
            page = self.listing.fetch(PageRequest(number=number, since=request.since, order=request.order, size=size))
            if page.size not in (None, size) or len(page.rows) > size:
                raise NotHonoured("does not let the size of its pages be chosen")
            overlap = self._end_of_overlap(page, known)
            if overlap is not None:
                if overlap > end - (number - 1) * size:
                    self._note_rows_in_front()
                return self._stretch(page, (number - 1) * size, known, overlap)
            start, back = start - back, back * 2
            logger.info("%s moved while it was read. Stepping back to row %d.", self.listing.label, max(start, 0))
        return self._from_the_top(request, known)

    def _from_the_top(self, request: PageRequest, known: set[Hashable]) -> _Stretch:
        """The first page, where the walk begins again because no known row is left in front of where it stood."""
        page = self.listing.fetch(request)
        top = self._stretch(page, 0, known, self._end_of_overlap(page, known) or 0)
        if not top.fresh and goes_on(page, len(page.rows)):
            # Nothing moved, and yet the rows were not on the page that should have held them.
            raise NotHonoured("does not let the size of its pages be chosen")
        self._times_replaced += 1
        if self._times_replaced > MOST_PASSES:
            raise self.contradiction("holds other rows each time it is asked for")
        return top

    def _stretch(self, page: Page, offset: int, known: set[Hashable], start: int = 0) -> _Stretch:
        """:param start: index of the first row that may be new"""
        return _Stretch(page, offset, self.keys(page), self._unknown(page.rows[start:], known))

    def _note_rows_in_front(self) -> None:
        """Known rows stand further behind than they were met: others were put before them."""

    def _end_of_overlap(self, page: Page, known: set[Hashable]) -> int | None:
        """Index of the first row behind the first run of known rows; ``None`` without such a run."""
        met = False
        for index, key in enumerate(self.keys(page)):
            if key in known:
                met = True
            elif met:
                return index
        return len(page.rows) if met else None

    def _unknown(self, rows: list[Row], known: set[Hashable]) -> list[Row]:
        """Rows that are new here, each once: some vendors list a record several times."""
        seen = set(known)
        fresh = []
        for row in rows:
            key = self.listing.key(row)
            if key not in seen:
                seen.add(key)
                fresh.append(row)
        return fresh


class FilteredOverlapWalk(OverlapWalk):
    """The same for lists that filter by modification time.

    Where nothing came that changed since the moment asked for, the filter has to show that it would have come. The list
    cannot be asked for its newest change, so its first page without the filter has to do: the latest change on it must
    be listed when the filter is asked for what changed since an earlier one.
    """

    filters = True

    def stretches(self, request: PageRequest, place: Checkpoint | None = None) -> Iterator[_Stretch]:
        """See :class:`OverlapWalk`."""
        proof = FilterProof()
        for stretch in super().stretches(request, place):
            proof.saw(request.since, self.timestamps(stretch.page))
            yield stretch
        if request.since is not None and not proof.shown:
            self._prove_nothing_hidden(request.since)

    def _prove_nothing_hidden(self, since: int) -> None:
        # A row that is deleted between two questions is hidden by nothing, but hardly each time.
        if not any(self._lists_what_is_there(since) for _ in range(MOST_PROOFS)):
            raise hides_later_changes()

    def _lists_what_is_there(self, since: int) -> bool:
        page = self.listing.fetch(PageRequest(order=self.order))
        timestamps = self.timestamps(page)
        if max(timestamps, default=since) > since:
            earlier = since
        elif goes_on(page, len(page.rows)):
            earlier = min(timestamps, default=since) - 1
        else:
            return True
        # In the same order, all that the first page holds of later changes is on the first page of what is filtered.
        listed = self.timestamps(self.listing.fetch(PageRequest(since=earlier, order=self.order)))
        return max(listed, default=earlier) > earlier


class UnsortedOverlapWalk(OverlapWalk):
    """The same in the order in which the list comes by itself.

    That may be one that edits move rows in. So where rows were put in front of the pages read, one of them may be an
    edited row that was not read yet, and the list has to be read in another way. For the same reason nobody goes on
    where an earlier walk stopped.
    """

    keeps_place = False
    order = None
    filters = True

    def _prove(self, here: _Stretch) -> None:
        """See :class:`OverlapWalk`. Nothing is known of the order."""

    def _note_rows_in_front(self) -> None:
        """See :class:`OverlapWalk`."""
        raise NotHonoured("may have had rows moved to its front")


class NewestChangeFirstOverlapWalk(OverlapWalk):
    """Sorted descending by modification time, overlapping page by overlapping page, until ``since`` is reached.

    For lists that sort by modification time but do not filter by it. What moved to the front meanwhile is fetched by
    a last look at the head. The place of a row is none to come back to, as edits move it.
    """

    keeps_place = False

    def __init__(self, listing: Listing) -> None:
        super().__init__(listing)
        self._handed_out_at_newest: set[Hashable] = set()

    def steps(self, since: int | None) -> Iterator[Step]:
        """See :meth:`Walk.steps`."""
        newest: int | None = None
        pages = 0
        for stretch in self._down_to(since):
            if pages == 0:
                newest = self._note_newest(stretch)
            pages += 1
            yield Step(stretch.fresh)
        for _ in range(MOST_LOOKS_AT_THE_HEAD if pages > 1 else 0):
            if newest is None:
                break
            known, handed_out = newest, self._handed_out_at_newest
            for number, stretch in enumerate(self._down_to(known)):
                if number == 0:
                    newest = self._note_newest(stretch)
                yield Step([row for row in stretch.fresh if self._moved_to_the_head(row, known, handed_out)])
            if newest == known:
                break
        yield Step([], reached=newest)

    def _down_to(self, since: int | None) -> Iterator[_Stretch]:
        for stretch in self.stretches(PageRequest(order=Order.NEWEST_CHANGE_FIRST)):
            timestamps = self.timestamps(stretch.page)
            if any(earlier < later for earlier, later in pairwise(timestamps)):
                raise NotHonoured("does not sort by modification time")
            yield stretch
            if since is not None and timestamps and timestamps[-1] < since:
                return

    def _note_newest(self, head: _Stretch) -> int | None:
        timestamps = self.timestamps(head.page)
        newest = timestamps[0] if timestamps else None
        self._handed_out_at_newest = {
            self.listing.key(row) for row in head.page.rows if self.listing.timestamp(row) == newest
        }
        return newest

    def _moved_to_the_head(self, row: Row, known: int, handed_out: set[Hashable]) -> bool:
        timestamp = self.listing.timestamp(row)
        if timestamp is None:
            return False
        return timestamp > known or (timestamp == known and self.listing.key(row) not in handed_out)


def page_that_covers(start: int, full: int) -> tuple[int, int]:
    """The page that holds row ``start`` (counted from 0) and reaches furthest beyond it.

    :param full: rows on the largest page allowed
    :return: its number, counted from 1, and its size
    """
    size = max(range(1, full + 1), key=lambda rows: (start // rows + 1) * rows)
    return start // size + 1, size
