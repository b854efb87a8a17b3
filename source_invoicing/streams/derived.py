"""Streams of parts: rows inside the rows of another stream, such as the lines of an invoice."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from typing_extensions import override

from source_invoicing.http import Response, UnexpectedResponse
from source_invoicing.streams.account import Account
from source_invoicing.streams.page import Page, PageRequest, Row
from source_invoicing.streams.partition import Partition
from source_invoicing.streams.state import StreamState
from source_invoicing.streams.stream import InvoicingStream

POSITION = "position"


class DerivedStream(InvoicingStream, ABC):
    """Parts of another stream's rows. The list is read once for both streams, so that the parts cost no request.

    A record has these *stamps*: the key of its document, the document's cursor field under its own name, and its
    position in the document, counted from 1. Then come the vendor's fields; one with the name of a stamp is renamed to
    ``row_<name>``.

    The stream is incremental on the cursor of the document. A part that was removed from a document stays in the
    destination; those of the current version have the document's cursor.
    """

    #: The stream whose rows contain the parts.
    source: ClassVar[type[InvoicingStream]]
    #: Where they are in a row: a member such as ``items``, or a path through objects and lists such as
    #: ``items.discounts``. With several paths, the parts of the first one come first.
    expand: ClassVar[str | tuple[str, ...]]
    #: Field with the document's key; by default it has the same name as in the source.
    document_field: ClassVar[str] = ""
    #: Field with the id of a part, which makes its key with that of the document. A part without one gets its position
    #: there. Blank: the document's key is enough.
    part_id: ClassVar[str] = POSITION
    #: Field with the id of the element that contains the part, such as a line; null if that is the document itself.
    element_field: ClassVar[str] = ""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "source" in cls.__dict__:
            cls.cursor_field = cls.source.cursor_field
            cls.document_field = cls.document_field or first(cls.source.primary_key)
            cls.primary_key = [cls.document_field, cls.part_id] if cls.part_id else cls.document_field

    def __init__(self, account: Account) -> None:
        self._source = self.source(account)
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
        """Never: the deletion of the document is emitted, and that of its parts follows from it."""
        return False

    @property
    def paths(self) -> Sequence[str]:
        """Where the parts are, see :attr:`expand`."""
        return [self.expand] if isinstance(self.expand, str) else self.expand

    @override
    def records(self, rows: list[Row], partition: Partition) -> list[Row]:
        source = self._source
        return [
            self.normaliser(part)
            for row in rows
            for part in self._parts(row, self._stamps(partition, source.key(row), source.cursor_value(row)))
        ]

    def _stamps(self, partition: Partition, key: Any, cursor: Any) -> Row:
        """The fields that each part gets from its document."""
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
            record = stamped(part, stamps)
            if self.part_id and not record.get(self.part_id):
                record[self.part_id] = position
            yield record

    def _at(self, row: Row, path: list[str], element: Any = None) -> Iterator[tuple[Row, Any]]:
        """The objects at a path, each with the id of the element that contains it; ``None`` for the document itself."""
        for member in self._members(row, path[0]):
            if len(path) == 1:
                yield member, element
            else:
                yield from self._at(member, path[1:], member.get("id"))

    def _members(self, row: Row, name: str) -> list[Row]:
        # Some back ends send a single element without a list, and an empty list as an empty object or as a blank.
        members = row.get(name) or []
        if isinstance(members, dict):
            return [members]
        if not isinstance(members, list) or not all(isinstance(member, dict) for member in members):
            raise UnexpectedResponse(
                f"Stream {self.name}: a record of {self._source.name} has something else than a list of objects at "
                f"{name!r}. Run the sync again; if it persists, leave the stream out and report it."
            )
        return members

    # -- the same as the source -----------------------------------------------------------------------------------

    @override
    def partition_of(self, stream_slice: Mapping[str, Any]) -> Partition:
        return self._source.partition_of(stream_slice)

    @override
    def read_page(self, response: Response, request: PageRequest) -> Page:
        return self._source.read_page(response, request)


def first(key: Any) -> Any:
    """A key, or the first part of one of several parts."""
    return key[0] if isinstance(key, (list, tuple)) else key


def stamped(part: Row, stamps: Row) -> Row:
    """A part with the stamps in front. A field of the part with the name of a stamp becomes ``row_<name>``."""
    return {**stamps, **{f"row_{name}" if name in stamps else name: _copy(value) for name, value in part.items()}}


def _copy(value: Any) -> Any:
    """A deep copy, so that changes do not affect the row that contains the value: other streams emit it."""
    if isinstance(value, dict):
        return {name: _copy(member) for name, member in value.items()}
    return [_copy(member) for member in value] if isinstance(value, list) else value
