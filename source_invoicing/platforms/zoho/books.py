"""The lists that only Zoho Books has, one small class each. https://www.zoho.com/books/api/v3/introduction/"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from typing_extensions import override

from source_invoicing.http import AccessRefused, BadRequest, ResourceMissing, Response
from source_invoicing.platforms.zoho import streams
from source_invoicing.platforms.zoho.common import (
    ClientFilteredStream,
    FilteredStream,
    ModifiedStream,
    ZohoChildStream,
    ZohoStream,
    page_context,
)
from source_invoicing.platforms.zoho.product import Product
from source_invoicing.streams import Chain, Order, Page, PageRequest, ParentStream, Partition, Row
from source_invoicing.streams.listing import NEWEST_CHANGE_OVERLAP, PASSES, PASSES_UNFILTERED, Passes, Plan

PRODUCT = Product("Zoho Books", "books", "ZohoBooks")


class Banking(ZohoStream, ParentStream):
    """https://www.zoho.com/books/api/v3/bank-accounts/"""

    resource = "bankaccounts"
    primary_key = "account_id"
    scopes = ("banking",)
    params = {"filter_by": "Status.All"}


class Bills(ModifiedStream):
    """https://www.zoho.com/books/api/v3/bills/"""

    resource = "bills"
    primary_key = "bill_id"
    scopes = ("bills",)


class CustomerDebitNotes(ModifiedStream):
    """https://www.zoho.com/books/api/v3/customer-debit-notes/

    The rows of the list of invoices that are debit notes. Their key in the response is not certain.
    """

    resource = "invoices"
    record_keys = ("debitnotes", "invoices")
    primary_key = "invoice_id"
    scopes = ("invoices",)
    params = {"filter_by": "Type.DebitNote"}

    @override
    def read_page(self, response: Response, request: PageRequest) -> Page:
        applied = page_context(response).get("applied_filter")
        if applied and applied != self.params["filter_by"]:
            raise AccessRefused(
                f"Zoho listed invoices by {applied}, where debit notes were asked for. Leave the stream out."
            )
        return super().read_page(response, request)


class SalesReceipts(ClientFilteredStream):
    """https://www.zoho.com/books/api/v3/sales-receipt/"""

    resource = "salesreceipts"
    primary_key = "sales_receipt_id"
    other_key = "receipt_id"
    scopes = ("invoices",)


class RecurringBills(ClientFilteredStream):
    """https://www.zoho.com/books/api/v3/recurring-bills/

    The documentation names nearly every field as a filter, even the modification time, so no filter is sent.
    """

    resource = "recurringbills"
    primary_key = "recurring_bill_id"
    scopes = ("bills",)


class VendorPayments(ModifiedStream):
    """https://www.zoho.com/books/api/v3/vendor-payments/"""

    resource = "vendorpayments"
    primary_key = "payment_id"
    scopes = ("vendorpayments",)


class VendorCredits(ModifiedStream):
    """https://www.zoho.com/books/api/v3/vendor-credits/

    Documented as ``vendorcredits``, seen as ``vendor_credits``.
    """

    resource = "vendorcredits"
    primary_key = "vendor_credit_id"
    scopes = ("debitnotes",)


class VendorCreditRefunds(ZohoStream):
    """https://www.zoho.com/books/api/v3/vendor-credits/#list-vendor-credit-refunds

    The list filters by a modification time that its rows do not have: full refresh.
    """

    resource = "vendorcredits/refunds"
    record_keys = ("vendorcreditrefunds",)
    primary_key = "vendor_credit_refund_id"
    scopes = ("debitnotes",)


class PurchaseOrders(ModifiedStream):
    """https://www.zoho.com/books/api/v3/purchase-order/

    The list has been seen to come newest first for any requested order, which the reading notices on several pages.
    """

    resource = "purchaseorders"
    primary_key = "purchaseorder_id"
    scopes = ("purchaseorders",)


class SalesOrders(ModifiedStream):
    """https://www.zoho.com/books/api/v3/sales-order/"""

    resource = "salesorders"
    primary_key = "salesorder_id"
    scopes = ("salesorders",)


class Journals(ZohoStream):
    """https://www.zoho.com/books/api/v3/journals/

    Manual journals. Their filter by modification time has been seen to select only that second, so they are read
    without it, from the newest change backwards.
    """

    resource = "journals"
    primary_key = "journal_id"
    scopes = ("accountants",)
    cursor_field = "last_modified_time"
    plans = (NEWEST_CHANGE_OVERLAP, PASSES)
    sorts = {Order.NEWEST_CHANGE_FIRST: ("last_modified_time", "D")}


def statement_line(row: Row) -> Hashable:
    """What identifies a line of a bank statement during a sync: categorising it changes its key, but not the id of its
    import, if it has one."""
    return row["account_id"], row["imported_transaction_id"] or row["transaction_id"]


class Transactions(ZohoStream):
    """https://www.zoho.com/books/api/v3/bank-transactions/

    Lines of bank statements and their bookings. Their only time is the business date, which may be any day, and they
    are categorised later: full refresh.

    - A line that is not categorised yet has a blank ``transaction_id`` and is identified by its
      ``imported_transaction_id``.
    - A booking without a statement line is identified by its ``transaction_id``.
    - A line may be matched with several bookings.

    So the key is both ids within a bank account, blanks included. It changes when a line is categorised: a destination
    that only appends keeps the old line.
    """

    resource = "banktransactions"
    primary_key = ["account_id", "transaction_id", "imported_transaction_id"]
    scopes = ("banking",)
    params = {"filter_by": "Status.All"}
    plans = (Plan(Passes, identity=statement_line),)

    @override
    def read_page(self, response: Response, request: PageRequest) -> Page:
        """A missing or null part of the key becomes an empty text."""
        page = super().read_page(response, request)
        for row in page.rows:
            row.update({field: "" for field in self.primary_key if row.get(field) is None})
        return page

    @override
    def fallback_partitions(self, partition: Partition, refusal: BadRequest | ResourceMissing | None) -> Chain:
        """One list per bank account: some documentation requires an account, some does not."""
        if not isinstance(refusal, BadRequest) or "account_id" in partition.params:
            return ()
        accounts = self.ids_to_ask_for(Banking)
        return [replace(partition, params={**partition.params, "account_id": account}) for account in accounts]


