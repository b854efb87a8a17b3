"""The types of pagination, one class each.

To add one, write its class here and enter it in :data:`PAGERS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from typing_extensions import Self, override

from source_invoicing.config import Fields
from source_invoicing.http import Failure, Response, config_failure
from source_invoicing.http.link_header import target, targets
from source_invoicing.platforms.rest_api.page_info import NO_PAGE_INFO, PageInfo, Place, bad_pagination, value_at
from source_invoicing.platforms.rest_api.paths import MISSING, describe, dig, parse_path
from source_invoicing.streams import Page, PageRequest, Row
from source_invoicing.streams.listing import (
    OVERLAP,
    OVERLAP_UNFILTERED,
    PASSES,
    PASSES_UNFILTERED,
    Offsets,
    Pages,
    Paging,
    Plan,
    Tokens,
)

MAX_ROWS = 10_000
MAX_PAGES = 1_000_000
MAX_OFFSET = 1_000_000_000
# Lists by offset are read with pages that overlap by a row, so a page needs a second one.
MIN_ROWS_BY_OFFSET = 2
READ_LESS = (
    "Read less of it at a time: name a since_param where the API filters by the last change, or split the stream in "
    "several, each with params that select a range of dates."
)


@dataclass(frozen=True, kw_only=True)
class Pager:
    """A type of pagination.

    :param size: rows per page; 0 where the request does not say
    :param info: where the API says how long the list is
    """

    #: Whether the API gives the address of the next page.
    follows_links: ClassVar[bool] = False

    size: int = 0
    info: PageInfo = NO_PAGE_INFO

    @classmethod
    def parse(cls, fields: Fields, primary_key: Sequence[str]) -> Self:
        """Read the options of this pager, but not ``info``.

        :param fields: the object ``pagination`` of a stream
        :param primary_key: dotted paths of the stream's key
        """
        return cls()

    def plans(self, *, filtered: bool) -> tuple[Plan, ...]:
        """The ways to read such a list, best first. The last one works without the filter, which may hide rows.

        :param filtered: whether the API filters rows by modification time
        """
        return (PASSES, PASSES_UNFILTERED) if filtered else (PASSES,)

    @property
    def paging(self) -> Paging:
        """How pages are addressed."""
        return Pages()

    @property
    def params(self) -> Mapping[str, str]:
        """The parameter for each placeholder of a page request; empty if the placeholder has none."""
        return {}

    @property
    def reports_its_end(self) -> bool:
        """Whether the responses say if more rows follow."""
        return self.info != NO_PAGE_INFO

    @property
    def asks_past_the_end(self) -> bool:
        """Whether the page after the last one may be requested, to see that it is empty."""
        return False

    def values(self, request: PageRequest) -> Mapping[str, str | int]:
        """The values of placeholders for a page request. One of :attr:`params` that is missing has no value yet.

        :raises Failure: when the API's ceiling is reached
        """
        return {}

    def depth(self, request: PageRequest) -> str:
        """How deep into the list a request goes, in the API's own terms; empty if it cannot be refused for that."""
        return ""

    def is_at_the_ceiling(self, request: PageRequest, rows: int) -> bool:
        """Whether the API refuses the page after one with so many rows, by the configuration."""
        return False

    def page(self, response: Response, rows: list[Row], request: PageRequest) -> Page:
        """The rows of a response, and how the list continues.

        :raises Failure: when the response contradicts the configuration
        """
        return Page(rows, self.info.has_more(response, request), self.info.total(response, request))


class NoPager(Pager):
    """The whole list is one page."""

    @override
    def page(self, response: Response, rows: list[Row], request: PageRequest) -> Page:
        total = self.info.total(response, request)
        if total is not None and total > len(rows):
            raise bad_pagination(response, f"it holds {len(rows)} rows of {total}, and pagination is none", "type")
        if self.info.has_more(response, request):
            raise bad_pagination(response, "it says that there are more rows, and pagination is none", "type")
        if target(response.headers.get("Link", ""), "next"):
            raise bad_pagination(response, "its header Link names a next page, and pagination is none", "type")
        # Other hints are ignored: they may describe pages that this API sends only when asked.
        return Page(rows, has_more=False)


