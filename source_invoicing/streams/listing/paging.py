"""How an API addresses a page of a list: by offset, by number, or by a token that the page before hands out."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace

from airbyte_cdk.models import FailureType

from source_invoicing.http import BadRequest, Failure, UnexpectedResponse
from source_invoicing.streams.listing.errors import ListChanged, PageRepeated, RowsRepeated
from source_invoicing.streams.page import Listing, Page, PageRequest, Paging

__all__ = ["ListedPage", "Offsets", "Pages", "Paging", "Tally", "Tokens", "pages", "refusal_of_an_offset"]

# So many pages in a row may bring no row that was not seen before, where the list says that it goes on.
MOST_PAGES_WITHOUT_NEWS = 10


@dataclass(frozen=True)
class Offsets:
    """``offset=200&limit=100``: a page may begin with any row."""

    resizable: bool = True
    may_be_whole: bool = False

    def following(self, request: PageRequest, page: Page) -> PageRequest | None:
        step = len(page.rows) or page.size or request.size
        return replace(request, offset=request.offset + step) if step else None

    def covering(self, request: PageRequest, row: int, page_size: int) -> tuple[PageRequest, int]:
        return replace(request, offset=row), row


@dataclass(frozen=True)
class Pages:
    """``page=3&per_page=100``.

    :param resizable: whether smaller pages may be asked for, whose borders are elsewhere
    :param may_be_whole: whether the vendor has lists that are not paged, which answer every request with all their rows
    """

    resizable: bool = False
    may_be_whole: bool = False

    def following(self, request: PageRequest, page: Page) -> PageRequest:
        return replace(request, number=request.number + 1)

    def covering(self, request: PageRequest, row: int, page_size: int) -> tuple[PageRequest, int] | None:
        if not self.resizable:
            return None
        # Of those that reach as far, the largest: a page of one row shows nothing of what stands before it.
        size = max(range(1, page_size + 1), key=lambda rows: ((row // rows + 1) * rows, rows))
        number = row // size + 1
        return replace(request, number=number, size=size), (number - 1) * size


@dataclass(frozen=True)
class Tokens:
    """``cursor=eyJpZCI6...``, or a link to the next page.

    :param name_a_row: whether a token names a place in the list (the id of its last row), so that rows that come and go
        elsewhere shift nothing; ``None`` where the API makes tokens up, which may be numbers of pages or rows
    """

    name_a_row: bool | None = None
    resizable: bool = False
    may_be_whole: bool = False

    def following(self, request: PageRequest, page: Page) -> PageRequest | None:
        return None if page.next is None else replace(request, token=page.next)

    def covering(self, request: PageRequest, row: int, page_size: int) -> None:
        return None


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

    def add(self, page: Page, keys: tuple[Hashable, ...]) -> bool:
        """Take note of a page.

        :return: whether it counts as news: a row was not seen before, or it lies where the pass has been before
        """
        self._latest = set(map(hash, keys)) - self.seen
        self.seen |= self._latest
        self.rows += len(keys)
        is_news = bool(self._latest) or self.rows < self.furthest
        self.furthest = max(self.furthest, self.rows)
        self.note_total(page)
        return is_news

    def take_back(self, keys: tuple[Hashable, ...]) -> None:
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
    listing: Listing,
    paging: Paging,
    request: PageRequest,
    *,
    first: Page | None = None,
    tally: Tally | None = None,
) -> Iterator[ListedPage]:
    """Follow a paging from one page to the end of its list.

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
    tally = tally or Tally()
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
            if tally.proven or _is_whole(listing, paging, request, page):
                return
            raise PageRepeated("answers with the same page twice")
        without_news = 0 if tally.add(page, keys) else without_news + 1
        following = paging.following(current, page) if _has_next(page, paging, tally) else None
        if following is not None and following.token is not None:
            if following.token in tokens:
                # An empty page that names itself is how some APIs say that nothing has been added yet.
                if not tally.proven and (keys or following.token != current.token):
                    raise PageRepeated("hands out the same next page twice")
                following = None
            else:
                tokens.add(following.token)
        if without_news > MOST_PAGES_WITHOUT_NEWS and following is not None:
            if not tally.proven:
                raise PageRepeated(f"goes on for {without_news} pages without a row that was not there before")
            following = None
        yield ListedPage(current, page, keys, following is not None)
        if following is None:
            _prove_end(page, paging, tally, promised=promised)
        # Nothing holds on to the rows while the next page is fetched.
        promised = _promises(page, tally)
        before, current = keys, following
        del page, keys


