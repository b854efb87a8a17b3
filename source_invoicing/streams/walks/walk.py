"""What all walks have in common."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from airbyte_cdk.models import FailureType

from source_invoicing.http import UnexpectedResponse
from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.page import Listing, Page, Row

PageKeys = tuple[Hashable, ...]


@dataclass(frozen=True)
class Step:
    """Rows to hand out, and how far that brings the walk.

    :param rows: each belongs to the answer; a row may come again later
    :param reached: once these rows are out, every row last changed before this moment is out (seconds since 1970,
        UTC), so a later walk may start there; ``None`` where a walk cannot promise that yet
    :param place: once these rows are out, a later walk may go on here; ``None`` for walks that know no such place
    """

    rows: list[Row]
    reached: int | None = None
    place: Checkpoint | None = None


class NotHonoured(Exception):
    """The API did not sort or filter as asked. Another walk has to read this list."""


class Moved(Exception):
    """Rows moved between two pages, so that some may have been missed. The list has to be read again."""

    #: What to do about a list with which that happens each time.
    advice = "Run the sync again; if this stays, the API does not page as documented."


class Shrank(Moved):
    """Rows were deleted between two pages, which pulled others to a page that had been read."""

    advice = "Run the sync again while fewer rows are deleted from it."


class Repeated(Moved):
    """The same page came twice: others put a whole page of rows before it, or, more often, the API does not page."""


class Walk(ABC):
    """Reads one list from its first row to its last.

    :param listing: the list
    """

    #: Whether steps tell a place to go on from, so that a list need not be read in one go.
    keeps_place: ClassVar[bool] = False

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        #: Where an earlier walk over the list came to, if it did not come to the end.
        self.stopped_at: Checkpoint | None = None

    @abstractmethod
    def steps(self, since: int | None) -> Iterator[Step]:
        """Hand out every row changed at or after ``since`` (seconds since 1970, UTC), or every row, step by step.

        Rows older than ``since`` and rows without a modification time may come along.

        :raises NotHonoured: when the API does not do what this walk relies on
        :raises Failure: when the list cannot be read completely
        """

    def keys(self, page: Page) -> PageKeys:
        """The identities of a page's rows, in order."""
        return tuple(self.listing.key(row) for row in page.rows)

    def timestamps(self, page: Page) -> list[int]:
        """The modification times on a page, in order, rows without one left out."""
        timestamps = (self.listing.timestamp(row) for row in page.rows)
        return [timestamp for timestamp in timestamps if timestamp is not None]

    def contradiction(self, what: str, advice: str = Moved.advice) -> UnexpectedResponse:
        """The failure for a list that cannot be believed, or not be read for all that happens to it."""
        return UnexpectedResponse(
            f"The list {self.listing.label} {what}, so it cannot be read completely. {advice}",
            FailureType.transient_error,
        )

    def does_not_page(self) -> UnexpectedResponse:
        """The failure for a list that answers each question with the same page."""
        repeats = "answers with the same page twice"
        if not self.listing.paging_advice:
            return self.contradiction(repeats)
        return UnexpectedResponse(
            f"The list {self.listing.label} {repeats}, so it cannot be read completely. {self.listing.paging_advice}",
            FailureType.config_error,
        )


class Horizon:
    """How far a walk may promise to have come that reads a list in an order of its own.

    Rows edited behind its back carry a moment later than the walk's start, so it promises the newest moment it has
    seen, and never one after its start by the server's clock.

    :param place: where an earlier walk stopped, if this one goes on from there
    """

    def __init__(self, place: Checkpoint | None = None) -> None:
        self._started = place.began if place else None
        self._newest = place.newest if place else None

    def saw(self, page: Page, timestamps: list[int]) -> None:
        """Take note of a page and of the modification times on it."""
        if self._started is None:
            self._started = page.server_time if page.server_time is not None else int(time.time())
        if timestamps:
            newest = max(timestamps)
            self._newest = newest if self._newest is None else max(self._newest, newest)

    @property
    def started(self) -> int:
        """When the walk began, by the server's clock where it tells (seconds since 1970, UTC)."""
        return self._started if self._started is not None else int(time.time())

    @property
    def newest(self) -> int | None:
        """The newest modification time seen."""
        return self._newest

    @property
    def reached(self) -> int | None:
        """The moment up to which everything has been seen, once the walk is at its end."""
        if self._newest is None or self._started is None:
            return None
        return min(self._newest, self._started)


def goes_on(page: Page, rows_so_far: int) -> bool:
    """Whether more rows answer the same question, ``rows_so_far`` of which have been handed out.

    A total that says there are more outweighs a page that says it is the last; without either, only an empty page
    proves the end. A total of fewer rows than there were is none.
    """
    if not page.rows:
        return False
    if page.total is not None and page.total > rows_so_far:
        return True
    return page.has_more if page.has_more is not None else page.total != rows_so_far


def ends_early(page: Page, rows_so_far: int) -> bool:
    """Whether a list tells of more rows than it hands out."""
    return page.total is not None and rows_so_far < page.total and not goes_on(page, rows_so_far)


def comes_whole(page: Page) -> bool:
    """Whether a page that comes again, instead of a further one, is the whole list.

    An API that tells nothing of paging and answers each question with the same few rows does not page. Had it told of
    more rows, or filled the page, the same answer would be an error.
    """
    return page.short and page.has_more is None and page.total is None
