"""A resource that is read from the details of documents: how to request one, and how it becomes records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from source_invoicing.http import MalformedResponse, Request, Response, describe
from source_invoicing.streams.page import Row
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.resource import Resource


@dataclass(eq=False, frozen=True)
class Document:
    """A document whose detail will be requested.

    :param partition: the list that it is in
    :param key: what identifies it
    :param cursor: the value of its row's cursor field
    :param changed: the same in seconds since 1970 (UTC); ``None`` where the row has no such time
    :param moves_to: the cursor (seconds since 1970, UTC) that it brings states to, see :meth:`.PendingDocuments.place`;
        ``None`` where there is none
    :param is_last_of_its_second: whether it is the last document with that cursor
    """

    partition: Partition
    key: Any
    cursor: Any
    changed: int | None
    moves_to: int | None
    is_last_of_its_second: bool


class DetailResource(Resource, ABC):
    """A resource that is read from the details of documents: one request for each, or for several."""

    #: Path of a document below the base URL, such as ``invoices/{id}``. ``{id}`` is the document's key, or the first
    #: part of it, ``{parent}`` the key of its partition, ``{resource}`` the path of the list.
    detail_path: ClassVar[str]
    #: Where a detail holds the records; blank: it is the record itself.
    expand: ClassVar[str | tuple[str, ...]] = ""
    #: How many documents :meth:`bulk_request` may ask for.
    details_per_call: ClassVar[int] = 1

    def has_detail(self, row: Row) -> bool:
        """Whether a row of the list has a detail with records of this resource."""
        return True

    @abstractmethod
    def detail_requests(self, document: Document) -> Sequence[Request]:
        """The request for a document, and those to try if its address does not exist."""

    def read_detail(self, response: Response, document: Document) -> Row:
        """A response as a document: by default its body.

        :raises MalformedResponse: when it is something else; the request is repeated
        """
        if not isinstance(response.body, dict) or not response.body:
            raise self.malformed(response.path, f"it is {describe(response.body)}")
        return response.body

    def bulk_request(self, documents: Sequence[Document]) -> Request:
        """The request for several documents, where :attr:`details_per_call` allows them."""
        raise NotImplementedError

    def read_bulk(self, response: Response, documents: Sequence[Document]) -> Mapping[Any, Row]:
        """A response as documents, by their keys. Some may be missing.

        :raises UnexpectedResponse: when it holds something else, as if the API did not support such requests
        """
        raise NotImplementedError

    @abstractmethod
    def check_detail(self, detail: Row, path: str) -> None:
        """Refuse a document that is not complete.

        :param path: the address of the response, for the message
        :raises MalformedResponse: when it is not complete; the document is requested again
        """

    def malformed(self, path: str, what: str) -> MalformedResponse:
        """The failure of a document that is not as the API documents it.

        :param what: what is wrong with it, as a clause
        """
        return MalformedResponse(
            f"The response of {path}, which is to hold a document of {self.source_stream.name}, cannot be used: "
            f"{what}. Run the sync again; if it persists, leave the streams of its details out and report it."
        )

    @abstractmethod
    def records_of(self, detail: Row, document: Document) -> list[Row]:
        """The records that a document's detail makes."""
