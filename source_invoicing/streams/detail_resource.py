"""A resource that is read from the details of documents: how one is asked for, and what it is made into."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from airbyte_cdk.models import FailureType

from source_invoicing.http import MalformedResponse, Request, Response, describe
from source_invoicing.streams.page import Row
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.resource import Resource


@dataclass(eq=False, frozen=True)
class Document:
    """A document whose detail is to be asked for.

    :param partition: the list that it stands in
    :param key: what identifies it
    :param cursor: what its row has in the cursor field
    :param changed: the same in seconds since 1970 (UTC); ``None`` where it carries no such time
    :param ends_second: whether no document behind it was changed in that very second
    """

    partition: Partition
    key: Any
    cursor: Any
    changed: int | None
    ends_second: bool


class DetailResource(Resource, ABC):
    """A resource that is read from the details of documents: one request for each, or for several."""

    #: Path of a document below the base URL, such as ``invoices/{id}``. ``{id}`` is the document's key, or the first
    #: part of it, ``{parent}`` what its partition is called, ``{resource}`` the path of the list.
    detail: ClassVar[str]
    #: Where a detail holds the records; blank: it is the record itself.
    expand: ClassVar[str | tuple[str, ...]] = ""
    #: How many documents :meth:`bulk_request` may ask for.
    details_per_call: ClassVar[int] = 1

    def has_detail(self, row: Row) -> bool:
        """Whether a row of the list has a detail that matters here."""
        return True

    @abstractmethod
    def detail_requests(self, document: Document) -> Sequence[Request]:
        """The request for a document, and what to send where nothing is at its address."""

    def read_detail(self, response: Response, document: Document) -> Row:
        """A response as a document: by default its body.

        :raises MalformedResponse: when it is something else; it is asked for again
        """
        if not isinstance(response.body, dict) or not response.body:
            raise self.malformed(response.path, f"it is {describe(response.body)}")
        return response.body

    def bulk_request(self, documents: Sequence[Document]) -> Request:
        """The request for several documents, where :attr:`details_per_call` allows them."""
        raise NotImplementedError

    def read_bulk(self, response: Response, documents: Sequence[Document]) -> Mapping[Any, Row]:
        """A response as documents, by their keys. Some may be missing.

        :raises UnexpectedResponse: when it does not hold what was asked for, as if the API did not take several
        """
        raise NotImplementedError

    @abstractmethod
    def check_detail(self, detail: Row, path: str) -> None:
        """Refuse a document without its parts.

        :param path: where it came from, for the message
        :raises MalformedResponse: the document is asked for again
        """

    def malformed(self, path: str, what: str) -> MalformedResponse:
        """The failure of a document that is not what the API documents.

        :param what: is wrong with it, as a clause
        """
        return MalformedResponse(
            f"The response of {path}, which is to hold a document of {self.source_stream.name}, cannot be used: "
            f"{what}. Run the sync again; if it persists, leave the streams of its details out and report it.",
            FailureType.transient_error,
        )

    @abstractmethod
    def records_of(self, detail: Row, document: Document) -> list[Row]:
        """The records that a document's detail makes."""
