"""The walks over lists whose pages hand out what to ask for the next page with: a cursor or a link."""

from __future__ import annotations

import re
from collections.abc import Iterator

from source_invoicing.http import BadRequest
from source_invoicing.streams.page import Page, PageRequest
from source_invoicing.streams.walks.by_page import MOST_PASSES, RestartingWalk, Trail
from source_invoicing.streams.walks.walk import Horizon, Moved, Step

# The whole of a step of a path, of a parameter's value, or of a token: "page=2", "/page/2", "2".
NUMBER = re.compile(r"(?:^|(?<=[/?&;#]))([^/?&;#]*[=:])?([0-9]{1,18})(?=$|[/?&;#])")


class TokenWalk(RestartingWalk):
    """Page after page, each asked for with what the one before handed out, until one hands out nothing.

    A cursor names a place in the list, so rows that come and go elsewhere shift nothing. The same token twice, or the
    same page twice, is an error: such a list has no end.

    The row that a cursor names may be deleted before it is used: when the API does not know a cursor, the list is
    read again from the top, once.

    Nothing is promised before the end: how long a token lives is not known.
    """

    _was_refused = False

    def one_pass(self, since: int | None) -> Iterator[Step]:
        """See :class:`RestartingWalk`."""
        horizon = Horizon()
        for page in self.pages(since):
            horizon.saw(page, self.timestamps(page))
            yield Step(page.rows)
        yield Step([], reached=horizon.reached)

    def pages(self, since: int | None) -> Iterator[Page]:
        """The pages from the first to the last.

        :raises Moved: when rows may have been missed
        """
        tokens: set[str] = set()
        pages: set[int] = set()
        rows = 0
        # Rows that others insert behind the walk's back are counted by later answers, and not read.
        fewest: int | None = None
        before: Page | None = None
        token: str | None = None
        while True:
            page = self._ask(PageRequest(since=since, token=token))
            self.compare(before, page)
            keys = hash(self.keys(page))
            if page.rows and keys in pages:
                raise self.contradiction("answers with the same page twice")
            pages.add(keys)
            rows += len(page.rows)
            if page.total is not None:
                fewest = page.total if fewest is None else min(fewest, page.total)
            yield page
            if page.next is None:
                break
            if page.next in tokens:
                raise self.contradiction("hands out the same next page twice")
            tokens.add(page.next)
            before, token = page, page.next
        if page.has_more:
            raise self.contradiction(f"says that it goes on and hands out no next page after {rows} rows")
        if fewest is not None and rows < fewest:
            raise self.contradiction(f"tells of {fewest} rows and ends after {rows}")

    def _ask(self, request: PageRequest) -> Page:
        try:
            return self.listing.fetch(request)
        except BadRequest as refusal:
            if request.token is None or self._was_refused:
                raise
            self._was_refused = True
            raise Moved(f"does not know the place any more where its next page began ({refusal})") from None

    def compare(self, before: Page | None, page: Page) -> None:
        """Look for signs that rows moved between two pages. A cursor does not mind."""


class LinkWalk(TokenWalk):
    """The same along tokens that the API makes up: links, or cursors beside the rows.

    Such a token may be the number of a page, or of the rows before it, and then a delete pulls an unread row out of
    sight. Where all tokens of a list may be such numbers, it is read as
    :class:`~source_invoicing.streams.walks.by_page.PageWalk` reads one: until a pass meets all the rows of the pass
    before. Other tokens are trusted to name a place in the list.
    """

    def one_pass(self, since: int | None) -> Iterator[Step]:
        """See :class:`RestartingWalk`."""
        horizon = Horizon()
        trail: Trail | None = None
        for _ in range(MOST_PASSES):
            trail, count = Trail(trail), Count()
            for page in self.pages(since):
                horizon.saw(page, self.timestamps(page))
                trail.pages += 1
                count.take(page)
                yield Step([row for row in page.rows if not trail.add(self.listing.key(row))])
            if trail.settled or not count.is_likely:
                yield Step([], reached=horizon.reached)
                return
        raise self.contradiction("loses rows each time it is read")

    def compare(self, before: Page | None, page: Page) -> None:
        """See :class:`TokenWalk`. When a total shrinks, the list is read again from the top."""
        if before is not None and before.total is not None and page.total is not None and page.total < before.total:
            raise Moved(f"shrank from {before.total} to {page.total} rows while it was read")


class Count:
    """Whether the tokens of a list may be numbers of pages or of rows.

    A number in them may count from 0 or from 1, in pages, in rows, or in rows as there would be if each page was as
    full as the longest, or as another number in the same token says. What fits all tokens is likely.
    """

    def __init__(self) -> None:
        self._pages = self._rows = self._longest = 0
        self._readings: set[tuple[str, int, str]] | None = None

    @property
    def is_likely(self) -> bool:
        """Whether there was a token, and all of them have a number in common that counts."""
        return bool(self._readings)

    def take(self, page: Page) -> None:
        """Take note of the next page and of the token on it."""
        self._pages += 1
        self._rows += len(page.rows)
        self._longest = max(self._longest, len(page.rows))
        if page.next is None:
            return
        fitting = set(self._fitting(numbers_in(page.next)))
        self._readings = fitting if self._readings is None else self._readings & fitting

    def _fitting(self, numbers: dict[str, int]) -> Iterator[tuple[str, int, str]]:
        """The ways to read one of the numbers as a count: its name, what it begins with, and what it counts."""
        counts = {"pages": self._pages, "rows": self._rows, "full pages": self._pages * self._longest}
        for name, number in numbers.items():
            sizes = {other: self._pages * size for other, size in numbers.items() if other != name}
            for unit, count in {**counts, **sizes}.items():
                if number - count in (0, 1):
                    yield name, number - count, unit


def numbers_in(token: str) -> dict[str, int]:
    """The whole numbers of a token, by the name of their parameter or by what stands before them."""
    return {found[1] or token[: found.start()]: int(found[2]) for found in NUMBER.finditer(token)}
