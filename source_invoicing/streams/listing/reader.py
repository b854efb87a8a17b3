"""Reading one list by the best plan that its API honours."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from source_invoicing.http import BadRequest, UnexpectedResponse, logger
from source_invoicing.streams.checkpoint import Checkpoint, content_hash
from source_invoicing.streams.listing.errors import Contradiction, ListChanged, PlanNotSupported, incomplete
from source_invoicing.streams.listing.keyset import Keyset
from source_invoicing.streams.listing.ranges import KeyRange
from source_invoicing.streams.listing.strategy import Batch, Plan
from source_invoicing.streams.page import Listing, Row

# A plan that the API does not honour is given up within its first pages; the next one does not repeat their rows.
ROWS_REMEMBERED = 1000


class RemainingPlans:
    """The plans of a stream that its API honours as far as is known, best first. Shared by all lists of the stream.

    Thread-safe.

    :param stream: name of the stream, for the log
    :param plans: best first
    """

    def __init__(self, stream: str, plans: Sequence[Plan]) -> None:
        self._stream = stream
        self._plans = list(plans)
        self._lock = threading.Lock()
        self._has_warned = False

    @property
    def best(self) -> Plan:
        """The best of the remaining plans."""
        return self._plans[0]

    @property
    def shareable(self) -> bool:
        """Whether several workers may read one list side by side by the best plan."""
        return issubclass(self.best.strategy, Keyset)

    @property
    def is_last(self) -> bool:
        """Whether only one plan remains."""
        return len(self._plans) == 1

    def give_up(self, plan: Plan, why: str) -> bool:
        """Give up a plan that the API does not honour, for all lists of the stream.

        :param why: what a list does or does not do, for the log
        :return: whether another plan remains
        """
        with self._lock:
            if self._plans[0] is not plan:
                return True  # another worker has given it up
            if len(self._plans) == 1:
                return False
            del self._plans[0]
            level = logging.INFO if self._has_warned else logging.WARNING
            self._has_warned = True
        logger.log(
            level,
            "Stream %s: %s. It is read in another way, which is complete but takes more requests.",
            self._stream,
            why,
        )
        return True


class ListReader:
    """Reads one list by the best remaining plan. Where the API does not honour it, the next plan starts over.

    :param listing: the list
    :param remaining_plans: the plans of the stream
    """

    def __init__(self, listing: Listing, remaining_plans: RemainingPlans) -> None:
        self._listing = listing
        self._remaining_plans = remaining_plans
        #: Called when a plan begins to read: whether it starts at the top, and whether it reads all rows
        #: (:attr:`.Plan.reads_all_rows`).
        self.on_begin: Callable[[bool, bool], None] | None = None
        #: Called with all rows that a plan reads, also those that are dropped later.
        self.on_rows: Callable[[list[Row]], None] | None = None

    def batches(
        self, since: int | None, resume: Checkpoint | None = None, key_range: KeyRange | None = None
    ) -> Iterator[Batch]:
        """Read every row changed at or after ``since`` (seconds since 1970, UTC), or every row. Rows without a
        modification time are always included.

        :param resume: where an earlier run stopped; strategies without checkpoints start from the top
        :param key_range: the part to read of a list that several workers share. If the list cannot be read by key, one
            worker reads all of it by another plan, and the others end
        :raises Failure: when the list cannot be read completely
        """
        first_rows: set[int] = set()
        has_fallen_back = False
        while True:
            plan = self._remaining_plans.best
            if key_range is not None and not issubclass(plan.strategy, Keyset):
                is_reader, since = key_range.ranges.fall_back(key_range)
                if not is_reader:
                    return
                key_range = None
            may_fall_back = not self._remaining_plans.is_last
            try:
                for batch in self._read(plan, since, resume, key_range):
                    if self.on_rows is not None:
                        self.on_rows(batch.rows)
                    rows = self._wanted(batch.rows, since)
                    if has_fallen_back:
                        rows = [row for row in rows if content_hash(row) not in first_rows]
                    elif may_fall_back and len(first_rows) < ROWS_REMEMBERED:
                        first_rows.update(map(content_hash, rows))
                    yield batch if rows is batch.rows else replace(batch, rows=rows)
                    del batch, rows
                return
            except Contradiction:
                yield Batch([], rolls_back=True)
                raise
            except (PlanNotSupported, BadRequest) as why:
                if isinstance(why, PlanNotSupported):
                    # Cursors of this reading do not hold, nor does the checkpoint of an earlier run by the same plan.
                    yield Batch([], rolls_back=True)
                    resume = None if plan.strategy.resumable else resume
                if not self._remaining_plans.give_up(plan, self._sentence(why)):
                    if isinstance(why, BadRequest):
                        raise
                    raise self._failure(why) from None
                has_fallen_back = True

    def range_batches(self, key_range: KeyRange) -> Iterator[Batch]:
        """Read a range of a list that several workers share."""
        return self.batches(key_range.since, key_range=key_range)

    def _read(
        self, plan: Plan, since: int | None, resume: Checkpoint | None, key_range: KeyRange | None
    ) -> Iterator[Batch]:
        strategy = plan.strategy(self._listing, plan)
        if self.on_begin is not None:
            self.on_begin(resume is None, plan.reads_all_rows)
        if isinstance(strategy, Keyset):
            return strategy.batches(since, resume, key_range)
        return strategy.batches(since, resume)

    def _wanted(self, rows: list[Row], since: int | None) -> list[Row]:
        """The rows changed at or after ``since``, and those without a modification time."""
        if since is None:
            return rows
        timestamp = self._listing.timestamp
        return [row for row in rows if (at := timestamp(row)) is None or at >= since]

    def _sentence(self, why: PlanNotSupported | BadRequest) -> str:
        what = f"was refused ({str(why).removesuffix('.')})" if isinstance(why, BadRequest) else str(why)
        return f"the list {self._listing.label} {what}"

    def _failure(self, why: PlanNotSupported) -> UnexpectedResponse:
        sentence = incomplete(self._listing.label, str(why), why.advice or ListChanged.advice)
        return UnexpectedResponse(sentence)
