"""The strategy of passes over a list that comes newest change first: down to a time, and then its head again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from typing_extensions import override

from source_invoicing.streams.listing.errors import UNIQUE_ORDER_ADVICE, ListChanged, PlanNotSupported, RowsRepeated
from source_invoicing.streams.listing.paging import Tally
from source_invoicing.streams.listing.passes import Passes
from source_invoicing.streams.listing.seen_rows import MOST_LOOKS_AT_THE_HEAD, HeadRows
from source_invoicing.streams.listing.strategy import Batch, FilterProof, PageKeys, Watermark
from source_invoicing.streams.page import Page, PageRequest, Row


class NewestChange(Passes):
    """Down to the time that is asked for, and then whatever moved to the head meanwhile; of a list that changed in the
    last minute, whatever stands above that time once more."""

    # Whether a page began with rows that the one before had ended with.
    _was_pushed = False

    @override
    def _read(
        self, request: PageRequest, since: int | None, watermark: Watermark, proof: FilterProof
    ) -> Iterator[Batch]:
        head, count = HeadRows(self.listing), 0
        self._was_pushed = False
        for page in self._down_to(self._resized(request), since):
            count += 1
            watermark.saw(page, self.timestamps(page))
            head.moved(page.rows, watermark.cursor)
            rows = [row for row in page.rows if self._is_since(row, since)]
            self._met.update(hash(self.listing.key(row)) for row in rows)
            del page
            yield Batch(rows)
            del rows
        known = watermark.cursor
        if count <= 1:
            return
        if known is None:
            raise PlanNotSupported("tells no modification times, which would show that it is sorted")
        self._is_restless = self._is_restless or (watermark.newest or known) >= watermark.started
        for _ in range(MOST_LOOKS_AT_THE_HEAD):
            until = since if self._is_restless else known
            count, any_moved, any_missed, watermark = 0, False, False, Watermark()
            for page in self._down_to(self._resized(request), until):
                count += 1
                watermark.saw(page, self.timestamps(page))
                moved = head.moved(page.rows, known)
                missed = self._not_met(page.rows, since, known)
                del page
                any_moved, any_missed = any_moved or bool(moved), any_missed or bool(missed)
                yield Batch([*moved, *missed])
                del moved, missed
            if self._was_pushed and not any_moved:
                # Nothing was put in front that could have pushed a row to the next page.
                raise PlanNotSupported(
                    "lists rows of the same second in another order on each page", UNIQUE_ORDER_ADVICE
                )
            self._was_pushed = False
            if count == 1 or not (any_moved or any_missed):
                # A look at a single page cannot miss anything.
                return
            known = max(known, watermark.cursor or known)
        if any_missed:
            raise self.cannot_be_read("shows other rows each time it is read")

    def _not_met(self, rows: Sequence[Row], since: int | None, known: int) -> list[Row]:
        """The rows last changed from ``since`` on and before ``known`` that have not been met."""
        missed = []
        for row in rows:
            timestamp, key = self.listing.timestamp(row), hash(self.listing.key(row))
            if key not in self._met and self._is_since(row, since) and (timestamp is None or timestamp < known):
                missed.append(row)
            self._met.add(key)
        return missed

    def _down_to(self, request: PageRequest, until: int | None) -> Iterator[Page]:
        """The pages down to a time."""
        is_first, tally, started = True, Tally(), Watermark()
        before: PageKeys = ()
        met = 0
        for listed in self._follow(request, tally):
            page = listed.page
            timestamps = self.timestamps(page)
            started.saw(page, timestamps)
            if any(earlier < later for earlier, later in pairwise(timestamps)):
                raise PlanNotSupported("does not sort by modification time")
            if tally.total == tally.most and max(timestamps, default=0) < started.started:
                self._prove_ties_keep_their_order(before, listed.keys, tally.distinct - met)
                self._was_pushed = self._was_pushed or not set(before).isdisjoint(listed.keys)
            before, met = listed.keys, tally.distinct
            is_down = until is not None and bool(timestamps) and timestamps[-1] < until
            if page.total is None and (not is_first or (listed.has_next and not is_down)):
                raise PlanNotSupported("does not tell how many rows it has, which would show that some were deleted")
            if is_first and until is not None and listed.has_next:
                self.prove_newest_first(timestamps, until)
            is_first = False
            del listed
            yield page
            del page
            if is_down:
                return

    def _prove_ties_keep_their_order(self, before: PageKeys, keys: PageKeys, fresh: int) -> None:
        """What inserts and edits push to the next page stands in front there, and in its old order. Not where rows were
        deleted, and pages read again.

        :param before: the page before
        :param keys: a page on which nothing was edited since
        :param fresh: how many rows of it were not met before
        """
        on_both = set(before) & set(keys)
        pushed = [key for key in before if key in on_both]
        skipped = len(set(keys)) - fresh > len(on_both) and on_both < set(before)
        if fresh and (list(keys[: len(pushed)]) != pushed or skipped):
            raise PlanNotSupported("lists rows of the same second in another order on each page", UNIQUE_ORDER_ADVICE)

    def _is_since(self, row: Row, since: int | None) -> bool:
        timestamp = self.listing.timestamp(row)
        return since is None or timestamp is None or timestamp >= since

    @override
    def _failure(self, changed: ListChanged) -> Exception:
        if isinstance(changed, RowsRepeated):
            return PlanNotSupported(str(changed), changed.advice)
        return super()._failure(changed)
