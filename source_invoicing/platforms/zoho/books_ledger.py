"""The resources of Zoho Books beside its documents: accounts, currencies, projects, assets, and what is set up.
https://www.zoho.com/books/api/v3/introduction/"""

from __future__ import annotations

from collections.abc import Hashable

from typing_extensions import override

from source_invoicing.platforms.zoho import common
from source_invoicing.platforms.zoho.books import Banking, BooksStream, Contacts
from source_invoicing.platforms.zoho.common import CreatedStream, FilteredStream, ZohoChildStream
from source_invoicing.streams import ParentStream, Row
from source_invoicing.streams.listing import PASSES, PASSES_UNFILTERED


class ChartOfAccounts(BooksStream, FilteredStream, ParentStream):
    """https://www.zoho.com/books/api/v3/chart-of-accounts/

    Only active accounts come unless all are asked for, and balances only on request. The list sorts by names and
    types, and filters by modification time. Balances change without a change of that time.
    """

    resource = "chartofaccounts"
    primary_key = "account_id"
    scopes = ("accountants",)
    plans = (PASSES, PASSES_UNFILTERED)
    params = {"filter_by": "AccountType.All"}
    optional_params = {"showbalance": "true"}


class AccountTransactions(BooksStream, ZohoChildStream):
    """https://www.zoho.com/books/api/v3/chart-of-accounts/#list-of-transactions-for-an-account

    Every posting of every account, newest first or in whatever order Zoho has them: full refresh, and long.
    """

    parent_type = ChartOfAccounts
    parent_resource = "chartofaccounts"
    parent_field = parent_param = "account_id"
    resource = "chartofaccounts/transactions"
    primary_key = ["categorized_transaction_id", "account_id"]
    scopes = ("accountants",)

    @override
    def key(self, row: Row) -> Hashable:
        """The list is that of one account, which no row has to name."""
        return row.get("categorized_transaction_id")


class BankRules(BooksStream, ZohoChildStream):
    """https://www.zoho.com/books/api/v3/bank-rules/

    The account in a rule may be another than the bank account that has it, which is ``bank_account_id``.
    """

    parent_type = Banking
    parent_resource = "bankaccounts"
    parent_field = "bank_account_id"
    parent_param = "account_id"
    resource = "bankaccounts/rules"
    primary_key = "rule_id"
    scopes = ("banking",)


class BaseCurrencyAdjustments(BooksStream):
    """https://www.zoho.com/books/api/v3/base-currency-adjustment/

    The list filters by a modification time that its rows do not carry: full refresh.
    """

    resource = "basecurrencyadjustment"
    record_keys = ("basecurrencyadjustments",)
    primary_key = "base_currency_adjustment_id"
    scopes = ("accountants",)


class TaxAuthorities(BooksStream):
    """https://www.zoho.com/books/api/v3/taxes/#list-tax-authorities-us-edition-only"""

    resource = "settings/taxauthorities"
    primary_key = "tax_authority_id"
    scopes = ("settings",)


class TaxExemptions(BooksStream):
    """https://www.zoho.com/books/api/v3/taxes/#list-tax-exemptions-us-edition-only"""

    resource = "settings/taxexemptions"
    primary_key = "tax_exemption_id"
    scopes = ("settings",)


class Currencies(BooksStream, ParentStream):
    """https://www.zoho.com/books/api/v3/currency/"""

    resource = "settings/currencies"
    primary_key = "currency_id"
    scopes = ("settings",)


class ExchangeRates(BooksStream, ZohoChildStream):
    """https://www.zoho.com/books/api/v3/currency/#list-exchange-rates"""

    parent_type = Currencies
    parent_resource = "settings/currencies"
    parent_field = "currency_id"
    resource = "exchangerates"
    primary_key = "exchange_rate_id"
    scopes = ("settings",)


class ContactPersons(BooksStream, common.ContactPersons):
    """https://www.zoho.com/books/api/v3/contact-persons/"""

    contacts = Contacts


class Projects(BooksStream, CreatedStream, ParentStream):
    """https://www.zoho.com/books/api/v3/projects/"""

    resource = "projects"
    primary_key = "project_id"
    scopes = ("projects",)
    params = {"filter_by": "Status.All"}


class Tasks(BooksStream, common.Tasks):
    """https://www.zoho.com/books/api/v3/tasks/"""

    parent_type = Projects


class TimeEntries(BooksStream, common.TimeEntries):
    """https://www.zoho.com/books/api/v3/time-entries/"""


class FixedAssets(BooksStream):
    """https://www.zoho.com/books/api/v3/fixed-assets/"""

    resource = "fixedassets"
    primary_key = "fixed_asset_id"
    scopes = ("fixedasset",)
    params = {"filter_by": "Status.All"}


class FixedAssetTypes(BooksStream):
    """https://www.zoho.com/books/api/v3/fixed-assets/#get-fixed-asset-type-list"""

    resource = "fixedassettypes"
    primary_key = "fixed_asset_type_id"
    scopes = ("fixedasset",)


class Locations(BooksStream):
    """https://www.zoho.com/books/api/v3/locations/"""

    resource = "locations"
    primary_key = "location_id"
    scopes = ("settings",)


class Employees(BooksStream):
    """https://www.zoho.com/books/api/v3/expenses/#list-employees

    Those who claim mileage.
    """

    resource = "employees"
    primary_key = "employee_id"
    scopes = ("expenses",)
