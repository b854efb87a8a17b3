"""Requests for pages of a list, and the pages, in terms that all platforms share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

Row = dict[str, Any]
LARGEST = 2**63
#: How many seconds before :attr:`PageRequest.since` a stream asks from, where an API does not say whether its filter
#: includes the time itself.
BOUNDARY = 1


def is_identity(value: Any) -> bool:
    """Whether a value can identify a row: text that is not blank, or a whole number. The character NUL does not count,
    since it is not printed."""
    if value.__class__ is int:
        return -LARGEST <= value < LARGEST
    return value.__class__ is str and bool(value.strip("\0"))


def all_valid_keys(keys: list[Any]) -> bool:
    """Whether each key identifies a record."""
    types = set(map(type, keys))
    if types == {str}:  # nearly all keys are either text or whole numbers
        return all(key.strip("\0") for key in keys)
    if types == {int}:
        return is_identity(min(keys)) and is_identity(max(keys))
    return all(map(_is_valid_key, keys))


def _is_valid_key(key: Hashable) -> bool:
    """Whether a key identifies a record. Some parts of a key may be blank, but not all."""
    if isinstance(key, tuple):
        return any(map(is_identity, key)) and all(part == "" or is_identity(part) for part in key)
    return is_identity(key) or isinstance(key, bytes)


class Order(Enum):
    """How a list is sorted."""

    #: By modification time, the row first whose last change is the oldest.
    OLDEST_CHANGE_FIRST = "oldest change first"
    #: By modification time, the row first whose last change is the newest.
    NEWEST_CHANGE_FIRST = "newest change first"
    #: By creation, the newest row first, so that inserts push rows to pages still to come.
    NEWEST_ROW_FIRST = "newest row first"
    #: By creation, the oldest row first, so that inserts land on pages still to come.
    OLDEST_ROW_FIRST = "oldest row first"


@dataclass(frozen=True)
class PageRequest:
    """One request for a page of a list. The stream translates it into the API's own parameters.

    :param number: of the page, counted from 1
    :param offset: rows to skip, for lists that are paged by offset
    :param since: only rows changed at or after this time (seconds since 1970, UTC)
    :param token: the token of this page, from the previous page; ``None`` for the first page
    :param order: ``None`` is the list's default order
    :param size: rows on a page; ``None`` is as many as the API allows
    """

    number: int = 1
    offset: int = 0
    since: int | None = None
    token: str | None = None
    order: Order | None = None
    size: int | None = None

    @property
    def is_first(self) -> bool:
        """Whether it asks for the beginning of the list."""
        return self.token is None and self.number == 1 and self.offset == 0


@dataclass(frozen=True)
class Page:
    """The rows that a page request returned, and how the list continues.

    :param rows: as the API sent them
    :param has_more: whether further rows match the same request; ``None`` where the API does not say
    :param total: how many rows match the request in all, where the API says
    :param short: whether it holds fewer rows than were asked for
    :param next: the token of the following page, where the API hands one out; ``None`` at the end
    :param server_time: the server's clock when it responded (seconds since 1970, UTC), where the API reports it
    :param size: how many rows a page of this list holds at most, where the API reports it
    :param ends_list: whether the vendor documents that a page like this one is the last
    :param blank: whether the response had no body at all (HTTP 204), so that it does not say that the list ends
    """

    rows: list[Row]
    has_more: bool | None = None
    total: int | None = None
    short: bool = False
    next: str | None = None
    server_time: int | None = None
    size: int | None = None
    ends_list: bool = False
    blank: bool = False

    def has_next(self, rows_so_far: int) -> bool:
        """Whether more rows match the request.

        A total that counts more rows outweighs a page that says it is the last one. Without either, only two kinds of
        page prove the end: an empty one, and one that is the last by the vendor's documentation. A page with fewer rows
        than were asked for does not. Nor does a total below the number of rows that came.

        :param rows_so_far: rows up to the end of this page
        """
        if not self.rows:
            return False
        if self.total is not None and self.total > rows_so_far:
            return True
        if self.has_more is not None:
            return self.has_more
        return not self.ends_list and self.total != rows_so_far

    def is_truncated(self, rows_before: int) -> bool:
        """Whether it is empty although its total counts more rows than those on the pages before it."""
        return not self.rows and self.total is not None and self.total > rows_before


@dataclass(frozen=True)
class Paging(ABC):
    """How an API addresses the pages of a list. Knows no parameters of the API: the stream translates a request.

    :param resizable: whether smaller pages may be asked for, which move the borders between pages
    :param may_be_whole: whether the vendor has lists that are not paged: every response holds all their rows
    """

    resizable: bool = False
    may_be_whole: bool = False

    @abstractmethod
    def following(self, request: PageRequest, page: Page) -> PageRequest | None:
        """The request for the page after ``page``; ``None`` where no address for it is known."""

    def covering(self, request: PageRequest, row: int, page_size: int) -> tuple[PageRequest, int] | None:
        """The request for the page that holds row ``row`` (counted from 0) and reaches furthest beyond it, and the row
        that this page begins with; ``None`` where rows have no addresses, so that pages cannot overlap.

        :param page_size: rows on the largest page allowed
        """
        return None


class Listing(Protocol):
    """A list of an API, as a strategy sees it.

    :ivar label: the list's path, for messages
    :ivar paging: how its pages are addressed
    :ivar paging_advice: what a user should check when the API does not page as asked; empty where nothing can be set
    """

    label: str
    paging: Paging
    paging_advice: str

    def fetch(self, request: PageRequest) -> Page:
        """Fetch one page.

        :raises Failure: when the API does not return it
        """

    def key(self, row: Row) -> Hashable:
        """What identifies a row."""

    def timestamp(self, row: Row) -> int | None:
        """When the row was last changed (seconds since 1970, UTC), or ``None``."""

    def creation_rank(self, row: Row) -> int | None:
        """A number that grows with each row created, or ``None``."""

    def created_at(self, row: Row) -> int | None:
        """When the row was created (seconds since 1970, UTC), or ``None``."""
