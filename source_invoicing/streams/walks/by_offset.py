"""The walk by overlapping offset, for lists that are asked for by the number of rows to skip."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import ClassVar

from airbyte_cdk.models import FailureType

from source_invoicing.http import BadRequest, UnexpectedResponse
from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.page import Listing, Page, PageRequest
from source_invoicing.streams.walks.track import Search, Sight, Track
from source_invoicing.streams.walks.walk import Horizon, NotHonoured, Step, Walk, ends_early, goes_on

logger = logging.getLogger("airbyte.source_invoicing")

# A single row that is pushed back so often while it is looked for is one that comes whatever is asked.
MOST_INSERTS = 6
# How far to step back first (rows) from where an earlier walk stopped.
ROWS_BACK = 99
# A list in which so often no known row can be found down to its top has no order, or its rows no lasting keys.
MOST_RETURNS = 20
# As many rows as a page has may have been inserted before it, so that it comes again further on; but hardly more often
# than this in a row.
MOST_REPEATS = 2
# Others may put whole pages in front of the walk; this many pages without a new row are too many.
MOST_PAGES_WITHOUT_NEWS = 20
# Rows that others put in front are looked for until none is missing; under steady change somebody has to stop.
MOST_SEARCHES = 5
# A filter that takes a date may begin a day earlier, in whatever time zone the vendor counts (seconds).
COARSEST_FILTER = 3 * 86_400


class OffsetWalk(Walk):
    """Each page starts with the row the page before ended with, and so proves that nothing lies between them.

    Rows keep their order among each other, but for those that an edit moves. So behind a row that nobody has edited
    stands all that stood behind it before. A page is taken when it begins with such a row of the pages read, and then
    every row on it that is not known is handed out, wherever on the page it stands; otherwise the walk steps back,
    further each time, until a page does or is the first of the list. Therefore none of these makes it miss a row:

    - rows inserted or deleted, anywhere and any number of them;
    - rows that were read and are edited, whether they stay, move to the end, to the front or anywhere. They are not
      what they were, so they are not taken for the place to go on from, and come again;
    - rows not read yet that are edited and stay behind the walk.

    A row not read yet that an edit moves *in front* of the walk pushes those behind it back. Where rows carry a
    modification time, that is left to the next sync: the walk promises no moment after its start. Where they do not,
    the walk notes how many rows were put in front, and once at the end goes and meets as many, from the top. It sees
    that from page to page; what is put in front and what leaves the front between the same two questions cancel each
    other out. A total that is told, and counts more rows than were met, brings such a row to light as well.

    A list without an order of its own, or whose rows have other keys each time, is an error. A list of N rows in pages
    of s costs about N / (s - 1) requests and one more that proves the end; each step back and each look from the top
    one or more on top of it. Pages of one row leave no room for an overlap, and no proof.

    Nothing is promised before the end. A walk that was cut off goes on behind the last rows it handed out, wherever
    they are by then; what was inserted or edited meanwhile is later than its start, up to which it promises.
    """

    #: Whether the API is asked to leave out rows by their modification time.
    filters: ClassVar[bool] = False
    keeps_place = True

    def __init__(self, listing: Listing) -> None:
        super().__init__(listing)
        self._returns = 0
        self._pages_without_news = 0
        self._repeats = 0
        self._searches = 0

    def steps(self, since: int | None) -> Iterator[Step]:
        """See :meth:`Walk.steps`."""
        place = self._place_to_go_on_from(since)
        horizon = Horizon(place)
        track = Track(self.listing, place)
        before, here = None, self._first(track, place, since)
        while True:
            fresh = track.take(here)
            horizon.saw(here.page, self.timestamps(here.page))
            more = self._goes_on(here, track, news=bool(fresh) and here.goes_beyond(before))
            yield Step(fresh, place=self._place(here, track, since, horizon) if more else None)
            if not more:
                self._count(here, track)
                if not track.missing or horizon.reached is not None or self._searches >= MOST_SEARCHES:
                    break
                yield from self._search(track, here, since)
            before, here = here, self._behind(here, track, since)
            self._repeats = self._repeats + 1 if here.repeats(before) else 0
        yield Step([], reached=horizon.reached)

    def _place_to_go_on_from(self, since: int | None) -> Checkpoint | None:
        """The place where an earlier walk stopped, unless it was after other rows."""
        place = self.stopped_at
        return place if place and (place.since, place.filtered) == (since, self.filters) else None

    def _first(self, track: Track, place: Checkpoint | None, since: int | None) -> Sight:
        if place is None:
            return self._see(0, since)
        logger.info("%s was not read to its end. Going on at row %d.", self.listing.label, place.offset)
        return self._overlapping(track, place.offset, ROWS_BACK, since)

    def _place(self, here: Sight, track: Track, since: int | None, horizon: Horizon) -> Checkpoint:
        """The end of a page as a place to go on from."""
        return Checkpoint(
            here.end - 1,
            self.filters,
            since,
            horizon.started,
            horizon.newest,
            tail=track.tail(here),
            head=track.head,
            missing=track.missing,
        )

    def _goes_on(self, here: Sight, track: Track, *, news: bool) -> bool:
        """Whether the list goes on behind a page.

        A full page of known rows does not end it: as many may have been inserted before them, or the server ignores
        the offset, which the next page will tell.
        """
        self._pages_without_news = 0 if news else self._pages_without_news + 1
        if ends_early(here.page, here.end):
            raise self._ends_before_its_total(here)
        if not goes_on(here.page, here.end):
            return False
        if self._repeats > MOST_REPEATS:
            raise self.does_not_page()
        if self._pages_without_news > MOST_PAGES_WITHOUT_NEWS:
            raise self.contradiction("answers with the same rows again and again")
        if news or len(here.names) == track.longest > 1:
            return True
        if here.page.total is not None and here.end < here.page.total:
            raise self._ends_before_its_total(here)
        if here.page.has_more:
            raise self.contradiction(f"says that it goes on and ends after {here.end} rows")
        return False

    def _ends_before_its_total(self, here: Sight) -> UnexpectedResponse:
        return self.contradiction(f"tells of {here.page.total} rows and ends after {here.end}")

    # -- where rows moved -----------------------------------------------------------------------------------------

    def _behind(self, here: Sight, track: Track, since: int | None) -> Sight:
        """The page that goes on behind another one."""
        if track.longest == 1:
            return self._behind_one_row(here, since)
        return self._overlapping(track, max(here.end - 1, 0), max(len(here.names) - 1, 1), since)

    def _overlapping(self, track: Track, offset: int, back: int, since: int | None) -> Sight:
        """The page that begins with a known row.

        :param offset: where to look first
        :param back: how many rows to step back if it is not there; doubles with each step
        """
        while True:
            here = self._see(offset, since)
            if track.meets(here) or offset == 0:
                return here
            offset = max(0, offset - back)
            back *= 2
            logger.info("%s moved while it was read. Stepping back to row %d.", self.listing.label, offset)
            self._returns += offset == 0
            if self._returns > MOST_RETURNS:
                raise self.contradiction("comes in another order, or with other keys, each time it is asked for")

    def _behind_one_row(self, here: Sight, since: int | None) -> Sight:
        """Pages of one row leave no room for an overlap. The row comes again where others were inserted before it."""
        for offset in range(here.end, here.end + MOST_INSERTS):
            following = self._see(offset, since)
            if following.names != here.names:
                return following
        raise self.does_not_page()

    def _count(self, here: Sight, track: Track) -> None:
        """A total of more rows than were met shows that some are missing. Others may have been deleted since they were
        met, so it is no proof that none is."""
        if here.page.total is not None and track.is_whole and not self._searches:
            track.missing = max(track.missing, here.page.total - track.distinct)

    def _search(self, track: Track, end: Sight, since: int | None) -> Iterator[Step]:
        """Read the list again from the top until as many rows were met as others put in front of the walk, or up to
        where it came."""
        self._searches += 1
        logger.info("%s had rows moved to its front while it was read. Looking for them.", self.listing.label)
        search, again = Search(track), Track(self.listing)
        before, here = None, self._see(0, since)
        while True:
            news = bool(again.take(here)) and here.goes_beyond(before)
            yield Step(search.missing_on(here))
            if not track.missing and self._searches < MOST_SEARCHES:
                return
            if here.end >= end.end or not self._goes_on(here, again, news=news):
                track.missing = 0
                return
            before, here = here, self._behind(here, again, since)

    # -- asking ---------------------------------------------------------------------------------------------------

    def _see(self, offset: int, since: int | None) -> Sight:
        """The page that begins behind ``offset`` rows."""
        try:
            return Sight.of(self.listing, self._ask(offset, since), offset)
        except BadRequest as refusal:
            if offset == 0:
                if self._chooses(since):
                    raise
                # Another walk would ask the same.
                raise UnexpectedResponse(
                    refusal.sentence, refusal.failure_type or FailureType.system_error
                ) from refusal
            # All but the offset was fine on the pages before. Another walk would hand out all of these rows again,
            # and end in the same place.
            raise UnexpectedResponse(
                f"{refusal.sentence} The list could be read up to row {offset}, so it may be longer than the API lets "
                "it be read. A later start_date can make it shorter; otherwise leave the stream out.",
                refusal.failure_type or FailureType.system_error,
            ) from refusal

    def _chooses(self, since: int | None) -> bool:
        """Whether the API is asked for some of the rows only."""
        return self.filters and since is not None

    def _ask(self, offset: int, since: int | None) -> Page:
        """One page. Here nothing is filtered by ``since``."""
        return self.listing.fetch(PageRequest(offset=offset))


class FilteredOffsetWalk(OffsetWalk):
    """The same for lists that filter by modification time. Each page proves that they do."""

    filters = True

    def _ask(self, offset: int, since: int | None) -> Page:
        page = self.listing.fetch(PageRequest(offset=offset, since=since))
        if since is not None and any(timestamp < since - COARSEST_FILTER for timestamp in self.timestamps(page)):
            raise NotHonoured("does not filter by modification time")
        return page
