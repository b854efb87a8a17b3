"""A list whose responses are written down."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace

from source_invoicing.streams.listing.paging import Pages
from source_invoicing.streams.page import Page, PageRequest, Paging, Row


@dataclass
class ScriptedList:
    """A list with one response for each request, and the last one for ever."""

    responses: Sequence[Page | Callable[[PageRequest], Page]]
    paging: Paging = field(default_factory=Pages)
    label: str = "/things"
    paging_advice: str = ""
    asked: list[PageRequest] = field(default_factory=list)

    def fetch(self, request: PageRequest) -> Page:
        self.asked.append(request)
        response = self.responses[min(len(self.asked), len(self.responses)) - 1]
        page = response if isinstance(response, Page) else response(request)
        return replace(page, rows=[dict(row) for row in page.rows])

    def key(self, row: Row) -> Hashable:
        return row["id"]  # type: ignore[no-any-return]

    def timestamp(self, row: Row) -> int | None:
        return row.get("at")

    def created_at(self, row: Row) -> int | None:
        return row.get("at")

    def creation_rank(self, row: Row) -> int | None:
        return row["id"]  # type: ignore[no-any-return]
