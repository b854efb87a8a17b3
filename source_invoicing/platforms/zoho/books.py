"""The resources of Zoho Books, one small class each. https://www.zoho.com/books/api/v3/introduction/"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import ClassVar

from airbyte_cdk.models import FailureType
from typing_extensions import override

from source_invoicing.http import AccessRefused, BadRequest, ResourceMissing, Response, logger
from source_invoicing.platforms.zoho import common
from source_invoicing.platforms.zoho.common import (
    CreationOrderedStream,
    FilteredStream,
    ModifiedStream,
    ZohoStream,
)
from source_invoicing.platforms.zoho.product import Product
from source_invoicing.streams import Chain, Order, Page, PageRequest, ParentStream, Partition, Row
from source_invoicing.streams.listing import NEWEST_CHANGE_OVERLAP, PASSES, Passes, Plan

PRODUCT = Product("Zoho Books", "books", "ZohoBooks")


class BooksStream(ZohoStream):
    """A list of Zoho Books."""

    schemas: ClassVar[str] = "schemas/books"


class Users(BooksStream):
    """https://www.zoho.com/books/api/v3/users/"""

    resource = "users"
    primary_key = "user_id"
    scopes = ("settings",)
    params = {"filter_by": "Status.All"}


class Banking(BooksStream, ParentStream):
    """https://www.zoho.com/books/api/v3/bank-accounts/"""

    resource = "bankaccounts"
    primary_key = "account_id"
    scopes = ("banking",)
    params = {"filter_by": "Status.All"}


class Organizations(BooksStream, common.Organizations):
    """https://www.zoho.com/books/api/v3/organizations/"""


class Contacts(BooksStream, ModifiedStream):
    """https://www.zoho.com/books/api/v3/contacts/

    Customers and vendors. Balances change without a change of the modification time.
    """

    resource = "contacts"
    primary_key = "contact_id"
    scopes = ("contacts",)
    params = {"filter_by": "Status.All"}


class Bills(BooksStream, ModifiedStream):
    """https://www.zoho.com/books/api/v3/bills/"""

    resource = "bills"
    primary_key = "bill_id"
    scopes = ("bills",)


class Estimates(BooksStream, ModifiedStream):
    """https://www.zoho.com/books/api/v3/estimates/"""

    resource = "estimates"
    primary_key = "estimate_id"
    scopes = ("estimates",)


class Items(BooksStream, ModifiedStream):
    """https://www.zoho.com/books/api/v3/items/

    Neither the filter nor the order by modification time is documented: where one is missing, by creation.
    """

    resource = "items"
    primary_key = "item_id"
    # Zoho's pages do not agree on which of them it takes.
    scopes = ("settings", "items")
    params = {"filter_by": "Status.All"}


class Invoices(BooksStream, ModifiedStream):
    """https://www.zoho.com/books/api/v3/invoices/

    An invoice with several public links is listed several times, and handed on once.
    """

    resource = "invoices"
    primary_key = "invoice_id"
    scopes = ("invoices",)


class RecurringInvoices(BooksStream, CreationOrderedStream):
    """https://www.zoho.com/books/api/v3/recurring-invoices/"""

    resource = "recurringinvoices"
    primary_key = "recurring_invoice_id"
    scopes = ("invoices",)


class RetainerInvoices(BooksStream, CreationOrderedStream):
    """https://www.zoho.com/books/api/v3/retainer-invoices/"""

    resource = "retainerinvoices"
    primary_key = "retainerinvoice_id"
    scopes = ("invoices",)


class CustomerDebitNotes(BooksStream, ModifiedStream):
    """https://www.zoho.com/books/api/v3/customer-debit-notes/

    Those rows of the list of invoices that are debit notes. What they are called in the response is not certain.
    """

    resource = "invoices"
    record_keys = ("debitnotes", "invoices")
    primary_key = "invoice_id"
    scopes = ("invoices",)
    params = {"filter_by": "Type.DebitNote"}

    @override
    def read_page(self, response: Response, request: PageRequest) -> Page:
        applied = common.page_context(response).get("applied_filter")
        if applied and applied != self.params["filter_by"]:
            raise AccessRefused(
                f"Zoho listed invoices by {applied}, where debit notes were asked for. Leave the stream out.",
                FailureType.config_error,
            )
        return super().read_page(response, request)


class SalesReceipts(BooksStream, CreationOrderedStream):
    """https://www.zoho.com/books/api/v3/sales-receipt/"""

    resource = "salesreceipts"
    primary_key = "sales_receipt_id"
    scopes = ("invoices",)


class Expenses(BooksStream, FilteredStream):
    """https://www.zoho.com/books/api/v3/expenses/

    The list filters by modification time, but refuses to sort by it.
    """

    resource = "expenses"
    primary_key = "expense_id"
    scopes = ("expenses",)


class RecurringExpenses(BooksStream, CreationOrderedStream):
    """https://www.zoho.com/books/api/v3/recurring-expenses/"""

    resource = "recurringexpenses"
    primary_key = "recurring_expense_id"
    scopes = ("expenses",)
    params = {"filter_by": "Status.All"}