@dataclass(frozen=True, kw_only=True)
class OffsetPager(Pager):
    """``offset=200&limit=100``.

    :param first_offset: of the first row: some APIs count from 1
    """

    paging = Offsets()

    limit_param: str = "limit"
    offset_param: str = "offset"
    size: int = 100
    first_offset: int = 0
    max_offset: int | None = None

    @classmethod
    @override
    def parse(cls, fields: Fields, primary_key: Sequence[str]) -> Self:
        return cls(
            limit_param=fields.optional_text("limit_param", "limit"),
            offset_param=fields.text_or("offset_param", "offset"),
            size=fields.integer("limit", 100, MIN_ROWS_BY_OFFSET, MAX_ROWS),
            first_offset=fields.integer("first_offset", 0, 0, 1),
            max_offset=fields.integer("max_offset", None, 1, MAX_OFFSET),
        )

    @override
    def plans(self, *, filtered: bool) -> tuple[Plan, ...]:
        return (OVERLAP, OVERLAP_UNFILTERED) if filtered else (OVERLAP_UNFILTERED,)

    @property
    @override
    def params(self) -> Mapping[str, str]:
        return {"limit": self.limit_param, "offset": self.offset_param}

    @override
    def values(self, request: PageRequest) -> Mapping[str, str | int]:
        offset = self._offset(request)
        if self.max_offset is not None and offset > self.max_offset:
            raise _ceiling(f"offset {self.max_offset}", "max_offset")
        return {"limit": self.size, "offset": offset}

    @override
    def depth(self, request: PageRequest) -> str:
        return f"{self.offset_param} {self._offset(request)}" if request.offset else ""

    @override
    def is_at_the_ceiling(self, request: PageRequest, rows: int) -> bool:
        return self.max_offset is not None and self._offset(request) + rows > self.max_offset

    def _offset(self, request: PageRequest) -> int:
        return self.first_offset + request.offset

    @override
    def page(self, response: Response, rows: list[Row], request: PageRequest) -> Page:
        has_more = self.info.has_more(response, request)
        rows_so_far = request.offset + len(rows)
        total = self.info.total(response, request, rows_so_far if rows else 0)
        # A total by which a full page is the last one may count only the rows of the page: request the next page too.
        doubtful = 0 < self.size <= len(rows) and has_more is None and total == rows_so_far
        return Page(rows, has_more, None if doubtful else total)


@dataclass(frozen=True, kw_only=True)
class PagePager(Pager):
    """``page=3&per_page=100``."""

    page_param: str = "page"
    size_param: str = "per_page"
    size: int = 100
    start_page: int = 1
    max_page: int | None = None

    @classmethod
    @override
    def parse(cls, fields: Fields, primary_key: Sequence[str]) -> Self:
        return cls(
            page_param=fields.text_or("page_param", "page"),
            size_param=fields.optional_text("size_param", "per_page"),
            size=fields.integer("size", 100, 1, MAX_ROWS),
            start_page=fields.integer("start_page", 1, 0, 1),
            max_page=fields.integer("max_page", None, 1, MAX_PAGES),
        )

    @override
    def plans(self, *, filtered: bool) -> tuple[Plan, ...]:
        passes = super().plans(filtered=filtered)
        overlap = OVERLAP if filtered else OVERLAP_UNFILTERED
        return (overlap, *passes) if self.paging.resizable else passes

    @property
    @override
    def paging(self) -> Pages:
        # Pages that can be made smaller can overlap. With a max_page they are not made smaller: more pages would be
        # needed, and the last ones refused.
        return Pages(resizable=bool(self.size_param) and self.max_page is None)

    @property
    @override
    def asks_past_the_end(self) -> bool:
        return not self.reports_its_end

    @property
    @override
    def params(self) -> Mapping[str, str]:
        return {"page": self.page_param, "limit": self.size_param}

    @override
    def values(self, request: PageRequest) -> Mapping[str, str | int]:
        page = self._page(request)
        if self.max_page is not None and page > self.max_page:
            raise _ceiling(f"page {self.max_page}", "max_page")
        return {"page": page, "limit": request.size or self.size}

    @override
    def depth(self, request: PageRequest) -> str:
        # A refusal of the second page may be about its size, which is new there.
        first = 1 if request.size in (None, self.size) else 2
        return f"{self.page_param} {self._page(request)}" if request.number > first else ""

    @override
    def is_at_the_ceiling(self, request: PageRequest, rows: int) -> bool:
        return self.max_page is not None and self._page(request) >= self.max_page

    def _page(self, request: PageRequest) -> int:
        return self.start_page + request.number - 1


