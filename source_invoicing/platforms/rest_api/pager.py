"""What every way of paging has to say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from typing_extensions import Self

from source_invoicing.config import Fields
from source_invoicing.http import Response
from source_invoicing.platforms.rest_api.outlook import Outlook
from source_invoicing.streams import PageRequest, Row
from source_invoicing.streams.listing import PASSES, PASSES_UNFILTERED, Pages, Paging, Plan

Params = Mapping[str, str | int]


class Pager(ABC):
    """One way to cut a list into pages.

    A pager reads its own options from the configuration, writes a page request as query parameters, reads from a
    response how the list continues, and names the plans that can read such a list.
    """

    #: Rows asked for at a time; 0 where the request does not say.
    size: int = 0
    #: Dotted paths in the body to the total, the number of pages, and a flag; empty where the API has none.
    total_path: str = ""
    total_pages_path: str = ""
    has_more_path: str = ""

    @classmethod
    @abstractmethod
    def parse(cls, fields: Fields, primary_key: Sequence[str]) -> Self:
        """Read the options of this pager.

        :param fields: the object ``pagination`` of a stream
        :param primary_key: dotted paths of the stream's key
        :raises Failure: for the first option that is wrong
        """

    def plans(self, *, filtered: bool) -> tuple[Plan, ...]:
        """The ways to read such a list, best first: page by page, and without the filter if that hides rows.

        :param filtered: whether the API selects rows by their time of change
        """
        return (PASSES, PASSES_UNFILTERED) if filtered else (PASSES,)

    @property
    def paging(self) -> Paging:
        """How pages are addressed."""
        return Pages()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters that the pager sets."""
        return ()

    @property
    def reports_its_end(self) -> bool:
        """Whether the responses say if there is more."""
        return bool(self.total_path or self.total_pages_path or self.has_more_path)

    @property
    def asks_behind_the_end(self) -> bool:
        """Whether the page behind the last one may be asked for, to see that it is empty."""
        return False

    def params(self, request: PageRequest) -> Params:
        """A page request as query parameters.

        :raises Failure: when the API's ceiling is reached
        """
        return {}

    def place(self, request: PageRequest) -> str:
        """How deep into the list a request goes, in the API's own terms.

        Empty where a refusal must have another reason, as at the beginning.
        """
        return ""

    @abstractmethod
    def outlook(self, response: Response, rows: list[Row], request: PageRequest) -> Outlook:
        """How the list continues.

        :raises Failure: when the response contradicts the configuration
        """
