"""Zoho Invoice and Zoho Books: what probes see of each option."""

from __future__ import annotations

from collections.abc import Iterable

from integration_tests.probed.tables import Further, Seen, SeenByOption, each, of

UNDOCUMENTED = ("contacts", "items", "estimates", "customer_payments")
CREATED = ("recurring_invoices", "projects")

_SHARED: SeenByOption = {
    "organizations": {2: {"organizations-named": "present"}, 1: {"organizations-named": "", "organization-header": ""}},
    "error_info": {"present": {"organizations-named": "present"}, "absent": {"organizations-named": "absent"}},
    "rate_headers": {
        "present": {"rate-headers": "present"},
        "absent": {"rate-headers": "absent"},
        "negative": {"rate-headers": "below zero"},
    },
    "unavailable": {
        "": {"list-users": "answers"},
        "users:403": {"list-users": "no access"},
        "users:404": {"list-users": "missing"},
    },
    "unpaged": {
        "": {"taxes-paged": "present", "page-behind-the-end": "no rows", "currencies-paged": "present"},
        "taxes": {
            "taxes-paged": "absent",
            "page-behind-the-end": "the first rows again",
            "currencies-paged": "present",
        },
        "currencies": {"taxes-paged": "present", "page-behind-the-end": "no rows", "currencies-paged": "absent"},
    },
    "per_page_above": {"refused": {"page-size": "refused"}, "clamped": {"page-size": "fewer rows come"}},
    "per_page_cap": {200: {"page-of-200": "taken"}, 20: {"page-of-200": "fewer rows come"}},
    "page_zero": {"first": {"page-zero": "the first rows again"}, "refused": {"page-zero": "refused"}},
    "page_context": {
        "object": {"page-context": "an object"},
        "array": {"page-context": "an array"},
        "omitted": {"page-context": "absent"},
    },
    "totals": {False: {"total": "absent"}, True: {"total": "present"}},
    "response_option": {
        "honoured": {"counted": "present", "count-only": "honoured"},
        "ignored": {"counted": "absent", "count-only": "ignored"},
        "refused": {"counted": "refused", "count-only": "refused"},
    },
    "list_keys": {
        "live": {
            "customer-payments-key": "customerpayments",
            "recurring-invoices-key": "recurring_invoices",
            "tasks-key": "task",
        },
        "other": {
            "customer-payments-key": "customer_payments",
            "recurring-invoices-key": "recurringinvoices",
            "tasks-key": "tasks",
        },
    },
    "ignore_sort": {
        False: {"invoices-order": "honoured", "invoices-boundary": "included"},
        True: {"invoices-order": "ignored", "contacts-order": "ignored", "invoices-filter": "honoured"},
    },
    "ignore_filter": {False: {"invoices-filter": "honoured"}, True: {"invoices-filter": "ignored"}},
    "since_border": {
        "included": {"invoices-boundary": "included"},
        "left_out": {"invoices-boundary": "left out", "invoices-filter": "honoured"},
    },
    "undocumented_filter": {
        "honoured": of((*UNDOCUMENTED, "expenses"), "filter", "honoured"),
        "ignored": {**of((*UNDOCUMENTED, "expenses"), "filter", "ignored"), "invoices-filter": "honoured"},
        "refused": {**of((*UNDOCUMENTED, "expenses"), "filter", "refused"), "contacts-order": "honoured"},
        "equal": {**of((*UNDOCUMENTED, "expenses"), "filter", "that second only"), "invoices-filter": "honoured"},
    },
    "undocumented_sort": {
        "honoured": {"items-order": "honoured"},
        "ignored": {"items-order": "ignored", "items-filter": "honoured"},
        "refused": {"items-order": "refused", "items-filter": "honoured", "invoices-order": "honoured"},
    },
    "expenses_sort": {
        "refused": {"expenses-order": "refused"},
        "ignored": {"expenses-order": "ignored"},
        "honoured": {"expenses-order": "honoured"},
    },
    "unescaped_plus": {"refused": {"lost-plus": "refused"}, "ignored": {"lost-plus": "taken"}},
    "hide_inactive": {
        False: each("contacts-by-default items-by-default projects-by-default", "all rows"),
        True: each("contacts-by-default items-by-default projects-by-default", "only some rows"),
    },
    "further_filters": {
        "documented": each("projects-all recurring_expenses-all time_entries-all", "honoured"),
        "refused": each("projects-all recurring_expenses-all time_entries-all", "refused"),
    },
    "all_contact_persons": {
        "listed": {"contact-persons": "answers"},
        "missing": {"contact-persons": "missing"},
        "refused": {"contact-persons": "refused"},
    },
    "all_taxes": {
        "honoured": {"all-taxes": "honoured"},
        "ignored": {"all-taxes": "ignored"},
        "refused": {"all-taxes": "refused"},
    },
    "offset": {"+0530": {"offsets": "the same on each row"}, "new_york": {"offsets": "another on some rows"}},
    "duplicates": {0: {"invoices-listed": "once"}, 3: {"invoices-listed": "several times"}},
    "details_unavailable": {
        "": {"detail": "answers", "detail-form": "an object", "detail-time": "as in the list"},
        "invoices:403": {"detail": "no access", "detail-form": "an object", "detail-time": "as in the list"},
    },
    "detail_envelope": {"object": {"detail-form": "an object"}, "array": {"detail-form": "an array"}},
    "detail_lists": {"array": {"detail-lines": "an array"}, "single": {"detail-lines": "an object"}},
    "detail_members": {"all": {"detail-blanks": "present"}, "filled": {"detail-blanks": "absent"}},
    "detail_times": {
        "live": {"detail-time": "as in the list"},
        "absent": {"detail-time": "absent"},
        "later": {"detail-time": "another than in the list"},
    },
    "bulk_ids": {200: {"items-at-once": "answers"}, 3: {"items-at-once": "fewer at once"}},
    "bulk_characters": {0: {"items-at-once": "answers"}, 20: {"items-at-once": "refused"}},
    "blank_times": {
        1: each("items-timed recurring_expenses-timed", "on some rows"),
        0: each("items-timed recurring_expenses-timed", "on every row"),
    },
}


