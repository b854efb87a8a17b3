"""Streams of what the list of documents does not hold, but the document itself does: one request for each."""

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
from source_invoicing.streams.reading import Reading
from source_invoicing.streams.state import StreamState


class DetailStream(DetailResource, DerivedStream, ABC):
    """Parts of the details of documents, or the details themselves.

    One request for each document that is new or changed; its response is shared by all streams with the same source
    and the same :attr:`detail`. A record carries what the records of a :class:`DerivedStream` carry, by the document's
    row in the list: its cursor above all. A document that vanished since it was listed has no record.
    """

    #: The path where nothing is at that one: some documentation has both.
    other_detail: ClassVar[str] = ""
    #: Members, one of which every document has. One without is not the whole document.
    holds: ClassVar[tuple[str, ...]] = ()
    #: Members of a detail that no record shall have.
    left_out: ClassVar[tuple[str, ...]] = ()

    @override
    def make_state(self) -> StreamState:
        source = self._source
        if not isinstance(source.cursor_field, str):
            return StreamState(self.name)
        return DocumentState(self.name, source.cursor_field, source.timestamp_format, tuple(source.lists))

    @property
    @override
    def can_detect_deletions(self) -> bool:
        """Documents go from the list, and so do their details if they have the same keys."""
        is_document = not self.expand and self.primary_key == self._source.primary_key
        return is_document and self._source.can_detect_deletions

    @override
    def readings(self) -> Sequence[Reading]:
        documents = Documents(self._source, [self])
        return [Reading(self._source, [], [documents]), DetailReading(documents)]

    # -- requests and records ---------------------------------------------------------------------------------------

    @override
    def detail_requests(self, document: Document) -> Sequence[Request]:
        paths = filter(None, (self.detail, self.other_detail))
        return [Request(self._path(path, document), document.partition.params) for path in paths]

    def _path(self, path: str, document: Document) -> str:
        parent, key = path_segment(document.partition.key), path_segment(first(document.key))
        return path.replace("{resource}", self._source.resource).replace("{parent}", parent).replace("{id}", key)

    @override
    def check_detail(self, detail: Row, path: str) -> None:
        if self.holds and not any(detail.get(name) for name in self.holds):
            raise self.malformed(path, f"it has nothing at {' or '.join(map(repr, self.holds))}")
        for name in {*self.holds, *(each.split(".")[0] for each in self.paths)}:
            if detail.get(name) and not _holds_objects(detail[name]):
                raise self.malformed(path, f"what it has at {name!r} is not a list of objects")

    @override
    def records_of(self, detail: Row, document: Document) -> list[Row]:
        stamps = self._stamps(document.partition, document.key, document.cursor)
        return [self._normalise(part) for part in self._parts(detail, stamps)]

    @override
    def _parts(self, document: Row, stamps: Row) -> Iterator[Row]:
        document = {name: value for name, value in document.items() if name not in self.left_out}
        if self.expand:
            yield from super()._parts(document, stamps)
        elif self.document_field in self._source.primary_key:  # the document itself, changed when its list says
            yield {**document, **stamps}
        else:
            yield stamped(document, stamps)


def _holds_objects(value: Any) -> bool:
    """Whether it is a list of objects, or a single one, as some back ends write a list of one."""
    return isinstance(value, dict) or (isinstance(value, list) and all(isinstance(each, dict) for each in value))