@dataclass(frozen=True, kw_only=True)
class CursorPager(Pager):
    """``starting_after=<id of the last row>``, or a cursor from the body.

    :param cursor_param: empty where only placeholders take the cursor
    :param path: where the cursor is, in the last record or in the body
    """

    cursor_param: str
    from_last_record: bool
    path: str

    @classmethod
    @override
    def parse(cls, fields: Fields, primary_key: Sequence[str]) -> Self:
        from_last_record = fields.choice("source", ("last_record", "body"), default="last_record") == "last_record"
        path = parse_path(fields, "path", primary_key[0] if from_last_record and len(primary_key) == 1 else "")
        if not path:
            place = "the last record" if from_last_record else "the body"
            raise fields.complaint("path", f"is missing. It is where the cursor is in {place}")
        return cls(cursor_param=fields.optional_text("cursor_param"), from_last_record=from_last_record, path=path)

    @property
    @override
    def paging(self) -> Tokens:
        # A cursor from the body may stand for a page number; the key of a row does not.
        return Tokens(name_a_row=True if self.from_last_record else None)

    @property
    @override
    def params(self) -> Mapping[str, str]:
        return {"cursor": self.cursor_param}

    @override
    def values(self, request: PageRequest) -> Mapping[str, str | int]:
        return {} if request.token is None else {"cursor": request.token}

    @override
    def page(self, response: Response, rows: list[Row], request: PageRequest) -> Page:
        page = super().page(response, rows, request)
        if page.has_more is False or (self.from_last_record and not rows):
            return page
        token = dig(rows[-1], self.path) if self.from_last_record else value_at(response, self.path, rows, request)
        if not isinstance(token, (str, int)) or isinstance(token, bool) or token == "":
            if self.from_last_record or page.has_more:
                where = "the last record" if self.from_last_record else "the body"
                raise bad_pagination(response, f"{where} has no cursor at {self.path!r}", "path")
            return replace(page, has_more=False)
        return replace(page, next=str(token))


@dataclass(frozen=True, kw_only=True)
class LinkHeaderPager(Pager):
    """``Link: <https://...?page=2>; rel="next"`` (RFC 8288)."""

    follows_links: ClassVar[bool] = True
    paging = Tokens()

    rel: str = "next"

    @classmethod
    @override
    def parse(cls, fields: Fields, primary_key: Sequence[str]) -> Self:
        return cls(rel=fields.text_or("rel", "next"))

    @override
    def page(self, response: Response, rows: list[Row], request: PageRequest) -> Page:
        header = response.headers.get("Link", "")
        if header.strip() and not targets(header):
            raise bad_pagination(response, "its header Link names no address in the form of RFC 8288", "type")
        return replace(super().page(response, rows, request), next=target(header, self.rel) or None)


@dataclass(frozen=True, kw_only=True)
class NextUrlPager(Pager):
    """The address of the next page, in the body or in a header."""

    follows_links: ClassVar[bool] = True
    paging = Tokens()

    place: Place

    @classmethod
    @override
    def parse(cls, fields: Fields, primary_key: Sequence[str]) -> Self:
        place = Place.parse(fields)
        if not place:
            raise fields.complaint(
                "path", "is missing. It is where the address of the next page is in the body; or set header"
            )
        return cls(place=place)

    @override
    def page(self, response: Response, rows: list[Row], request: PageRequest) -> Page:
        place = self.place
        link = place.find(response) if place.header else value_at(response, place.path, rows, request)
        page = super().page(response, rows, request)
        if isinstance(link, str) and link.strip():
            return replace(page, next=link.strip())
        if link in (None, False, "", MISSING):
            return page
        raise bad_pagination(response, f"the address of the next page is {describe(link)}", place.option)


PAGERS: Mapping[str, type[Pager]] = {
    "offset": OffsetPager,
    "page": PagePager,
    "cursor": CursorPager,
    "link_header": LinkHeaderPager,
    "next_url": NextUrlPager,
    "none": NoPager,
}


def parse_pager(fields: Fields | None, primary_key: Sequence[str]) -> Pager:
    """The pager of a stream, by its ``type``; limit and offset by default.

    :param fields: the object ``pagination`` of the stream, if there is one
    """
    if fields is None:
        return OffsetPager()
    kind = PAGERS[fields.choice("type", PAGERS)]
    pager = kind.parse(fields, primary_key)
    return replace(pager, info=PageInfo.parse(fields, counts_pages=kind is PagePager))


def _ceiling(where: str, option: str) -> Failure:
    return config_failure(
        f"The list goes on behind {where}, where the API ends according to pagination.{option}. {READ_LESS}"
    )
