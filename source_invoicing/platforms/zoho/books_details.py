"""The details of documents that only Zoho Books has, one small class each. https://www.zoho.com/books/api/v3/"""

from __future__ import annotations

from source_invoicing.platforms.zoho import details
from source_invoicing.platforms.zoho.books import (
    Bills,
    Journals,
    PurchaseOrders,
    RecurringBills,
    SalesOrders,
    VendorCredits,
    VendorPayments,
)
from source_invoicing.platforms.zoho.details import BulkDetails, LineItems, WithLines, ZohoDetails


class SalesOrderDetails(WithLines, BulkDetails):
    """https://www.zoho.com/books/api/v3/sales-order/#get-a-sales-order"""

    source = SalesOrders
    bulk = ("salesorders", "salesorder_ids")


class SalesOrderLineItems(LineItems, BulkDetails):
    """https://www.zoho.com/books/api/v3/sales-order/#get-a-sales-order"""

    source = SalesOrders
    bulk = ("salesorders", "salesorder_ids")


class BillDetails(WithLines):
    """https://www.zoho.com/books/api/v3/bills/#get-a-bill"""

    source = Bills


class BillLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/bills/#get-a-bill"""

    source = Bills


class PurchaseOrderDetails(WithLines):
    """https://www.zoho.com/books/api/v3/purchase-order/#get-a-purchase-order"""

    source = PurchaseOrders


class PurchaseOrderLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/purchase-order/#get-a-purchase-order"""

    source = PurchaseOrders


class VendorPaymentDetails(ZohoDetails):
    """https://www.zoho.com/books/api/v3/vendor-payments/#retrieve-a-vendor-payment"""

    source = VendorPayments


class VendorPaymentApplications(ZohoDetails):
    """https://www.zoho.com/books/api/v3/vendor-payments/#retrieve-a-vendor-payment

    Which bills a payment was applied to.
    """

    source = VendorPayments
    expand = "bills"
    part_id = "bill_payment_id"


class VendorCreditDetails(WithLines):
    """https://www.zoho.com/books/api/v3/vendor-credits/#get-vendor-credit"""

    source = VendorCredits


class VendorCreditLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/vendor-credits/#get-vendor-credit"""

    source = VendorCredits


class VendorCreditApplications(ZohoDetails):
    """https://www.zoho.com/books/api/v3/vendor-credits/#get-vendor-credit

    Which bills a vendor credit was applied to.
    """

    source = VendorCredits
    expand = "bills_credited"
    part_id = "vendor_credit_bill_id"


class JournalDetails(WithLines):
    """https://www.zoho.com/books/api/v3/journals/#get-journal"""

    source = Journals


class JournalLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/journals/#get-journal"""

    source = Journals
    part_id = "line_id"


class RecurringBillDetails(WithLines):
    """https://www.zoho.com/books/api/v3/recurring-bills/#get-a-recurring-bill

    The documentation has the other path for this request only.
    """

    source = RecurringBills
    alternative_detail_path = "recurring_bills/{id}"


class RecurringBillLineItems(LineItems):
    """https://www.zoho.com/books/api/v3/recurring-bills/#get-a-recurring-bill

    The paths are those of the details of recurring bills.
    """

    source = RecurringBills
    alternative_detail_path = "recurring_bills/{id}"


#: In the order in which they are offered.
DETAILS: tuple[type[ZohoDetails], ...] = (
    details.InvoiceDetails,
    details.InvoiceLineItems,
    details.CustomerPaymentDetails,
    details.CustomerPaymentApplications,
    details.CreditnoteDetails,
    details.CreditnoteLineItems,
    details.CreditnoteApplications,
    details.EstimateDetails,
    details.EstimateLineItems,
    SalesOrderDetails,
    SalesOrderLineItems,
    BillDetails,
    BillLineItems,
    details.ExpenseDetails,
    details.ExpenseLineItems,
    PurchaseOrderDetails,
    PurchaseOrderLineItems,
    VendorPaymentDetails,
    VendorPaymentApplications,
    VendorCreditDetails,
    VendorCreditLineItems,
    VendorCreditApplications,
    JournalDetails,
    JournalLineItems,
    details.RecurringInvoiceDetails,
    details.RecurringInvoiceLineItems,
    details.RetainerInvoiceDetails,
    details.RetainerInvoiceLineItems,
    RecurringBillDetails,
    RecurringBillLineItems,
    details.ContactDetails,
    details.ItemDetails,
)