def _with(shared: SeenByOption, *tables: SeenByOption) -> SeenByOption:
    """Tables that say more of the same values, and of further ones."""
    found = {option: dict(values) for option, values in shared.items()}
    for option, values in (pair for table in tables for pair in table.items()):
        known = found.setdefault(option, {})
        known |= {value: {**known.get(value, {}), **seen} for value, seen in values.items()}
    return found


INVOICE: SeenByOption = _with(
    _SHARED,
    {
        "organization_header": {
            "documented": {"organization-header": "honoured"},
            "ignored": {"organization-header": "ignored"},
        },
        "details_unavailable": {
            "": {"path-contacts-of-one": "answers"},
            "contacts:403": {"path-contacts-of-one": "no access", "detail": "answers"},
        },
    },
)
BOOKS: SeenByOption = _with(
    _SHARED,
    {
        "organization_header": {
            "documented": {"organization-header": "ignored"},
            "any": {"organization-header": "honoured"},
        },
        "list_keys": {
            "live": {"vendor-credits-key": "vendor_credits", "customer-debit-notes-key": "debit_notes"},
            "other": {
                "vendor-credits-key": "vendorcredits",
                "customer-debit-notes-key": "invoices",
                "tasks-key": "tasks",
            },
        },
        "purchase_orders_order": {
            "descending": {"purchase-orders-order": "newest first, whatever is asked for"},
            "default": {"purchase-orders-order": "ignored"},
            "honoured": {"purchase-orders-order": "honoured"},
        },
        "recurring_bill_path": {
            "recurringbills": {"recurring-bill-path": "recurringbills"},
            "recurring_bills": {"recurring-bill-path": "recurring_bills"},
        },
        "dead_sales_orders": {"left_out": {"dead-sales-order": "left out"}, "refused": {"dead-sales-order": "refused"}},
        "journals_filter": {
            "since": {"journals-filter": "honoured"},
            "equal": {"journals-filter": "that second only"},
        },
        "journals_time": {"present": {"journals-timed": "on every row"}, "absent": {"journals-timed": "absent"}},
        "debit_notes": {"honoured": {"debit-notes": "honoured"}, "ignored": {"debit-notes": "ignored"}},
        "showbalance": {"taken": {"accounts-balance": "taken"}, "refused": {"accounts-balance": "refused"}},
        "transactions_account": {"optional": {"transactions": "answers"}, "required": {"transactions": "refused"}},
    },
)


def _further(documented: Iterable[str], undocumented: Iterable[str], created: Iterable[str], unproven: Seen) -> Further:
    """
    :param documented: lists whose filter by time of change is
    :param undocumented: those that take it all the same
    :param created: those that are sorted by creation
    :param unproven: what is seen of an order that is not documented and is ignored
    """
    every = (*documented, *undocumented)
    return (
        ({"ignore_sort": True}, {**of(every, "order", "ignored"), **of(created, "created", "ignored")}),
        ({"ignore_filter": True}, of(every, "filter", "ignored")),
        ({"since_border": "left_out"}, of(every, "boundary", "left out")),
        ({"undocumented_filter": "refused"}, of(undocumented, "filter", "refused")),
        ({"undocumented_sort": "ignored"}, unproven),
        ({"undocumented_sort": "refused"}, dict.fromkeys(unproven, "refused")),
    )


INVOICE_FURTHER = _further(
    ("invoices",),
    (*UNDOCUMENTED, "credit_notes"),
    (*CREATED, "retainer_invoices", "time_entries"),
    {"time_entries-created": "ignored"},
)
BOOKS_FURTHER = (
    *_further(
        ("invoices", "bills", "sales_orders", "vendor_credits"),
        (*UNDOCUMENTED, "creditnotes"),
        CREATED,
        {"bills-order": "ignored"},
    ),
    ({"ignore_sort": True}, {"purchase-orders-order": "ignored"}),
    ({"ignore_filter": True}, {"accounts-filter": "ignored", "journals-filter": "ignored"}),
)
