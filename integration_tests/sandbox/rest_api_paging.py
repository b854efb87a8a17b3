"""How an API hands out a list in pages: what is asked, and what the answer says about the page after it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from typing_extensions import Self

from integration_tests.sandbox.platform import ApiRequest, Page
from integration_tests.sandbox.table import Row

FOREIGN_PATH = "/elsewhere"
"""Where addresses of a foreign host lead: a client that follows one is seen in the log of requests."""


class Refused(Exception):
    """The request is answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True)
class Slice(Page):
    """A page that knows how many rows come before it."""

    offset: int = 0


@dataclass(frozen=True)
class Window:
    """Which rows are asked for."""

    offset: int
    size: int

    @property
    def page(self) -> int:
        """The page, counted from 1; one that overlaps the page before counts as the next."""
        return -(-self.offset // self.size) + 1


Position = Callable[[str], int]
"""How many rows of the list come before and with the one of that id."""


@dataclass(frozen=True)
class Extras:
    """What a page says beside its rows: values of the body by dotted path, and headers."""

    body: Row = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class Pager(ABC):
    """One way to page. Sizes: what comes unasked, and what cannot be exceeded (0: anything can)."""

    refuse_more = False
    """Whether a greater size is refused instead of being lowered."""

    in_body = False
    """Whether the body has to be an object, because the way on is told in it."""

    cap = 0
    """The most rows on a page, whatever is asked for; 0 sets no limit."""

    def __init__(self, size_param: str, default: int, highest: int = 0) -> None:
        self._size_param, self._default, self._highest = size_param, default, highest

    @abstractmethod
    def window(self, request: ApiRequest, position: Position) -> Window:
        """The rows asked for. Raises :class:`Refused`."""

    @abstractmethod
    def extras(self, request: ApiRequest, page: Page, offset: int, last_id: str | None) -> Extras:
        """What is told beside the rows; ``last_id`` is the id of the last one."""

    @abstractmethod
    def config(self) -> Row:
        """``pagination`` of a connector configuration."""

    def params(self) -> list[Row]:
        """Fixed query parameters that the configuration needs."""
        return []

    def capped(self, cap: int) -> Self:
        """The same with smaller pages."""
        pager = copy(self)
        pager.cap = cap
        return pager

    def _size(self, request: ApiRequest) -> int:
        size = whole(request, self._size_param, self._default)
        if size < 1:
            raise Refused(400, f"{self._size_param} has to be at least 1")
        if self.refuse_more and size > self._highest:
            raise Refused(400, f"{self._size_param} can be at most {self._highest}")
        return min(size, self._highest or size, self.cap or size)


class OffsetPager(Pager):
    """Rows to skip, and a number of rows."""

    def __init__(
        self,
        size_param: str = "limit",
        offset_param: str = "offset",
        *,
        default: int = 20,
        highest: int = 0,
        total_path: str = "",
        first: int = 0,
    ) -> None:
        super().__init__(size_param, default, highest)
        self._offset_param, self._total_path, self._first = offset_param, total_path, first

    def window(self, request: ApiRequest, position: Position) -> Window:
        """Offset and limit."""
        return Window(whole(request, self._offset_param, self._first) - self._first, self._size(request))

    def extras(self, request: ApiRequest, page: Page, offset: int, last_id: str | None) -> Extras:
        """The total, if it is told."""
        return Extras({self._total_path: total(page)} if self._total_path else {})

    def config(self) -> Row:
        """Pages of a hundred."""
        names = {"limit_param": self._size_param, "offset_param": self._offset_param}
        totals = {"total_path": self._total_path} if self._total_path else {}
        return {"type": "offset", **names, "limit": 100, **totals}


class PagePager(Pager):
    """The number of a page, and the number of rows of every page.

    ``told`` are the values told in the body, by dotted path: ``total``, ``total_pages``, ``page``, ``size``,
    ``next``, ``previous`` or ``count``; ``headers`` those told in headers. With ``links``, the header Link names
    the next page.
    """

    def __init__(
        self,
        size_param: str = "per_page",
        *,
        default: int = 20,
        highest: int = 0,
        first: int = 1,
        told: Mapping[str, str] | None = None,
        as_text: bool = False,
        size: int = 100,
        page_param: str = "page",
        headers: Mapping[str, str] | None = None,
        links: bool = False,
        refuse_more: bool = False,
    ) -> None:
        super().__init__(size_param, default, highest)
        self._first, self._told, self._as_text, self._asked = first, told or {}, as_text, size
        self._page_param, self._headers, self._links, self.refuse_more = page_param, headers or {}, links, refuse_more

    def window(self, request: ApiRequest, position: Position) -> Window:
        """From the number of the page."""
        page, size = whole(request, self._page_param, self._first), self._size(request)
        if page < self._first:
            raise Refused(400, f"{self._page_param} has to be at least {self._first}")
        return Window((page - self._first) * size, size)

    def extras(self, request: ApiRequest, page: Page, offset: int, last_id: str | None) -> Extras:
        """What is told."""
        number, pages = offset // page.size + 1, max(-(-total(page) // page.size), 1)
        shift = self._first - 1
        values: dict[str, int | None] = {
            "total": total(page),
            "total_pages": pages,
            "page": number + shift,
            "size": page.size,
            "count": len(page.rows),
            "next": number + 1 + shift if number < pages else None,
            "previous": number - 1 + shift if number > 1 else None,
        }
        told = {path: values[name] for path, name in self._told.items()}
        headers = {header: str(values[name]) for header, name in self._headers.items()}
        if self._links and number < pages:
            headers["Link"] = f'<{self._address(request, number + 1 + shift)}>; rel="next"'
        return Extras({path: str(value) for path, value in told.items()} if self._as_text else dict(told), headers)

    def _address(self, request: ApiRequest, page: int) -> str:
        query = [pair for pair in request.query if pair[0] != self._page_param] + [(self._page_param, str(page))]
        return f"{request.origin}{request.path}?{urlencode(query)}"

    def config(self) -> Row:
        """The names, the first page's number and where totals are."""
        paths = {f"{name}_path": path for path, name in self._told.items() if name in ("total", "total_pages")}
        return {
            "type": "page",
            "page_param": self._page_param,
            "size_param": self._size_param,
            "size": self._asked,
            "start_page": self._first,
            **paths,
        }


class CursorPager(Pager):
    """The id of the last row, or a token from the body."""

    def __init__(
        self,
        cursor_param: str = "starting_after",
        *,
        token_path: str = "",
        has_more_path: str = "has_more",
        default: int = 20,
        highest: int = 0,
        refuse_more: bool = False,
        size_param: str = "limit",
        absent: bool = False,
        total_path: str = "",
    ) -> None:
        """``absent``: behind the last page there is no token at all, in place of null."""
        super().__init__(size_param, default, highest)
        self.refuse_more = refuse_more
        self._absent, self._total_path = absent, total_path
        self._param, self._token_path, self._has_more_path = cursor_param, token_path, has_more_path
        self.in_body = bool(token_path)

    def window(self, request: ApiRequest, position: Position) -> Window:
        """The rows after the one named."""
        cursor = request.parameter(self._param)
        if cursor and self._token_path:
            try:
                cursor = urlsafe_b64decode(cursor).decode()
            except (Base64Error, UnicodeDecodeError):
                raise Refused(400, f"{self._param} is not a cursor") from None
        return Window(position(cursor) if cursor else 0, self._size(request))

    def extras(self, request: ApiRequest, page: Page, offset: int, last_id: str | None) -> Extras:
        """Whether there is more, and the token for it."""
        more = offset + len(page.rows) < page.total
        body: dict[str, Any] = {self._has_more_path: more} if self._has_more_path else {}
        if self._total_path:
            body[self._total_path] = total(page)
        if self._token_path:
            token = self._told(request, urlsafe_b64encode(str(last_id).encode()).decode()) if last_id else None
            if more or self._always or not self._absent:
                body[self._token_path] = token if more or self._always else None
        return Extras(body)

    _always = False

    def _told(self, request: ApiRequest, token: str) -> str:
        return token

    def config(self) -> Row:
        """The parameter and where its value is found."""
        source = {"source": "body", "path": self._token_path} if self._token_path else {"source": "last_record"}
        more = {"has_more_path": self._has_more_path} if self._has_more_path else {}
        return {"type": "cursor", "cursor_param": self._param, **source, **more}

    def params(self) -> list[Row]:
        """Pages of a hundred."""
        return [{"name": self._size_param, "value": "100"}]


class TokenLinkPager(CursorPager):
    """The address of the next page in the body, with a token that says nothing.

    ``always``: behind the last page it is there all the same, and only a flag tells. ``relative``: it is a path.
    """

    def __init__(self, *args: Any, always: bool = False, relative: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self._always, self._relative = always, relative

    def _told(self, request: ApiRequest, token: str) -> str:
        query = [pair for pair in request.query if pair[0] != self._param] + [(self._param, token)]
        return f"{'' if self._relative else request.origin}{request.path}?{urlencode(query)}"


class LinkPager(Pager):
    """The address of the next page, in the body, in a header of its own or in Link.

    ``place`` is one of ``next_url``, ``next_header`` and ``link_header``; ``key`` a parameter that the address holds
    beside those of the request; ``host`` one of ``same``, ``foreign`` and ``relative``.
    """

    def __init__(
        self, place: str, host: str, key: tuple[str, str] | None, hidden: tuple[str, str] | None, highest: int = 0
    ) -> None:
        super().__init__("limit", 20, highest)
        self._place, self._host, self._key, self._hidden = place, host, key, hidden
        self.in_body = place == "next_url"

    def window(self, request: ApiRequest, position: Position) -> Window:
        """Offset and limit; a client does not know about the former."""
        return Window(whole(request, "offset", 0), self._size(request))

    def extras(self, request: ApiRequest, page: Page, offset: int, last_id: str | None) -> Extras:
        """The address, if there are more rows."""
        end = offset + len(page.rows)
        url = self._address(request, end) if end < page.total else None
        if self._place == "next_url":
            return Extras({"links.next": url})
        if url is None:
            return Extras(headers={"X-Pages-HasMore": "false"} if self._place == "next_header" else {})
        if self._place == "next_header":
            return Extras(headers={"X-Pages-HasMore": "true", "X-Pages-NextPage": url})
        first = self._address(request, 0)
        return Extras(headers={"Link": f'<{first}>; rel="first", <{url}>; rel="next"'})

    def _address(self, request: ApiRequest, offset: int) -> str:
        hidden = ("offset", self._hidden[0] if self._hidden else "")
        query = [pair for pair in request.query if pair[0] not in hidden] + [("offset", str(offset))]
        path = f"{request.path}?{urlencode(query + ([self._key] if self._key else []))}"
        if self._host == "relative":
            return path
        return foreign(request.origin) + path if self._host == "foreign" else request.origin + path

    def config(self) -> Row:
        """Where the address is found."""
        if self._place == "link_header":
            return {"type": "link_header", "rel": "next"}
        return {"type": "next_url"} | (
            {"path": "links.next"} if self._place == "next_url" else {"header": "X-Pages-NextPage"}
        )

    def params(self) -> list[Row]:
        """Pages of a hundred."""
        return [{"name": self._size_param, "value": "100"}]


class NoPager(Pager):
    """Everything at once."""

    def __init__(self) -> None:
        super().__init__("", 0)

    def window(self, request: ApiRequest, position: Position) -> Window:
        """Everything."""
        return Window(0, 10**9)

    def extras(self, request: ApiRequest, page: Page, offset: int, last_id: str | None) -> Extras:
        """Nothing."""
        return Extras()

    def config(self) -> Row:
        """No paging."""
        return {"type": "none"}


def whole(request: ApiRequest, name: str, default: int) -> int:
    """A parameter that counts."""
    text = request.parameter(name)
    if not text:
        return default
    if not text.isdecimal():
        raise Refused(400, f"{name} is not a number")
    return int(text)


def total(page: Page) -> int:
    """How many rows the list is said to have."""
    return page.total if page.reported_total is None else page.reported_total


def foreign(origin: str) -> str:
    """The same server under another host name, at a place where there is nothing but empty lists."""
    here, there = ("127.0.0.1", "localhost") if "127.0.0.1" in origin else ("localhost", "127.0.0.1")
    return origin.replace(here, there) + FOREIGN_PATH
