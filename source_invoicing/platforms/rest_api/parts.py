"""Declared streams of what stands inside the rows of another one, such as the lines of invoices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, cast

from airbyte_cdk.models import AirbyteStream, FailureType
from typing_extensions import Self, override

from source_invoicing.config import Fields
from source_invoicing.http import UnexpectedResponse, logger
from source_invoicing.platforms.rest_api.paths import MISSING, Missing, branches, describe, dig, parse_path, set_path
from source_invoicing.platforms.rest_api.resource import Resource, parse_name, parse_primary_key
from source_invoicing.platforms.rest_api.schema import Schema, StreamSchema, infer, parse_schema
from source_invoicing.platforms.rest_api.streams import RestStream, with_paths
from source_invoicing.streams import Partition, Row
from source_invoicing.streams.derived import POSITION, DerivedStream
from source_invoicing.streams.stream import InvoicingStream
from source_invoicing.streams.timestamps import TimestampFormat


@dataclass(frozen=True)
class Parts:
    """One declared stream of parts. Names are those of the configuration, paths are dotted.

    :param source: name of the stream whose rows hold the parts (``from``)
    :param expand: where a row holds them
    :param document_field: field that gets the document's key
    """

    name: str
    source: str
    expand: str
    document_field: str
    primary_key: tuple[str, ...]
    json_schema: Schema | None

    @classmethod
    def parse(cls, fields: Fields, sources: Sequence[Resource]) -> Self:
        """Read one stream.

        :param sources: the streams that may hold parts
        :raises Failure: for the first option that is wrong
        """
        name, expand = parse_name(fields), parse_path(fields, "expand", may_branch=True)
        named = fields.optional_text("from")
        source = next((each for each in sources if each.name == named), None)
        if source is None:
            known = ", ".join(each.name for each in sources) or "(none)"
            raise fields.complaint("from", f"is {named!r}, but the streams with a path are: {known}")
        if source.synced_at or source.has_versions or source.windows is not None:
            raise fields.complaint("from", f"is {named!r}, whose records do not tell when they were changed")
        if not source.primary_key:
            raise fields.complaint("from", f"is {named!r}, which has no primary_key to tell its records apart")
        if not expand:
            raise fields.complaint("expand", "is missing. It is where a record of that stream holds the parts")
        document_field = fields.optional_text("document_field") or f"{named.removesuffix('s')}_id"
        # What tells parents and values apart tells their documents apart, too.
        stamped = [path for path in source.primary_key if path in source.stamps]
        given = fields.values.get("primary_key") is not None
        default = (*stamped, document_field, POSITION)
        return cls(
            name=name,
            source=named,
            expand=expand,
            document_field=document_field,
            primary_key=parse_primary_key(fields) if given else default,
            json_schema=parse_schema(fields, "json_schema"),
        )


class PartStream(DerivedStream):
    """A stream of parts that the configuration describes."""

    #: The declaration.
    declared: ClassVar[Parts]

    def __init__(self, account: Any, source: RestStream) -> None:
        self._source: RestStream = source
        self._warned = False
        InvoicingStream.__init__(self, account)
        self._schema = StreamSchema(self.declared.json_schema, self._infer_schema)

    @property
    @override
    def name(self) -> str:
        return self.declared.name

    @override
    def records(self, rows: list[Row], partition: Partition) -> list[Row]:
        parts = [part for row in rows for part in self.parts_of({**row, **partition.stamp})]
        if rows and not parts and not self._warned and all(self._found(row) is MISSING for row in rows):
            self._warned = True
            logger.warning(
                "Stream %s: no record of the first page of %s has anything at %r, which expand names.",
                self.name,
                self._source.name,
                self.declared.expand,
            )
        self._warned = self._warned or bool(parts)
        return [self._normalise(part) for part in parts]

    def _found(self, row: Row) -> Any:
        return branches(row, self.declared.expand)

    def parts_of(self, document: Row) -> Iterator[Row]:
        """The parts of a document, with what they carry of it."""
        found = self._found(document)
        elements = [] if isinstance(found, Missing) else [each for _, each in found]
        parts = [part for each in elements for part in (each if isinstance(each, list) else [each])]
        stamps = self._stamps_of(document)
        for position, part in enumerate(parts, start=1):
            if not isinstance(part, dict):
                raise UnexpectedResponse(
                    f"Stream {self.name}: a record of {self._source.name} has {describe(part)} at "
                    f"{self.declared.expand!r}, where expand expects objects.",
                    FailureType.config_error,
                )
            stamps[POSITION] = position
            record = {**stamps, **{f"row_{name}" if name in stamps else name: _copied(part[name]) for name in part}}
            self._demand_key(record)
            yield record

    def _demand_key(self, record: Row) -> None:
        for path in self.declared.primary_key:
            value = dig(record, path)
            if value is None or value is MISSING:
                raise UnexpectedResponse(
                    f"Stream {self.name}: a part has {describe(value)} at {path!r}, which primary_key names. The part "
                    f"is {describe(record)}. Leave primary_key out where parts have no id: the document's key and the "
                    "position tell them apart.",
                    FailureType.config_error,
                )

    def _stamps_of(self, document: Row) -> Row:
        """What each part carries of its document."""
        source = self._source
        key = next(path for path in source.declared.primary_key if path not in source.declared.stamps)
        stamps: Row = {name: document[name] for name in source.declared.stamps if name in document}
        stamps[self.declared.document_field] = dig(document, key)
        if isinstance(self.cursor_field, str):
            value = dig(document, self.cursor_field)
            set_path(stamps, self.cursor_field, None if value is MISSING else value)
        return stamps

    # -- schema ---------------------------------------------------------------------------------------------------

    @cached_property
    def first_parts(self) -> list[Row]:
        """The parts of the first pages.

        :raises Failure: when no list of the account can be read
        """
        return [part for row in self._source.first_rows for part in self.parts_of(row)]

    @property
    def known_fields(self) -> tuple[str, ...]:
        """Dotted paths of the fields that each part has."""
        cursor = (self.cursor_field,) if isinstance(self.cursor_field, str) else ()
        return (*self._source.declared.stamps, *cursor, self.declared.document_field, POSITION)

    def _infer_schema(self) -> Schema:
        return infer(self.first_parts, self.declared.primary_key, self.known_fields)

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
        return with_paths(super().as_airbyte_stream(), self.declared.primary_key)


def part_stream(declared: Parts, source: RestStream) -> PartStream:
    """The stream of parts of a declared resource."""
    timestamp_format: TimestampFormat = source.timestamp_format
    members = {
        "declared": declared,
        "resource": source.resource,
        "primary_key": list(declared.primary_key),
        "cursor_field": [] if source.declared.detail_path and source.declared.parent else source.cursor_field,
        "timestamp_format": timestamp_format,
        "plans": source.plans,
        "paging": source.paging,
        "__doc__": f"What stands at {declared.expand} in {declared.source}.",
        "__module__": __name__,
    }
    name = "".join(word.capitalize() for word in declared.name.split("_"))
    return cast(PartStream, type(name or "Unnamed", (PartStream,), members)(source.account, source))


def _copied(value: Any) -> Any:
    """A value that may be changed without changing the row it stands in, which other streams emit."""
    if isinstance(value, dict):
        return {name: _copied(member) for name, member in value.items()}
    return [_copied(member) for member in value] if isinstance(value, list) else value
