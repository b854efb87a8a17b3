"""The strategy of passes: page after page to the end of the list, until no row can have been missed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from typing_extensions import override

from source_invoicing.http import BadRequest, logger
from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.listing.errors import (
    ListChanged,
    PageRepeated,
    PlanNotSupported,
    RowsDeleted,
    RowsRepeated,
)
from source_invoicing.streams.listing.page_numbers import IssuedToken, looks_like_page_numbers
from source_invoicing.streams.listing.paging import ListedPage, Pages, Tally, Tokens, pages
from source_invoicing.streams.listing.pass_record import PassRecord
from source_invoicing.streams.listing.strategy import (
    Batch,
    FilterProof,
    PageKeys,
    Plan,
    Strategy,
    Watermark,
    counts_rows,
)
from source_invoicing.streams.listing.ties import LastSeen
from source_invoicing.streams.page import Listing, Order, Page, PageRequest, Row

# Rows that are deleted while a list is read make the reading start again; a list with more passes is broken.
MAX_PASSES = 10
# After so many passes without a new row over a list that repeats rows, another will hardly bring one.
MAX_PASSES_WITHOUT_NEW_ROWS = 3
# Pages with fewer rows than this are not made smaller: there would be too many of them.
SMALLEST_RESIZED_PAGE = 3
NEWEST_FIRST = (Order.NEWEST_ROW_FIRST, Order.NEWEST_CHANGE_FIRST)


class Passes(Strategy):
    """Page after page to the end of the list, as often as it takes until no row can have been missed.

    A delete on a page that was read pulls an unread row onto it. So the number of passes depends on the list:

    * Tokens that name a row: one pass, since nothing shifts.
    * Newest row first, with totals: one pass, since only deletes pull rows onto pages that were read, and never more
      than the total shrinks by. Those pages are read again.
    * The same list, if it changed in the last minute or while it was read: until a pass finds no missed row. Its pages
      may come from replicas that do not all have a change yet, and totals may be late.
    * Anything else: until two passes agree (:class:`.PassRecord`), with pages of another size where possible.
    * A list that repeats rows breaks ties anew for each page, so passes that agree prove nothing. It takes as many
      different rows as the list has places: by its total, or as :meth:`_has_seen_all_places` counts them.

    No batch before the last one carries a cursor: a page number does not name a place to come back to, and tokens
    expire.
    """

    _watermark: Watermark
    _proof: FilterProof
    # Whether the list changed while it was read, or shortly before. Only known with the newest first.
    _changed_during_read = False

    def __init__(self, listing: Listing, plan: Plan) -> None:
        super().__init__(listing, plan)
        self._steps_back = plan.order in NEWEST_FIRST and isinstance(self.paging, Pages)
        self._names_rows = isinstance(self.paging, Tokens) and bool(self.paging.name_a_row)
        # Until a size is refused, which few vendors document.
        self._resizable = self.paging.resizable
        self._was_refused = False
        self._first_keys: PageKeys = ()
        self._has_compared = False
        # With the newest first: hashes of the keys of all rows seen, and the rank of the first row.
        self._seen: set[int] = set()
        self._newest_rank: int | None = None
        # Rows on a full page; 0 until the first page has shown it.
        self._page_size = 0
        self._passes_begun = 0
        # For a list that repeats rows: which pass saw each row last; how many places the latest passes counted; and the
        # first pass that counted as many.
        self._last_seen = LastSeen()
        self._num_places = 0
        self._counted_since = 0

    def batches(self, since: int | None, resume: Checkpoint | None = None) -> Iterator[Batch]:
        request = PageRequest(since=since if self.plan.filtered else None, order=self.plan.order)
        self._watermark, self._proof = Watermark(), FilterProof(self, request.since)
        previous: ListChanged | None = None
        for _ in range(MAX_PASSES):
            try:
                yield from self._read(request, since)
                break
            except ListChanged as changed:
                if self._is_final(previous, changed):
                    raise self.failure(changed) from None
                previous = changed
                logger.info("%s %s. Reading it again from the top.", self.listing.label, changed)
        else:
            assert previous is not None
            raise self.failure(previous)
        self._proof.demand()
        yield Batch([], cursor=self._watermark.cursor)

    def _is_final(self, previous: ListChanged | None, changed: ListChanged) -> bool:
        """Whether to give up, since another pass would hardly help."""
        if isinstance(changed, RowsRepeated):
            # Pages of one size repeat the same rows each time. What an edit has moved, the next pass sees.
            is_same = str(changed) == str(previous) and self._last_seen.passes_without_new_rows > 0
            is_stuck = self._is_stuck if self._resizable else is_same
            return self._passes_begun >= MAX_PASSES or is_stuck
        if isinstance(self.paging, Tokens) and type(changed) in (ListChanged, PageRepeated):
            # A token names a fixed place, so a list that contradicts itself does so each time.
            return True
        if isinstance(changed, RowsDeleted) or type(changed) is not type(previous):
            return False
        return isinstance(changed, PageRepeated) or str(changed) == str(previous)

    @override
    def failure(self, changed: ListChanged) -> Exception:
        return self.order_is_unstable(str(changed)) if isinstance(changed, RowsRepeated) else super().failure(changed)

    # -- until no row can have been missed ------------------------------------------------------------------------

    def _read(self, request: PageRequest, since: int | None) -> Iterator[Batch]:
        """Pass after pass, until no row can have been missed.

        :raises ListChanged: when rows may have been missed
        """
        record: PassRecord | None = None
        for _ in range(MAX_PASSES):
            record = PassRecord(record)
            tokens: list[IssuedToken] = []
            shows_deletes = self.plan.order is Order.NEWEST_ROW_FIRST and request.since is None
            tally, missed = record.tally, 0
            try:
                for listed in self._follow(self._resized(request), tally):
                    page = listed.page
                    several = record.pages > 0 or listed.has_next
                    if several:
                        shows_deletes = shows_deletes and page.total is not None
                        self._check_sorted_by_creation(page)
                    timestamps = self.timestamps(page)
                    self._watermark.saw(page, timestamps)
                    self._proof.saw(timestamps)
                    if shows_deletes:
                        missed += self._count_missed(page, listed.keys)
                    # Where totals show deletes, rows are not compared with those of earlier passes.
                    record.reads_contents = record.reads_contents and not shows_deletes
                    rows = self._take(record, listed)
                    if page.next is not None:
                        tokens.append(IssuedToken(page.next, record.pages, record.rows, record.longest))
                    del page, listed
                    yield Batch(rows)
                    del rows
            except RowsRepeated:
                if self._has_seen_all_places(record):
                    return
                raise
            if shows_deletes:
                if record.pages <= 1 or not self._changed_during_read or (self._passes_begun > 1 and not missed):
                    return
            elif self._is_settled(record, tokens, tally):
                return
            if record.repeated and (record.is_identical or self._is_stuck):
                raise self.order_is_unstable()
        raise self.cannot_be_read("loses rows each time it is read")

    def _count_missed(self, page: Page, keys: PageKeys) -> int:
        """Add a page of a list with the newest row first.

        :return: how many of its rows existed before the reading, and were not seen until now
        """
        hashes, ranks = list(map(hash, keys)), list(map(self.listing.creation_rank, page.rows))
        if self._newest_rank is None:
            self._newest_rank = next(iter(ranks), None)
        created, limit = map(self.listing.created_at, page.rows), self._watermark.cursor_limit
        self._changed_during_read = self._changed_during_read or any(at is not None and at >= limit for at in created)
        newest = self._newest_rank
        missed = sum(
            key not in self._seen and (rank is None or newest is None or rank < newest)
            for key, rank in zip(hashes, ranks, strict=True)
        )
        self._seen.update(hashes)
        return missed

    def _take(self, record: PassRecord, listed: ListedPage) -> list[Row]:
        identity = self.plan.identity
        marks: Sequence[object] = list(map(identity, listed.page.rows)) if identity else listed.keys
        return record.take(listed.page.rows, listed.keys, marks)

    def _is_settled(self, record: PassRecord, tokens: Sequence[IssuedToken], tally: Tally) -> bool:
        """Whether no further pass is needed."""
        # A page may begin with the row that its token names. Where tokens count rows, a single one proves too little.
        counts = looks_like_page_numbers(tokens)
        record.overlaps = isinstance(self.paging, Tokens) and (not counts or len(tokens) > 1)
        if record.agrees:
            return True
        if record.repeated and not tally.proven:
            return self._has_seen_all_places(record)
        return isinstance(self.paging, Tokens) and (self._names_rows or not counts)

    def _has_seen_all_places(self, record: PassRecord) -> bool:
        """Whether the passes over a list that repeats rows have together seen all rows: no row has joined as long as
        they count the same number of places (:class:`.LastSeen`)."""
        if record.rows != self._num_places:
            self._num_places, self._counted_since = record.rows, self._passes_begun
        self._last_seen.add(record.tally.seen, self._passes_begun)
        return self._last_seen.seen_after(self._counted_since) == record.rows

    @property
    def _is_stuck(self) -> bool:
        """Whether passes over a list at rest still repeat rows in the place of others."""
        is_at_rest = self._counted_since < self._passes_begun
        return is_at_rest and self._last_seen.passes_without_new_rows >= MAX_PASSES_WITHOUT_NEW_ROWS

    def _resized(self, request: PageRequest) -> PageRequest:
        """The request for the first page of a pass. Each pass has pages of another size where possible: a list that
        breaks ties anew repeats and lacks rows at the borders of pages, and these move."""
        passes, self._passes_begun = self._passes_begun, self._passes_begun + 1
        size = self._page_size - passes
        if not passes or not self._resizable or size < SMALLEST_RESIZED_PAGE:
            return request
        return replace(request, size=size)

    def _check_sorted_by_creation(self, page: Page) -> None:
        """A list of one page needs no order."""
        if self.plan.order is not Order.NEWEST_ROW_FIRST:
            return
        ranks = [self.listing.creation_rank(row) for row in page.rows]
        if any(earlier is None or later is None or earlier < later for earlier, later in pairwise(ranks)):
            raise PlanNotSupported("does not sort by creation")

    # -- one pass -------------------------------------------------------------------------------------------------

    def _follow(self, request: PageRequest, tally: Tally) -> Iterator[ListedPage]:
        """The pages of one pass, in order. Where the total shrinks, rows may have moved to pages that were read. With
        the newest first, those are read again; otherwise the pass ends.

        :raises ListChanged: when rows may have been missed
        """
        lengths: list[int] = []
        total: int | None = None
        num_fetched = max_pages = 0
        request, first = self._first_page(request)
        start: PageRequest | None = request
        while start is not None:
            listed_pages = pages(self.listing, start, first=first, tally=tally)
            start = first = None
            while (listed := self._next(listed_pages, len(lengths), max_pages)) is not None:
                num_fetched += 1
                lost = 0 if total is None or listed.page.total is None else total - listed.page.total
                if lost > 0 and lengths and not self._names_rows:
                    if not self._steps_back:
                        raise RowsDeleted(f"shrank from {total} to {listed.page.total} rows while it was read")
                    self._changed_during_read = True
                    if num_fetched > MAX_PASSES * (MAX_PASSES + max_pages):
                        raise self.cannot_be_read("loses rows faster than they can be read", RowsDeleted.advice)
                    total = listed.page.total
                    start = self._step_back(request, listed, lost, lengths, tally)
                    break
                self._add_page(request, listed, lengths)
                max_pages = max(max_pages, len(lengths))
                total = listed.page.total
                yield listed
                del listed

    def _first_page(self, request: PageRequest) -> tuple[PageRequest, Page | None]:
        """The page that a pass begins with, if its size may be refused: then all pages are as long as the API allows.

        :return: the request that the pass begins with, and its page, if it was fetched
        """
        if request.size is not None:
            try:
                return request, self.listing.fetch(request)
            except BadRequest:
                self._resizable = False
        return replace(request, size=None), None

    def _next(self, listed_pages: Iterator[ListedPage], num_pages: int, max_pages: int) -> ListedPage | None:
        """The next page, after ``num_pages`` of the pass. If the pass stepped back, ``max_pages`` is larger."""
        try:
            return next(listed_pages, None)
        except BadRequest as refusal:
            if num_pages == 0:
                raise
            if isinstance(self.paging, Tokens) and not self._was_refused:
                self._was_refused = True
                raise RowsDeleted(f"does not know the place any more where its next page began ({refusal})") from None
            if num_pages >= max_pages or not self._steps_back:
                raise
        # The API serves pages in order only, and refuses to go back: read it from the top instead.
        self._steps_back = False
        raise RowsDeleted("lost rows while it was read, and refuses to go back to an earlier page")

    def _step_back(
        self, request: PageRequest, listed: ListedPage, lost: int, lengths: list[int], tally: Tally
    ) -> PageRequest:
        """Forget the latest pages, to which as many unread rows may have moved as were lost.

        :param listed: the page whose total has shrunk, which does not count either
        :return: the request for the first of them
        """
        tally.roll_back(listed.keys)
        while lost > 0 and lengths:
            lost -= lengths[-1]
            tally.rows -= lengths.pop()
        number = request.number + len(lengths)
        logger.info("%s lost rows while it was read. Going on at page %d again.", self.listing.label, number)
        return replace(request, number=number)

    def _add_page(self, request: PageRequest, listed: ListedPage, lengths: list[int]) -> None:
        lengths.append(len(listed.keys))
        if not self._page_size:
            self._page_size = listed.page.size or len(listed.keys)
        if isinstance(self.paging, Pages) and not self._has_compared:
            if len(lengths) == 1:
                self._first_keys = listed.keys
                return
            self._has_compared = True
            if counts_rows(self._first_keys, listed.keys):
                # Others may have put rows in front; then the first page has changed.
                first = self.listing.fetch(request)
                if self.keys(first) == self._first_keys:
                    raise self.page_counts_rows()
