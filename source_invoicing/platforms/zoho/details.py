"""The details of documents that Zoho Invoice and Zoho Books both have, one small class each.

The links are to the pages of Zoho Books. Those of Zoho Invoice have the same names, below
https://www.zoho.com/invoice/api/v3/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from typing_extensions import override

from source_invoicing.http import Failure, Request, Response, UnexpectedResponse
from source_invoicing.platforms.zoho.common import CUSTOM_FIELDS, UNAVAILABLE, ZohoStream, fold_custom_fields
from source_invoicing.platforms.zoho.error_handler import rows_in
from source_invoicing.platforms.zoho.streams import (
    Contacts,
    Creditnotes,
    CustomerPayments,
    Estimates,
    Expenses,
    Invoices,
    Items,
    RecurringInvoices,
    RetainerInvoices,
)
from source_invoicing.streams import Account, DetailStream, Document, Row

# Documents per request that clients of the API are known to ask for.
MAX_AT_ONCE = 100


class ZohoDetails(DetailStream):
    """Complete documents, at ``<list>/<id>``: an envelope with one object, whose name differs from list to list.

    The key of a record is that of its document; the key of a part also has the id of the part.
    """

    source: ClassVar[type[ZohoStream]]
    detail_path = "{resource}/{id}"
    part_id = ""

    _source: ZohoStream

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.schema_folder = self._source.schema_folder

    @override
    def read_detail(self, response: Response, document: Document) -> Row:
        """The object may be in a list of one, as documented for sales orders."""
        body = response.body if isinstance(response.body, dict) else {}
        members = [each for value in body.values() for each in (value if isinstance(value, list) else [value])]
        for each in members:
            if isinstance(each, dict) and str(each.get(self.document_field)) == str(document.key):
                return each
        raise self.malformed(response.path, "it does not hold the document that was asked for")

    @override
    def records_of(self, detail: Row, document: Document) -> list[Row]:
        return super().records_of(detail if self.expand else self._tidied(detail), document)

    def _tidied(self, detail: Row) -> Row:
        """A document with single elements in lists where the schema has lists, and its custom fields in one place."""
        members = self.schema_of_records()["properties"]
        for name, value in detail.items():
            types = members.get(name, {}).get("type", ())
            if isinstance(value, dict) and value and "array" in types and "object" not in types:
                detail[name] = [value]
        if CUSTOM_FIELDS in members:
            fold_custom_fields(detail)
        return detail

    @override
    def explain(self, failure: Failure) -> Failure:
        if not isinstance(failure, UNAVAILABLE):
            return failure
        return self._source.unavailable(failure, f"the details of {self._source.name}")


class BulkDetails(ZohoDetails):
    """Documents of which one request reads several."""

    details_per_call = MAX_AT_ONCE
    #: Path of the list that takes ids, and the parameter for them.
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
                f"Zoho answered {response.path} with other documents than those that were asked for."
            )
        return {keys[name]: row for name, row in rows.items()}


class WithLines(ZohoDetails):
    """Documents that have lines."""

    required_members: ClassVar[tuple[str, ...]] = ("line_items",)


class LineItems(WithLines):
    """The lines of documents."""

    expand: ClassVar[str | tuple[str, ...]] = "line_items"
    part_id = "line_item_id"


class InvoiceDetails(WithLines):
    """https://www.zoho.com/books/api/v3/invoices/#get-an-invoice"""

    source = Invoices


class InvoiceLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/invoices/#get-an-invoice"""

    source = Invoices


class CustomerPaymentDetails(ZohoDetails):
    """https://www.zoho.com/books/api/v3/customer-payments/#retrieve-a-payment"""

    source = CustomerPayments


class CustomerPaymentApplications(ZohoDetails):
    """https://www.zoho.com/books/api/v3/customer-payments/#retrieve-a-payment

    Which invoices a payment was applied to. Payments of retainer invoices may have the other members instead.
    """

    source = CustomerPayments
    expand = ("invoices", "retainerinvoices", "retainerinvoice")
    part_id = "invoice_payment_id"


class CreditnoteDetails(WithLines):
    """https://www.zoho.com/books/api/v3/credit-notes/#get-a-credit-note"""

    source = Creditnotes


class CreditnoteLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/credit-notes/#get-a-credit-note"""

    source = Creditnotes


class CreditnoteApplications(ZohoDetails):
    """https://www.zoho.com/books/api/v3/credit-notes/#get-a-credit-note

    Which invoices a credit note was applied to. Only the documentation has ``invoices``.
    """

    source = Creditnotes
    expand = ("invoices_credited", "invoices")
    part_id = "creditnote_invoice_id"


class EstimateDetails(WithLines):
    """https://www.zoho.com/books/api/v3/estimates/#get-an-estimate"""

    source = Estimates


class EstimateLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/estimates/#get-an-estimate"""

    source = Estimates


class ExpenseDetails(ZohoDetails):
    """https://www.zoho.com/books/api/v3/expenses/#get-an-expense

    Only the documentation has ``line_item``.
    """

    source = Expenses
    required_members = ("line_items", "line_item")


class ExpenseLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/expenses/#get-an-expense

    Only the documentation has ``line_item``.
    """

    source = Expenses
    expand = required_members = ("line_items", "line_item")


class RecurringInvoiceDetails(WithLines):
    """https://www.zoho.com/books/api/v3/recurring-invoices/#get-a-recurring-invoice"""

    source = RecurringInvoices


class RecurringInvoiceLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/recurring-invoices/#get-a-recurring-invoice"""

    source = RecurringInvoices


class RetainerInvoiceDetails(WithLines):
    """https://www.zoho.com/books/api/v3/retainer-invoices/#get-a-retainer-invoice"""

    source = RetainerInvoices


class RetainerInvoiceLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/retainer-invoices/#get-a-retainer-invoice"""

    source = RetainerInvoices


class ContactDetails(ZohoDetails):
    """https://www.zoho.com/books/api/v3/contacts/#get-contact

    Without payment instruments, which must not leave Zoho.
    """

    source = Contacts
    excluded_members = ("bank_accounts", "cards", "checks", "vpa_list", "upi_mandates")


class ItemDetails(BulkDetails):
    """https://www.zoho.com/books/api/v3/items/#retrieve-an-item"""

    source = Items
    bulk = ("itemdetails", "item_ids")
