"""How APIs cut a list into pages, one class per way.

A pager puts a question into query parameters, reads from an answer how the list goes on, and names the walks that can
read such a list.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urljoin

from airbyte_cdk.models import FailureType

from source_invoicing.http import Response, UnexpectedResponse, config_failure
from source_invoicing.http.link_header import targets
from source_invoicing.platforms.rest_api.paths import MISSING, describe, dig, holds, whole_number
from source_invoicing.streams import (
    FilteredOffsetWalk,
    LinkWalk,
    OffsetWalk,
    PageRequest,
    PageWalk,
    Row,
    TokenWalk,
    UnsortedOverlapWalk,
    Walk,
)

Params = Mapping[str, str | int]

USUAL_TOTALS = (
    *("total", "total_count", "totalCount", "total_items", "totalItems", "count", "meta.total", "meta.total_count"),
    *("meta.pagination.total", "pagination.total", "pagination.total_entries"),
)
USUAL_FLAGS = ("has_more", "hasMore", "meta.has_more", "pagination.has_more")
READ_LESS = (
    "Read less of it at a time: name a since_param where the API filters by the last change, or split the stream in "
    "several, each with params that select a range of dates."
)


@dataclass(frozen=True)
class Outlook:
    """How a list goes on behind a page; see :class:`~source_invoicing.streams.page.Page`."""

    has_more: bool | None = None
    total: int | None = None
    next: str | None = None


class Pager(ABC):
    """One way to cut a list into pages."""

    walks: ClassVar[tuple[type[Walk], ...]]
    #: The rows that were asked for, or 0 where a question does not say.
    size: int = 0
    #: Dotted paths of what tells in the body how long the list is; empty where nothing does.
    total_path: str = ""
    total_pages_path: str = ""
    has_more_path: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters that the pager sets."""
        return ()

    @property
    def tells_the_end(self) -> bool:
        """Whether the answers say if there is more."""
        return bool(self.total_path or self.total_pages_path or self.has_more_path)

    @property
    def asks_behind_the_end(self) -> bool:
        """Whether the page behind the last one may be asked for, to see that it is empty."""
        return False

    def params(self, request: PageRequest) -> Params:
        """The parameters of a question.

        :raises Failure: when the API's ceiling is reached
        """
        return {}

    def place(self, request: PageRequest) -> str:
        """How far into the list a question goes, in the words of the API; empty where a refusal of it would have
        another reason, as at the beginning."""
        return ""

    @abstractmethod
    def outlook(self, response: Response, rows: list[Row], request: PageRequest) -> Outlook:
        """How the list goes on.

        :raises Failure: when the answer contradicts the configuration
        """


@dataclass(frozen=True)
class NoPager(Pager):
    """The whole list is one page."""

    total_path: str = ""

    walks = (PageWalk,)

    def outlook(self, response: Response, rows: list[Row], request: PageRequest) -> Outlook:
        """See :class:`Pager`. What an API says of further rows it says to somebody who does not ask for them."""
        total = _count(response, self.total_path)
        if total is not None and total > len(rows):
            raise _misled(response, f"it holds {len(rows)} rows of {total}, and pagination is none", "type")
        if _link(response, "next"):
            raise _misled(response, "its header Link names a next page, and pagination is none", "type")
        return Outlook(has_more=False)


@dataclass(frozen=True)
class OffsetPager(Pager):
    """``offset=200&limit=100``."""

    limit_param: str = "limit"
    offset_param: str = "offset"
    size: int = 100
    total_path: str = ""
    has_more_path: str = ""
    max_offset: int | None = None

    walks = (FilteredOffsetWalk, OffsetWalk)

    @property
    def names(self) -> tuple[str, ...]:
        """See :class:`Pager`."""
        return tuple(name for name in (self.limit_param, self.offset_param) if name)

    def params(self, request: PageRequest) -> Params:
        """See :class:`Pager`."""
        if self.max_offset is not None and request.offset > self.max_offset:
            raise _ceiling(f"offset {self.max_offset}", "max_offset")
        params: dict[str, str | int] = {self.limit_param: self.size} if self.limit_param else {}
        return {**params, self.offset_param: request.offset}

    def place(self, request: PageRequest) -> str:
        """See :class:`Pager`."""
        return f"{self.offset_param} {request.offset}" if request.offset else ""

    def outlook(self, response: Response, rows: list[Row], request: PageRequest) -> Outlook:
        """See :class:`Pager`. A total that makes a full page the last one may count the rows of the page: what is
        behind it will tell."""
        has_more = _truth(response, self.has_more_path, request)
        total = _total(response, self.total_path, request.offset + len(rows) if rows else 0)
        full = bool(self.size) and len(rows) >= self.size
        doubtful = full and has_more is None and total == request.offset + len(rows)
        return Outlook(has_more, None if doubtful else total)


