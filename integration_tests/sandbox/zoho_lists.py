"""The lists of Zoho Invoice and Zoho Books: paths, names, orders and filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from integration_tests.sandbox.table import Sort

MODIFIED, CREATED = "\0modified", "\0created"
"""Columns with the times as unix seconds; on the wire they are texts whose order depends on their offset."""
TIMES: Mapping[str, str] = {"last_modified_time": MODIFIED, "created_time": CREATED}

Support = Literal["documented", "undocumented", "none"]

NEWEST = ("created_time", "D")
BY_DATE = ("date", "D")


@dataclass(frozen=True)
class ListSpec:
    """One list. ``filters`` are the values of ``filter_by``, the first of which is the default, and ``sortable`` the
    columns of ``sort_column``; ``unproven_sort`` is accepted or not as an option says. ``modified`` tells how far the
    filter by ``last_modified_time`` is known.

    A list of the rows under one parent, a row of the stream ``parent``, has its id in ``parent_field``, and a ``*`` in
    the place of it in ``path``, or in ``path_of_parent`` where there is a list of all of them as well.
    """

    path: str
    key: tuple[str, ...]
    report: str
    order: tuple[str, str]
    filters: tuple[str, ...] = ("Status.All",)
    sortable: tuple[str, ...] = ()
    unproven_sort: tuple[str, ...] = ()
    modified: Support = "none"
    list_key: str = ""
    other_list_key: str = ""
    status: str = "status"
    paged: bool = True
    says_how: bool = True
    """Whether ``page_context`` shows filter and order."""
    parent: str = ""
    parent_field: str = ""
    path_of_parent: str = ""

    @property
    def envelope_key(self) -> str:
        """What the rows are called in the answer; mostly the last part of the path."""
        return self.list_key or self.path.rpartition("/")[2]


def sort_of(column: str, order: str) -> Sort:
    """The order of a table for a column and ``A`` or ``D``."""
    return ((TIMES.get(column, column), order == "D"),)


def _statuses(*names: str) -> tuple[str, ...]:
    return tuple(f"Status.{name}" for name in ("All", *names))


_INVOICE_STATUSES = ("Sent", "Draft", "OverDue", "Paid", "Void", "Unpaid", "PartiallyPaid", "Viewed")
_DOCUMENT_SORT = ("customer_name", "date", "total", "created_time")
_LIVE = ("last_modified_time",)
"""Accepted live though not documented."""

_ITEMS = ListSpec(
    "items",
    ("item_id",),
    "Items",
    ("name", "A"),
    _statuses("Active", "Inactive"),
    ("name", "rate", "tax_name", "created_time"),
    _LIVE,
    "undocumented",
)
_USERS = ListSpec(
    "users",
    ("user_id",),
    "Users",
    ("name", "A"),
    _statuses("Active", "Inactive", "Invited", "Deleted"),
    ("name", "email", "user_role", "status"),
)
_CONTACTS = ListSpec(
    "contacts",
    ("contact_id",),
    "Contacts",
    ("contact_name", "A"),
    _statuses("Active", "Inactive", "Duplicate", "Crm"),
    ("contact_name", "first_name", "last_name", "email", "outstanding_receivable_amount", "created_time", *_LIVE),
    (),
    "undocumented",
)
_INVOICES = ListSpec(
    "invoices",
    ("invoice_id",),
    "Invoices",
    NEWEST,
    _statuses(*_INVOICE_STATUSES),
    ("invoice_number", "due_date", "balance", *_DOCUMENT_SORT, *_LIVE),
    (),
    "documented",
)
_RECURRING = ListSpec(
    "recurringinvoices",
    ("recurring_invoice_id",),
    "Recurring Invoices",
    NEWEST,
    _statuses("Active", "Stopped", "Expired"),
    ("recurrence_name", "customer_name", "start_date", "created_time"),
    _LIVE,
    list_key="recurring_invoices",
    other_list_key="recurringinvoices",
)
_PAYMENTS = ListSpec(
    "customerpayments",
    ("payment_id",),
    "Payments Received",
    BY_DATE,
    ("PaymentMode.All",),
    ("customer_name", "date", "amount", "reference_number", "created_time", *_LIVE),
    (),
    "undocumented",
    other_list_key="customer_payments",
)
_CREDIT_NOTES = ListSpec(
    "creditnotes",
    ("creditnote_id",),
    "Credit Notes",
    NEWEST,
    _statuses("Open", "Draft", "Closed", "Void"),
    ("creditnote_number", "balance", *_DOCUMENT_SORT, *_LIVE),
    (),
    "undocumented",
)
_EXPENSES = ListSpec(
    "expenses",
    ("expense_id",),
    "Expenses",
    NEWEST,
    _statuses("Billable", "Nonbillable", "Reimbursed", "Invoiced", "Unbilled"),
    ("date", "account_name", "total", "bcy_total", "reference_number", "customer_name", "created_time"),
    (),
    "undocumented",
)
_TAXES = ListSpec(
    "settings/taxes",
    ("tax_id",),
    "Taxes",
    ("tax_name", "A"),
    ("Taxes.Active", "Taxes.Inactive", "Taxes.All"),
)
_ESTIMATES = ListSpec(
    "estimates",
    ("estimate_id",),
    "Quotes",
    NEWEST,
    _statuses("Sent", "Draft", "Invoiced", "Accepted", "Declined", "Expired"),
    ("estimate_number", *_DOCUMENT_SORT, *_LIVE),
    (),
    "undocumented",
)
_BILLS = ListSpec(
    "bills",
    ("bill_id",),
    "Bills",
    NEWEST,
    _statuses("PartiallyPaid", "Paid", "Overdue", "Void", "Open"),
    ("vendor_name", "bill_number", "date", "due_date", "total", "balance", "created_time"),
    _LIVE,
    "documented",
)
_PURCHASE_ORDERS = ListSpec(
    "purchaseorders",
    ("purchaseorder_id",),
    "Purchase Orders",
    NEWEST,
    _statuses("Draft", "Open", "Billed", "Cancelled"),
    ("vendor_name", "purchaseorder_number", "date", "delivery_date", "total", "created_time"),
    _LIVE,
    "documented",
)
_SALES_ORDERS = ListSpec(
    "salesorders",
    ("salesorder_id",),
    "Sales Orders",
    NEWEST,
    _statuses("Draft", "Open", "Invoiced", "PartiallyInvoiced", "Void", "Overdue", "Closed"),
    ("salesorder_number", "shipment_date", "last_modified_time", "reference_number", *_DOCUMENT_SORT),
    (),
    "documented",
)
_JOURNALS = ListSpec(
    "journals",
    ("journal_id",),
    "Manual Journals",
    ("journal_date", "D"),
    ("JournalDate.All",),
    ("journal_date", "entry_number", "reference_number", "total", *_LIVE),
    (),
    "documented",
)
_BANKING = ListSpec(
    "bankaccounts",
    ("account_id",),
    "Bank Accounts",
    ("account_name", "A"),
    _statuses("Active", "Inactive"),
    ("account_name", "account_type", "account_code"),
    status="is_active",
)
_TRANSACTIONS = ListSpec(
    "banktransactions",
    # A line of the bank's feed that nobody has looked at yet has no transaction_id, and a transfer has one in each of
    # its two accounts.
    ("account_id", "transaction_id", "imported_transaction_id"),
    "Bank Transactions",
    BY_DATE,
    _statuses("Uncategorized", "Categorized", "ManuallyAdded", "Excluded", "Matched"),
    ("date",),
)
_RETAINER_INVOICES = ListSpec(
    "retainerinvoices",
    ("retainerinvoice_id",),
    "Retainer Invoices",
    NEWEST,
    _statuses(*_INVOICE_STATUSES),
    ("retainerinvoice_number", "due_date", "balance", *_DOCUMENT_SORT),
    _LIVE,
)
_RECURRING_EXPENSES = ListSpec(
    "recurringexpenses",
    ("recurring_expense_id",),
    "Recurring Expenses",
    NEWEST,
    _statuses("Active", "Expired", "Stopped"),
    ("next_expense_date", "account_name", "total", "last_created_date", "recurrence_name", "created_time"),
    list_key="recurring_expenses",
)
_CREDIT_NOTE_REFUNDS = ListSpec(
    "creditnotes/refunds",
    ("creditnote_refund_id",),
    "Credit Note Refunds",
    BY_DATE,
    sortable=("refund_mode", "reference_number", "date", "creditnote_number", "customer_name", "amount_bcy"),
    list_key="creditnote_refunds",
)
_CONTACT_PERSONS = ListSpec(
    "contacts/contactpersons",
    ("contact_person_id",),
    "Contact Persons",
    ("contact_person_id", "A"),
    sortable=("contact_person_id",),
    list_key="contact_persons",
    parent="contacts",
    parent_field="contact_id",
    path_of_parent="contacts/*/contactpersons",
)
_PROJECTS = ListSpec(
    "projects",
    ("project_id",),
    "Projects",
    ("project_name", "A"),
    _statuses("Active", "Inactive"),
    ("project_name", "customer_name", "rate", "created_time"),
    _LIVE,
)
_TASKS = ListSpec(
    "projects/*/tasks",
    ("task_id",),
    "Tasks",
    ("task_name", "A"),
    list_key="task",
    other_list_key="tasks",
    parent="projects",
    parent_field="project_id",
)
_TIME_ENTRIES = ListSpec(
    "projects/timeentries",
    ("time_entry_id",),
    "Time Entries",
    ("log_date", "D"),
    ("Date.All", "Status.Unbilled", "Status.Invoiced"),
    ("log_date",),
    ("created_time",),
    list_key="time_entries",
    status="billed_status",
)
_CURRENCIES = ListSpec(
    "settings/currencies",
    ("currency_id",),
    "Currencies",
    ("currency_code", "A"),
    ("Currencies.All",),
    says_how=False,
)
ORGANIZATIONS = ListSpec("organizations", ("organization_id",), "Organizations", ("name", "A"), paged=False)

INVOICE_LISTS: Mapping[str, ListSpec] = {
    "items": _ITEMS,
    "users": _USERS,
    "contacts": _CONTACTS,
    "invoices": _INVOICES,
    "recurring_invoices": _RECURRING,
    "customer_payments": _PAYMENTS,
    "credit_notes": _CREDIT_NOTES,
    "expenses": _EXPENSES,
    "taxes": _TAXES,
    "organizations": ORGANIZATIONS,
    "estimates": _ESTIMATES,
    "retainer_invoices": _RETAINER_INVOICES,
    "recurring_expenses": _RECURRING_EXPENSES,
    "credit_note_refunds": _CREDIT_NOTE_REFUNDS,
    "contact_persons": _CONTACT_PERSONS,
    "projects": _PROJECTS,
    "tasks": _TASKS,
    "time_entries": _TIME_ENTRIES,
    "currencies": _CURRENCIES,
}
BOOKS_LISTS: Mapping[str, ListSpec] = {
    "users": _USERS,
    "banking": _BANKING,
    "organizations": ORGANIZATIONS,
    "contacts": _CONTACTS,
    "bills": _BILLS,
    "estimates": _ESTIMATES,
    "items": _ITEMS,
    "invoices": _INVOICES,
    "expenses": _EXPENSES,
    "creditnotes": _CREDIT_NOTES,
    "customer_payments": _PAYMENTS,
    "purchase_orders": _PURCHASE_ORDERS,
    "sales_orders": _SALES_ORDERS,
    "journals": _JOURNALS,
    "taxes": _TAXES,
    "transactions": _TRANSACTIONS,
}
"""Streams in the order in which they are listed by the product."""
HIDEABLE: Mapping[str, str] = {
    **dict.fromkeys(("contacts", "items", "users", "banking", "projects", "recurring_expenses"), "Status.Active"),
    "time_entries": "Status.Unbilled",
}
"""Lists that may be taken to hide some rows, and the filter that would be their default."""
