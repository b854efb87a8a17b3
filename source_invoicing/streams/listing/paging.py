"""How an API addresses a page of a list: by offset, by number, or by a token from the previous page."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace

from typing_extensions import override

from source_invoicing.http import BadRequest
from source_invoicing.streams.listing.errors import ListChanged, PageRepeated, RowsRepeated
from source_invoicing.streams.page import Listing, Page, PageRequest, Paging

# How many consecutive pages may hold no row that is new, where the list says that it goes on.
MAX_KNOWN_PAGES_IN_A_PASS = 10


@dataclass(frozen=True)
class Offsets(Paging):
    """``offset=200&limit=100``: a page may begin with any row."""

    resizable: bool = True

    @override
    def following(self, request: PageRequest, page: Page) -> PageRequest | None:
        step = len(page.rows) or page.size or request.size
        return replace(request, offset=request.offset + step) if step else None

    @override
    def covering(self, request: PageRequest, row: int, page_size: int) -> tuple[PageRequest, int]:
        return replace(request, offset=row), row


@dataclass(frozen=True)
class Pages(Paging):
    """``page=3&per_page=100``."""

    @override
    def following(self, request: PageRequest, page: Page) -> PageRequest:
        return replace(request, number=request.number + 1)

    @override
    def covering(self, request: PageRequest, row: int, page_size: int) -> tuple[PageRequest, int] | None:
        if not self.resizable:
            return None
        # Of the sizes that reach as far, the largest: a page of one row shows no row before it.
        size = max(range(1, page_size + 1), key=lambda rows: ((row // rows + 1) * rows, rows))
        number = row // size + 1
        return replace(request, number=number, size=size), (number - 1) * size


@dataclass(frozen=True)
class Tokens(Paging):
    """``cursor=eyJpZCI6...``, or a link to the next page.

    :param name_a_row: whether a token names a row of the list (the id of its last row), so that inserts and deletes
        elsewhere shift nothing; ``None`` where tokens are opaque, and may be numbers of pages or rows
    """

    name_a_row: bool | None = None

    @override
    def following(self, request: PageRequest, page: Page) -> PageRequest | None:
        return None if page.next is None else replace(request, token=page.next)


@dataclass
class ListedPage:
    """A page of a list, and what is known about it.

    :param keys: of its rows, in order
    :param has_next: whether the list goes on after it
    """

    request: PageRequest
    page: Page
    keys: tuple[Hashable, ...]
    has_next: bool


@dataclass
class Tally:
    """What one pass over the pages of a list has seen so far. Rows are identified by the hashes of their keys.

    :ivar rows: up to the end of the latest page, repeated ones included
    :ivar furthest: the highest value of ``rows``, which is lower while pages are read again
    :ivar seen: hashes of the keys
    :ivar latest: those of the latest page that no earlier page had
    :ivar fewest: the lowest total reported: rows that were inserted meanwhile need not come
    :ivar most: the highest total reported: inserted rows that came make up for no other
    :ivar total: the latest total reported
    """

    rows: int = 0
    furthest: int = 0
    seen: set[int] = field(default_factory=set)
    fewest: int | None = None
    most: int | None = None
    total: int | None = None
    latest: set[int] = field(default_factory=set)

    @property
    def distinct(self) -> int:
        """How many different rows there were."""
        return len(self.seen)

    @property
    def proven(self) -> bool:
        """Whether as many different rows came as the totals count."""
        return self.most is not None and self.distinct >= self.most

    def add(self, keys: tuple[Hashable, ...]) -> bool:
        """Add the rows of a page.

        :return: whether it counts as news: it has a new row, or it is one of the pages that are read again
        """
        self.latest = set(map(hash, keys)) - self.seen
        self.seen |= self.latest
        self.rows += len(keys)
        is_news = bool(self.latest) or self.rows < self.furthest
        self.furthest = max(self.furthest, self.rows)
        return is_news

    def roll_back(self, keys: tuple[Hashable, ...]) -> None:
        """Remove the latest page."""
        self.rows -= len(keys)
        self.seen -= self.latest

    def add_total(self, page: Page) -> None:
        """Record the total that a page reports, if it does."""
        if page.total is not None:
            self.total = page.total
            self.fewest = page.total if self.fewest is None else min(self.fewest, page.total)
            self.most = max(page.total, self.most or 0)


def pages(
    listing: Listing, request: PageRequest, *, first: Page | None = None, tally: Tally | None = None
) -> Iterator[ListedPage]:
    """The pages of a list, from one of them to its end.

    A total counts as reached once as many *different* rows came. A page that ends before its total is asked for once
    more. An empty page of a list that says it goes on is passed. The end of the list is checked after the last page, so
    callers have to take all pages.

    :param request: for the page to begin with
    :param first: that page, where the caller has fetched it
    :param tally: of an earlier call, to continue it; to read pages again, set its ``rows`` back
    :raises PageRepeated: when the same page comes twice in a row and is not the whole list, or when too many pages
        without news follow each other
    :raises RowsRepeated: when as many rows came as the total counts, but fewer different ones
    :raises ListChanged: when the list ends before its total, or although it says that it goes on
    """
    paging, tally = listing.paging, tally or Tally()
    tokens = {request.token}
    previous_keys: tuple[Hashable, ...] = ()
    is_promised = False
    without_news = 0
    current: PageRequest | None = request
    while current is not None:
        page = first if first is not None else listing.fetch(current)
        first = None
        if _ends_too_early(page, paging, tally, is_promised=is_promised):
            page = listing.fetch(current)
        keys = tuple(map(listing.key, page.rows))
        tally.add_total(page)
        if keys and keys == previous_keys:
            if tally.proven or _is_whole(listing, request, page):
                return
            raise PageRepeated("answers with the same page twice")
        without_news = 0 if tally.add(keys) else without_news + 1
        following = paging.following(current, page) if _has_next(page, paging, tally) else None
        if following is not None and following.token is not None:
            if following.token in tokens:
                # An empty page that names itself is how some APIs say that nothing has been added yet.
                if not tally.proven and (keys or following.token != current.token):
                    raise PageRepeated("hands out the same next page twice")
                following = None
            else:
                tokens.add(following.token)
        if without_news > MAX_KNOWN_PAGES_IN_A_PASS and following is not None:
            if not tally.proven:
                raise PageRepeated(f"goes on for {without_news} pages without a row that was not there before")
            following = None
        yield ListedPage(current, page, keys, following is not None)
        if following is None:
            _check_end(page, paging, tally, is_promised=is_promised)
        # Whether the page says explicitly that another one follows.
        is_promised = bool(page.has_more) or page.next is not None or (page.total or 0) > tally.rows
        # Nothing holds on to the rows while the next page is fetched.
        previous_keys, current = keys, following
        del page, keys


def _has_next(page: Page, paging: Paging, tally: Tally) -> bool:
    """Whether the list says that it goes on after a page that was added to the tally."""
    if isinstance(paging, Tokens):
        return page.next is not None and page.has_more is not False and not (tally.proven and not page.rows)
    if page.rows:
        return page.has_next(tally.rows)
    return bool(page.has_more) and not tally.proven


def _is_cut_off(page: Page, paging: Paging, *, is_promised: bool) -> bool:
    """Whether a promised page came without rows, and does not say that the list ends."""
    says_nothing = page.has_more is None and page.total is None and page.next is None
    return is_promised and not page.rows and (page.blank or (says_nothing and not isinstance(paging, Tokens)))


def _ends_too_early(page: Page, paging: Paging, tally: Tally, *, is_promised: bool) -> bool:
    """Whether a page is worth asking for again, since the list seems to end with it although it counts more rows."""
    if _is_cut_off(page, paging, is_promised=is_promised):
        return not tally.proven
    return not isinstance(paging, Tokens) and not page.has_more and page.is_truncated(tally.rows)


def _check_end(page: Page, paging: Paging, tally: Tally, *, is_promised: bool) -> None:
    """Compare the end of a list with the totals it has reported.

    :raises ListChanged: when rows may be missing
    """
    if isinstance(paging, Tokens) and page.has_more and page.next is None:
        raise ListChanged(f"says that it goes on and hands out no next page after {tally.rows} rows")
    most = tally.fewest if isinstance(paging, Tokens) else tally.total
    if most is not None and tally.rows < most:
        raise ListChanged(f"tells of {most} rows and ends after {tally.rows}")
    if tally.fewest is not None and tally.distinct < tally.fewest:
        raise RowsRepeated(f"tells of {tally.fewest} rows and holds {tally.distinct} different ones")
    if _is_cut_off(page, paging, is_promised=is_promised) and not tally.proven:
        raise ListChanged(f"says that it goes on and ends after {tally.rows} rows")


def _is_whole(listing: Listing, request: PageRequest, page: Page) -> bool:
    """Whether a page that came again is the whole list, of an API that does not page.

    An API that says nothing about paging and sends the same few rows for every request does not page. A full page looks
    the same if the API ignores page numbers. Where a vendor has unpaged lists, a page that does not shrink when fewer
    rows are asked for is the whole list.
    """
    if page.has_more is not None or page.total is not None:
        return False
    if page.short:
        return True
    if not listing.paging.may_be_whole:
        return False
    try:
        fewer = listing.fetch(replace(request, size=max(len(page.rows) - 1, 1)))
    except BadRequest:
        return False
    return [listing.key(row) for row in fewer.rows] == [listing.key(row) for row in page.rows]
