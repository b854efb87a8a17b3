"""The ways to read: real streams with the plans and paging that the platforms use, and what their vendors tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, ClassVar, TypeVar, cast

from typing_extensions import override

from source_invoicing.http import ApiClient, Request, Response
from source_invoicing.platforms.rest_api.error_handler import ListEnd
from source_invoicing.platforms.rest_api.page_info import PageInfo, Place
from source_invoicing.platforms.rest_api.pagers import OffsetPager, PagePager
from source_invoicing.streams import Account, InvoicingStream, Page, PageRequest, Row, Window
from source_invoicing.streams.listing import (
    CREATION_ORDER,
    CREATION_ORDER_FILTERED,
    KEYSET,
    NEWEST_CHANGE,
    NEWEST_CHANGE_OVERLAP,
    NEWEST_ROW,
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
from unit_tests.server_parts import Token
from unit_tests.simulation.server import Server
from unit_tests.simulation.traits import Arrangement

T = TypeVar("T")
Told = bool | None  # whether the vendor tells something; ``None``: some do


@dataclass(frozen=True)
class Setup:
    """A way to read a list.

    :param dated: whether rows tell when they were changed
    :param page_like: whose rules turn a response into a page
    :param workers: how many may share a list
    :param is_long: whether lists have many pages, so that sharing one is worth it
    """

    plans: tuple[Plan, ...]
    paging: Paging = field(default_factory=Pages)
    dated: bool = True
    page_like: str = "invoiced"
    total: Told = True
    more: Told = True
    size: bool = False
    arrangements: tuple[Arrangement, ...] = ("as created", "newest row first")
    tokens: tuple[Token, ...] = ()
    workers: int = 1
    is_long: bool = False
    filters_by_day: bool = False
    name: str = ""


ANY: tuple[Arrangement, ...] = ("as created", "newest row first", "newest change first", "oldest change first")
INVOICED = (KEYSET, NEWEST_ROW, PASSES)
ZOHO = (KEYSET, CREATION_ORDER_FILTERED, CREATION_ORDER, PASSES_UNFILTERED)
SIZED = Pages(resizable=True)
ZOHO_TELLS: dict[str, Any] = {"page_like": "zoho", "total": False, "size": True}
REST_TELLS: dict[str, Any] = {"page_like": "rest_api", "total": None, "more": None, "arrangements": ANY}
FASTBILL_TELLS: dict[str, Any] = {"page_like": "fastbill", "total": False, "more": False, "arrangements": ANY}

SETUPS: Mapping[str, Setup] = {
    "invoiced": Setup(INVOICED, SIZED, total=None),
    "invoiced, shared": Setup(INVOICED, SIZED, total=None, workers=4, is_long=True),
    "invoiced events": Setup((KEYSET, NEWEST_CHANGE, PASSES), SIZED),
    "invoiced notes": Setup((NEWEST_CHANGE, NEWEST_ROW, PASSES), SIZED),
    "invoiced adjustments": Setup((NEWEST_ROW, PASSES), SIZED, dated=False),
    "zoho": Setup(ZOHO, SIZED, **ZOHO_TELLS),
    "zoho, shared": Setup(ZOHO, SIZED, workers=4, is_long=True, **ZOHO_TELLS),
    "zoho, filtered": Setup(ZOHO[1:], SIZED, **ZOHO_TELLS),
    "zoho, by creation": Setup(ZOHO[2:], SIZED, **ZOHO_TELLS),
    "zoho journals": Setup((NEWEST_CHANGE_OVERLAP, PASSES), SIZED, **ZOHO_TELLS),
    "zoho, undated": Setup((PASSES,), SIZED, dated=False, **ZOHO_TELLS),
    "fastbill": Setup((OVERLAP, OVERLAP_UNFILTERED), Offsets(), filters_by_day=True, **FASTBILL_TELLS),
    "fastbill, undated": Setup((OVERLAP_UNFILTERED,), Offsets(), dated=False, **FASTBILL_TELLS),
    "rest offsets": Setup((OVERLAP, OVERLAP_UNFILTERED), Offsets(), **REST_TELLS),
    "rest offsets, undated": Setup((OVERLAP_UNFILTERED,), Offsets(), dated=False, **REST_TELLS),
    "rest pages": Setup((OVERLAP, PASSES), SIZED, **REST_TELLS),
    "rest pages, undated": Setup((OVERLAP, PASSES), SIZED, dated=False, **REST_TELLS),
    "rest fixed pages": Setup((PASSES,), **REST_TELLS),
    "rest fixed pages, undated": Setup((PASSES,), dated=False, **REST_TELLS),
    "rest row tokens": Setup(
        (PASSES,),
        Tokens(name_a_row=True),
        tokens=("row",),
        **{**REST_TELLS, "arrangements": ("as created", "newest row first")},
    ),
    "rest tokens": Setup((PASSES,), Tokens(), tokens=("number", "relay", "link"), **REST_TELLS),
    "rest tokens, undated": Setup(
        (PASSES,), Tokens(), dated=False, tokens=("row", "number", "relay", "link"), **REST_TELLS
    ),
}


SETUPS = {name: replace(setup, name=name) for name, setup in SETUPS.items()}


class SimulatedClient:
    """Stands for the client: every request is answered by the server, as a page already."""

    base_url = "https://api.example/"

    def __init__(self, server: Server) -> None:
        self._server = server

    def fetch(self, request: Request, read: Callable[[Response], T]) -> T:
        """See :class:`ApiClient`."""
        page = self._server.answer(cast(Mapping[str, Any], request.params)["page"])
        return read(Response(200, {}, page, "", request.path))

    def close(self) -> None:
        """Nothing to close."""


class Things(InvoicingStream):
    """A list of the simulated server."""

    resource = "things"
    setup: ClassVar[Setup]

    def __init__(self, account: Account, server: Server) -> None:
        super().__init__(account)
        self._server = server
        total = Place("total_", "total" if server.traits.tells_total else "")
        more = Place("has_more_", "more" if server.traits.tells_more else "")
        paged = PagePager if isinstance(self.paging, Pages) else OffsetPager
        self._list_end = ListEnd(paged(size=server.traits.size, info=PageInfo(total, more)))

    @override
    def list_params(self, request: PageRequest) -> Any:
        return {"page": request}

    @override
    def read_page(self, response: Response, request: PageRequest) -> Page:
        page: Page = response.body
        rows, full = len(page.rows), request.size or self._server.traits.size
        kind = self.setup.page_like
        if kind == "invoiced":
            return replace(page, short=rows < full)
        if kind == "fastbill":
            may_go_on = rows >= full or (request.offset and rows > 1)
            return replace(page, has_more=None if may_go_on else False)
        if kind == "rest_api" and not isinstance(self.paging, Tokens):
            is_reached = self._list_end.is_reached(rows, request, response.path)
            doubtful = isinstance(self.paging, Offsets) and rows >= full and page.has_more is None
            if doubtful and page.total == request.offset + rows:
                page = replace(page, total=None)
            if is_reached and page.has_more is None and page.total is None:
                page = replace(page, has_more=False)
        return page

    @override
    def creation_rank(self, row: Row) -> int | None:
        return row["created"] if self.setup.page_like == "zoho" else row["id"]  # type: ignore[no-any-return]

    @override
    def created_at(self, row: Row) -> int | None:
        return row["created"]  # type: ignore[no-any-return]

    @override
    def get_json_schema(self) -> Mapping[str, Any]:  # type: ignore[override]  # the base caches per instance
        return {"properties": {}}


@cache
def _class_of(name: str) -> type[Things]:
    setup = SETUPS[name]
    members = {
        "setup": setup,
        "plans": setup.plans,
        "paging": setup.paging,
        "cursor_field": "at" if setup.dated else [],
        "__module__": __name__,
    }
    return cast(type[Things], type("Things", (Things,), members))


def make_stream(name: str, server: Server) -> Things:
    """A stream that reads a server in one of the ways."""
    client = cast(ApiClient, SimulatedClient(server))
    return _class_of(name)(Account(client, Window()), server)
