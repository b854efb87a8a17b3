"""What is assumed of Zoho's products and can be settled by reading a real account.
https://www.zoho.com/books/api/v3/pagination/"""

from __future__ import annotations

from collections.abc import Sequence

from source_invoicing.platforms.zoho.questions import (
    ALL,
    HEADER_PREFIX,
    OBJECT,
    ONE_OFFSET,
    SOME,
    applied_filter,
    context_form,
    counted,
    default_filter,
    offsets,
    organization_header,
    organizations_named,
    paged,
    rate_headers,
)
from source_invoicing.streams import PageRequest, compact_offset
from source_invoicing.streams.probing import (
    ABSENT,
    ANSWERS,
    HONOURED,
    MISSING,
    NO_ACCESS,
    PRESENT,
    REFUSED,
    Mark,
    Params,
    Probe,
)
from source_invoicing.streams.probing.changes import (
    ALWAYS,
    INCLUDED,
    NEWEST_FIRST,
    Changes,
    boundary,
    carries,
    change_filter,
    change_order,
)
from source_invoicing.streams.probing.lists import (
    EMPTY,
    FIRST_ROWS,
    ONCE,
    list_key,
    listed,
    observation,
    page_at,
    page_size,
    parameter,
    path,
    row_listed,
    total,
)

VERIFIED, INFERRED = Mark.VERIFIED, Mark.INFERRED


def _order(column: str, direction: str) -> Params:
    return {"sort_column": column, "sort_order": direction}


CHANGES = Changes(
    since=lambda seconds: {"last_modified_time": compact_offset(seconds)},
    oldest=_order("last_modified_time", "A"),
    newest=_order("last_modified_time", "D"),
    field="last_modified_time",
)
UNSORTED = Changes(since=CHANGES.since, field=CHANGES.field)
CREATED = Changes(oldest=_order("created_time", "A"), newest=_order("created_time", "D"), field="created_time")


def _words(name: str) -> str:
    return name.replace("_", " ")


def _changes(names: Sequence[str], mark: Mark) -> list[Probe]:
    """Do lists filter and sort by the time of the last change?"""
    probes = []
    for name in names:
        words = _words(name)
        probes += [
            Probe(
                f"{name}-filter", f"last_modified_time selects {words}.", mark, change_filter(name, CHANGES), HONOURED
            ),
            Probe(
                f"{name}-order",
                f"sort_column=last_modified_time orders {words}.",
                mark,
                change_order(name, CHANGES),
                HONOURED,
            ),
            Probe(
                f"{name}-boundary",
                f"last_modified_time lists {words} of that very second.",
                mark,
                boundary(name, CHANGES),
                INCLUDED,
            ),
        ]
    return probes


def _lists(names: Sequence[str]) -> list[Probe]:
    """Can lists be read?"""
    return [
        Probe(f"list-{name}", f"{_words(name).capitalize()} are listed.", VERIFIED, listed(name), ANSWERS)
        for name in names
    ]


def _paths(facts: Sequence[tuple[str, str | tuple[str, ...]]], beside: str = "invoices") -> list[Probe]:
    """Do paths answer that the connector does not ask, or not yet?

    :param facts: each path, and what it is assumed to do
    """
    return [
        Probe(
            f"path-{name.replace('/{id}', '-of-one').replace('/', '-')}",
            f"/{name} {'answers' if ANSWERS in assumed else 'is missing'}.",
            INFERRED,
            path(name, beside),
            assumed,
        )
        for name, assumed in facts
    ]


def _created(names: Sequence[str]) -> list[Probe]:
    """Do lists sort by creation?"""
    return [
        Probe(
            f"{name}-created",
            f"sort_column=created_time orders {_words(name)}.",
            INFERRED,
            change_order(name, CREATED),
            HONOURED,
            {HONOURED: "The list is read once, oldest row first.", REFUSED: "The list is read twice."},
        )
        for name in names
    ]


