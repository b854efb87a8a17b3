"""How an API addresses a page of a list: by offset, by number, or by a token that the page before hands out."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace

from typing_extensions import override

from source_invoicing.streams.listing.errors import ListChanged, PageRepeated, RowsRepeated
from source_invoicing.streams.page import Listing, Page, PageRequest, Paging

# So many pages in a row may bring no row that was not seen before, where the list says that it goes on.
MAX_PAGES_WITHOUT_NEWS = 10


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
        # Of those that reach as far, the largest: a page of one row shows nothing of what stands before it.
        size = max(range(1, page_size + 1), key=lambda rows: ((row // rows + 1) * rows, rows))
        number = row // size + 1
        return replace(request, number=number, size=size), (number - 1) * size


@dataclass(frozen=True)
class Tokens(Paging):
    """``cursor=eyJpZCI6...``, or a link to the next page.

    :param name_a_row: whether a token names a place in the list (the id of its last row), so that rows that come and go
        elsewhere shift nothing; ``None`` where the API makes tokens up, which may be numbers of pages or rows
    """

    name_a_row: bool | None = None

    @override
    def following(self, request: PageRequest, page: Page) -> PageRequest | None:
        return None if page.next is None else replace(request, token=page.next)


@dataclass(frozen=True)
class ListedPage:
    """A page, and where it stands in the list.

    :param keys: of its rows, in order
    :param has_next: whether the list goes on behind it
    """

    request: PageRequest
    page: Page
    keys: tuple[Hashable, ...]
    has_next: bool


@dataclass
class Tally:
    """What one pass over the pages of a list has met so far. Rows are identified by the hashes of their keys.

    :ivar rows: up to the end of the latest page, those that came twice included
    :ivar furthest: the most there have been; fewer of them were read again if ``rows`` was set back
    :ivar seen: hashes of the keys
    :ivar fewest: the lowest total reported, so that rows inserted meanwhile need not come
    :ivar most: the highest total reported, so that inserted rows that came stand for no other
    :ivar total: the latest total reported
    """

    rows: int = 0
    furthest: int = 0
    seen: set[int] = field(default_factory=set)
    fewest: int | None = None
    most: int | None = None
    total: int | None = None
    _latest: set[int] = field(default_factory=set)

    @property
    def distinct(self) -> int:
        """How many different rows there were."""
        return len(self.seen)

    @property
    def proven(self) -> bool:
        """Whether as many different rows came as the totals count."""
        return self.most is not None and self.distinct >= self.most

    def add(self, keys: tuple[Hashable, ...]) -> bool:
        """Take note of the rows of a page.

        :return: whether it counts as news: a row was not seen before, or it lies where the pass has been before
        """
        self._latest = set(map(hash, keys)) - self.seen
        self.seen |= self._latest
        self.rows += len(keys)
        is_news = bool(self._latest) or self.rows < self.furthest
        self.furthest = max(self.furthest, self.rows)
        return is_news

    def roll_back(self, keys: tuple[Hashable, ...]) -> None:
        """The latest page does not count."""
        self.rows -= len(keys)
        self.seen -= self._latest

    def note_total(self, page: Page) -> None:
        """Take note of how many rows there are."""
        if page.total is not None:
            self.total = page.total
            self.fewest = page.total if self.fewest is None else min(self.fewest, page.total)
            self.most = max(page.total, self.most or 0)


def pages(
    listing: Listing, request: PageRequest, *, first: Page | None = None, tally: Tally | None = None
) -> Iterator[ListedPage]:
    """The pages of a list, from one of them to its end.

    A total counts as reached once so many *different* rows came. A page that ends before its total is asked for once
    more. An empty page of a list that says it goes on is passed. What is wrong with the end shows behind the last page,
    so the pages have to be taken to their end.

    :param request: for the page to begin with
    :param first: that page, where the caller has fetched it
    :param tally: counts on what an earlier call has begun; to read pages again, set its ``rows`` back
    :raises PageRepeated: when the same page comes twice in a row and is not the whole list, or when pages without news
        follow each other
    :raises RowsRepeated: when as many rows came as the total counts, but fewer different ones
    :raises ListChanged: when the list ends before its total, or although it says that it goes on
    """
    paging, tally = listing.paging, tally or Tally()
    tokens = {request.token}
    before: tuple[Hashable, ...] = ()
    promised = False
    without_news = 0
    current: PageRequest | None = request
    while current is not None:
        page = first if first is not None else listing.fetch(current)
        first = None
        if _ends_too_early(page, paging, tally, promised=promised):
            page = listing.fetch(current)
        keys = tuple(map(listing.key, page.rows))
        tally.note_total(page)
        if keys and keys == before:
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
        if without_news > MAX_PAGES_WITHOUT_NEWS and following is not None:
            if not tally.proven:
                raise PageRepeated(f"goes on for {without_news} pages without a row that was not there before")
            following = None
        yield ListedPage(current, page, keys, following is not None)
        if following is None:
            _prove_end(page, paging, tally, promised=promised)
        # Whether the page says explicitly that another one follows.
        promised = bool(page.has_more) or page.next is not None or (page.total or 0) > tally.rows
        # Nothing holds on to the rows while the next page is fetched.
        before, current = keys, following
        del page, keys


def _has_next(page: Page, paging: Paging, tally: Tally) -> bool:
    """Whether the list says that it goes on behind a page that the tally has taken note of."""
    if isinstance(paging, Tokens):
        return page.next is not None and page.has_more is not False and not (tally.proven and not page.rows)
    if page.rows:
        return page.has_next(tally.rows)
    return bool(page.has_more) and not tally.proven


def _is_cut_off(page: Page, paging: Paging, *, promised: bool) -> bool:
    """Whether a promised page came without rows and without a word about the end."""
    says_nothing = page.has_more is None and page.total is None and page.next is None
    return promised and not page.rows and (page.blank or (says_nothing and not isinstance(paging, Tokens)))


def _ends_too_early(page: Page, paging: Paging, tally: Tally, *, promised: bool) -> bool:
    """Whether a page is worth asking for again, since the list seems to end with it although it counts more rows."""
    if _is_cut_off(page, paging, promised=promised):
        return not tally.proven
    return not isinstance(paging, Tokens) and not page.has_more and page.is_truncated(tally.rows)


def _prove_end(page: Page, paging: Paging, tally: Tally, *, promised: bool) -> None:
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
    if _is_cut_off(page, paging, promised=promised) and not tally.proven:
        raise ListChanged(f"says that it goes on and ends after {tally.rows} rows")


def _is_whole(listing: Listing, request: PageRequest, page: Page) -> bool:
    """Whether a page that came again is the whole list, of an API that does not page.

    An API that says nothing about paging and sends the same few rows for every request does not page. A full page looks
    the same for one that does not take page numbers. Of a vendor that has unpaged lists, the whole list is what does
    not shrink when fewer rows are asked for.
    """
    if page.has_more is not None or page.total is not None:
        return False
    if page.short:
        return True
    if not listing.paging.may_be_whole:
        return False
    fewer = listing.fetch(replace(request, size=max(len(page.rows) - 1, 1)))
    return [listing.key(row) for row in fewer.rows] == [listing.key(row) for row in page.rows]