def _promises(page: Page, tally: Tally) -> bool:
    """Whether a page says explicitly that another one follows."""
    return bool(page.has_more) or page.next is not None or (page.total is not None and page.total > tally.rows)


def _has_next(page: Page, paging: Paging, tally: Tally) -> bool:
    """Whether the list says that it goes on behind a page that the tally has taken note of."""
    if isinstance(paging, Tokens):
        return page.next is not None and page.has_more is not False and not (tally.proven and not page.rows)
    if page.rows:
        return page.has_next(tally.rows)
    return bool(page.has_more) and not tally.proven


def _says_nothing(page: Page) -> bool:
    return page.blank or (page.has_more is None and page.total is None and page.next is None)


def _is_cut_off(page: Page, paging: Paging, *, promised: bool) -> bool:
    """Whether a promised page came without rows and without a word about the end."""
    if page.rows or not promised:
        return False
    return page.blank or (_says_nothing(page) and not isinstance(paging, Tokens))


def _ends_too_early(page: Page, paging: Paging, tally: Tally, *, promised: bool) -> bool:
    """Whether a page is worth asking for again, since the list seems to end with it although it counts more rows."""
    rows = tally.rows + len(page.rows)
    if isinstance(paging, Tokens):
        return _is_cut_off(page, paging, promised=promised) and not tally.proven
    if _is_cut_off(page, paging, promised=promised):
        return not tally.proven
    return page.is_truncated(rows) and not page.has_more


def _prove_end(page: Page, paging: Paging, tally: Tally, *, promised: bool) -> None:
    """Compare the end of a list with the totals it has reported.

    :raises ListChanged: when rows may be missing
    """
    if isinstance(paging, Tokens):
        if page.has_more and page.next is None:
            raise ListChanged(f"says that it goes on and hands out no next page after {tally.rows} rows")
        most = tally.fewest
    else:
        # The page behind the last row may tell nothing.
        most = tally.total if page.total is None else page.total
    if most is not None and tally.rows < most:
        raise ListChanged(f"tells of {most} rows and ends after {tally.rows}")
    if tally.fewest is not None and tally.distinct < tally.fewest:
        raise RowsRepeated(f"tells of {tally.fewest} rows and holds {tally.distinct} different ones")
    if _is_cut_off(page, paging, promised=promised) and not tally.proven:
        raise ListChanged(f"says that it goes on and ends after {tally.rows} rows")


def _is_whole(listing: Listing, paging: Paging, request: PageRequest, page: Page) -> bool:
    """Whether a page that came again is the whole list, of an API that does not page.

    A full page looks the same for one that does not take page numbers. Of a vendor that has unpaged lists, the whole
    list is what does not shrink when fewer rows are asked for.
    """
    if page.is_unpaged:
        return True
    if not paging.may_be_whole or page.has_more is not None or page.total is not None:
        return False
    fewer = listing.fetch(replace(request, size=max(len(page.rows) - 1, 1)))
    return [listing.key(row) for row in fewer.rows] == [listing.key(row) for row in page.rows]


def refusal_of_an_offset(refusal: BadRequest, request: PageRequest, offset: int) -> Failure:
    """What to make of a refusal where rows have no other addresses, so that another plan would ask the same."""
    kind = refusal.failure_type or FailureType.system_error
    if offset:
        # All but the offset was fine on the pages before.
        return UnexpectedResponse(
            f"{refusal.sentence} The list could be read up to row {offset}, so it may be longer than the API lets it "
            "be read. A later start_date can make it shorter; otherwise leave the stream out.",
            kind,
        )
    is_plain = request.since is None and request.order is None
    return UnexpectedResponse(refusal.sentence, kind) if is_plain else refusal