class RecurringBills(BooksStream, CreationOrderedStream):
    """https://www.zoho.com/books/api/v3/recurring-bills/

    The documentation names nearly every field as a filter, the modification time too, so it is not relied on.
    """

    resource = "recurringbills"
    primary_key = "recurring_bill_id"
    scopes = ("bills",)


class VendorPayments(BooksStream, ModifiedStream):
    """https://www.zoho.com/books/api/v3/vendor-payments/"""

    resource = "vendorpayments"
    primary_key = "payment_id"
    scopes = ("vendorpayments",)


class VendorCredits(BooksStream, ModifiedStream):
    """https://www.zoho.com/books/api/v3/vendor-credits/

    Documented as ``vendorcredits``, seen as ``vendor_credits``.
    """

    resource = "vendorcredits"
    primary_key = "vendor_credit_id"
    scopes = ("debitnotes",)


class VendorCreditRefunds(BooksStream):
    """https://www.zoho.com/books/api/v3/vendor-credits/#list-vendor-credit-refunds

    The list filters by a modification time that its rows do not carry: full refresh.
    """

    resource = "vendorcredits/refunds"
    record_keys = ("vendorcreditrefunds",)
    primary_key = "vendor_credit_refund_id"
    scopes = ("debitnotes",)


class Creditnotes(BooksStream, ModifiedStream):
    """https://www.zoho.com/books/api/v3/credit-notes/"""

    resource = "creditnotes"
    primary_key = "creditnote_id"
    scopes = ("creditnotes",)


class CreditNoteRefunds(BooksStream):
    """https://www.zoho.com/books/api/v3/credit-notes/#list-credit-note-refunds"""

    resource = "creditnotes/refunds"
    record_keys = ("creditnoterefunds",)
    primary_key = "creditnote_refund_id"
    scopes = ("creditnotes",)


class CustomerPayments(BooksStream, ModifiedStream):
    """https://www.zoho.com/books/api/v3/customer-payments/"""

    resource = "customerpayments"
    primary_key = "payment_id"
    scopes = ("customerpayments",)


class PurchaseOrders(BooksStream, ModifiedStream):
    """https://www.zoho.com/books/api/v3/purchase-order/

    The list has been seen to come newest first whatever was asked for, which shows once there are several pages.
    """

    resource = "purchaseorders"
    primary_key = "purchaseorder_id"
    scopes = ("purchaseorders",)


class SalesOrders(BooksStream, ModifiedStream):
    """https://www.zoho.com/books/api/v3/sales-order/"""

    resource = "salesorders"
    primary_key = "salesorder_id"
    scopes = ("salesorders",)


class Journals(BooksStream):
    """https://www.zoho.com/books/api/v3/journals/

    Manual journals. Their filter by modification time has been seen to mean that very second only, so they are read
    from the newest change backwards without it.
    """

    resource = "journals"
    primary_key = "journal_id"
    scopes = ("accountants",)
    cursor_field = "last_modified_time"
    plans = (NEWEST_CHANGE_OVERLAP, PASSES)
    sorts = {Order.NEWEST_CHANGE_FIRST: ("last_modified_time", "D")}


class Taxes(BooksStream, common.Taxes):
    """https://www.zoho.com/books/api/v3/taxes/"""


def statement_line(row: Row) -> Hashable:
    """What identifies a line of a bank statement while it is read: when it is categorised, its key changes. Its
    import, where it has one, does not."""
    return row["account_id"], row["imported_transaction_id"] or row["transaction_id"]


class Transactions(BooksStream):
    """https://www.zoho.com/books/api/v3/bank-transactions/

    Lines of bank statements and what was booked for them. Their only time is the business date, which may be that of
    any day, and they are categorised later: full refresh.

    A line that is not categorised yet has a blank ``transaction_id`` and is known by its ``imported_transaction_id``;
    a booking without a statement line is known by its ``transaction_id``, and one line may be matched with several
    bookings. So the key is both of them within a bank account, blanks included. When a line is categorised its key
    changes: a destination that only adds keeps the line as it was before.
    """

    resource = "banktransactions"
    primary_key = ["account_id", "transaction_id", "imported_transaction_id"]
    scopes = ("banking",)
    params = {"filter_by": "Status.All"}
    plans = (Plan(Passes, identity=statement_line),)

    @override
    def read_page(self, response: Response, request: PageRequest) -> Page:
        """Parts of a key have to be there: where a row lacks one, or has a null, it gets a blank."""
        page = super().read_page(response, request)
        for row in page.rows:
            row.update({field: "" for field in self.primary_key if row.get(field) is None})
        return page

    @override
    def instead_of(self, partition: Partition, refusal: BadRequest | ResourceMissing | None) -> Chain:
        """One bank account after the other: one place of the documentation asks for an account, others do not."""
        if not isinstance(refusal, BadRequest) or "account_id" in partition.params:
            return ()
        logger.info("Stream %s: Zoho wants one bank account at a time.", self.name)
        accounts = [record["account_id"] for record in Banking(self.account).all_records()]
        return [replace(partition, params={**partition.params, "account_id": account}) for account in accounts]