def _shared(product: str, credit_notes: str) -> tuple[Probe, ...]:
    return (
        *_changes(["invoices"], VERIFIED),
        *_changes(["contacts", "items", "estimates", "customer_payments", credit_notes], INFERRED),
        Probe(
            "expenses-filter",
            "last_modified_time selects expenses.",
            INFERRED,
            change_filter("expenses", UNSORTED),
            HONOURED,
        ),
        Probe(
            "expenses-order",
            "sort_column=last_modified_time is refused for expenses.",
            VERIFIED,
            change_order("expenses", CHANGES),
            REFUSED,
            {HONOURED: "The connector could read expenses as it does invoices, and does not yet."},
        ),
        Probe("page-context", "page_context is an object.", VERIFIED, observation("invoices", context_form), OBJECT),
        Probe("total", "page_context has no total.", VERIFIED, total("invoices"), ABSENT),
        Probe(
            "counted",
            "response_option=1 counts the rows of invoices.",
            VERIFIED,
            observation("invoices", counted, {"response_option": 1}),
            PRESENT,
        ),
        Probe("page-size", "per_page above 200 is refused.", INFERRED, page_size("invoices", "per_page", 201), REFUSED),
        Probe("page-of-200", "A page holds 200 rows.", VERIFIED, page_size("invoices", "per_page", 200), "taken"),
        Probe(
            "page-nought", "page=0 is the first page.", INFERRED, page_at("invoices", PageRequest(number=0)), FIRST_ROWS
        ),
        Probe(
            "page-behind-the-end",
            "A page behind the last one is empty.",
            INFERRED,
            page_at("taxes", PageRequest(number=2)),
            EMPTY,
        ),
        Probe("invoices-listed", "An invoice is listed once.", INFERRED, row_listed("invoices"), ONCE),
        Probe(
            "lost-plus",
            "A time whose + became a blank is refused.",
            INFERRED,
            parameter("invoices", {"last_modified_time": "2020-01-01T00:00:00 0000"}),
            REFUSED,
        ),
        Probe(
            "rate-headers",
            "X-Rate-Limit-Remaining tells the calls left.",
            VERIFIED,
            observation("invoices", rate_headers),
            PRESENT,
        ),
        Probe("offsets", "All times have the same offset.", INFERRED, observation("invoices", offsets), ONE_OFFSET),
        *(
            Probe(
                f"{name}-by-default",
                f"All {_words(name)} are listed unless others are asked for.",
                INFERRED,
                observation(name, default_filter, {"filter_by": None}),
                ALL,
                {SOME: "The connector asks for all of them."},
            )
            for name in ("contacts", "items", "users", "projects", "recurring_expenses")
        ),
        Probe(
            "all-taxes",
            "filter_by=Taxes.All lists inactive taxes too.",
            INFERRED,
            applied_filter("taxes", "Taxes.All"),
            HONOURED,
        ),
        *(
            Probe(
                f"{name}-all",
                f"filter_by={word} is taken for {_words(name)}.",
                INFERRED,
                applied_filter(name, word),
                HONOURED,
            )
            for name, word in (
                ("recurring_expenses", "Status.All"),
                ("projects", "Status.All"),
                ("time_entries", "Date.All"),
            )
        ),
        Probe(
            "contact-persons",
            "/contacts/contactpersons lists the persons of all contacts.",
            INFERRED,
            listed("contact_persons"),
            ANSWERS,
            dict.fromkeys((MISSING, REFUSED), "Each contact is asked for its persons."),
        ),
        Probe(
            "customer-payments-key",
            "Customer payments come under customerpayments.",
            VERIFIED,
            list_key("customer_payments", ("customerpayments", "customer_payments")),
            "customerpayments",
        ),
        Probe(
            "recurring-invoices-key",
            "Recurring invoices come under recurring_invoices.",
            VERIFIED,
            list_key("recurring_invoices", ("recurring_invoices", "recurringinvoices")),
            "recurring_invoices",
        ),
        Probe("tasks-key", "Tasks come under task.", VERIFIED, list_key("tasks", ("task", "tasks")), "task"),
        *_created(["recurring_invoices", "retainer_invoices", "projects", "time_entries"]),
        *(
            Probe(
                f"{name}-timed",
                f"All {_words(name)} carry last_modified_time.",
                INFERRED,
                carries(name, "last_modified_time"),
                ALWAYS,
            )
            for name in ("invoices", "items", "recurring_expenses")
        ),
        *(
            Probe(
                f"{name}-paged",
                f"{_words(name).capitalize()} come in pages.",
                VERIFIED,
                observation(name, paged),
                PRESENT,
            )
            for name in ("currencies", "taxes")
        ),
        Probe("organizations-named", "error_info names the organizations.", VERIFIED, organizations_named(), PRESENT),
        Probe(
            "organization-header",
            f"{HEADER_PREFIX}-{product}-organizationid chooses an organization.",
            VERIFIED if product == "invoice" else INFERRED,
            organization_header(product),
            HONOURED,
        ),
        *_lists(["users", "credit_note_refunds"]),
    )