class ChartOfAccounts(FilteredStream, ParentStream):
    """https://www.zoho.com/books/api/v3/chart-of-accounts/

    Inactive accounts and balances have to be asked for. The list sorts by name and type, and filters by modification
    time. A change of a balance does not change that time.
    """

    resource = "chartofaccounts"
    primary_key = "account_id"
    scopes = ("accountants",)
    plans = (PASSES, PASSES_UNFILTERED)
    params = {"filter_by": "AccountType.All"}
    optional_params = {"showbalance": "true"}


class AccountTransactions(ZohoChildStream):
    """https://www.zoho.com/books/api/v3/chart-of-accounts/#list-of-transactions-for-an-account

    All postings of all accounts, in no documented order: full refresh, and long.
    """

    parent_resource = "chartofaccounts"
    parent_field = parent_param = "account_id"
    resource = "chartofaccounts/transactions"
    primary_key = ["categorized_transaction_id", "account_id"]
    other_key = "transaction_id"
    scopes = ("accountants",)

    @override
    def key(self, row: Row) -> Hashable:
        """The list is that of one account, which its rows need not name."""
        return row.get("categorized_transaction_id")


class BankRules(ZohoChildStream):
    """https://www.zoho.com/books/api/v3/bank-rules/

    The account in a rule may differ from the bank account that the rule belongs to, which is ``bank_account_id``.
    """

    parent_resource = "bankaccounts"
    parent_field = "bank_account_id"
    parent_param = "account_id"
    resource = "bankaccounts/rules"
    primary_key = "rule_id"
    scopes = ("banking",)


class BaseCurrencyAdjustments(ZohoStream):
    """https://www.zoho.com/books/api/v3/base-currency-adjustment/

    The list filters by a modification time that its rows do not have: full refresh.
    """

    resource = "basecurrencyadjustment"
    record_keys = ("basecurrencyadjustments",)
    primary_key = "base_currency_adjustment_id"
    scopes = ("accountants",)


class TaxAuthorities(ZohoStream):
    """https://www.zoho.com/books/api/v3/taxes/#list-tax-authorities-us-edition-only"""

    resource = "settings/taxauthorities"
    primary_key = "tax_authority_id"
    scopes = ("settings",)


class TaxExemptions(ZohoStream):
    """https://www.zoho.com/books/api/v3/taxes/#list-tax-exemptions-us-edition-only"""

    resource = "settings/taxexemptions"
    primary_key = "tax_exemption_id"
    scopes = ("settings",)


class ExchangeRates(ZohoChildStream):
    """https://www.zoho.com/books/api/v3/currency/#list-exchange-rates"""

    parent_resource = "settings/currencies"
    parent_field = "currency_id"
    resource = "exchangerates"
    primary_key = "exchange_rate_id"
    scopes = ("settings",)


class FixedAssets(ZohoStream):
    """https://www.zoho.com/books/api/v3/fixed-assets/"""

    resource = "fixedassets"
    primary_key = "fixed_asset_id"
    scopes = ("fixedasset",)
    params = {"filter_by": "Status.All"}


class FixedAssetTypes(ZohoStream):
    """https://www.zoho.com/books/api/v3/fixed-assets/#get-fixed-asset-type-list"""

    resource = "fixedassettypes"
    primary_key = "fixed_asset_type_id"
    scopes = ("fixedasset",)


class Locations(ZohoStream):
    """https://www.zoho.com/books/api/v3/locations/"""

    resource = "locations"
    primary_key = "location_id"
    scopes = ("settings",)


class Employees(ZohoStream):
    """https://www.zoho.com/books/api/v3/expenses/#list-employees

    Employees who claim mileage.
    """

    resource = "employees"
    primary_key = "employee_id"
    scopes = ("expenses",)


#: In the order in which they are offered: the most wanted first, parents before their children.
STREAMS: tuple[type[ZohoStream], ...] = (
    streams.Contacts,
    streams.Items,
    streams.Invoices,
    streams.CustomerPayments,
    streams.Creditnotes,
    streams.Estimates,
    SalesOrders,
    Bills,
    streams.Expenses,
    PurchaseOrders,
    VendorPayments,
    VendorCredits,
    Journals,
    ChartOfAccounts,
    Banking,
    Transactions,
    streams.Taxes,
    streams.Currencies,
    streams.Organizations,
    streams.Users,
    streams.RecurringInvoices,
    streams.RetainerInvoices,
    CustomerDebitNotes,
    SalesReceipts,
    streams.CreditNoteRefunds,
    streams.RecurringExpenses,
    RecurringBills,
    VendorCreditRefunds,
    streams.ContactPersons,
    streams.Projects,
    streams.TimeEntries,
    streams.Tasks,
    Locations,
    TaxAuthorities,
    TaxExemptions,
    BaseCurrencyAdjustments,
    ExchangeRates,
    FixedAssets,
    FixedAssetTypes,
    Employees,
    BankRules,
    AccountTransactions,
)
