"""The resources of Zoho Invoice, one small class each. https://www.zoho.com/invoice/api/v3/"""

from __future__ import annotations

from typing import ClassVar

from source_invoicing.platforms.zoho import common
from source_invoicing.platforms.zoho.common import CreationOrderedStream, FilteredStream, ModifiedStream, ZohoStream
from source_invoicing.platforms.zoho.product import Product

PRODUCT = Product("Zoho Invoice", "invoice", "ZohoInvoice")


class InvoiceStream(ZohoStream):
    """A list of Zoho Invoice."""

    schemas: ClassVar[str] = "schemas/invoice"


class Items(InvoiceStream, ModifiedStream):
    """https://www.zoho.com/invoice/api/v3/items/

    Neither the filter nor the order by modification time is documented: where one is missing, by creation.
    """

    resource = "items"
    primary_key = "item_id"
    # Zoho's pages do not agree on which of them it takes.
    scopes = ("settings", "items")
    params = {"filter_by": "Status.All"}


class Users(InvoiceStream):
    """https://www.zoho.com/invoice/api/v3/users/"""

    resource = "users"
    primary_key = "user_id"
    scopes = ("settings",)
    params = {"filter_by": "Status.All"}


class Contacts(InvoiceStream, ModifiedStream):
    """https://www.zoho.com/invoice/api/v3/contacts/

    Balances change without a change of the modification time.
    """

    resource = "contacts"
    primary_key = "contact_id"
    scopes = ("contacts",)
    params = {"filter_by": "Status.All"}


class Invoices(InvoiceStream, ModifiedStream):
    """https://www.zoho.com/invoice/api/v3/invoices/"""

    resource = "invoices"
    primary_key = "invoice_id"
    scopes = ("invoices",)


class RecurringInvoices(InvoiceStream, CreationOrderedStream):
    """https://www.zoho.com/invoice/api/v3/recurring-invoices/

    Without a filter by modification time: all of them are read each time, and the changed ones handed on.
    """

    resource = "recurringinvoices"
    primary_key = "recurring_invoice_id"
    scopes = ("invoices",)


class CustomerPayments(InvoiceStream, ModifiedStream):
    """https://www.zoho.com/invoice/api/v3/customer-payments/"""

    resource = "customerpayments"
    primary_key = "payment_id"
    scopes = ("customerpayments",)


class CreditNotes(InvoiceStream, ModifiedStream):
    """https://www.zoho.com/invoice/api/v3/credit-notes/"""

    resource = "creditnotes"
    primary_key = "creditnote_id"
    scopes = ("creditnotes",)


class Expenses(InvoiceStream, FilteredStream):
    """https://www.zoho.com/invoice/api/v3/expenses/

    The list filters by modification time, but refuses to sort by it.
    """

    resource = "expenses"
    primary_key = "expense_id"
    scopes = ("expenses",)


class Taxes(InvoiceStream, common.Taxes):
    """https://www.zoho.com/invoice/api/v3/taxes/"""


#: In the order in which they are offered.
STREAMS: tuple[type[InvoiceStream], ...] = (
    Items,
    Users,
    Contacts,
    Invoices,
    RecurringInvoices,
    CustomerPayments,
    CreditNotes,
    Expenses,
    Taxes,
)