INVOICE_PROBES = (
    *_shared("invoice", "credit_notes"),
    *_paths(
        [("invoices/{id}", ANSWERS), ("invoices/{id}/payments", ANSWERS), ("invoices/{id}/creditsapplied", ANSWERS)]
    ),
    *_paths([("salespersons", (ANSWERS, NO_ACCESS))]),
)
BOOKS_PROBES = (
    *_changes(["bills", "sales_orders", "vendor_credits"], VERIFIED),
    Probe(
        "purchase-orders-order",
        "Purchase orders come newest first, whatever is asked for.",
        VERIFIED,
        change_order("purchase_orders", CHANGES),
        NEWEST_FIRST,
        {HONOURED: "The connector notices, and reads what changed alone."},
    ),
    Probe(
        "journals-filter",
        "last_modified_time lists journals of that second or later.",
        INFERRED,
        change_filter("journals", UNSORTED),
        HONOURED,
        {HONOURED: "The connector could ask for what changed, and does not yet."},
    ),
    Probe(
        "journals-timed",
        "All journals carry last_modified_time.",
        VERIFIED,
        carries("journals", "last_modified_time"),
        ALWAYS,
    ),
    *_shared("books", "creditnotes"),
    Probe(
        "vendor-credits-key",
        "Vendor credits come under vendor_credits.",
        VERIFIED,
        list_key("vendor_credits", ("vendor_credits", "vendorcredits")),
        "vendor_credits",
    ),
    Probe(
        "debit-notes-key",
        "Debit notes come under debit_notes.",
        INFERRED,
        list_key("customer_debit_notes", ("debit_notes", "invoices")),
        "debit_notes",
    ),
    Probe(
        "debit-notes",
        "filter_by=Type.DebitNote lists debit notes.",
        VERIFIED,
        applied_filter("invoices", "Type.DebitNote"),
        HONOURED,
    ),
    Probe(
        "accounts-balance",
        "showbalance is taken for accounts.",
        VERIFIED,
        parameter("chart_of_accounts", {"showbalance": "true"}),
        "taken",
    ),
    Probe(
        "accounts-filter",
        "last_modified_time selects accounts.",
        VERIFIED,
        change_filter("chart_of_accounts", UNSORTED),
        HONOURED,
    ),
    Probe(
        "transactions",
        "Transactions are listed without naming an account.",
        INFERRED,
        listed("transactions"),
        ANSWERS,
        {REFUSED: "Each bank account is asked for its transactions."},
    ),
    *_paths([("recurringbills/{id}", ANSWERS), ("recurring_bills/{id}", MISSING)], "recurring_bills"),
    *_paths([("invoices/{id}", ANSWERS), ("reportingtags", ANSWERS)]),
    *_lists(["banking", "sales_receipts", "base_currency_adjustments", "fixed_assets", "locations", "employees"]),
)
