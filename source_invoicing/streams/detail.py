"""Streams of what only the response for a single document holds: one request for each document."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from typing_extensions import override

from source_invoicing.http import Request
from source_invoicing.streams.child import path_segment
from source_invoicing.streams.cursor_state import DocumentState
from source_invoicing.streams.derived import DerivedStream, first, stamped
from source_invoicing.streams.detail_reading import DetailReading
from source_invoicing.streams.detail_resource import DetailResource, Document
from source_invoicing.streams.documents import Documents
from source_invoicing.streams.page import Row
from source_invoicing.streams.reading import ListReading, Reading
from source_invoicing.streams.state import StreamState


class DetailStream(DetailResource, DerivedStream, ABC):
    """Parts of the details of documents, or the details themselves.

    One request for each document that is new or changed; its response is shared by all streams with the same source
    and the same :attr:`detail_path`. A record has the same stamps as that of a :class:`DerivedStream`, from the row in
    the list. A document that was deleted since it was listed has no record.
    """

    #: A second path, tried if the first does not exist: some documentation has both.
    alternative_detail_path: ClassVar[str] = ""
    #: Every complete document has at least one of these members.
    required_members: ClassVar[tuple[str, ...]] = ()
    #: Members of a detail that are removed from records.
    excluded_members: ClassVar[tuple[str, ...]] = ()

    @override
    def make_state(self) -> StreamState:
        source = self._source
        if not isinstance(source.cursor_field, str):
            return StreamState(self.name)
        return DocumentState(self.name, source.cursor_field, source.timestamp_format, tuple(source.lists))

    @property
    @override
    def can_detect_deletions(self) -> bool:
        """A deleted document disappears from the list. Its detail does too, if it has the same key."""
        is_document = not self.expand and self.primary_key == self._source.primary_key
        return is_document and self._source.can_detect_deletions

    @override
    def readings(self) -> Sequence[Reading]:
        documents = Documents(self._source, [self])
        return [ListReading(self._source, [], [documents]), DetailReading(documents)]

    # -- requests and records ---------------------------------------------------------------------------------------

    @override
    def detail_requests(self, document: Document) -> Sequence[Request]:
        paths = filter(None, (self.detail_path, self.alternative_detail_path))
        return [Request(self._path(path, document), document.partition.params) for path in paths]

    def _path(self, path: str, document: Document) -> str:
        parent, key = path_segment(document.partition.key), path_segment(first(document.key))
        return path.replace("{resource}", self._source.resource).replace("{parent}", parent).replace("{id}", key)

    @override
    def check_detail(self, detail: Row, path: str) -> None:
        if self.required_members and not any(detail.get(name) for name in self.required_members):
            raise self.malformed(path, f"it has nothing at {' or '.join(map(repr, self.required_members))}")
        for name in {*self.required_members, *(each.split(".")[0] for each in self.paths)}:
            if detail.get(name) and not _holds_objects(detail[name]):
                raise self.malformed(path, f"what it has at {name!r} is not a list of objects")

    @override
    def records_of(self, detail: Row, document: Document) -> list[Row]:
        stamps = self._stamps(document.partition, document.key, document.cursor)
        return [self.normaliser(part) for part in self._parts(detail, stamps)]

    @override
    def _parts(self, document: Row, stamps: Row) -> Iterator[Row]:
        document = {name: value for name, value in document.items() if name not in self.excluded_members}
        if self.expand:
            yield from super()._parts(document, stamps)
        elif self.document_field in self._source.primary_key:  # the document itself, with the cursor that the list has
            yield {**document, **stamps}
        else:
            yield stamped(document, stamps)


def _holds_objects(value: Any) -> bool:
    """Whether a value is a list of objects, or a single object, as some back ends write a list of one."""
    return isinstance(value, dict) or (isinstance(value, list) and all(isinstance(each, dict) for each in value))
