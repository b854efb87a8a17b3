"""Declared streams of parts: what the rows of another stream contain, such as the lines of invoices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.models import FailureType
from typing_extensions import Self, override

from source_invoicing.config import Fields
from source_invoicing.http import UnexpectedResponse, logger
from source_invoicing.platforms.rest_api.declared import DeclaredStream, StreamDeclaration
from source_invoicing.platforms.rest_api.paths import (
    MISSING,
    WHOLE_BODY,
    Missing,
    branches,
    check_path,
    describe,
    dig,
    set_path,
)
from source_invoicing.platforms.rest_api.resource import ResourceDeclaration, parse_name, parse_primary_key
from source_invoicing.platforms.rest_api.schema import parse_schema
from source_invoicing.platforms.rest_api.streams import RestStream
from source_invoicing.platforms.rest_api.template import DetailRequest
from source_invoicing.streams import Partition, Row
from source_invoicing.streams.derived import POSITION, DerivedStream, stamped
from source_invoicing.streams.stream import InvoicingStream


@dataclass(frozen=True)
class PartsDeclaration(StreamDeclaration):
    """The declaration of a stream of parts.

    :param source: name of the stream whose rows hold the parts (``from``)
    :param expand: where a row holds them; a dot if the answer of the detail is the list of parts
    :param document_field: field that gets the document's key
    """

    source: str
    expand: str
    document_field: str

    @classmethod
    def parse(cls, fields: Fields, sources: Sequence[ResourceDeclaration], key_param: str) -> Self:
        """Read one stream.

        :param sources: the streams that may hold parts
        :param key_param: the query parameter that holds the key; empty where none does
        """
        name, expand = parse_name(fields), fields.optional_text("expand")
        named = fields.optional_text("from")
        source = next((each for each in sources if each.name == named), None)
        if source is None:
            known = ", ".join(each.name for each in sources) or "(none)"
            raise fields.complaint("from", f"is {named!r}, but the streams with a path are: {known}")
        if source.has_versions or source.windows is not None:
            raise fields.complaint("from", f"is {named!r}, whose records do not tell when they were changed")
        if not source.primary_key:
            raise fields.complaint("from", f"is {named!r}, which has no primary_key to tell its records apart")
        detail = DetailRequest.parse(
            fields.optional_object("detail"), source.fixed_placeholders, key_param, has_parts=True
        )
        if not expand:
            raise fields.complaint("expand", "is missing. It is where a record of that stream holds the parts")
        if not detail or expand != WHOLE_BODY:
            check_path(fields, "expand", expand, may_branch=True)
        document_field = fields.text_or("document_field", f"{named.removesuffix('s')}_id")
        # What distinguishes parents and values distinguishes their documents, too.
        stamped = [path for path in source.primary_key if path in source.stamps]
        given = fields.values.get("primary_key") is not None
        default = (*stamped, document_field, POSITION)
        return cls(
            name=name,
            source=named,
            expand=expand,
            document_field=document_field,
            primary_key=parse_primary_key(fields) if given else default,
            detail=detail,
            json_schema=parse_schema(fields),
        )


class Parts:
    """The parts of documents: where a document holds them, and the fields they get from it.

    :param source: the stream that lists the documents
    :ivar cursor_field: the field with the cursor of the document; empty where all documents are read each time
    """

    def __init__(self, declared: PartsDeclaration, source: RestStream) -> None:
        self.declared = declared
        self._source = source
        self._warned = False
        with_details = declared.detail or source.declared.detail
        # Details of a list per parent are read in full.
        read_in_full = with_details and source.declared.parent
        self.cursor_field = "" if read_in_full or not isinstance(source.cursor_field, str) else source.cursor_field

    @property
    def known_fields(self) -> tuple[str, ...]:
        """Dotted paths of fields that all parts have, beside their key."""
        cursor = filter(None, [self.cursor_field])
        return (*self._source.declared.stamps, *cursor, self.declared.document_field, POSITION)

    @property
    def response_is_the_parts(self) -> bool:
        """Whether the answer is the list of parts, which a document then holds under a dot."""
        return self.declared.expand == WHOLE_BODY

    def count(self, document: Row) -> int:
        """How many parts a document holds."""
        return len(self._elements(document) or ())

    def of_first(self, documents: Sequence[Row]) -> list[Row]:
        """The parts of the first documents, with a warning if none has any: ``expand`` may be wrong."""
        parts = [part for document in documents for part in self.of(document)]
        nowhere = documents and all(self._elements(document) is None for document in documents)
        if nowhere and not self._warned:
            self._warned = True
            logger.warning(
                "Stream %s: no record of the first page of %s has anything at %r, which expand names.",
                self.declared.name,
                self._source.name,
                self.declared.expand,
            )
        self._warned = self._warned or bool(parts)
        return parts

    def of(self, document: Row) -> Iterator[Row]:
        """The parts of a document, with the fields they get from it."""
        stamps: Row = {name: document[name] for name in self._source.declared.stamps if name in document}
        stamps[self.declared.document_field] = dig(document, self._source.key_within_list[0])
        if self.cursor_field:
            set_path(stamps, self.cursor_field, self._source.cursor_value(document))
        for position, part in enumerate(self._elements(document) or (), start=1):
            if not isinstance(part, dict):
                raise UnexpectedResponse(
                    f"Stream {self.declared.name}: a record of {self._source.name} has {describe(part)} at "
                    f"{self.declared.expand!r}, where expand expects objects. Correct expand, or leave the stream out.",
                    FailureType.config_error,
                )
            stamps[POSITION] = position
            record = stamped(part, stamps)
            self._require_key(record)
            yield record

    def _elements(self, document: Row) -> list[Any] | None:
        """What a document holds at ``expand``; ``None`` if the path leads nowhere."""
        is_whole, expand = self.response_is_the_parts, self.declared.expand
        found = [(None, document[WHOLE_BODY])] if is_whole else branches(document, expand)
        if isinstance(found, Missing):
            return None
        return [part for _, each in found for part in (each if isinstance(each, list) else [each])]

    def _require_key(self, record: Row) -> None:
        for path in self.declared.primary_key:
            value = dig(record, path)
            if value is None or value is MISSING:
                raise UnexpectedResponse(
                    f"Stream {self.declared.name}: a part has {describe(value)} at {path!r}, which primary_key names. "
                    f"The part is {describe(record)}. Leave primary_key out where parts have no id: the document's key "
                    "and the position tell them apart.",
                    FailureType.config_error,
                )


class PartStream(DeclaredStream, DerivedStream):
    """A stream of parts that the configuration describes."""

    declared: PartsDeclaration

    def __init__(self, declared: PartsDeclaration, source: RestStream) -> None:
        self.declared = declared
        self._source: RestStream = source
        self._parts_in = Parts(declared, source)
        self.cursor_field = self._parts_in.cursor_field or []  # type: ignore[misc]  # elsewhere of the class
        InvoicingStream.__init__(self, source.account)

    @override
    def records(self, rows: list[Row], partition: Partition) -> list[Row]:
        parts = self._parts_in.of_first([{**row, **partition.stamp} for row in rows])
        return [self.normaliser(part) for part in parts]

    @property
    @override
    def known_fields(self) -> tuple[str, ...]:
        return self._parts_in.known_fields

    @override
    def sample(self) -> list[Row]:
        rows = self._source.first_rows
        parts = self._parts_in.of_first(rows)
        if rows and not parts:
            self.warn_of_no_records()
        return parts
