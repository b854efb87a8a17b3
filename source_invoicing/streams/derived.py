"""Streams of what stands inside the rows of another stream: the lines of an invoice."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from airbyte_cdk.models import FailureType
from typing_extensions import override

from source_invoicing.http import Response, UnexpectedResponse
from source_invoicing.streams.account import Account
from source_invoicing.streams.page import Page, PageRequest, Row
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.resource import QueryParams
from source_invoicing.streams.state import StreamState
from source_invoicing.streams.stream import InvoicingStream

POSITION = "position"


class DerivedStream(InvoicingStream, ABC):
    """Parts of another stream's rows, which are read once for both: it costs no request of its own.

    A record carries the key of its document, the document's cursor field under its own name, and its position in the
    document, counted from 1; then the vendor's fields. A field of the part that is called like one of these stamps is
    kept as ``row_<name>``. It is incremental on the cursor of the document. A part that vanishes from an edited
    document stays in the destination: those of the current version carry the document's cursor.
    """

    #: The stream whose rows hold the parts.
    source: ClassVar[type[InvoicingStream]]
    #: Where a row holds them: a member such as ``items``, or a path through objects and lists such as
    #: ``items.discounts``. Of several, the first one's parts come first.
    expand: ClassVar[str | tuple[str, ...]]
    #: Field that carries the document's key; by default it is called as in the source.
    document_field: str = ""
    #: Field that carries the id of the element in which a part stands, such as a line; null for the document itself.
    element_field: ClassVar[str] = ""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "source" in cls.__dict__:
            cls.cursor_field = cls.source.cursor_field

    def __init__(self, account: Account) -> None:
        self._source = self.source(account)
        self.document_field = self.document_field or first(self._source.primary_key)
        super().__init__(account)

    @property
    @override
    def source_stream(self) -> InvoicingStream:
        return self._source

    @override
    def make_state(self) -> StreamState:
        source = self._source.make_state()
        source.stream = self.name
        return source

    @property
    @override
    def can_detect_deletions(self) -> bool:
        """Parts go with their document, which is told."""
        return False

    @override
    def is_custom_field(self, field: str) -> bool:
        return self._source.is_custom_field(field)

    @property
    def paths(self) -> Sequence[str]:
        """Where the parts are, see :attr:`expand`."""
        return [self.expand] if isinstance(self.expand, str) else self.expand

    @override
    def records(self, rows: list[Row], partition: Partition) -> list[Row]:
        source = self._source
        return [
            self._normalise(part)
            for row in rows
            for part in self._parts(row, self._stamps(partition, source.key(row), source.cursor_value(row)))
        ]

    def _stamps(self, partition: Partition, key: Any, cursor: Any) -> Row:
        """What each part carries of its document."""
        stamps = {self.document_field: first(key), **partition.stamp}
        if isinstance(self._source.cursor_field, str):
            stamps[self._source.cursor_field] = cursor
        return stamps

    def _parts(self, document: Row, stamps: Row) -> Iterator[Row]:
        found = (each for path in self.paths for each in self._at(document, path.split(".")))
        for position, (part, element) in enumerate(found, start=1):
            stamps[POSITION] = position
            if self.element_field:
                stamps[self.element_field] = element
            yield stamped(part, stamps)

    def _at(self, row: Row, path: list[str], element: Any = None) -> Iterator[tuple[Row, Any]]:
        """The objects at a path, each with the id of the one it stands in; ``None`` for the document's own."""
        for member in self._members(row, path[0]):
            if len(path) == 1:
                yield member, element
            else:
                yield from self._at(member, path[1:], member.get("id"))

    def _members(self, row: Row, name: str) -> list[Row]:
        members = row.get(name)
        if isinstance(members, dict):
            # The habit of some back ends: a single element stands alone, and an empty list is an empty object.
            return [members] if members else []
        if members is None:
            return []
        if not isinstance(members, list) or not all(isinstance(member, dict) for member in members):
            raise UnexpectedResponse(
                f"Stream {self.name}: a record of {self._source.name} has something else than a list of objects at "
                f"{name!r}. Run the sync again; if it persists, leave the stream out and report it.",
                FailureType.transient_error,
            )
        return members

    # -- asked of the source --------------------------------------------------------------------------------------

    @override
    def partition_of(self, stream_slice: Mapping[str, Any]) -> Partition:
        return self._source.partition_of(stream_slice)

    @override
    def list_params(self, request: PageRequest) -> QueryParams:
        return self._source.list_params(request)

    @override
    def read_page(self, response: Response, request: PageRequest) -> Page:
        return self._source.read_page(response, request)


def first(key: Any) -> Any:
    """A key, or the first part of one of several parts."""
    return key[0] if isinstance(key, (list, tuple)) else key


def stamped(part: Row, stamps: Row) -> Row:
    """A part behind the fields of its document. One of its own that is called like one of them becomes
    ``row_<name>``."""
    return {**stamps, **{f"row_{name}" if name in stamps else name: _copy(value) for name, value in part.items()}}


def _copy(value: Any) -> Any:
    """A value that may be changed without changing the row it stands in, which other streams emit."""
    if isinstance(value, dict):
        return {name: _copy(member) for name, member in value.items()}
    return [_copy(member) for member in value] if isinstance(value, list) else value
