"""Declared streams of documents as they are by themselves: one request for each that is new or changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from airbyte_cdk.models import AirbyteStream, FailureType
from typing_extensions import override

from source_invoicing.http import Failure, MalformedResponse, Request, Response
from source_invoicing.platforms.rest_api.parts import Parts, part_stream
from source_invoicing.platforms.rest_api.paths import MISSING, describe, dig, set_path
from source_invoicing.platforms.rest_api.schema import Schema, StreamSchema, infer
from source_invoicing.platforms.rest_api.streams import RestStream, with_paths
from source_invoicing.streams import Partition, Row
from source_invoicing.streams.detail import DetailStream
from source_invoicing.streams.document_state import DocumentState
from source_invoicing.streams.documents import Document
from source_invoicing.streams.state import FullRefreshState, StreamState
from source_invoicing.streams.stream import InvoicingStream

# Documents that a schema is inferred from.
MOST_TO_INFER_FROM = 3


class RestDetailStream(DetailStream):
    """The details of a list that the configuration describes. The list itself is not offered."""

    def __init__(self, account: Any, source: RestStream) -> None:
        self._source: RestStream = source
        InvoicingStream.__init__(self, account)
        self._schema = StreamSchema(source.declared.json_schema, self._infer_schema)

    @property
    @override
    def name(self) -> str:
        return self._source.name

    @override
    def make_state(self) -> StreamState:
        declared, field = self._source.declared, self.cursor_field
        if not isinstance(field, str):
            return FullRefreshState(self.name)
        return DocumentState(self.name, field, self._source.timestamp_format, declared.values)

    @override
    def detail_requests(self, document: Document) -> Sequence[Request]:
        return [self._request(document.key[0], document.partition)]

    def _request(self, key: Any, partition: Partition) -> Request:
        return self._source.detail_request({**_values(partition), "id": key})

    @override
    def read_detail(self, response: Response, document: Document) -> Row:
        return self._read(response)

    def _read(self, response: Response) -> Row:
        found = dig(response.body, self._source.declared.detail_record_path)
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        if not isinstance(found, dict) or not found:
            raise MalformedResponse(
                f"The answer to {response.path} has {describe(found)} where detail.record_path expects a record. Run "
                "the sync again; if this stays, check detail of the stream in the configuration.",
                FailureType.config_error,
            )
        return found

    @override
    def check_detail(self, detail: Row, path: str) -> None:
        return

    @override
    def records_of(self, detail: Row, document: Document) -> list[Row]:
        return [self._normalise(self._stamped(detail, document.key, document.cursor, document.partition))]

    def _stamped(self, detail: Row, key: Sequence[Any], cursor: Any, partition: Partition) -> Row:
        """A detail with the key of its row in the list, and the cursor, which is always that of the row."""
        record = {**detail, **partition.stamp}
        for path, value in zip(self._source.own_key, key, strict=True):
            if dig(record, path) in (None, MISSING):
                set_path(record, path, value)
        if isinstance(self.cursor_field, str) and cursor is not None:
            set_path(record, self.cursor_field, cursor)
        return record

    # -- schema ---------------------------------------------------------------------------------------------------

    def _infer_schema(self) -> Schema:
        source = self._source
        return infer(self._first_details(), source.declared.primary_key, source.known_fields)

    def _first_details(self) -> list[Row]:
        """The details of the first rows, as far as they can be had."""
        details: list[Row] = []
        try:
            details.extend(map(self._detail_of, self._source.first_rows[:MOST_TO_INFER_FROM]))
        except Failure as failure:
            self._source.warn_of_open_schema(failure)
        return details

    def try_out(self, rows: list[Row]) -> list[Row]:
        """The detail of the first row, if there is one.

        :raises Failure: when it does not fit the configuration
        """
        return [self._detail_of(row) for row in rows[:1]]

    def _detail_of(self, row: Row) -> Row:
        source = self._source
        values = {name: row[field] for name, field in source.fields_of_values.items() if field in row}
        key = tuple(dig(row, path) for path in source.own_key)
        detail = source.account.client.fetch(source.detail_request({**values, "id": key[0]}), self._read)
        return self._stamped(detail, key, source.cursor_value(row), Partition())

    @override
    def get_json_schema(self) -> Schema:  # type: ignore[override]  # the base caches per instance
        return self._schema.offered

    @override
    def use_schema(self, schema: Schema) -> None:
        self._schema.stored = schema

    @override
    def schema_of_records(self) -> Schema:
        return self._schema.of_records

    @override
    def as_airbyte_stream(self) -> AirbyteStream:
        return with_paths(super().as_airbyte_stream(), self._source.declared.primary_key)


def _values(partition: Partition) -> dict[str, Any]:
    """The values of placeholders for a document of a list: its parent is that of the list."""
    values = dict(partition.params)
    return {**values, "parent": values["id"]} if "id" in values else values


class DetailPartStream(RestDetailStream):
    """Parts of the details of a list."""

    def __init__(self, account: Any, source: RestStream, declared: Parts) -> None:
        self._parts_stream = part_stream(declared, source)
        super().__init__(account, source)
        self._schema = StreamSchema(declared.json_schema, self._infer_schema)

    @property
    @override
    def name(self) -> str:
        return self._parts_stream.name

    @override
    def records_of(self, detail: Row, document: Document) -> list[Row]:
        whole = self._stamped(detail, document.key, document.cursor, document.partition)
        return [self._normalise(part) for part in self._parts_stream.parts_of(whole)]

    @override
    def _infer_schema(self) -> Schema:
        parts = [part for detail in self._first_details() for part in self._parts_stream.parts_of(detail)]
        return infer(parts, self._parts_stream.declared.primary_key, self._parts_stream.known_fields)

    @override
    def as_airbyte_stream(self) -> AirbyteStream:
        return with_paths(InvoicingStream.as_airbyte_stream(self), self._parts_stream.declared.primary_key)


def detail_stream(source: RestStream, parts: Parts | None = None) -> RestDetailStream:
    """The stream of the details of a list, or of their parts.

    :param source: the list
    """
    members = {
        "detail": source.declared.detail_path,
        "resource": source.resource,
        "primary_key": list((parts or source.declared).primary_key),
        # Lists of parents are read in full.
        "cursor_field": [] if source.declared.parent else source.cursor_field,
        "timestamp_format": source.timestamp_format,
        "plans": source.plans,
        "paging": source.paging,
        "__doc__": f"The documents at /{source.declared.detail_path}.",
        "__module__": __name__,
    }
    if parts is None:
        return cast(RestDetailStream, type("Detail", (RestDetailStream,), members)(source.account, source))
    return cast(RestDetailStream, type("DetailPart", (DetailPartStream,), members)(source.account, source, parts))