@dataclass(frozen=True)
class PagePager(Pager):
    """``page=3&per_page=100``."""

    page_param: str = "page"
    size_param: str = "per_page"
    size: int = 100
    start_page: int = 1
    max_page: int | None = None
    total_path: str = ""
    total_pages_path: str = ""
    has_more_path: str = ""

    @property
    def walks(self) -> tuple[type[Walk], ...]:  # type: ignore[override]  # it depends on the parameters
        """See :class:`Pager`. Pages that can be made smaller can overlap. Under a ceiling they are not: there would
        be a few more of them, and the last ones out of reach."""
        return (UnsortedOverlapWalk, PageWalk) if self.size_param and self.max_page is None else (PageWalk,)

    @property
    def asks_behind_the_end(self) -> bool:
        """See :class:`Pager`."""
        return not self.tells_the_end

    @property
    def names(self) -> tuple[str, ...]:
        """See :class:`Pager`."""
        return tuple(name for name in (self.page_param, self.size_param) if name)

    def params(self, request: PageRequest) -> Params:
        """See :class:`Pager`."""
        page = self.start_page + request.number - 1
        if self.max_page is not None and page > self.max_page:
            raise _ceiling(f"page {self.max_page}", "max_page")
        params: dict[str, str | int] = {self.size_param: request.size or self.size} if self.size_param else {}
        return {self.page_param: page, **params}

    def place(self, request: PageRequest) -> str:
        """See :class:`Pager`. What is refused of the second page may be its size, which nobody has tried before."""
        first = 1 if request.size in (None, self.size) else 2
        return f"{self.page_param} {self.start_page + request.number - 1}" if request.number > first else ""

    def outlook(self, response: Response, rows: list[Row], request: PageRequest) -> Outlook:
        """See :class:`Pager`."""
        pages = _count(response, self.total_pages_path)
        has_more = request.number < pages if pages is not None else _truth(response, self.has_more_path, request)
        return Outlook(has_more, _count(response, self.total_path))


@dataclass(frozen=True)
class CursorPager(Pager):
    """``starting_after=<id of the last row>``, or a cursor from the body.

    :param path: where the cursor is, in the last record or in the body
    """

    cursor_param: str
    from_last_record: bool
    path: str
    has_more_path: str = ""
    total_path: str = ""

    @property
    def walks(self) -> tuple[type[Walk], ...]:  # type: ignore[override]  # it depends on the source
        """See :class:`Pager`. What the API makes up may be the number of a page."""
        return (TokenWalk,) if self.from_last_record else (LinkWalk,)

    @property
    def names(self) -> tuple[str, ...]:
        """See :class:`Pager`."""
        return (self.cursor_param,)

    def params(self, request: PageRequest) -> Params:
        """See :class:`Pager`."""
        return {} if request.token is None else {self.cursor_param: request.token}

    def outlook(self, response: Response, rows: list[Row], request: PageRequest) -> Outlook:
        """See :class:`Pager`."""
        has_more, total = _truth(response, self.has_more_path, request), _count(response, self.total_path)
        if has_more is False or (self.from_last_record and not rows):
            return Outlook(has_more, total)
        token = dig(rows[-1], self.path) if self.from_last_record else _in_body(response, self.path, rows, request)
        if not isinstance(token, (str, int)) or isinstance(token, bool) or token == "":
            if self.from_last_record or has_more:
                where = "the last record" if self.from_last_record else "the body"
                raise _misled(response, f"{where} has no cursor at {self.path!r}", "path")
            return Outlook(False, total)
        return Outlook(has_more, total, next=str(token))


