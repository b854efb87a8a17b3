"""What all strategies share: plans, batches, watermarks, and failures."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from airbyte_cdk.models import FailureType

from source_invoicing.http import UnexpectedResponse
from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.listing.errors import (
    UNIQUE_ORDER_ADVICE,
    Contradiction,
    ListChanged,
    PageRepeated,
    PlanNotSupported,
    RowsRepeated,
    incomplete,
)
from source_invoicing.streams.page import BOUNDARY, Listing, Order, Page, PageRequest, Row
from source_invoicing.streams.timestamps import complete_until

PageKeys = tuple[Hashable, ...]
# How often a filter may seem to hide a row: a row that is deleted between two pages looks the same.
MAX_PROOFS = 3
# How many pages before the first row may be empty although the list goes on.
MAX_EMPTY_PAGES = 10
# Pages with fewer rows than this may begin with each other's second row by chance.
ROWS_TO_COMPARE = 3


@dataclass(frozen=True)
class Plan:
    """One way to read a list completely.

    :param strategy: how pages are put together so that no row is missed
    :param order: the order the API is asked for; ``None`` is the list's default order
    :param filtered: whether the API is asked only for rows that were changed since
    :param identity: what identifies a row in two passes, where its key does not
    """

    strategy: type[Strategy]
    order: Order | None = None
    filtered: bool = True
    identity: Callable[[Row], Hashable] | None = None

    @property
    def reads_all_rows(self) -> bool:
        """Whether it reads all rows, even where only changes are asked for. With newest change first, it stops."""
        return not self.filtered and self.order is not Order.NEWEST_CHANGE_FIRST


@dataclass(frozen=True)
class Batch:
    """Rows to emit, and the state of the reading once they have been emitted.

    :param rows: a row may come again in a later batch
    :param cursor: every row last changed before this time has been emitted (seconds since 1970, UTC); ``None`` where
        that is not known yet
    :param checkpoint: where a later run may continue; ``None`` where it cannot
    :param start: from which time on the cursor holds, in a list that several workers share; ``None``: from the first
        row on
    :param is_range: whether it is a part of such a list
    :param rolls_back: whether cursors and checkpoints of earlier batches do not hold: the list contradicts its plan
    """

    rows: list[Row]
    cursor: int | None = None
    checkpoint: Checkpoint | None = None
    start: int | None = None
    is_range: bool = False
    rolls_back: bool = False


class Strategy(ABC):
    """Reads one list from its first row to its last.

    :param listing: the list
    :param plan: order and filter to ask for
    """

    #: Whether batches carry checkpoints, so that a list need not be read in one go.
    resumable: ClassVar[bool] = False

    def __init__(self, listing: Listing, plan: Plan) -> None:
        self.listing = listing
        self.plan = plan
        self.paging = listing.paging

    @abstractmethod
    def batches(self, since: int | None, resume: Checkpoint | None = None) -> Iterator[Batch]:
        """Read every row changed at or after ``since`` (seconds since 1970, UTC), or every row.

        Rows older than ``since`` and rows without a modification time may be among them.

        :param resume: where an earlier run of the same strategy stopped
        :raises PlanNotSupported: when the API does not do what the plan needs
        :raises Failure: when the list cannot be read completely
        """

    def keys(self, page: Page) -> PageKeys:
        """The identities of a page's rows, in order."""
        return tuple(map(self.listing.key, page.rows))

    def timestamps(self, page: Page) -> list[int]:
        """The modification times on a page, in order, without rows that have none."""
        timestamps = (self.listing.timestamp(row) for row in page.rows)
        return [timestamp for timestamp in timestamps if timestamp is not None]

    def failure(self, changed: ListChanged) -> Exception:
        """What to raise for a list that changes, or contradicts itself, each time it is read."""
        if isinstance(changed, PageRepeated):
            return self.does_not_page(str(changed))
        if isinstance(changed, RowsRepeated):
            return PlanNotSupported(str(changed), changed.advice)
        return self.cannot_be_read(str(changed), changed.advice)

    def cannot_be_read(self, what: str, advice: str = ListChanged.advice) -> UnexpectedResponse:
        """The failure for a list that contradicts itself, or changes too fast to be read."""
        return UnexpectedResponse(incomplete(self.listing.label, what, advice))

    def does_not_page(self, what: str = "answers with the same page twice") -> UnexpectedResponse:
        """The failure for a list that repeats its pages."""
        advice = self.listing.paging_advice
        if not advice:
            return self.cannot_be_read(what)
        return Contradiction(incomplete(self.listing.label, what, advice))

    def order_is_unstable(self, what: str = "sorts rows differently from page to page") -> UnexpectedResponse:
        """The failure for a list that breaks ties anew for each page: pages repeat some rows and lack others."""
        kind = FailureType.config_error if self.listing.paging_advice else FailureType.transient_error
        return Contradiction(incomplete(self.listing.label, what, UNIQUE_ORDER_ADVICE), kind)

    def page_counts_rows(self) -> UnexpectedResponse:
        """The failure for a list whose number of a page is a number of rows to skip."""
        label, what = self.listing.label, "begins page 2 with the second row of page 1"
        if not self.listing.paging_advice:
            return Contradiction(incomplete(label, what, ListChanged.advice), FailureType.transient_error)
        return Contradiction(
            f"The list {label} {what}, so it cannot be read by page. The parameter counts rows; use type offset with "
            "this parameter as offset_param."
        )


