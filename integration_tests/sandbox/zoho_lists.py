"""The lists of Zoho Invoice and Zoho Books: paths, names, orders and filters."""

from __future__ import annotations

from collections.abc import Mapping

from integration_tests.sandbox.zoho_books_lists import BOOKS_ONLY
from integration_tests.sandbox.zoho_list_spec import (
    BY_DATE,
    DOCUMENT_SORT,
    INVOICE_STATUSES,
    LIVE,
    NEWEST,
    ListSpec,
    statuses,
)

_ITEMS = ListSpec(
    "items",
    ("item_id",),
    "Items",
    ("name", "A"),
    statuses("Active", "Inactive"),
    ("name", "rate", "tax_name", "created_time"),
    LIVE,
    "undocumented",
)
_USERS = ListSpec(
    "users",
    ("user_id",),
    "Users",
    ("name", "A"),
    statuses("Active", "Inactive", "Invited", "Deleted"),
    ("name", "email", "user_role", "status"),
)
_CONTACTS = ListSpec(
    "contacts",
    ("contact_id",),
    "Contacts",
    ("contact_name", "A"),
    statuses("Active", "Inactive", "Duplicate", "Crm"),
    ("contact_name", "first_name", "last_name", "email", "outstanding_receivable_amount", "created_time", *LIVE),
    (),
    "undocumented",
)
_INVOICES = ListSpec(
    "invoices",
    ("invoice_id",),
    "Invoices",
    NEWEST,
    statuses(*INVOICE_STATUSES),
    ("invoice_number", "due_date", "balance", *DOCUMENT_SORT, *LIVE),
    (),
    "documented",
)
_RECURRING = ListSpec(
    "recurringinvoices",
    ("recurring_invoice_id",),
    "Recurring Invoices",
    NEWEST,
    statuses("Active", "Stopped", "Expired"),
    ("recurrence_name", "customer_name", "start_date", "created_time"),
    LIVE,
    list_key="recurring_invoices",
    other_list_key="recurringinvoices",
)
_PAYMENTS = ListSpec(
    "customerpayments",
    ("payment_id",),
    "Payments Received",
    BY_DATE,
    ("PaymentMode.All",),
    ("customer_name", "date", "amount", "reference_number", "created_time", *LIVE),
    (),
    "undocumented",
    other_list_key="customer_payments",
)
_CREDIT_NOTES = ListSpec(
    "creditnotes",
    ("creditnote_id",),
    "Credit Notes",
    NEWEST,
    statuses("Open", "Draft", "Closed", "Void"),
    ("creditnote_number", "balance", *DOCUMENT_SORT, *LIVE),
    (),
    "undocumented",
)
_EXPENSES = ListSpec(
    "expenses",
    ("expense_id",),
    "Expenses",
    NEWEST,
    statuses("Billable", "Nonbillable", "Reimbursed", "Invoiced", "Unbilled"),
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
    statuses("Sent", "Draft", "Invoiced", "Accepted", "Declined", "Expired"),
    ("estimate_number", *DOCUMENT_SORT, *LIVE),
    (),
    "undocumented",
)
_RETAINER_INVOICES = ListSpec(
    "retainerinvoices",
    ("retainerinvoice_id",),
    "Retainer Invoices",
    NEWEST,
    statuses(*INVOICE_STATUSES),
    ("retainerinvoice_number", "due_date", "balance", *DOCUMENT_SORT),
    LIVE,
)
_RECURRING_EXPENSES = ListSpec(
    "recurringexpenses",
    ("recurring_expense_id",),
    "Recurring Expenses",
    NEWEST,
    statuses("Active", "Expired", "Stopped"),
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
    silent=("contact_id", "contact_name"),
)
_PROJECTS = ListSpec(
    "projects",
    ("project_id",),
    "Projects",
    ("project_name", "A"),
    statuses("Active", "Inactive"),
    ("project_name", "customer_name", "rate", "created_time"),
    LIVE,
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
    "organizations": ORGANIZATIONS,
    "contacts": _CONTACTS,
    "estimates": _ESTIMATES,
    "items": _ITEMS,
    "invoices": _INVOICES,
    "expenses": _EXPENSES,
    "creditnotes": _CREDIT_NOTES,
    "customer_payments": _PAYMENTS,
    "taxes": _TAXES,
    "recurring_invoices": _RECURRING,
    "retainer_invoices": _RETAINER_INVOICES,
    "credit_note_refunds": _CREDIT_NOTE_REFUNDS,
    "recurring_expenses": _RECURRING_EXPENSES,
    "currencies": _CURRENCIES,
    "contact_persons": _CONTACT_PERSONS,
    "projects": _PROJECTS,
    "tasks": _TASKS,
    "time_entries": _TIME_ENTRIES,
    **BOOKS_ONLY,
}
HIDEABLE: Mapping[str, str] = {
    **dict.fromkeys(("contacts", "items", "users", "banking", "projects", "recurring_expenses"), "Status.Active"),
    "time_entries": "Status.Unbilled",
}
"""Lists that may be taken to hide some rows, and the filter that would be their default."""
