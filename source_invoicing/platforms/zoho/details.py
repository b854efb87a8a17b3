"""What the details of Zoho's products have in common. https://www.zoho.com/books/api/v3/introduction/"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from airbyte_cdk.models import FailureType
from typing_extensions import override

from source_invoicing.http import Failure, Request, Response, UnexpectedResponse
from source_invoicing.platforms.zoho.common import CUSTOM_FIELDS, UNAVAILABLE, ZohoStream, fold_custom_fields
from source_invoicing.platforms.zoho.errors import rows_in
from source_invoicing.streams import DetailStream, Document, Row
from source_invoicing.streams.derived import POSITION

# What clients of the API are known to ask for at once.
MOST_AT_ONCE = 100
# Of contacts; they stay where they are.
PAYMENT_INSTRUMENTS = ("bank_accounts", "cards", "checks", "vpa_list", "upi_mandates")


class ZohoDetails(DetailStream):
    """Documents whole, at ``<list>/<id>``: an envelope with one object, under a name that differs from list to list."""

    source: ClassVar[type[ZohoStream]]
    detail = "{resource}/{id}"

    _source: ZohoStream

    @override
    def read_detail(self, response: Response, document: Document) -> Row:
        """Sales orders are documented in a list of one."""
        body = response.body if isinstance(response.body, dict) else {}
        members = [each for value in body.values() for each in (value if isinstance(value, list) else [value])]
        for each in members:
            if isinstance(each, dict) and str(each.get(self.document_field)) == str(document.key):
                return each
        raise self.malformed(response.path, "it does not hold the document that was asked for")

    @override
    def records_of(self, detail: Row, document: Document) -> list[Row]:
        return super().records_of(detail if self.expand else self._tidied(detail), document)

    def _tidied(self, whole: Row) -> Row:
        """A document with lists where a single element stands alone, and its custom fields in one place."""
        members = self.schema_of_records()["properties"]
        for name, value in whole.items():
            types = members.get(name, {}).get("type", ())
            if isinstance(value, dict) and value and "array" in types and "object" not in types:
                whole[name] = [value]
        if CUSTOM_FIELDS in members:
            fold_custom_fields(whole)
        return whole

    @override
    def _parts(self, document: Row, stamps: Row) -> Iterator[Row]:
        """A part without an id of its own is known by its position."""
        for part in super()._parts(document, stamps):
            if self.expand and not part.get(self.primary_key[-1]):
                part[self.primary_key[-1]] = str(part[POSITION])
            yield part

    @override
    def explain(self, failure: Failure) -> Failure:
        if not isinstance(failure, UNAVAILABLE):
            return failure
        return self._source.unavailable(failure, f"the details of {self._source.name}")


class BulkDetails(ZohoDetails):
    """Documents of which several are read at once."""

    details_per_call = MOST_AT_ONCE
    #: Path of the list that takes ids, and the parameter that they go into.
    bulk: ClassVar[tuple[str, str]]

    @override
    def bulk_request(self, documents: Sequence[Document]) -> Request:
        path, parameter = self.bulk
        ids = ",".join(str(document.key) for document in documents)
        return Request(path, {**documents[0].partition.params, parameter: ids})

    @override
    def read_bulk(self, response: Response, documents: Sequence[Document]) -> Mapping[Any, Row]:
        keys = {str(document.key): document.key for document in documents}
        rows = {str(row.get(self.document_field)): row for row in rows_in(response, self._source.resource)}
        if not rows.keys() <= keys.keys():
            raise UnexpectedResponse(
                f"Zoho answered {response.path} with other documents than those that were asked for.",
                FailureType.transient_error,
            )
        return {keys[name]: row for name, row in rows.items()}


class ZohoLineItems(ZohoDetails):
    """The lines of documents."""

    expand: ClassVar[str | tuple[str, ...]] = "line_items"
    holds: ClassVar[tuple[str, ...]] = ("line_items",)


class ZohoExpenseLineItems(ZohoLineItems):
    """The lines of expenses. The single one stands in the documentation only."""

    expand = ("line_items", "line_item")
    holds = expand


class ZohoPaymentApplications(ZohoDetails):
    """Which invoices a payment was applied to. The others are what payments of retainer invoices may have instead."""

    expand = ("invoices", "retainerinvoices", "retainerinvoice")


class ZohoCreditApplications(ZohoDetails):
    """Which invoices a credit note was applied to. The latter stands in the documentation only."""

    expand = ("invoices_credited", "invoices")