@dataclass(frozen=True)
class LinkHeaderPager(Pager):
    """``Link: <https://...?page=2>; rel="next"`` (RFC 8288)."""

    rel: str = "next"
    total_path: str = ""

    walks = (LinkWalk,)

    def outlook(self, response: Response, rows: list[Row], request: PageRequest) -> Outlook:
        """See :class:`Pager`."""
        if response.headers.get("Link", "").strip() and not _links(response):
            raise _misled(response, "its header Link names no address in the form of RFC 8288", "type")
        return Outlook(None, _count(response, self.total_path), _link(response, self.rel) or None)


@dataclass(frozen=True)
class NextUrlPager(Pager):
    """The address of the next page, in the body or in a header of its own.

    :param path: where it is in the body, or
    :param header: name of the header
    """

    path: str = ""
    header: str = ""
    total_path: str = ""

    walks = (LinkWalk,)

    def outlook(self, response: Response, rows: list[Row], request: PageRequest) -> Outlook:
        """See :class:`Pager`."""
        link = response.headers.get(self.header, "") if self.header else _in_body(response, self.path, rows, request)
        total = _count(response, self.total_path)
        if isinstance(link, str) and link.strip():
            return Outlook(None, total, link.strip())
        if link in (None, False, "", MISSING):
            return Outlook(None, total)
        raise _misled(response, f"the address of the next page is {describe(link)}", "path")


def absolute(link: str, base: str) -> str:
    """A link as an address; relative ones begin where the request went."""
    return urljoin(base, link)


def sign_of_more(response: Response, rows: int) -> str:
    """Where an answer seems to tell of more rows than it holds, for lists of which nobody said where to look."""
    for place in USUAL_TOTALS:
        count = whole_number(dig(response.body, place))
        if count is not None and count > rows:
            return f"{place} is {count}"
    for place in USUAL_FLAGS:
        if dig(response.body, place) is True:
            return f"{place} is true"
    count = whole_number(response.headers.get("X-Total-Count"))
    return f"X-Total-Count is {count}" if count is not None and count > rows else ""


def begins(request: PageRequest) -> bool:
    """Whether a question asks for the beginning of a list."""
    return request.token is None and request.number == 1 and request.offset == 0


def _links(response: Response) -> Mapping[str, str]:
    return targets(response.headers.get("Link", ""))


def _link(response: Response, rel: str) -> str:
    """A target of the header Link; none where it is the page itself, as a last page has been seen to name."""
    links = _links(response)
    link = links.get(rel.lower(), "")
    return "" if link == links.get("self") else link


def _in_body(response: Response, path: str, rows: list[Row], request: PageRequest) -> Any:
    """A value that is left out on the last page, maybe with all it stands in. On the first page with rows, what it
    stands in has to be there: otherwise the path is wrong, and each list would end with that page."""
    value = dig(response.body, path)
    around = path.rpartition(".")[0]
    if value is MISSING and around and rows and begins(request) and not holds(response.body, around):
        raise _misled(response, f"the body has no {around!r}", "path")
    return value


def _count(response: Response, path: str) -> int | None:
    if not path:
        return None
    value = dig(response.body, path)
    count = whole_number(value)
    if count is None:
        raise _misled(
            response, f"{path!r} is {describe(value)} where a count should be", "total_path or total_pages_path"
        )
    return count


def _total(response: Response, path: str, rows: int) -> int | None:
    """A count of the rows of a list, ``rows`` of which are known to be there."""
    total = _count(response, path)
    if total is not None and total < rows:
        raise _misled(response, f"{path!r} is {total} where at least {rows} rows are", "total_path")
    return total


def _truth(response: Response, path: str, request: PageRequest) -> bool | None:
    if not path:
        return None
    value = dig(response.body, path)
    if isinstance(value, bool):
        return value
    known = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
    # Some leave it out where there is no more. The first page has shown that the path is right.
    if known is None and (value is not MISSING or begins(request)):
        raise _misled(response, f"{path!r} is {describe(value)} where true or false should be", "has_more_path")
    return known


def _misled(response: Response, what: str, option: str) -> UnexpectedResponse:
    return UnexpectedResponse(
        f"The API answered {response.path} with a page that cannot be continued: {what}. Check "
        f"pagination.{option} of the stream.",
        FailureType.config_error,
    )


def _ceiling(where: str, option: str) -> Exception:
    return config_failure(
        f"The list goes on behind {where}, where the API ends according to pagination.{option}. {READ_LESS}"
    )
