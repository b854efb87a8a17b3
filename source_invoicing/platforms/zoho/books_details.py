"""The details of the documents of Zoho Books, one small class each. https://www.zoho.com/books/api/v3/introduction/"""

from __future__ import annotations

from typing import ClassVar

from source_invoicing.platforms.zoho import books
from source_invoicing.platforms.zoho.details import PAYMENT_INSTRUMENTS, BulkDetails, ZohoDetails, ZohoLineItems


class Documents(ZohoDetails):
    """Documents of Zoho Books, whole."""

    schemas: ClassVar[str] = "schemas/books"


class LineItems(Documents, ZohoLineItems):
    """The lines of documents of Zoho Books."""


class InvoiceDetails(Documents):
    """https://www.zoho.com/books/api/v3/invoices/#get-an-invoice"""

    source = books.Invoices
    primary_key = "invoice_id"
    holds = ("line_items",)


class InvoiceLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/invoices/#get-an-invoice"""

    source = books.Invoices
    primary_key = ["invoice_id", "line_item_id"]


class EstimateDetails(Documents):
    """https://www.zoho.com/books/api/v3/estimates/#get-an-estimate"""

    source = books.Estimates
    primary_key = "estimate_id"
    holds = ("line_items",)


class EstimateLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/estimates/#get-an-estimate"""

    source = books.Estimates
    primary_key = ["estimate_id", "line_item_id"]


class CreditnoteDetails(Documents):
    """https://www.zoho.com/books/api/v3/credit-notes/#get-a-credit-note"""

    source = books.Creditnotes
    primary_key = "creditnote_id"
    holds = ("line_items",)


class CreditnoteLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/credit-notes/#get-a-credit-note"""

    source = books.Creditnotes
    primary_key = ["creditnote_id", "line_item_id"]


class CreditnoteApplications(Documents):
    """https://www.zoho.com/books/api/v3/credit-notes/#get-a-credit-note

    Which invoices a credit note was applied to.
    """

    source = books.Creditnotes
    primary_key = ["creditnote_id", "creditnote_invoice_id"]
    # The latter in the documentation only.
    expand = ("invoices_credited", "invoices")


class SalesOrderDetails(Documents, BulkDetails):
    """https://www.zoho.com/books/api/v3/sales-order/#get-a-sales-order"""

    source = books.SalesOrders
    primary_key = "salesorder_id"
    holds = ("line_items",)
    bulk = ("salesorders", "salesorder_ids")


class SalesOrderLineItems(LineItems, BulkDetails):
    """https://www.zoho.com/books/api/v3/sales-order/#get-a-sales-order"""

    source = books.SalesOrders
    primary_key = ["salesorder_id", "line_item_id"]
    bulk = ("salesorders", "salesorder_ids")


class PurchaseOrderDetails(Documents):
    """https://www.zoho.com/books/api/v3/purchase-order/#get-a-purchase-order"""

    source = books.PurchaseOrders
    primary_key = "purchaseorder_id"
    holds = ("line_items",)


class PurchaseOrderLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/purchase-order/#get-a-purchase-order"""

    source = books.PurchaseOrders
    primary_key = ["purchaseorder_id", "line_item_id"]


class BillDetails(Documents):
    """https://www.zoho.com/books/api/v3/bills/#get-a-bill"""

    source = books.Bills
    primary_key = "bill_id"
    holds = ("line_items",)


class BillLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/bills/#get-a-bill"""

    source = books.Bills
    primary_key = ["bill_id", "line_item_id"]


class ExpenseDetails(Documents):
    """https://www.zoho.com/books/api/v3/expenses/#get-an-expense"""

    source = books.Expenses
    primary_key = "expense_id"
    holds = ("line_items", "line_item")


class ExpenseLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/expenses/#get-an-expense"""

    source = books.Expenses
    primary_key = ["expense_id", "line_item_id"]
    # The latter in the documentation only.
    expand = ("line_items", "line_item")


class JournalDetails(Documents):
    """https://www.zoho.com/books/api/v3/journals/#get-journal"""

    source = books.Journals
    primary_key = "journal_id"
    holds = ("line_items",)


class JournalLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/journals/#get-journal"""

    source = books.Journals
    primary_key = ["journal_id", "line_id"]


class CustomerPaymentDetails(Documents):
    """https://www.zoho.com/books/api/v3/customer-payments/#retrieve-a-payment"""

    source = books.CustomerPayments
    primary_key = "payment_id"


class CustomerPaymentApplications(Documents):
    """https://www.zoho.com/books/api/v3/customer-payments/#retrieve-a-payment

    Which invoices a payment was applied to.
    """

    source = books.CustomerPayments
    primary_key = ["payment_id", "invoice_payment_id"]
    # The others are what payments of retainer invoices may have in its place.
    expand = ("invoices", "retainerinvoices", "retainerinvoice")


class ContactDetails(Documents):
    """https://www.zoho.com/books/api/v3/contacts/#get-contact"""

    source = books.Contacts
    primary_key = "contact_id"
    left_out = PAYMENT_INSTRUMENTS


class ItemDetails(Documents, BulkDetails):
    """https://www.zoho.com/books/api/v3/items/#retrieve-an-item"""

    source = books.Items
    primary_key = "item_id"
    bulk = ("itemdetails", "item_ids")


#: In the order in which they are offered.
STREAMS: tuple[type[Documents], ...] = (
    InvoiceDetails,
    InvoiceLineItems,
    EstimateDetails,
    EstimateLineItems,
    CreditnoteDetails,
    CreditnoteLineItems,
    CreditnoteApplications,
    SalesOrderDetails,
    SalesOrderLineItems,
    PurchaseOrderDetails,
    PurchaseOrderLineItems,
    BillDetails,
    BillLineItems,
    ExpenseDetails,
    ExpenseLineItems,
    JournalDetails,
    JournalLineItems,
    CustomerPaymentDetails,
    CustomerPaymentApplications,
    ContactDetails,
    ItemDetails,
)
