"""The strategy of overlapping pages, for lists that can be asked for the page that holds a given row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from source_invoicing.http import BadRequest, ResourceMissing, UnexpectedResponse, logger
from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.listing.errors import UNIQUE_ORDER_ADVICE, PlanNotSupported
from source_invoicing.streams.listing.paging import Offsets
from source_invoicing.streams.listing.placed_page import PlacedPage
from source_invoicing.streams.listing.seen_rows import SeenRows
from source_invoicing.streams.listing.strategy import Batch, FilterProof, Plan, Strategy, Watermark, counts_rows
from source_invoicing.streams.page import Listing, Order, PageRequest, Row
from source_invoicing.streams.timestamps import SECONDS_PER_DAY

# If so many offsets return the same single row, the API ignores the offset.
MAX_OFFSETS_TRIED = 6
# How far to step back first (rows) from where an earlier run stopped.
ROWS_BACK = 99
# After more rewinds to the top, the list has no stable order, or its rows have no lasting keys.
MAX_REWINDS_TO_TOP = 20
# Whole pages of rows may be put in front of the reading; more pages without a new row are too many.
MAX_KNOWN_OVERLAPPING_PAGES = 20
# The list is read again until no row that was put in front is missing. Under steady change that would never end.
MAX_RESCANS = 5
# A row that is not in its place is looked at a second time: the first few times, and then once in so many pages.
SECOND_LOOKS = 3
PAGES_FOR_A_SECOND_LOOK = 10
# How often two pages, fetched in turns, have to contradict each other to prove that no row moved between them.
CONTRADICTIONS_FOR_PROOF = 2
# A filter that takes a date may begin a day earlier, in any time zone that the vendor uses (seconds).
COARSEST_FILTER = 3 * SECONDS_PER_DAY
CREATION_ORDERS = (Order.OLDEST_ROW_FIRST, Order.NEWEST_ROW_FIRST)


class Overlap(Strategy):
    """Each page begins at or before the last row of the previous page, which proves that no row lies between them.

    * Rows that no edit moved keep their order among each other. A page that begins with such a row, seen before,
      connects to the rows seen: every unknown row on it is handed out.
    * Where no such row is found, the reading steps back, further each time, until a page connects or is the first. So
      inserts, deletes, and edits of rows that were read lose nothing.
    * An edit may move an unread row in front. The next sync reads it, if rows carry a modification time. Otherwise, at
      the end, as many rows as were put in front are looked for from the top.
    * A row in two places, or missing from its place while nothing moved, shows that the server sorts each page anew.
      Nothing else can hide a row in a list at rest.
    """

    resumable: ClassVar[bool] = True

    def __init__(self, listing: Listing, plan: Plan) -> None:
        super().__init__(listing, plan)
        self._filter_since: int | None = None
        self._stays_put = plan.order in CREATION_ORDERS
        self._has_offsets = isinstance(self.paging, Offsets)
        # Rows on the largest page allowed; 0 until the first page has shown it.
        self._page_size = 0
        self._num_pages = 0
        self._pages_without_news = 0
        self._rewinds_to_top = 0
        self._rescans = 0
        self._second_looks = 0
        # Signs that rows moved.
        self._moves = 0
        # The total, how many different rows were seen, and these signs, when rows were last looked for.
        self._facts: tuple[int | None, int, int] | None = None
        # The pages fetched since one was taken.
        self._looks: list[PlacedPage] = []

    def batches(self, since: int | None, resume: Checkpoint | None = None) -> Iterator[Batch]:
        plan = self.plan
        self._filter_since = since if plan.filtered else None
        if resume is not None and (resume.since, resume.filtered) != (since, plan.filtered):
            resume = None  # the earlier run read other rows
        proof, current = FilterProof(self, self._filter_since), None
        while current is None:
            watermark, seen = Watermark(resume), SeenRows(resume, stays_put=self._stays_put)
            current = self._page_at(0) if resume is None else self._continued(seen, resume)
            resume = None
        while True:
            for placed, fresh, more in self._read(seen, current):
                current = placed
                watermark.saw(current.page, current.timestamps)
                proof.saw(current.timestamps)
                yield Batch(fresh, checkpoint=self._checkpoint(current, seen, since, watermark) if more else None)
                del fresh
            if not self._lacks_rows(seen, dated=watermark.cursor is not None):
                break
            yield from self._rescan(seen, current.end)
            # The missing rows may have been moved to the end meanwhile.
            current = self._next_page(current, seen)
        proof.demand()
        yield Batch([], cursor=watermark.cursor)

    def _continued(self, seen: SeenRows, resume: Checkpoint) -> PlacedPage | None:
        """The page to go on with from where an earlier run stopped; ``None`` where the API refuses that place. It may
        lie behind the end of the list, since rows were deleted."""
        label = self.listing.label
        logger.info("%s was not read to its end. Going on at row %d.", label, resume.offset)
        try:
            return self._step_back(seen, resume.offset, ROWS_BACK)
        except (ResourceMissing, UnexpectedResponse):
            logger.info("%s is refused there, perhaps since it has become shorter. Reading it from the top.", label)
            return None

    def _checkpoint(self, current: PlacedPage, seen: SeenRows, since: int | None, watermark: Watermark) -> Checkpoint:
        """The end of a page as a place to continue from."""
        return Checkpoint(
            current.end - 1,
            self.plan.filtered,
            since,
            watermark.cursor_limit,
            watermark.newest,
            tail=seen.tail(current),
            head=seen.head,
            missing=seen.missing,
        )

    def _read(self, seen: SeenRows, current: PlacedPage) -> Iterator[tuple[PlacedPage, list[Row], bool]]:
        """From one page to the end of the list: each page, its rows that are new, and whether the list goes on."""
        previous: PlacedPage | None = None
        while True:
            self._check_order(current)
            fresh = seen.take(current)
            current = current.without_rows()
            more = self._goes_on(current, seen, previous, has_news=bool(fresh) and current.goes_beyond(previous))
            yield current, [*self._skipped_rows(seen), *fresh], more
            del fresh
            if not more:
                return
            previous, current = current, self._next_page(current, seen)

    def _check_order(self, current: PlacedPage) -> None:
        """Each page of several has to be sorted by creation, in either direction: then edits move nothing."""
        if self._stays_put and (current.offset or current.has_next):
            ranks = [row.rank for row in current.fingerprints]
            known = [rank for rank in ranks if rank is not None]
            if len(known) < len(ranks) or known not in (sorted(known), sorted(known, reverse=True)):
                raise PlanNotSupported("does not sort by creation")

    def _goes_on(self, current: PlacedPage, seen: SeenRows, previous: PlacedPage | None, *, has_news: bool) -> bool:
        """Whether the list goes on after a page.

        A full page of known rows does not end it: as many may have been inserted before them, or the server ignores
        the parameters, which the next page will show.
        """
        page, has_next = current.page, current.has_next
        self._pages_without_news = 0 if has_news else self._pages_without_news + 1
        if has_next and self._pages_without_news > MAX_KNOWN_OVERLAPPING_PAGES:
            raise self.cannot_be_read("answers with the same rows again and again")
        if has_next and (has_news or len(current.names) >= (current.request.size or seen.longest) > 1):
            return True
        if page.total is not None and page.total > current.end:
            raise self.cannot_be_read(f"tells of {page.total} rows and ends after {current.end}")
        if page.has_more and not has_next:
            raise self.cannot_be_read("answers with an empty page and says that the list goes on")
        if page.has_more and (previous is None or current.names == previous.names):
            raise self.cannot_be_read(f"says that it goes on and ends after {current.end} rows")
        return bool(page.has_more)

    def _skipped_rows(self, seen: SeenRows) -> list[Row]:
        """Unseen rows of pages that only served to locate moved rows. They may come on no later page."""
        looks, self._looks = self._looks, []
        return seen.unseen_on(looks) if len(looks) > 1 else []

    # -- where rows moved -----------------------------------------------------------------------------------------

    def _next_page(self, current: PlacedPage, seen: SeenRows) -> PlacedPage:
        """The page after another one, or an earlier page that connects to the rows seen."""
        if (seen.longest if self._has_offsets else self._page_size) == 1:
            return self._next_page_of_one_row(current)
        following = self._page_at(current.end - 1)
        if following.request.size and following.offset + following.request.size <= current.end:
            raise PlanNotSupported("has pages too small to overlap")
        suspect = seen.suspect(following)
        max_second_looks = SECOND_LOOKS + self._num_pages // PAGES_FOR_A_SECOND_LOOK
        if (suspect is None or self._second_looks >= max_second_looks) and seen.connects_to(following):
            if suspect is not None:
                self._moves += 1
            return following
        self._moves += 1
        refetched = current
        if suspect is not None and suspect.placed is not None:
            # Did rows move? Then the page on which the suspect was seen shows it too.
            self._second_looks += 1
            refetched = self._refetch(suspect.placed)
            looks = 0
            while suspect.contradicts(refetched, following):
                earlier, following = following, self._refetch(following)
                looks += 1
                if following.names != earlier.names:
                    break
                if looks == CONTRADICTIONS_FOR_PROOF:
                    raise self._contradiction(refetched, following)
                # Rows may have moved there and back; hardly twice.
                refetched = self._refetch(suspect.placed)
        if seen.connects_to(following):
            return following
        logger.info("%s moved while it was read. Stepping back to row %d.", self.listing.label, refetched.offset)
        if refetched is not current and (seen.connects_to(refetched) or refetched.offset == 0):
            self._count_rewind(refetched)
            return refetched
        rows_back = max(len(current.names) - 1, 1)
        return self._step_back(seen, max(0, refetched.offset - rows_back), rows_back * 2)

    def _step_back(self, seen: SeenRows, offset: int, rows_back: int) -> PlacedPage:
        """The nearest page that connects to the rows seen, or the first page.

        :param offset: where to look first
        :param rows_back: how many rows to step back if that page does not; doubles with each step
        """
        while True:
            current = self._page_at(offset)
            if seen.connects_to(current) or current.offset == 0:
                self._count_rewind(current)
                return current
            offset = max(0, current.offset - rows_back)
            rows_back *= 2
            logger.info("%s moved while it was read. Stepping back to row %d.", self.listing.label, offset)

    def _count_rewind(self, current: PlacedPage) -> None:
        self._rewinds_to_top += current.offset == 0
        if self._rewinds_to_top > MAX_REWINDS_TO_TOP:
            raise self.cannot_be_read("comes in another order, or with other keys, each time it is asked for")

    def _contradiction(self, current: PlacedPage, following: PlacedPage) -> Exception:
        """The failure for a list whose pages contradict each other although nothing moved."""
        if not following.fingerprints:
            if self._has_offsets:
                return self.cannot_be_read(f"answers with an empty page where row {following.offset + 1} was")
            return PlanNotSupported("does not let the size of its pages be chosen")
        if following.names == current.names:
            return self.does_not_page()
        if self._has_offsets:
            # Rows have no other addresses, so no other plan would do better.
            return self.order_is_unstable()
        if counts_rows(current.names, following.names):
            return self.page_counts_rows()
        return PlanNotSupported(
            "sorts rows differently from page to page, or does not let the size of its pages be chosen",
            UNIQUE_ORDER_ADVICE,
        )

    def _next_page_of_one_row(self, current: PlacedPage) -> PlacedPage:
        """The page after one with a single row, as all pages so far. Pages of one row leave no room for an overlap, but
        the row may have been the only one of the list. It comes again where others were inserted before it."""
        if not self._has_offsets:
            raise PlanNotSupported("has pages too small to overlap")
        for offset in range(current.end, current.end + MAX_OFFSETS_TRIED):
            following = self._page_at(offset)
            if following.names != current.names:
                break
        else:
            raise self.does_not_page()
        for _ in range(MAX_OFFSETS_TRIED):
            if len(following.names) != 1:
                break
            refetched = self._refetch(current)
            if refetched.names != current.names:
                self._count_rewind(refetched)
                return refetched
            earlier, following = following, self._refetch(following)
            if following.names == earlier.names:
                raise self.does_not_page("answers with one row at a time, where a delete hides the next one")
        return following

    def _lacks_rows(self, seen: SeenRows, *, dated: bool) -> bool:
        """Whether to look for rows that were put in front, or that the list's total counts beyond the rows seen.

        Rows may be deleted before they are seen, so only a total that stays too high is a contradiction.

        :param dated: whether rows carry modification times, so that the next sync reads rows that an edit put in front
        """
        shortfall = seen.shortfall
        facts = seen.total, seen.distinct, self._moves
        is_at_rest = facts == self._facts
        if shortfall and (is_at_rest or (self._rescans >= MAX_RESCANS and not dated)):
            raise self.order_is_unstable(f"tells of {seen.total} rows and holds {seen.distinct} different ones")
        self._facts = facts
        if self._rescans >= MAX_RESCANS:
            return False
        if dated and shortfall <= seen.missing:
            return False
        seen.missing = max(seen.missing, shortfall)
        return bool(seen.missing)

    def _rescan(self, seen: SeenRows, end: int) -> Iterator[Batch]:
        """Read the list again from the top until as many rows were found as are missing, or up to where it ended."""
        self._rescans += 1
        logger.info("%s had rows moved to its front while it was read. Looking for them.", self.listing.label)
        # It is not known which rows an earlier run saw: only those in front of its first row are surely missing ones.
        names, head, num_found = set(seen.names), None if seen.is_whole else seen.head, 0
        seen_again = SeenRows(stays_put=self._stays_put)
        previous, current = None, self._page_at(0)
        while True:
            rows = []
            for row, now in zip(current.page.rows, current.fingerprints, strict=True):
                if head is not None and head.name == now.name and seen.is_like(head, now):
                    seen.missing, head = max(0, seen.missing - num_found), None
                if (name := hash(now.name)) not in names:
                    names.add(name)
                    seen.names.append(name)
                    rows.append(row)
                    num_found += 1
                    seen.missing = max(0, seen.missing - seen.is_whole)
            has_news = bool(seen_again.take(current)) and current.goes_beyond(previous)
            seen.total = seen.total if seen_again.total is None else seen_again.total
            current = current.without_rows()
            yield Batch([*self._skipped_rows(seen), *rows])
            del rows
            if not seen.missing and self._rescans < MAX_RESCANS:
                return
            if current.end >= end or not self._goes_on(current, seen_again, previous, has_news=has_news):
                # The others were deleted, except for rows that were put in front during this look.
                seen.missing = min(seen.missing, seen_again.missing)
                return
            previous, current = current, self._next_page(current, seen_again)

    # -- asking ---------------------------------------------------------------------------------------------------

    def _page_at(self, row: int) -> PlacedPage:
        """The page that holds row ``row`` (counted from 0) and reaches furthest beyond it."""
        top = PageRequest(since=self._filter_since, order=self.plan.order)
        if row <= 0:
            return self._place(top, 0)
        if not self._has_offsets and not self._page_size:
            # The size of pages has to be known first.
            first = self._place(top, 0)
            if not first.has_next:
                return first
            self._looks.clear()
        covered = self.paging.covering(top, row, self._page_size)
        if covered is None:
            raise PlanNotSupported("has pages that cannot overlap")
        return self._place(*covered)

    def _refetch(self, placed: PlacedPage) -> PlacedPage:
        return self._place(placed.request, placed.offset)

    def _place(self, request: PageRequest, offset: int) -> PlacedPage:
        try:
            page = self.listing.fetch(request)
        except BadRequest as refusal:
            if not self._has_offsets or (request.is_first and request != PageRequest()):
                raise
            # Rows have no other addresses, so another plan would send the same request.
            sentence = refusal.sentence
            if offset:  # the rest of the request was accepted on the pages before
                sentence += (
                    f" The list could be read up to row {offset}, so it may be longer than the API lets it be read. A "
                    "later start_date can make it shorter; otherwise leave the stream out."
                )
            raise UnexpectedResponse(sentence, refusal.failure_type) from refusal
        self._num_pages += 1
        if request.size is not None and (page.size not in (None, request.size) or len(page.rows) > request.size):
            raise PlanNotSupported("does not let the size of its pages be chosen")
        self._page_size = self._page_size or page.size or len(page.rows)
        placed = PlacedPage.of(self.listing, request, page, offset, by_creation=self._stays_put)
        self._looks.append(placed)
        since = self._filter_since
        if since is not None and any(timestamp < since - COARSEST_FILTER for timestamp in placed.timestamps):
            raise PlanNotSupported("does not filter by modification time")
        return placed
