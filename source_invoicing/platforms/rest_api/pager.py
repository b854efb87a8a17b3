"""What every way of paging has to say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from typing_extensions import Self

from source_invoicing.config import Fields
from source_invoicing.http import Response
from source_invoicing.platforms.rest_api.outlook import SILENT, Outlook, Signs
from source_invoicing.streams import PageRequest, Row
from source_invoicing.streams.listing import PASSES, PASSES_UNFILTERED, Pages, Paging, Plan


@dataclass(frozen=True, kw_only=True)
class Pager(ABC):
    """One way to cut a list into pages.

    A pager reads its own options from the configuration, says what a page request means to the API, reads from a
    response how the list continues, and names the plans that can read such a list.

    :param signs: where the API tells how long the list is
    """

    #: Whether the next page is asked for by its address, which the API hands out.
    follows_links: ClassVar[bool] = False

    #: Rows asked for at a time; 0 where the request does not say.
    size: int = 0
    signs: Signs = SILENT

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
    def params(self) -> Mapping[str, str]:
        """The parameter of each placeholder that a page request has a value for; empty where it has none."""
        return {}

    @property
    def reports_its_end(self) -> bool:
        """Whether the responses say if there is more."""
        return self.signs.any

    @property
    def asks_behind_the_end(self) -> bool:
        """Whether the page behind the last one may be asked for, to see that it is empty."""
        return False

    def values(self, request: PageRequest) -> Mapping[str, str | int]:
        """A page request as values of placeholders. Without one, a placeholder of :attr:`params` has none yet.

        :raises Failure: when the API's ceiling is reached
        """
        return {}

    def place(self, request: PageRequest) -> str:
        """How deep into the list a request goes, in the API's own terms.

        Empty where a refusal must have another reason, as at the beginning.
        """
        return ""

    def is_at_the_ceiling(self, request: PageRequest, rows: int) -> bool:
        """Whether the API refuses the page behind one with so many rows, by the configuration."""
        return False

    @abstractmethod
    def outlook(self, response: Response, rows: list[Row], request: PageRequest) -> Outlook:
        """How the list continues.

        :raises Failure: when the response contradicts the configuration
        """
