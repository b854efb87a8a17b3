"""The resources of Zoho Books, one small class each. https://www.zoho.com/books/api/v3/introduction/"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

from typing_extensions import override

from source_invoicing.http import BadRequest, Response, logger
from source_invoicing.platforms.zoho import common
from source_invoicing.platforms.zoho.common import FilteredStream, ModifiedStream, ZohoStream, fill_blanks
from source_invoicing.platforms.zoho.product import Product
from source_invoicing.streams import Chain, Order, Page, PageRequest, Partition, Row
from source_invoicing.streams.listing import NEWEST_CHANGE_OVERLAP, PASSES, Pages, Passes, Plan

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


class Banking(BooksStream):
    """https://www.zoho.com/books/api/v3/bank-accounts/"""

    resource = "bankaccounts"
    primary_key = "account_id"
    scopes = ("banking",)
    params = {"filter_by": "Status.All"}


class Organizations(BooksStream):
    """https://www.zoho.com/books/api/v3/organizations/

    All organizations of the user, on one page: the only list that belongs to none of them.
    """

    resource = "organizations"
    primary_key = "organization_id"
    scopes = ("settings",)
    paging = Pages()
    per_account = False

    @override
    def partitions(self) -> Iterable[Partition]:
        yield Partition()

    @override
    def list_params(self, request: PageRequest) -> Mapping[str, str | int]:
        return {}

    @override
    def read_page(self, response: Response, request: PageRequest) -> Page:
        """Nothing follows, however many there are."""
        return replace(super().read_page(response, request), has_more=False)


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


class Expenses(BooksStream, FilteredStream):
    """https://www.zoho.com/books/api/v3/expenses/

    The list filters by modification time, but refuses to sort by it.
    """

    resource = "expenses"
    primary_key = "expense_id"
    scopes = ("expenses",)


class Creditnotes(BooksStream, ModifiedStream):
    """https://www.zoho.com/books/api/v3/credit-notes/"""

    resource = "creditnotes"
    primary_key = "creditnote_id"
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
        return fill_blanks(super().read_page(response, request), tuple(self.primary_key))

    @override
    def instead_of(self, partition: Partition, refusal: BadRequest | None) -> Chain:
        """One bank account after the other: one place of the documentation asks for an account, others do not."""
        if refusal is None or "account_id" in partition.params:
            return ()
        logger.info("Stream %s: Zoho wants one bank account at a time.", self.name)
        accounts = [record["account_id"] for record in Banking(self.account).all_records()]
        return [replace(partition, params={**partition.params, "account_id": account}) for account in accounts]


#: In the order in which they are offered.
STREAMS: tuple[type[BooksStream], ...] = (
    Users,
    Banking,
    Organizations,
    Contacts,
    Bills,
    Estimates,
    Items,
    Invoices,
    Expenses,
    Creditnotes,
    CustomerPayments,
    PurchaseOrders,
    SalesOrders,
    Journals,
    Taxes,
    Transactions,
)
