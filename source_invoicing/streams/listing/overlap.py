"""The strategy of overlapping pages, for lists in which a page may be asked for that holds a given row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from airbyte_cdk.models import FailureType

from source_invoicing.http import BadRequest, UnexpectedResponse, logger
from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.listing.errors import UNIQUE_ORDER_ADVICE, PlanNotSupported
from source_invoicing.streams.listing.page_view import PageView
from source_invoicing.streams.listing.paging import Offsets
from source_invoicing.streams.listing.seen_rows import Rescan, SeenRows
from source_invoicing.streams.listing.strategy import Batch, FilterProof, Plan, Strategy, Watermark, counts_rows
from source_invoicing.streams.page import Listing, Order, PageRequest, Row
from source_invoicing.streams.timestamps import SECONDS_PER_DAY

# A single row that is pushed back so often while it is looked for is one that comes whatever is asked.
MAX_INSERTS = 6
# How far to step back first (rows) from where an earlier run stopped.
ROWS_BACK = 99
# A list in which so often no known row can be found down to its top has no order, or its rows no lasting keys.
MAX_RETURNS = 20
# Others may put whole pages in front of the reading; this many pages without a new row are too many.
MAX_PAGES_WITHOUT_NEWS = 20
# Rows that others put in front are looked for until none is missing. Under steady change that would never end.
MAX_RESCANS = 5
# Rows that stand elsewhere are looked at a second time: always the first few times, later for one page in so many.
SECOND_LOOKS = 3
PAGES_FOR_A_SECOND_LOOK = 10
# How often two pages have to contradict each other, asked for in turns, to prove that no rows moved between them.
ENOUGH_LOOKS = 2
# A filter that takes a date may begin a day earlier, in whatever time zone the vendor counts (seconds).
COARSEST_FILTER = 3 * SECONDS_PER_DAY
CREATION_ORDERS = (Order.OLDEST_ROW_FIRST, Order.NEWEST_ROW_FIRST)


class Overlap(Strategy):
    """Each page begins at or before the last row of the page before, which proves that nothing lies between them.

    Rows that no edit moved keep their order among each other. A page is taken when it begins with such a row that was
    met, and then every row on it that is not known is handed out; otherwise the reading steps back, further each time,
    until a page does or is the first. So inserts, deletes, and edits of rows that were read lose nothing. An edit that
    moves an unread row in front pushes rows back: the next sync brings it where rows carry a modification time, and
    otherwise as many rows as were put in front are looked for from the top, once the end is reached.

    A row in two places at once, or missing from its place while nothing moved, shows that the server sorts each page
    anew. In a list at rest nothing else can hide a row.
    """

    resumable: ClassVar[bool] = True

    def __init__(self, listing: Listing, plan: Plan) -> None:
        super().__init__(listing, plan)
        self._filter_since: int | None = None
        self._stays_put = plan.order in CREATION_ORDERS
        self._has_offsets = isinstance(self.paging, Offsets)
        # Rows on the largest page allowed; 0 until the first page has shown it.
        self._page_size = 0
        self._longest = 0
        self._pages = self._returns = self._pages_without_news = self._rescans = self._second_looks = 0
        # Signs that rows moved; rows that the total counts beyond those met, and those signs, when last looked for.
        self._moves = self._moves_before_rescan = self._shortfall = 0
        # The pages looked at since one was taken.
        self._looks: list[PageView] = []

    def batches(self, since: int | None, resume: Checkpoint | None = None) -> Iterator[Batch]:
        plan = self.plan
        self._filter_since = since if plan.filtered else None
        if resume is not None and (resume.since, resume.filtered) != (since, plan.filtered):
            resume = None  # it was a reading of other rows
        watermark, proof = Watermark(resume), FilterProof(self, self._filter_since)
        seen = SeenRows(resume, stays_put=self._stays_put)
        if resume is None:
            here = self._see(0)
        else:
            logger.info("%s was not read to its end. Going on at row %d.", self.listing.label, resume.offset)
            here = self._overlapping(seen, resume.offset, ROWS_BACK)
        while True:
            for view, fresh, more in self._read(seen, here):
                here = view
                watermark.saw(here.page, here.timestamps)
                proof.saw(here.timestamps)
                yield Batch(fresh, checkpoint=self._checkpoint(here, seen, since, watermark) if more else None)
                del fresh
            if not self._lacks_rows(seen, dated=watermark.cursor is not None):
                break
            yield from self._rescan(seen, here.end)
            # What was looked for may have been moved to the end meanwhile.
            here = self._behind(here, seen)
        proof.demand()
        yield Batch([], cursor=watermark.cursor)

    def _checkpoint(self, here: PageView, seen: SeenRows, since: int | None, watermark: Watermark) -> Checkpoint:
        """The end of a page as a place to continue from."""
        return Checkpoint(
            here.end - 1,
            self.plan.filtered,
            since,
            watermark.started,
            watermark.newest,
            tail=seen.tail(here),
            head=seen.head,
            missing=seen.missing,
        )

    def _read(self, seen: SeenRows, here: PageView) -> Iterator[tuple[PageView, list[Row], bool]]:
        """From one page to the end of the list: each page, its rows that are new, and whether the list goes on."""
        before: PageView | None = None
        while True:
            self._prove_order(here)
            fresh = seen.take(here)
            here = here.without_rows()
            more = self._goes_on(here, seen, before, news=bool(fresh) and here.goes_beyond(before))
            yield here, [*self._only_looked_at(seen), *fresh], more
            del fresh
            if not more:
                return
            before, here = here, self._behind(here, seen)

    def _prove_order(self, here: PageView) -> None:
        """Each page of several proves that it is sorted by creation, in either direction: then edits move nothing."""
        if self._stays_put and (here.offset or here.has_next):
            ranks = [row.rank for row in here.fingerprints]
            known = [rank for rank in ranks if rank is not None]
            if len(known) < len(ranks) or known not in (sorted(known), sorted(known, reverse=True)):
                raise PlanNotSupported("does not sort by creation")

    def _goes_on(self, here: PageView, seen: SeenRows, before: PageView | None, *, news: bool) -> bool:
        """Whether the list goes on behind a page.

        A full page of known rows does not end it: as many may have been inserted before them, or the server ignores
        the parameters, which the next page will show.
        """
        page, has_next = here.page, here.has_next
        self._pages_without_news = 0 if news else self._pages_without_news + 1
        if has_next and self._pages_without_news > MAX_PAGES_WITHOUT_NEWS:
            raise self.cannot_be_read("answers with the same rows again and again")
        if has_next and (news or len(here.names) >= (here.request.size or seen.longest) > 1):
            return True
        if page.total is not None and page.total > here.end:
            raise self.cannot_be_read(f"tells of {page.total} rows and ends after {here.end}")
        if page.has_more and not has_next:
            raise self.cannot_be_read("answers with an empty page and says that the list goes on")
        if page.has_more and (before is None or here.names == before.names):
            raise self.cannot_be_read(f"says that it goes on and ends after {here.end} rows")
        return bool(page.has_more)

    def _only_looked_at(self, seen: SeenRows) -> list[Row]:
        """Rows that were not met, on pages that only showed how others moved: where they stand next is not known."""
        looks, self._looks = self._looks, []
        return seen.not_met(looks) if len(looks) > 1 else []

    # -- where rows moved -----------------------------------------------------------------------------------------

    def _behind(self, here: PageView, seen: SeenRows) -> PageView:
        """The page that goes on behind another one."""
        if (self._longest if self._has_offsets else self._page_size) == 1:
            return self._behind_one_row(here)
        there = self._see(here.end - 1)
        if there.request.size and there.offset + there.request.size <= here.end:
            raise PlanNotSupported("has pages too small to overlap")
        suspect = seen.suspect(there)
        enough = SECOND_LOOKS + self._pages // PAGES_FOR_A_SECOND_LOOK
        if (suspect is None or self._second_looks >= enough) and seen.meets(there):
            self._moves += suspect is not None
            return there
        self._moves += 1
        again = here
        if suspect is not None and suspect.view is not None:
            # Did rows move? Then the page on which it was met shows it too.
            self._second_looks += 1
            again = self._see_again(suspect.view)
            looks = 0
            while suspect.contradicts(again, there):
                before, there = there, self._see_again(there)
                looks += 1
                if there.names != before.names:
                    break
                if looks == ENOUGH_LOOKS:
                    raise self._contradiction(again, there)
                # Rows may have moved there and back; hardly twice.
                again = self._see_again(suspect.view)
        if seen.meets(there):
            return there
        logger.info("%s moved while it was read. Stepping back to row %d.", self.listing.label, again.offset)
        if again is not here and (seen.meets(again) or again.offset == 0):
            self._note_return(again)
            return again
        back = max(len(here.names) - 1, 1)
        return self._overlapping(seen, max(0, again.offset - back), back * 2)

    def _overlapping(self, seen: SeenRows, offset: int, back: int) -> PageView:
        """The page that begins with a known row.

        :param offset: where to look first
        :param back: how many rows to step back if it is not there; doubles with each step
        """
        while True:
            here = self._see(offset)
            if seen.meets(here) or here.offset == 0:
                self._note_return(here)
                return here
            offset = max(0, here.offset - back)
            back *= 2
            logger.info("%s moved while it was read. Stepping back to row %d.", self.listing.label, offset)

    def _note_return(self, here: PageView) -> None:
        self._returns += here.offset == 0
        if self._returns > MAX_RETURNS:
            raise self.cannot_be_read("comes in another order, or with other keys, each time it is asked for")

    def _contradiction(self, here: PageView, there: PageView) -> Exception:
        """What is wrong with a list whose pages contradict each other although nothing moved."""
        if not there.fingerprints:
            if self._has_offsets:
                return self.cannot_be_read(f"answers with an empty page where row {there.offset + 1} was")
            return PlanNotSupported("does not let the size of its pages be chosen")
        if there.names == here.names:
            return self.does_not_page()
        if self._has_offsets:
            # Rows have no other addresses, so another plan would meet with the same.
            return self.order_is_unstable()
        if counts_rows(here.names, there.names):
            return self.page_counts_rows()
        return PlanNotSupported(
            "sorts rows differently from page to page, or does not let the size of its pages be chosen",
            UNIQUE_ORDER_ADVICE,
        )

    def _behind_one_row(self, here: PageView) -> PageView:
        """Pages of one row leave no room for an overlap. The row comes again where others were inserted before it."""
        if not self._has_offsets:
            raise PlanNotSupported("has pages too small to overlap")
        for offset in range(here.end, here.end + MAX_INSERTS):
            following = self._see(offset)
            if following.names != here.names:
                return following
        raise self.does_not_page()

    def _lacks_rows(self, seen: SeenRows, *, dated: bool) -> bool:
        """Whether to look for rows that others put in front, or that the list's total counts beyond the rows met.

        Others may delete rows before they are met, so only a total that stays too high is a contradiction.

        :param dated: whether rows carry modification times, so that the next sync brings what an edit put in front
        """
        shortfall = seen.shortfall
        is_at_rest = shortfall == self._shortfall and self._moves == self._moves_before_rescan
        if shortfall and (is_at_rest or (self._rescans >= MAX_RESCANS and not dated)):
            raise self.order_is_unstable(f"tells of {seen.total} rows and holds {seen.distinct} different ones")
        self._shortfall, self._moves_before_rescan = shortfall, self._moves
        if self._rescans >= MAX_RESCANS:
            return False
        if dated:
            return shortfall > seen.missing
        seen.missing = max(seen.missing, shortfall)
        return bool(seen.missing)

    def _rescan(self, seen: SeenRows, end: int) -> Iterator[Batch]:
        """Read the list again from the top until as many rows were met as are missing, or up to where it ended."""
        self._rescans += 1
        logger.info("%s had rows moved to its front while it was read. Looking for them.", self.listing.label)
        rescan, again = Rescan(seen), SeenRows(stays_put=self._stays_put)
        before, here = None, self._see(0)
        while True:
            rows = rescan.missing_on(here)
            news = bool(again.take(here)) and here.goes_beyond(before)
            seen.total = seen.total if again.total is None else again.total
            here = here.without_rows()
            yield Batch([*self._only_looked_at(seen), *rows])
            del rows
            if not seen.missing and self._rescans < MAX_RESCANS:
                return
            if here.end >= end or not self._goes_on(here, again, before, news=news):
                # The others were deleted, but for those that were put in front of this look as well.
                seen.missing = min(seen.missing, again.missing)
                return
            before, here = here, self._behind(here, again)

    # -- asking ---------------------------------------------------------------------------------------------------

    def _see(self, row: int) -> PageView:
        """The page that holds row ``row`` (counted from 0) and reaches furthest beyond it."""
        top = PageRequest(since=self._filter_since, order=self.plan.order)
        if row <= 0:
            return self._view(top, 0)
        if not self._has_offsets and not self._page_size:
            # How large pages are has to be known first.
            first = self._view(top, 0)
            if not first.has_next:
                return first
            self._looks.clear()
        covered = self.paging.covering(top, row, self._page_size)
        if covered is None:
            raise PlanNotSupported("has pages that cannot overlap")
        return self._view(*covered)

    def _see_again(self, view: PageView) -> PageView:
        return self._view(view.request, view.offset)

    def _view(self, request: PageRequest, offset: int) -> PageView:
        try:
            page = self.listing.fetch(request)
        except BadRequest as refusal:
            if not self._has_offsets or (request.is_first and request != PageRequest()):
                raise
            # Rows have no other addresses, so another plan would ask for the same.
            sentence = refusal.sentence
            if offset:  # all else was fine on the pages before
                sentence += (
                    f" The list could be read up to row {offset}, so it may be longer than the API lets it be read. A "
                    "later start_date can make it shorter; otherwise leave the stream out."
                )
            raise UnexpectedResponse(sentence, refusal.failure_type or FailureType.system_error) from refusal
        self._pages += 1
        if request.size is not None and (page.size not in (None, request.size) or len(page.rows) > request.size):
            raise PlanNotSupported("does not let the size of its pages be chosen")
        self._page_size = self._page_size or page.size or len(page.rows)
        self._longest = max(self._longest, len(page.rows))
        view = PageView.of(self.listing, request, page, offset, by_creation=self._stays_put)
        self._looks.append(view)
        since = self._filter_since
        if since is not None and any(timestamp < since - COARSEST_FILTER for timestamp in view.timestamps):
            raise PlanNotSupported("does not filter by modification time")
        return view
