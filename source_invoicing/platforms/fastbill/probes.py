"""Checks of assumptions about FastBill against a real account.
https://apidocs.fastbill.com/fastbill/en/fundamentals.html"""

from __future__ import annotations

from source_invoicing.platforms.fastbill.questions import (
    APART,
    ARRAY,
    BOTH,
    CHANGES,
    DAY_FIRST,
    FAR,
    NUMBER,
    PLAIN,
    TEXT,
    category_form,
    container,
    empty_list,
    errors_form,
    label,
    lines,
    number_form,
    overlap,
    paged,
    payment_date,
    project_filter,
    type_listed,
)
from source_invoicing.streams import PageRequest
from source_invoicing.streams.probing import (
    ABSENT,
    ANSWERS,
    HONOURED,
    IGNORED,
    INFERRED,
    MISSING,
    PRESENT,
    REFUSED,
    VERIFIED,
    Probe,
)
from source_invoicing.streams.probing.changes import ALWAYS, SOMETIMES, carries
from source_invoicing.streams.probing.lists import (
    CAPPED,
    EMPTY,
    OLDEST_ROW,
    ONCE,
    STABLE,
    TAKEN,
    UNSTABLE,
    order_stable,
    page_at,
    page_size,
    parameter,
    path,
    row_listed,
    row_order,
    selects_none,
)

IN_FUTURE = "2099-01-01"
SERVICE = {
    ANSWERS: "The connector could read what is there.",
    REFUSED: "It is not there, or the account may not ask for it.",
}

PROBES: tuple[Probe, ...] = (
    CHANGES.filter_probe("invoices", VERIFIED),
    CHANGES.filter_probe("revenues", INFERRED),
    *(
        Probe(
            f"{name}-future",
            f"START_LASTUPDATE in the future lists no {name}.",
            mark,
            selects_none(name, {"FILTER": {"START_LASTUPDATE": IN_FUTURE}}),
            HONOURED,
        )
        for name, mark in (("invoices", VERIFIED), ("revenues", INFERRED))
    ),
    *(
        Probe(
            f"{name}-{field.lower().replace('_', '-')}",
            f"{field} selects {name}.",
            INFERRED,
            selects_none(name, {"FILTER": {field: IN_FUTURE}}),
            HONOURED,
        )
        for name, field in (
            ("estimates", "START_DATE"),
            ("estimates", "START_ESTIMATE_DATE"),
            ("expenses", "START_DATE"),
        )
    ),
    Probe(
        "unknown-filter",
        "A filter that is not known is ignored.",
        INFERRED,
        selects_none("customers", {"FILTER": {"NOTHING": "1"}}),
        IGNORED,
        {
            HONOURED: "A filter that is not known lists nothing.",
            IGNORED: "A wrong filter does not show. The connector checks which rows come.",
            REFUSED: "A filter that is not known must not be sent.",
        },
    ),
    Probe("project-filter", "PROJECT_ID does not select invoices.", INFERRED, project_filter("invoices"), IGNORED),
    Probe("page-size", "A page holds 100 rows at most.", VERIFIED, page_size("invoices", "LIMIT", 250), CAPPED),
    Probe("page-of-100", "A page holds 100 rows.", VERIFIED, page_size("invoices", "LIMIT", 100), TAKEN),
    Probe(
        "page-behind-the-end",
        "A page behind the end is empty.",
        INFERRED,
        page_at("invoices", PageRequest(offset=FAR)),
        EMPTY,
    ),
    *(
        Probe(f"{name}-offset", f"{name.capitalize()} come in pages.", INFERRED, paged(name), HONOURED)
        for name in ("invoices", "times", "templates")
    ),
    *(
        Probe(
            f"{name}-sequence",
            f"{name.capitalize()} come by their ids, the lowest first.",
            INFERRED,
            row_order(name),
            OLDEST_ROW,
        )
        for name in ("invoices", "customers")
    ),
    Probe(
        "order-stable",
        "A list comes in the same order each time.",
        INFERRED,
        order_stable("invoices"),
        STABLE,
        {UNSTABLE: "Pages do not fit together, so a sync may miss rows."},
    ),
    Probe("invoices-listed", "An invoice is listed once.", INFERRED, row_listed("invoices"), ONCE),
    Probe("credit-notes", "Invoices include credit notes.", INFERRED, type_listed("invoices", "credit"), PRESENT),
    Probe("revenues-overlap", "Revenues are no invoices.", INFERRED, overlap("revenues", "invoices"), APART),
    Probe("category", "The category of an expense is a word.", INFERRED, category_form("expenses"), TEXT),
    Probe("container", "The rows of a page are an array.", VERIFIED, container("invoices"), ARRAY),
    Probe("empty-list", "An empty array stands for no rows.", VERIFIED, empty_list("invoices"), ARRAY),
    Probe("nested", "The lines of an invoice are an array.", INFERRED, lines("invoices", "ITEMS"), ARRAY),
    Probe("errors-form", "The words of an error are an array.", VERIFIED, errors_form(), ARRAY),
    Probe("label", "An answer is not labelled as JSON.", INFERRED, label(), PLAIN),
    Probe("ids", "The id of an invoice is text.", VERIFIED, number_form("invoices", "INVOICE_ID"), TEXT),
    Probe("totals", "Totals are numbers.", VERIFIED, number_form("invoices", "TOTAL"), NUMBER),
    Probe(
        "line-numbers",
        "Prices of lines are text in some rows and numbers in others.",
        INFERRED,
        number_form("invoices", "UNIT_PRICE", inside="ITEMS"),
        BOTH,
    ),
    Probe("payment-date", "The date of a payment begins with the day.", VERIFIED, payment_date(), DAY_FIRST),
    Probe(
        "deleted-customers",
        "Deleted customers are not listed.",
        INFERRED,
        carries("customers", "DELETED_DATE"),
        ABSENT,
        {
            ABSENT: "Deleted customers leave the list, and are known by that.",
            **dict.fromkeys((ALWAYS, SOMETIMES), "Deleted customers stay in the list, with the date."),
        },
    ),
    Probe("invoices-dated", "Every invoice carries LASTUPDATE.", INFERRED, carries("invoices", "LASTUPDATE"), ALWAYS),
    Probe(
        "type-filter",
        "An unknown TYPE is not refused.",
        INFERRED,
        parameter("invoices", {"FILTER": {"TYPE": "nothing"}}),
        TAKEN,
    ),
    *(
        Probe(f"service-{name}", f"{name} answers.", VERIFIED, path(name, "invoices"), ANSWERS, SERVICE)
        for name in ("document.get", "webhook.get")
    ),
    *(
        Probe(f"service-{name}", f"There is no {name}.", INFERRED, path(name, "invoices"), (REFUSED, MISSING), SERVICE)
        for name in ("subscription.get", "invoice.getpaid")
    ),
)
