"""How an API addresses a page of a list: by offset, by number, or by a token that the page before hands out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from source_invoicing.streams.page import Page, PageRequest


class Paging(Protocol):
    """Addresses pages. Knows nothing of parameters: the stream translates a :class:`PageRequest`."""

    def following(self, request: PageRequest, page: Page) -> PageRequest | None:
        """The request for the page behind ``page``; ``None`` where no address for it is known."""

    def covering(self, request: PageRequest, row: int, page_size: int) -> tuple[PageRequest, int] | None:
        """The request for a page that holds row ``row`` (counted from 0) and reaches furthest beyond it, and the row
        that page begins with; ``None`` where rows have no addresses, so that pages cannot overlap.

        :param page_size: rows on the largest page allowed
        """


@dataclass(frozen=True)
class Offsets:
    """``offset=200&limit=100``: a page may begin with any row."""

    def following(self, request: PageRequest, page: Page) -> PageRequest:
        return replace(request, offset=request.offset + len(page.rows))

    def covering(self, request: PageRequest, row: int, page_size: int) -> tuple[PageRequest, int]:
        return replace(request, offset=row), row


@dataclass(frozen=True)
class Pages:
    """``page=3&per_page=100``.

    :param resizable: whether smaller pages may be asked for, whose borders are elsewhere
    """

    resizable: bool = False

    def following(self, request: PageRequest, page: Page) -> PageRequest:
        return replace(request, number=request.number + 1)

    def covering(self, request: PageRequest, row: int, page_size: int) -> tuple[PageRequest, int] | None:
        if not self.resizable:
            return None
        size = max(range(1, page_size + 1), key=lambda rows: (row // rows + 1) * rows)
        number = row // size + 1
        return replace(request, number=number, size=size), (number - 1) * size


@dataclass(frozen=True)
class Tokens:
    """``cursor=eyJpZCI6...``, or a link to the next page.

    :param name_a_row: whether a token names a place in the list (the id of its last row), so that rows that come and go
        elsewhere shift nothing; ``None`` where the API makes tokens up, which may be numbers of pages or rows
    """

    name_a_row: bool | None = None

    def following(self, request: PageRequest, page: Page) -> PageRequest | None:
        return None if page.next is None else replace(request, token=page.next)

    def covering(self, request: PageRequest, row: int, page_size: int) -> None:
        return None
