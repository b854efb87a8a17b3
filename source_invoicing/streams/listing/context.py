"""A page and where it stands, and what is kept of it to hold the next one against."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable
from dataclasses import dataclass

from source_invoicing.streams.listing.strategy import PageKeys
from source_invoicing.streams.page import Page, PageRequest

# No row with a modification time was changed before (seconds since 1970, UTC).
FIRST_SECOND = 0


@dataclass
class PageInContext:
    """A page, and where it stands.

    :param timestamps: modification time of each of its rows
    :param has_next: whether more rows match the request
    :param behind: the latest time before its first row: that of the page before, or what the request begins with
    :param floor: the latest time up to which it can promise anything (:func:`.clock_floor`)
    """

    request: PageRequest
    page: Page
    keys: PageKeys
    timestamps: list[int | None]
    has_next: bool
    behind: int | None
    floor: int

    def __post_init__(self) -> None:
        self.dated: list[int] = [each for each in self.timestamps if each is not None]
        #: The latest time up to the end of the page.
        self.last = self.dated[-1] if self.dated else self.behind

    def is_beyond(self, end: int | None) -> bool:
        """Whether the page reaches the end of the range."""
        return end is not None and self.last is not None and self.last >= end

    @property
    def stands_still(self) -> bool:
        """Whether asking on from its last timestamp would lead to no other rows."""
        since = self.request.since
        return self.last is None or self.last == self.timestamps[0] or (since is not None and self.last <= since)

    @property
    def is_silent(self) -> bool:
        """Whether the page says nothing about whether the list goes on."""
        return self.page.has_more is None and self.page.total is None


@dataclass
class Answered:
    """A request that was answered, to hold the next one against.

    :param rows: times of the rows that were handed out, by key
    :param floor: up to when it can promise anything
    :param is_tied: whether those are the rows of one second, on several pages
    :param promises: whether there are more rows behind those
    :param newest: the newest change that was met on pages of one second
    """

    request: PageRequest
    total: int | None
    rows: dict[Hashable, int | None]
    floor: int
    is_tied: bool = False
    promises: bool = True
    newest: int | None = None

    def left_behind(self, here: PageInContext) -> int:
        """How many of the rows are not counted again by the total of the next request."""
        lowest = here.request.since or FIRST_SECOND
        if here.dated and here.dated[0] < lowest:  # the boundary is included
            lowest = here.dated[0]
        again = self.rows.keys() & set(here.keys)
        times = sorted(at for at in self.rows.values() if at is not None)
        undated = len(self.rows) - len(times)
        listed = sum(1 for key in again if (at := self.rows[key]) is None or at < lowest)
        return bisect_left(times, lowest) + undated - listed


class Promise:
    """Up to which time a reading has seen everything.

    What changes within the margin of a page may be seen only behind it, when the reading has passed it by. So no later
    page promises more than the first one that came so far.
    """

    def __init__(self) -> None:
        self._ceiling: int | None = None

    def up_to(self, reached: int, floor: int) -> int:
        """The cursor behind a page.

        :param reached: the latest time on it
        :param floor: up to when it can promise anything
        """
        if reached > floor and (self._ceiling is None or floor < self._ceiling):
            self._ceiling = floor
        return min(reached, floor if self._ceiling is None else self._ceiling)
