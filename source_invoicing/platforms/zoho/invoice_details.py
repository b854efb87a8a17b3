"""The details of documents of Zoho Invoice, one small class each. https://www.zoho.com/invoice/api/v3/"""

from __future__ import annotations

from typing import ClassVar

from source_invoicing.platforms.zoho import invoice
from source_invoicing.platforms.zoho.details import (
    PAYMENT_INSTRUMENTS,
    BulkDetails,
    ZohoCreditApplications,
    ZohoDetails,
    ZohoExpenseLineItems,
    ZohoLineItems,
    ZohoPaymentApplications,
)


class Documents(ZohoDetails):
    """Documents of Zoho Invoice, whole."""

    schemas: ClassVar[str] = "schemas/invoice"


class LineItems(Documents, ZohoLineItems):
    """Lines of documents of Zoho Invoice."""


class InvoiceDetails(Documents):
    """https://www.zoho.com/invoice/api/v3/invoices/#get-an-invoice"""

    source = invoice.Invoices
    primary_key = "invoice_id"
    holds = ("line_items",)


class InvoiceLineItems(LineItems):
    """https://www.zoho.com/invoice/api/v3/invoices/#get-an-invoice"""

    source = invoice.Invoices
    primary_key = ["invoice_id", "line_item_id"]


class CustomerPaymentDetails(Documents):
    """https://www.zoho.com/invoice/api/v3/customer-payments/#retrieve-a-payment"""

    source = invoice.CustomerPayments
    primary_key = "payment_id"


class CustomerPaymentApplications(Documents, ZohoPaymentApplications):
    """https://www.zoho.com/invoice/api/v3/customer-payments/#retrieve-a-payment"""

    source = invoice.CustomerPayments
    primary_key = ["payment_id", "invoice_payment_id"]


class CreditNoteDetails(Documents):
    """https://www.zoho.com/invoice/api/v3/credit-notes/#get-a-credit-note"""

    source = invoice.CreditNotes
    primary_key = "creditnote_id"
    holds = ("line_items",)


class CreditNoteLineItems(LineItems):
    """https://www.zoho.com/invoice/api/v3/credit-notes/#get-a-credit-note"""

    source = invoice.CreditNotes
    primary_key = ["creditnote_id", "line_item_id"]


class CreditNoteApplications(Documents, ZohoCreditApplications):
    """https://www.zoho.com/invoice/api/v3/credit-notes/#get-a-credit-note"""

    source = invoice.CreditNotes
    primary_key = ["creditnote_id", "creditnote_invoice_id"]


class EstimateDetails(Documents):
    """https://www.zoho.com/invoice/api/v3/estimates/#get-an-estimate"""

    source = invoice.Estimates
    primary_key = "estimate_id"
    holds = ("line_items",)


class EstimateLineItems(LineItems):
    """https://www.zoho.com/invoice/api/v3/estimates/#get-an-estimate"""

    source = invoice.Estimates
    primary_key = ["estimate_id", "line_item_id"]


class ExpenseDetails(Documents):
    """https://www.zoho.com/invoice/api/v3/expenses/#get-an-expense"""

    source = invoice.Expenses
    primary_key = "expense_id"
    holds = ("line_items", "line_item")


class ExpenseLineItems(Documents, ZohoExpenseLineItems):
    """https://www.zoho.com/invoice/api/v3/expenses/#get-an-expense"""

    source = invoice.Expenses
    primary_key = ["expense_id", "line_item_id"]


class RecurringInvoiceDetails(Documents):
    """https://www.zoho.com/invoice/api/v3/recurring-invoices/#get-a-recurring-invoice"""

    source = invoice.RecurringInvoices
    primary_key = "recurring_invoice_id"
    holds = ("line_items",)


class RecurringInvoiceLineItems(LineItems):
    """https://www.zoho.com/invoice/api/v3/recurring-invoices/#get-a-recurring-invoice"""

    source = invoice.RecurringInvoices
    primary_key = ["recurring_invoice_id", "line_item_id"]


class RetainerInvoiceDetails(Documents):
    """https://www.zoho.com/invoice/api/v3/retainer-invoices/#get-a-retainer-invoice"""

    source = invoice.RetainerInvoices
    primary_key = "retainerinvoice_id"
    holds = ("line_items",)


class RetainerInvoiceLineItems(LineItems):
    """https://www.zoho.com/invoice/api/v3/retainer-invoices/#get-a-retainer-invoice"""

    source = invoice.RetainerInvoices
    primary_key = ["retainerinvoice_id", "line_item_id"]


class ContactDetails(Documents):
    """https://www.zoho.com/invoice/api/v3/contacts/#get-contact"""

    source = invoice.Contacts
    primary_key = "contact_id"
    left_out = PAYMENT_INSTRUMENTS


class ItemDetails(Documents, BulkDetails):
    """https://www.zoho.com/invoice/api/v3/items/#retrieve-an-item"""

    source = invoice.Items
    primary_key = "item_id"
    bulk = ("itemdetails", "item_ids")


#: In the order in which they are offered.
STREAMS: tuple[type[Documents], ...] = (
    InvoiceDetails,
    InvoiceLineItems,
    CustomerPaymentDetails,
    CustomerPaymentApplications,
    CreditNoteDetails,
    CreditNoteLineItems,
    CreditNoteApplications,
    EstimateDetails,
    EstimateLineItems,
    ExpenseDetails,
    ExpenseLineItems,
    RecurringInvoiceDetails,
    RecurringInvoiceLineItems,
    RetainerInvoiceDetails,
    RetainerInvoiceLineItems,
    ContactDetails,
    ItemDetails,
)
