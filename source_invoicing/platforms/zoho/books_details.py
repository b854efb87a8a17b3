"""The details of documents of Zoho Books, one small class each. https://www.zoho.com/books/api/v3/"""

from __future__ import annotations

from typing import ClassVar

from source_invoicing.platforms.zoho import books
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
    """Documents of Zoho Books, whole."""

    schemas: ClassVar[str] = "schemas/books"


class LineItems(Documents, ZohoLineItems):
    """Lines of documents of Zoho Books."""


class InvoiceDetails(Documents):
    """https://www.zoho.com/books/api/v3/invoices/#get-an-invoice"""

    source = books.Invoices
    primary_key = "invoice_id"
    holds = ("line_items",)


class InvoiceLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/invoices/#get-an-invoice"""

    source = books.Invoices
    primary_key = ["invoice_id", "line_item_id"]


class CustomerPaymentDetails(Documents):
    """https://www.zoho.com/books/api/v3/customer-payments/#retrieve-a-payment"""

    source = books.CustomerPayments
    primary_key = "payment_id"


class CustomerPaymentApplications(Documents, ZohoPaymentApplications):
    """https://www.zoho.com/books/api/v3/customer-payments/#retrieve-a-payment"""

    source = books.CustomerPayments
    primary_key = ["payment_id", "invoice_payment_id"]


class CreditnoteDetails(Documents):
    """https://www.zoho.com/books/api/v3/credit-notes/#get-a-credit-note"""

    source = books.Creditnotes
    primary_key = "creditnote_id"
    holds = ("line_items",)


class CreditnoteLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/credit-notes/#get-a-credit-note"""

    source = books.Creditnotes
    primary_key = ["creditnote_id", "line_item_id"]


class CreditnoteApplications(Documents, ZohoCreditApplications):
    """https://www.zoho.com/books/api/v3/credit-notes/#get-a-credit-note"""

    source = books.Creditnotes
    primary_key = ["creditnote_id", "creditnote_invoice_id"]


class EstimateDetails(Documents):
    """https://www.zoho.com/books/api/v3/estimates/#get-an-estimate"""

    source = books.Estimates
    primary_key = "estimate_id"
    holds = ("line_items",)


class EstimateLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/estimates/#get-an-estimate"""

    source = books.Estimates
    primary_key = ["estimate_id", "line_item_id"]


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


class ExpenseLineItems(Documents, ZohoExpenseLineItems):
    """https://www.zoho.com/books/api/v3/expenses/#get-an-expense"""

    source = books.Expenses
    primary_key = ["expense_id", "line_item_id"]


class PurchaseOrderDetails(Documents):
    """https://www.zoho.com/books/api/v3/purchase-order/#get-a-purchase-order"""

    source = books.PurchaseOrders
    primary_key = "purchaseorder_id"
    holds = ("line_items",)


class PurchaseOrderLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/purchase-order/#get-a-purchase-order"""

    source = books.PurchaseOrders
    primary_key = ["purchaseorder_id", "line_item_id"]


class VendorPaymentDetails(Documents):
    """https://www.zoho.com/books/api/v3/vendor-payments/#retrieve-a-vendor-payment"""

    source = books.VendorPayments
    primary_key = "payment_id"


class VendorPaymentApplications(Documents):
    """https://www.zoho.com/books/api/v3/vendor-payments/#retrieve-a-vendor-payment

    Which bills a payment was applied to.
    """

    source = books.VendorPayments
    primary_key = ["payment_id", "bill_payment_id"]
    expand = "bills"


class VendorCreditDetails(Documents):
    """https://www.zoho.com/books/api/v3/vendor-credits/#get-vendor-credit"""

    source = books.VendorCredits
    primary_key = "vendor_credit_id"
    holds = ("line_items",)


class VendorCreditLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/vendor-credits/#get-vendor-credit"""

    source = books.VendorCredits
    primary_key = ["vendor_credit_id", "line_item_id"]


class VendorCreditApplications(Documents):
    """https://www.zoho.com/books/api/v3/vendor-credits/#get-vendor-credit

    Which bills a vendor credit was applied to.
    """

    source = books.VendorCredits
    primary_key = ["vendor_credit_id", "vendor_credit_bill_id"]
    expand = "bills_credited"


class JournalDetails(Documents):
    """https://www.zoho.com/books/api/v3/journals/#get-journal"""

    source = books.Journals
    primary_key = "journal_id"
    holds = ("line_items",)


class JournalLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/journals/#get-journal"""

    source = books.Journals
    primary_key = ["journal_id", "line_id"]


class RecurringInvoiceDetails(Documents):
    """https://www.zoho.com/books/api/v3/recurring-invoices/#get-a-recurring-invoice"""

    source = books.RecurringInvoices
    primary_key = "recurring_invoice_id"
    holds = ("line_items",)


class RecurringInvoiceLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/recurring-invoices/#get-a-recurring-invoice"""

    source = books.RecurringInvoices
    primary_key = ["recurring_invoice_id", "line_item_id"]


class RetainerInvoiceDetails(Documents):
    """https://www.zoho.com/books/api/v3/retainer-invoices/#get-a-retainer-invoice"""

    source = books.RetainerInvoices
    primary_key = "retainerinvoice_id"
    holds = ("line_items",)


class RetainerInvoiceLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/retainer-invoices/#get-a-retainer-invoice"""

    source = books.RetainerInvoices
    primary_key = ["retainerinvoice_id", "line_item_id"]


class RecurringBills(Documents):
    """The documentation has the latter path for this request alone."""

    detail = "recurringbills/{id}"
    other_detail = "recurring_bills/{id}"


class RecurringBillDetails(RecurringBills):
    """https://www.zoho.com/books/api/v3/recurring-bills/#get-a-recurring-bill"""

    source = books.RecurringBills
    primary_key = "recurring_bill_id"
    holds = ("line_items",)


class RecurringBillLineItems(RecurringBills, LineItems):
    """https://www.zoho.com/books/api/v3/recurring-bills/#get-a-recurring-bill"""

    source = books.RecurringBills
    primary_key = ["recurring_bill_id", "line_item_id"]


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
    CustomerPaymentDetails,
    CustomerPaymentApplications,
    CreditnoteDetails,
    CreditnoteLineItems,
    CreditnoteApplications,
    EstimateDetails,
    EstimateLineItems,
    SalesOrderDetails,
    SalesOrderLineItems,
    BillDetails,
    BillLineItems,
    ExpenseDetails,
    ExpenseLineItems,
    PurchaseOrderDetails,
    PurchaseOrderLineItems,
    VendorPaymentDetails,
    VendorPaymentApplications,
    VendorCreditDetails,
    VendorCreditLineItems,
    VendorCreditApplications,
    JournalDetails,
    JournalLineItems,
    RecurringInvoiceDetails,
    RecurringInvoiceLineItems,
    RetainerInvoiceDetails,
    RetainerInvoiceLineItems,
    RecurringBillDetails,
    RecurringBillLineItems,
    ContactDetails,
    ItemDetails,
)
