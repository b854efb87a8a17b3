"""The resources of Zoho Invoice, one small class each. https://www.zoho.com/invoice/api/v3/"""

from __future__ import annotations

from typing import ClassVar

from source_invoicing.platforms.zoho import common
from source_invoicing.platforms.zoho.common import (
    CreatedStream,
    CreationOrderedStream,
    FilteredStream,
    ModifiedStream,
    ZohoStream,
)
from source_invoicing.platforms.zoho.product import Product
from source_invoicing.streams import ParentStream

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


class Currencies(InvoiceStream):
    """https://www.zoho.com/invoice/api/v3/currency/"""

    resource = "settings/currencies"
    primary_key = "currency_id"
    scopes = ("settings",)


class Organizations(InvoiceStream, common.Organizations):
    """https://www.zoho.com/invoice/api/v3/organizations/"""


class Estimates(InvoiceStream, ModifiedStream):
    """https://www.zoho.com/invoice/api/v3/estimates/"""

    resource = "estimates"
    primary_key = "estimate_id"
    scopes = ("estimates",)


class RetainerInvoices(InvoiceStream, CreationOrderedStream):
    """https://www.zoho.com/invoice/api/v3/retainer-invoices/

    As recurring invoices: without a filter by modification time.
    """

    resource = "retainerinvoices"
    primary_key = "retainerinvoice_id"
    scopes = ("invoices",)


class RecurringExpenses(InvoiceStream, CreationOrderedStream):
    """https://www.zoho.com/invoice/api/v3/recurring-expenses/

    As recurring invoices. The modification time may be blank.
    """

    resource = "recurringexpenses"
    primary_key = "recurring_expense_id"
    scopes = ("expenses",)
    optional_params = {"filter_by": "Status.All"}


class CreditNoteRefunds(InvoiceStream):
    """https://www.zoho.com/invoice/api/v3/credit-notes/#list-refunds"""

    resource = "creditnotes/refunds"
    record_keys = ("creditnoterefunds",)
    primary_key = "creditnote_refund_id"
    scopes = ("creditnotes",)


class ContactPersons(InvoiceStream, common.ContactPersons):
    """https://www.zoho.com/invoice/api/v3/contact-persons/"""

    contacts = Contacts


class Projects(InvoiceStream, CreatedStream, ParentStream):
    """https://www.zoho.com/invoice/api/v3/projects/"""

    resource = "projects"
    primary_key = "project_id"
    scopes = ("projects",)
    optional_params = {"filter_by": "Status.All"}


class Tasks(InvoiceStream, common.Tasks):
    """https://www.zoho.com/invoice/api/v3/tasks/"""

    parent_type = Projects


class TimeEntries(InvoiceStream, common.TimeEntries):
    """https://www.zoho.com/invoice/api/v3/time-entries/"""


#: In the order in which they are offered: what most people want first, and parents before their children.
STREAMS: tuple[type[InvoiceStream], ...] = (
    Contacts,
    Items,
    Invoices,
    CustomerPayments,
    CreditNotes,
    Estimates,
    Expenses,
    RecurringInvoices,
    RetainerInvoices,
    Taxes,
    Currencies,
    Organizations,
    Users,
    CreditNoteRefunds,
    RecurringExpenses,
    ContactPersons,
    Projects,
    TimeEntries,
    Tasks,
)
