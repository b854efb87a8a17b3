"""The strategy of passes: page by page through a paging, until nothing can have been missed."""

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
    TokenOutdated,
)
from source_invoicing.streams.listing.page_numbers import HandedOut, looks_like_page_numbers
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
from source_invoicing.streams.listing.ties import LastMet
from source_invoicing.streams.page import Listing, Order, Page, PageRequest, Row

# Rows that are deleted while a list is read make it start again; a list that does so this often is broken.
MAX_PASSES = 10
# Passes over a list that repeats rows, one behind the other, that brought no new row: another will hardly bring one.
ENOUGH = 3
# Pages with fewer rows than this are not made smaller: there would be too many of them.
SMALLEST_RESIZED_PAGE = 3
NEWEST_FIRST = (Order.NEWEST_ROW_FIRST, Order.NEWEST_CHANGE_FIRST)


class Passes(Strategy):
    """Page after page to the end of the list, as often as it takes until nothing can have been missed.

    A delete on a page that was read pulls an unread row onto it. With the newest in front only deletes do, never more
    rows than the total shrinks by: those pages are read again, and one pass is enough. Not for a list that changed in
    the last minute or while it was read: pages may come from replicas of which one knows of a change and another does
    not, and totals may be late. It is read until a pass meets no row that was there before and not met. A token that
    names a row shifts with nothing; one pass is enough, too. Anything else is read until two passes agree
    (:class:`.PassRecord`). A further pass has pages of another size where it may choose.

    A list whose passes repeat rows breaks ties anew for each page, and no pass proves anything, unless as many
    different rows came as it has places: by its total, or as :meth:`_meets_all_places` counts them.

    Nothing is promised before the end: a page number does not name a place to come back to, and tokens expire.
    """

    _watermark: Watermark
    _proof: FilterProof
    # With the newest in front: whether others change the list.
    _changed_during_read = False

    def __init__(self, listing: Listing, plan: Plan) -> None:
        super().__init__(listing, plan)
        self._steps_back = plan.order in NEWEST_FIRST and isinstance(self.paging, Pages)
        self._names_rows = isinstance(self.paging, Tokens) and bool(self.paging.name_a_row)
        self._was_refused = False
        self._first_keys: PageKeys = ()
        self._has_compared = False
        # With the newest in front: hashes of the keys of all rows met; the rank of the row that stood first.
        self._met: set[int] = set()
        self._newest_rank: int | None = None
        # Rows on a full page (0 until the first one has shown it), and how many passes were begun.
        self._page_size = 0
        self._begun = 0
        # Of a list that repeats rows: which pass met each last; how many places the latest passes counted, and the
        # first of those that counted as many.
        self._last_met = LastMet()
        self._places = self._counted_since = 0

    def batches(self, since: int | None, resume: Checkpoint | None = None) -> Iterator[Batch]:
        request = PageRequest(since=since if self.plan.filtered else None, order=self.plan.order)
        self._watermark, self._proof = Watermark(), FilterProof(self, request.since)
        before: ListChanged | None = None
        for _ in range(MAX_PASSES):
            try:
                yield from self._read(request, since)
                break
            except ListChanged as changed:
                if self._is_final(before, changed):
                    raise self.failure(changed) from None
                before = changed
                logger.info("%s %s. Reading it again from the top.", self.listing.label, changed)
        else:
            assert before is not None
            raise self.failure(before)
        self._proof.demand()
        yield Batch([], cursor=self._watermark.cursor)

    def _is_final(self, before: ListChanged | None, changed: ListChanged) -> bool:
        """Whether reading the list again would hardly help."""
        if isinstance(changed, RowsRepeated) and self.paging.resizable:
            return self._begun >= MAX_PASSES or self._is_stuck
        if isinstance(self.paging, Tokens) and type(changed) in (ListChanged, PageRepeated):
            # What a token names does not move, so a list that contradicts itself does so each time.
            return True
        if isinstance(changed, RowsDeleted) or type(changed) is not type(before):
            return False
        return isinstance(changed, PageRepeated) or str(changed) == str(before)

    @override
    def failure(self, changed: ListChanged) -> Exception:
        return self.order_is_unstable(str(changed)) if isinstance(changed, RowsRepeated) else super().failure(changed)

    # -- until nothing can have been missed -----------------------------------------------------------------------

    def _read(self, request: PageRequest, since: int | None) -> Iterator[Batch]:
        """Pass after pass, once from the top.

        :raises ListChanged: when rows may have been missed
        """
        record: PassRecord | None = None
        for _ in range(MAX_PASSES):
            record = PassRecord(record)
            tokens: list[HandedOut] = []
            shows_deletes = self.plan.order is Order.NEWEST_ROW_FIRST and request.since is None
            tally, missed = Tally(), 0
            try:
                for listed in self._follow(self._resized(request), tally):
                    page = listed.page
                    several = record.pages > 0 or listed.has_next
                    if several:
                        shows_deletes = shows_deletes and page.total is not None
                        self._prove_sorted_by_creation(page)
                    timestamps = self.timestamps(page)
                    self._watermark.saw(page, timestamps)
                    self._proof.saw(timestamps)
                    if shows_deletes:
                        missed += self._note_by_creation(page, listed.keys)
                    # Where one pass is enough, nothing is held against what it was.
                    record.reads_contents = record.reads_contents and not shows_deletes
                    rows = self._take(record, listed)
                    if page.next is not None:
                        tokens.append(HandedOut(page.next, record.pages, record.rows, record.longest))
                    del page, listed
                    yield Batch(rows)
                    del rows
            except RowsRepeated:
                if self._meets_all_places(record):
                    return
                raise
            if shows_deletes and (
                record.pages <= 1 or not self._changed_during_read or (self._begun > 1 and not missed)
            ):
                return
            if not shows_deletes and self._is_settled(record, tokens, tally):
                return
            if record.repeated and (record.is_identical or self._is_stuck):
                raise self.order_is_unstable()
        raise self.cannot_be_read("loses rows each time it is read")

    def _note_by_creation(self, page: Page, keys: PageKeys) -> int:
        """Take note of a page of a list with the newest row in front.

        :return: how many of its rows were there before the reading, and have not been met
        """
        hashes, ranks = list(map(hash, keys)), list(map(self.listing.creation_rank, page.rows))
        if self._newest_rank is None:
            self._newest_rank = next(iter(ranks), None)
        created, started = map(self.listing.created_at, page.rows), self._watermark.started
        self._changed_during_read = self._changed_during_read or any(at is not None and at >= started for at in created)
        newest = self._newest_rank
        missed = sum(
            key not in self._met and (rank is None or newest is None or rank < newest)
            for key, rank in zip(hashes, ranks, strict=True)
        )
        self._met.update(hashes)
        return missed

    def _take(self, record: PassRecord, listed: ListedPage) -> list[Row]:
        identity = self.plan.identity
        marks: Sequence[object] = list(map(identity, listed.page.rows)) if identity else listed.keys
        return record.take(listed.page.rows, listed.keys, marks, overlaps=isinstance(self.paging, Tokens))

    def _is_settled(self, record: PassRecord, tokens: Sequence[HandedOut], tally: Tally) -> bool:
        """Whether no further pass is needed."""
        if record.agrees:
            return True
        if record.repeated and not tally.proven:
            return self._meets_all_places(record)
        return isinstance(self.paging, Tokens) and (self._names_rows or not looks_like_page_numbers(tokens))

    def _meets_all_places(self, record: PassRecord) -> bool:
        """Whether the passes over a list that repeats rows have together met all of them: no row has joined as long as
        they count the same number of places (:class:`.LastMet`)."""
        if record.rows != self._places:
            self._places, self._counted_since = record.rows, self._begun
        self._last_met.add(record.seen, self._begun)
        return self._last_met.met_behind(self._counted_since) == record.rows

    @property
    def _is_stuck(self) -> bool:
        """Whether passes over a list at rest go on to repeat rows in the place of others."""
        return self._counted_since < self._begun and self._last_met.passes_without_news >= ENOUGH

    def _resized(self, request: PageRequest) -> PageRequest:
        """The request for the first page of a pass: pages of another size for each one, so that their borders, where
        a list that breaks ties anew repeats and lacks rows, lie elsewhere."""
        passes, self._begun = self._begun, self._begun + 1
        size = self._page_size - passes
        if not passes or not self.paging.resizable or size < SMALLEST_RESIZED_PAGE:
            return request
        return replace(request, size=size)

    def _prove_sorted_by_creation(self, page: Page) -> None:
        """A list of one page needs no order."""
        if self.plan.order is not Order.NEWEST_ROW_FIRST:
            return
        ranks = [self.listing.creation_rank(row) for row in page.rows]
        if any(earlier is None or later is None or earlier < later for earlier, later in pairwise(ranks)):
            raise PlanNotSupported("does not sort by creation")

    # -- one pass -------------------------------------------------------------------------------------------------

    def _follow(self, request: PageRequest, tally: Tally) -> Iterator[ListedPage]:
        """The pages of one pass, in order. Where the total shrinks, rows may have slipped to pages that were read:
        with the newest in front those are read again, and otherwise the pass ends.

        :raises ListChanged: when rows may have been missed
        """
        lengths: list[int] = []
        total: int | None = None
        asked = furthest = 0
        current: PageRequest | None = request
        while current is not None:
            begun, current = current, None
            listing = pages(self.listing, begun, tally=tally)
            while (listed := self._next(listing, again=len(lengths) < furthest, is_first=not lengths)) is not None:
                asked += 1
                slipped = 0 if total is None or listed.page.total is None else total - listed.page.total
                if slipped > 0 and lengths and not self._names_rows:
                    if not self._steps_back:
                        kind = TokenOutdated if isinstance(self.paging, Tokens) else RowsDeleted
                        raise kind(f"shrank from {total} to {listed.page.total} rows while it was read")
                    self._changed_during_read = True
                    if asked > MAX_PASSES * (MAX_PASSES + furthest):
                        raise self.cannot_be_read("loses rows faster than they can be read", RowsDeleted.advice)
                    total = listed.page.total
                    current = self._step_back(request, listed, slipped, lengths, tally)
                    break
                self._note_page(request, listed, lengths)
                furthest = max(furthest, len(lengths))
                total = listed.page.total
                yield listed
                del listed

    def _next(self, listing: Iterator[ListedPage], *, again: bool, is_first: bool) -> ListedPage | None:
        try:
            return next(listing, None)
        except BadRequest as refusal:
            if is_first:
                raise
            if isinstance(self.paging, Tokens) and not self._was_refused:
                self._was_refused = True
                raise TokenOutdated(f"does not know the place any more where its next page began ({refusal})") from None
            if not (again and self._steps_back):
                raise
        # An API that wants pages in their order and refuses to go back is asked from the top instead.
        self._steps_back = False
        raise RowsDeleted("lost rows while it was read, and refuses to go back to an earlier page")

    def _step_back(
        self, request: PageRequest, listed: ListedPage, slipped: int, lengths: list[int], tally: Tally
    ) -> PageRequest:
        """Forget the pages to which rows may have slipped, where those stand that were pulled up last.

        :param listed: the page that shows it, which does not count either
        :return: the request for the first of them
        """
        tally.roll_back(listed.keys)
        while slipped > 0 and lengths:
            slipped -= lengths[-1]
            tally.rows -= lengths.pop()
        number = request.number + len(lengths)
        logger.info("%s lost rows while it was read. Going on at page %d again.", self.listing.label, number)
        return replace(request, number=number)

    def _note_page(self, request: PageRequest, listed: ListedPage, lengths: list[int]) -> None:
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