class Watermark:
    """The modification time up to which a reading has seen everything, once it is at its end.

    That is the newest time it has seen, but never one later than its start (:func:`.complete_until`): rows that
    were edited after their page was read carry a later time.

    :param resume: where an earlier run stopped, if this one continues from there
    :ivar cursor_limit: the latest time that the cursor may have (seconds since 1970, UTC)
    :ivar newest: the newest modification time seen
    """

    def __init__(self, resume: Checkpoint | None = None) -> None:
        self._asked_at = int(time.time())
        self._saw_a_page = resume is not None
        self.cursor_limit = resume.cursor_limit if resume else complete_until(self._asked_at)
        self.newest = resume.newest if resume else None

    def saw(self, page: Page, timestamps: list[int]) -> None:
        """Record a page and the modification times on it."""
        if not self._saw_a_page:
            self.cursor_limit, self._saw_a_page = complete_until(self._asked_at, page.server_time), True
        if timestamps:
            self.newest = max(timestamps if self.newest is None else [self.newest, *timestamps])

    @property
    def cursor(self) -> int | None:
        """The time up to which everything has been seen, once the list is read to its end."""
        return None if self.newest is None else min(self.newest, self.cursor_limit)


def shows_a_filter(since: int | None, timestamps: Iterable[int]) -> bool:
    """Whether the modification times on a page show that a filter lists everything changed at or after a time.

    Some filters list only that very second, and then every later change would be missed in silence. A later change
    that is listed shows otherwise. So does an earlier one: then nothing is filtered at all.

    :param since: what the filter was asked for (seconds since 1970, UTC); ``None`` where nothing was filtered
    """
    return since is not None and any(timestamp > since or timestamp < since - BOUNDARY for timestamp in timestamps)


class FilterProof:
    """Whether a reading has shown that its filter lists everything changed at or after a time.

    The row that a sync starts from is later than what it asks for, so the proof is only missing where the filter lists
    nothing.

    :param since: what the filter is asked for (seconds since 1970, UTC); ``None`` where nothing is filtered
    """

    def __init__(self, strategy: Strategy, since: int | None) -> None:
        self._strategy = strategy
        self._since = since
        self._is_shown = False

    def saw(self, timestamps: Iterable[int]) -> None:
        """Record the modification times on a filtered page."""
        self._is_shown = self._is_shown or shows_a_filter(self._since, timestamps)

    def demand(self) -> None:
        """Without the proof, look at the first page without the filter: when the filter is asked for a time before its
        latest change, it has to list that change. Costs one request, or two where the page holds changes.

        :raises PlanNotSupported: when the filter hides it
        """
        if self._is_shown or self._since is None:
            return
        if not any(self._lists_what_is_there(self._since) for _ in range(MAX_PROOFS)):
            raise PlanNotSupported("does not list what changed after the time it is asked for")

    def _lists_what_is_there(self, since: int) -> bool:
        # In the same order, later changes on the first page are on the first page of the filtered list, too.
        strategy, order = self._strategy, self._strategy.plan.order
        page = self._first_with_rows(PageRequest(order=order))
        timestamps = strategy.timestamps(page)
        if not timestamps:
            return True  # no row that a filter could list
        if max(timestamps) > since:
            earlier = since
        elif page.has_next(len(page.rows)):
            earlier = min(timestamps) - 1
        else:
            return True
        listed = strategy.timestamps(self._first_with_rows(PageRequest(since=earlier, order=order)))
        return max(listed, default=earlier) > earlier

    def _first_with_rows(self, request: PageRequest) -> Page:
        """The first page of a list that is not empty. Rows that the account may not see can fill those before it."""
        listing, paging = self._strategy.listing, self._strategy.paging
        page = listing.fetch(request)
        for _ in range(MAX_EMPTY_PAGES):
            if page.rows or not page.has_more or (following := paging.following(request, page)) is None:
                break
            request, page = following, listing.fetch(following)
        return page


def counts_rows(previous: Sequence[Hashable], current: Sequence[Hashable]) -> bool:
    """Whether a page begins with the second row of the previous page: its number may be a number of rows to skip.

    Rows may have been put in front, so it proves that only if the previous page is still the same.
    """
    rows = min(len(previous) - 1, len(current))
    return rows >= ROWS_TO_COMPARE - 1 and list(previous[1 : 1 + rows]) == list(current[:rows])
