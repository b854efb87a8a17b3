"""Checks of assumptions about Zoho's products against a real account.
https://www.zoho.com/books/api/v3/pagination/"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from source_invoicing.platforms.zoho import books_details, details
from source_invoicing.platforms.zoho.document_probes import (
    DOCUMENTS,
    LEFT_OUT,
    ListsToTry,
    dead_document,
    probe_of_details,
    probes_of_documents,
)
from source_invoicing.platforms.zoho.questions import (
    ALL,
    BELOW_ZERO,
    CHANGES,
    CREATED,
    HEADER_PREFIX,
    OBJECT,
    ONE_OFFSET,
    SEVERAL_OFFSETS,
    UNSORTED,
    applied_filter,
    context_form,
    count_alone,
    counted,
    default_filter,
    offsets,
    organization_header,
    organizations_named,
    paged,
    path_of_one,
    rate_headers,
)
from source_invoicing.streams import PageRequest
from source_invoicing.streams.probing import (
    ABSENT,
    ANSWERS,
    HONOURED,
    IGNORED,
    INFERRED,
    MISSING,
    NO_ACCESS,
    PRESENT,
    REFUSED,
    VERIFIED,
    Mark,
    Params,
    Probe,
    in_words,
)
from source_invoicing.streams.probing.changes import (
    ALWAYS,
    INCLUDED,
    NEWEST_FIRST,
    NOTHING,
    THAT_SECOND,
    carries,
    change_filter,
    change_order,
)
from source_invoicing.streams.probing.lists import (
    EMPTY,
    FIRST_ROWS,
    ONCE,
    ROWS,
    TAKEN,
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

COUNTED = {"response_option": 1}
# Accounts are not sorted either. The page used is the one that was requested with their balances.
WITH_BALANCES = replace(UNSORTED, newest={"showbalance": "true"})


def changes(names: Sequence[str], selects: Mark, sorts: Mark, border: Mark = INFERRED) -> list[Probe]:
    """The probes that lists filter and sort by modification time.

    :param selects: how sure the filter is; ``sorts``: the order; ``border``: that the filter includes its own second
    """
    return [
        probe
        for name in names
        for probe in (
            CHANGES.filter_probe(name, selects),
            CHANGES.order_probe(name, sorts),
            CHANGES.boundary_probe(name, border, INCLUDED),
        )
    ]


def created(name: str) -> Probe:
    """The probe that a list sorts by creation."""
    return Probe(
        f"{name}-created",
        f"sort_column=created_time orders {in_words(name)}.",
        INFERRED,
        change_order(name, CREATED),
        HONOURED,
        {HONOURED: "The list is read once, oldest row first.", REFUSED: "The list is read until two readings agree."},
    )


def keyed(name: str, keys: tuple[str, ...], mark: Mark, page_params: Params | None = None) -> Probe:
    """The probe of the key that holds the rows of a list.

    :param keys: the known ones, the most likely one first
    :param page_params: parameters of a page that was already requested
    """
    return Probe(
        f"{name.replace('_', '-')}-key",
        f"{in_words(name).capitalize()} come under {keys[0]}.",
        mark,
        list_key(name, keys, page_params),
        keys[0],
        dict.fromkeys(keys, "The connector finds the rows under it."),
    )


def answers(
    name: str, beside: str = "invoices", page_params: Params | None = None, assumed: tuple[str, ...] = (ANSWERS,)
) -> Probe:
    """The probe of a path that the connector does not use.

    :param page_params: parameters of a page of the list ``beside`` that was already requested
    """
    probe_id = f"path-{name.replace('/{id}', '-of-one').replace('/', '-')}"
    return Probe(probe_id, f"/{name} answers.", INFERRED, path(name, beside, page_params=page_params), assumed)


def _shared(product: str, credit_notes: str, documents: ListsToTry) -> tuple[Probe, ...]:
    return (
        *changes(["invoices"], VERIFIED, VERIFIED, VERIFIED),
        *changes(["contacts", "estimates", "customer_payments", credit_notes], INFERRED, VERIFIED),
        *changes(["items"], INFERRED, INFERRED),
        UNSORTED.filter_probe("expenses", INFERRED),
        Probe(
            "expenses-order",
            "sort_column=last_modified_time is refused for expenses.",
            VERIFIED,
            change_order("expenses", CHANGES),
            REFUSED,
            {
                HONOURED: "The connector could read expenses as it does invoices, and does not yet.",
                **dict.fromkeys((REFUSED, IGNORED), "The connector reads expenses in the order of their creation."),
            },
        ),
        Probe(
            "page-context",
            "page_context is an object.",
            VERIFIED,
            context_form("invoices", "recurring_expenses"),
            OBJECT,
        ),
        Probe("total", "page_context has no total.", VERIFIED, total("invoices"), ABSENT),
        Probe(
            "counted",
            "response_option=1 counts the rows of invoices.",
            VERIFIED,
            counted("invoices", COUNTED),
            PRESENT,
        ),
        Probe(
            "count-only",
            "response_option=2 counts invoices without listing them.",
            VERIFIED,
            count_alone("invoices", {"response_option": 2}),
            HONOURED,
        ),
        Probe("page-size", "per_page above 200 is refused.", INFERRED, page_size("invoices", "per_page", 201), REFUSED),
        Probe("page-of-200", "A page holds 200 rows.", VERIFIED, page_size("invoices", "per_page", 200), TAKEN),
        Probe(
            "page-zero",
            "page=0 is the first page.",
            INFERRED,
            page_at("invoices", PageRequest(number=0), combined_with=COUNTED),
            FIRST_ROWS,
            dict.fromkeys((EMPTY, REFUSED, FIRST_ROWS, ROWS), "The connector counts pages from 1."),
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
            dict.fromkeys((TAKEN, REFUSED), "The connector escapes the +."),
        ),
        Probe(
            "rate-headers",
            "X-Rate-Limit-Remaining tells the calls left.",
            VERIFIED,
            observation("invoices", rate_headers),
            PRESENT,
            dict.fromkeys((PRESENT, ABSENT, BELOW_ZERO), "The connector counts its calls itself."),
        ),
        Probe(
            "offsets",
            "All times have the same offset.",
            INFERRED,
            observation("invoices", offsets),
            ONE_OFFSET,
            dict.fromkeys((ONE_OFFSET, SEVERAL_OFFSETS), "The connector compares times by what they are in UTC."),
        ),
        *(
            Probe(
                f"{name}-by-default",
                f"All {in_words(name)} are listed unless others are asked for.",
                INFERRED,
                default_filter(name, page_params),
                ALL,
            )
            for name, page_params in (("contacts", CHANGES.newest), ("items", CHANGES.newest), ("projects", None))
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
                f"filter_by={word} is taken for {in_words(name)}.",
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
        keyed("customer_payments", ("customerpayments", "customer_payments"), VERIFIED, CHANGES.newest),
        keyed("recurring_invoices", ("recurring_invoices", "recurringinvoices"), VERIFIED, CREATED.oldest),
        keyed("tasks", ("task", "tasks"), VERIFIED),
        created("recurring_invoices"),
        created("projects"),
        *(
            Probe(
                f"{name}-timed",
                f"All {in_words(name)} carry last_modified_time.",
                INFERRED,
                carries(name, "last_modified_time", CHANGES.newest if name == "items" else None),
                ALWAYS,
            )
            for name in ("invoices", "items", "recurring_expenses")
        ),
        *(
            Probe(f"{name}-paged", f"{in_words(name).capitalize()} come in pages.", VERIFIED, paged(name), PRESENT)
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
        Probe("list-users", "Users are listed.", VERIFIED, listed("users"), ANSWERS),
        *probes_of_documents(documents),
    )


SUBLISTS = (
    answers("invoices/{id}/payments"),
    answers("invoices/{id}/creditsapplied"),
    answers("contacts/{id}/comments", "contacts", CHANGES.newest),
    answers("salespersons", assumed=(ANSWERS, NO_ACCESS)),
)
INVOICE_PROBES = (
    *_shared("invoice", "credit_notes", {**DOCUMENTS, "retainer_invoices": CREATED.oldest}),
    created("retainer_invoices"),
    created("time_entries"),
    *SUBLISTS,
    answers("contacts/{id}", "contacts", CHANGES.newest),
    probe_of_details("customer_payments", details.CustomerPaymentDetails, CHANGES.newest),
    probe_of_details("retainer_invoices", details.RetainerInvoiceDetails, CREATED.oldest),
    probe_of_details("expenses", details.ExpenseDetails),
)
BOOKS_PROBES = (
    *changes(["bills"], VERIFIED, INFERRED, VERIFIED),
    *changes(["sales_orders", "vendor_credits"], VERIFIED, VERIFIED),
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
        {
            HONOURED: "The connector could ask for what changed, and does not yet.",
            **dict.fromkeys((IGNORED, REFUSED, THAT_SECOND, NOTHING), "The connector reads the whole list."),
        },
    ),
    Probe(
        "journals-timed",
        "All journals carry last_modified_time.",
        VERIFIED,
        carries("journals", "last_modified_time"),
        ALWAYS,
    ),
    *_shared("books", "creditnotes", {**DOCUMENTS, "bills": CHANGES.newest}),
    keyed("vendor_credits", ("vendor_credits", "vendorcredits"), VERIFIED, CHANGES.newest),
    keyed("customer_debit_notes", ("debit_notes", "invoices"), INFERRED),
    Probe(
        "debit-notes",
        "filter_by=Type.DebitNote lists debit notes.",
        VERIFIED,
        applied_filter("invoices", "Type.DebitNote"),
        HONOURED,
        {
            IGNORED: "The connector notices, and says that the stream cannot be read.",
            REFUSED: "The stream cannot be read.",
        },
    ),
    Probe(
        "accounts-balance",
        "showbalance is taken for accounts.",
        VERIFIED,
        parameter("chart_of_accounts", WITH_BALANCES.newest),
        TAKEN,
    ),
    Probe(
        "accounts-filter",
        "last_modified_time selects accounts.",
        VERIFIED,
        change_filter("chart_of_accounts", WITH_BALANCES),
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
    Probe(
        "recurring-bill-path",
        "One recurring bill is found below recurringbills, as their list is.",
        INFERRED,
        path_of_one("recurring_bills", ("recurringbills", "recurring_bills")),
        "recurringbills",
    ),
    *SUBLISTS,
    *map(answers, ("reportingtags", "recurringjournals", "categories")),
    probe_of_details("bills", books_details.BillDetails, CHANGES.newest),
    probe_of_details("customer_payments", details.CustomerPaymentDetails, CHANGES.newest),
    probe_of_details("expenses", details.ExpenseDetails),
    probe_of_details("journals", books_details.JournalDetails),
    Probe(
        "dead-sales-order",
        "Of several sales orders, one that is gone is left out.",
        INFERRED,
        dead_document("sales_orders", books_details.SalesOrderDetails),
        LEFT_OUT,
    ),
)
