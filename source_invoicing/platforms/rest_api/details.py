"""Declared streams of single documents: one request for each that is new or changed."""

from __future__ import annotations

from collections.abc import Sequence

from airbyte_cdk.models import FailureType
from typing_extensions import override

from source_invoicing.http import Failure, MalformedResponse, Request, Response, logger, whole_number
from source_invoicing.platforms.rest_api.declared import DeclaredStream
from source_invoicing.platforms.rest_api.parts import Parts, PartsDeclaration
from source_invoicing.platforms.rest_api.paths import MISSING, WHOLE_BODY, describe, dig, set_path
from source_invoicing.platforms.rest_api.records import require_no_error
from source_invoicing.platforms.rest_api.states import CursorMovedAtEnd
from source_invoicing.platforms.rest_api.streams import RestStream
from source_invoicing.streams import Row
from source_invoicing.streams.cursor_state import DocumentState
from source_invoicing.streams.detail import DetailStream
from source_invoicing.streams.detail_resource import Document
from source_invoicing.streams.state import StreamState
from source_invoicing.streams.stream import InvoicingStream

# Documents that a schema is inferred from.
MAX_TO_INFER_FROM = 3


class RestDetailStream(DeclaredStream, DetailStream):
    """The documents of a list, asked for one by one, or their parts. The list itself is not a stream."""

    def __init__(self, source: RestStream, parts: PartsDeclaration | None = None) -> None:
        self.declared = parts or source.declared
        self._source: RestStream = source
        self._parts_in = Parts(parts, source) if parts else None
        self._is_the_record = parts is None or parts.detail is None
        detail = self.declared.detail or source.declared.detail
        assert detail is not None
        self._detail = detail
        # Streams with equal requests share the responses; it is no path here, as it is elsewhere.
        self.detail_path = str(detail)  # type: ignore[misc]  # these are elsewhere of the class
        self.expand = parts.expand if parts else ""  # type: ignore[misc]
        # A list per parent is read in full.
        self.cursor_field = [] if source.declared.parent else source.cursor_field  # type: ignore[misc]
        InvoicingStream.__init__(self, source.account)

    @override
    def make_state(self) -> StreamState:
        source, field = self._source, self.cursor_field
        if not isinstance(field, str):
            return StreamState(self.name)
        if source.declared.synced_at:
            return CursorMovedAtEnd(self.name, field, source.timestamp_format)
        return DocumentState(self.name, field, source.timestamp_format, source.declared.values)

    @override
    def detail_requests(self, document: Document) -> Sequence[Request]:
        values = dict(document.partition.params)
        if "id" in values:
            # The id is that of the list's parent, which is the document's parent too.
            values["parent"] = values["id"]
        return [self._source.detail_request(self._detail, {**values, "id": document.key[0]})]

    @override
    def read_detail(self, response: Response, document: Document) -> Row:
        require_no_error(response, self._source.declared)
        found = dig(response.body, self._detail.record_path)
        if self._parts_in and self._parts_in.response_is_the_parts and isinstance(found, (list, dict)):
            found = {WHOLE_BODY: found}
        elif isinstance(found, list) and len(found) == 1:
            found = found[0]
        if not isinstance(found, dict) or not found:
            raise self.malformed(response.path, f"has {describe(found)} where detail.record_path expects a record")
        if self._parts_in and self._detail.total_path:
            total = dig(response.body, self._detail.total_path)
            number = self._parts_in.count(found)
            if (count := whole_number(total)) is None:
                raise self.malformed(response.path, f"has {describe(total)} where detail.total_path expects a count")
            if count > number:
                raise self.malformed(response.path, f"tells of {count} parts and holds {number}")
        return found

    @override
    def malformed(self, path: str, what: str) -> MalformedResponse:
        return MalformedResponse(
            f"The answer to {path} {what}. Run the sync again; if it persists, check detail of the stream in the "
            "configuration.",
            FailureType.config_error,
        )

    @override
    def check_detail(self, detail: Row, path: str) -> None:
        return

    @override
    def records_of(self, detail: Row, document: Document) -> list[Row]:
        whole = self._stamped(detail, document)
        parts = self._parts_in
        return [self.normaliser(record) for record in (parts.of(whole) if parts else [whole])]

    def _stamped(self, detail: Row, document: Document) -> Row:
        """A detail with the key and the cursor of its row in the list."""
        record = {**detail, **document.partition.stamp}
        for path, value in zip(self._source.key_within_list, document.key, strict=True):
            if not self._is_the_record or dig(record, path) in (None, MISSING):
                set_path(record, path, value)
        if isinstance(self.cursor_field, str) and document.cursor is not None:
            set_path(record, self.cursor_field, document.cursor)
        return record

    @property
    @override
    def known_fields(self) -> tuple[str, ...]:
        return (self._parts_in or self._source).known_fields

    @override
    def sample(self) -> list[Row]:
        """The first details, or parts of them; empty if they cannot be read."""
        details: list[Row] = []
        try:
            details.extend(map(self._detail_of, self._source.first_rows[:MAX_TO_INFER_FROM]))
        except Failure as failure:
            self.warn_of_open_schema(failure)
        records = self._parts_in.of_first(details) if self._parts_in else details
        if details and not records:
            self.warn_of_no_records()
        return records

    def try_out(self, rows: list[Row]) -> list[Row]:
        """The detail of the first row, if there is one.

        :raises Failure: when it does not fit the configuration
        """
        details = [self._detail_of(row) for row in rows[:1]]
        if self._parts_in:
            self._parts_in.of_first(details)
        return details

    def _detail_of(self, row: Row) -> Row:
        source = self._source
        key = tuple(dig(row, path) for path in source.key_within_list)
        document = Document(source.sampled, key, source.cursor_value(row), None, None, is_last_of_its_second=True)
        (request,) = self.detail_requests(document)
        detail = source.account.client.fetch(request, lambda response: self.read_detail(response, document))
        inner = next(iter(detail.values()))
        if self._is_the_record and len(detail) == 1 and isinstance(inner, dict):
            logger.warning(
                "Stream %s: the answer for a single record holds nothing but an object at %r. If that is the record, "
                "name it in detail.record_path.",
                self.name,
                next(iter(detail)),
            )
        return self._stamped(detail, document)
