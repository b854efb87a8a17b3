"""Checks of assumptions about Invoiced against a real account. https://developer.invoiced.com/api"""

from __future__ import annotations

from source_invoicing.platforms.invoiced.questions import (
    A_YEAR,
    ABSORBED,
    ALL,
    ALONE,
    AMONG_RUNNING,
    ARRAY,
    BOTH,
    CHANGES,
    EACH,
    EVENTS,
    IN_ORDER,
    ITSELF,
    KEPT,
    KNOWN,
    MAP,
    NAMES_BOTH,
    OTHERS,
    SERVED,
    UNDER_DATA,
    WHOLE,
    WITH_OTHERS,
    WITH_USER,
    after_deletion,
    deleted_object,
    empty_metadata,
    events_reach,
    have_events,
    last_link,
    late_events,
    links,
    list_body,
    merged_names,
    merged_object,
    page_out_of_order,
    paused,
    subscription_flag,
    words,
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
    in_words,
)
from source_invoicing.streams.probing.changes import (
    ALWAYS,
    EXCLUDED,
    INCLUDED,
    NEWEST_FIRST,
    NOTHING,
    SOMETIMES,
    THAT_SECOND,
    carries,
    change_end,
    change_filter,
)
from source_invoicing.streams.probing.lists import (
    CAPPED,
    EMPTY,
    TAKEN,
    listed,
    observation,
    page_at,
    page_size,
    parameter,
    path,
    selection,
    selects_none,
    total,
)

#: The lists whose filter by time of change is documented.
FILTERED = (
    *("customers", "invoices", "payments", "credit_notes", "subscriptions"),
    *("estimates", "items", "plans", "tax_rates", "coupons"),
)
# The filter is neither documented for these lists, nor sent by the vendor's own libraries.
UNFILTERED_SORTED = ("notes", "tasks", "credit_balance_adjustments")
UNFILTERED_CHILDREN = ("contacts", "metered_billings", "payment_sources")
NOT_YET = {
    HONOURED: "The connector could ask for what changed, and does not yet.",
    **dict.fromkeys((IGNORED, REFUSED, THAT_SECOND, NOTHING), "The connector does without."),
}
# Notes and tasks are read from the newest change back to the last known one.
NEWEST_CHANGES = {HONOURED: "The connector reads the newest changes first, down to the last one that it knows."}
# For a list whose modification time is not dependable.
NO_CHANGES = dict.fromkeys((HONOURED, IGNORED, REFUSED, NEWEST_FIRST), "The connector reads the whole list.")
AGAIN = {
    SERVED: "A page whose response was lost can be asked for again.",
    REFUSED: "Where the response to a further page was lost, the list has to be read from its first page.",
}
# Paths that libraries of the vendor or of others use and the documentation does not name. One that may hold credentials
# of payment gateways is left out.
UNDOCUMENTED = (
    *("contacts", "line_items", "payment_plans", "charges", "refunds", "files", "custom_fields"),
    *("gl_accounts", "payment_links", "late_fee_schedules", "tax_rules", "payment_terms", "companies/current"),
)
# https://developer.invoiced.com/api/subscriptions
STATES = ("not_started", "active", "past_due", "finished", "canceled")
FUTURE, UNKNOWN_INCLUDE = {"updated_after": 4_102_444_800}, {"include": "nothing"}
SINCE_ZERO, PAID = {"updated_after": 0}, {"filter[paid]": 1}

EITHER_BODY = dict.fromkeys((ARRAY, UNDER_DATA), "The connector reads either.")
LINKS = {
    PRESENT: "The connector goes by them.",
    ABSENT: "The connector goes by the number of rows, and asks once more behind the last page.",
}
LAST_LINK = dict.fromkeys((ABSENT, ITSELF), "The connector ends the list there.")


PROBES: tuple[Probe, ...] = (
    Probe("list-body", "A list is a bare array.", VERIFIED, observation("customers", list_body), ARRAY, EITHER_BODY),
    Probe("total", "X-Total-Count tells how many rows a list has.", VERIFIED, total("customers"), PRESENT),
    Probe("links", "Link tells how a list goes on.", VERIFIED, observation("customers", links), PRESENT, LINKS),
    Probe(
        "last-link",
        "A last page names no next one.",
        VERIFIED,
        observation("tax_rates", last_link, CHANGES.newest),
        ABSENT,
        LAST_LINK,
    ),
    *(
        probe
        for name in FILTERED
        for probe in (
            CHANGES.order_probe(name, VERIFIED),
            CHANGES.filter_probe(name, VERIFIED),
            CHANGES.boundary_probe(name, INFERRED, EXCLUDED),
        )
    ),
    EVENTS.order_probe("events", INFERRED),
    EVENTS.filter_probe("events", INFERRED),
    EVENTS.boundary_probe("events", INFERRED, INCLUDED),
    Probe("events-reach", "Events are kept for a year or longer.", INFERRED, events_reach(), (ALL, A_YEAR)),
    Probe("events-of-changes", "Each change of a customer or an invoice has its event.", INFERRED, have_events(), EACH),
    Probe("events-deleted", "A deletion's event holds the object.", INFERRED, deleted_object(), WHOLE),
    Probe(
        "events-merged",
        "The event of a merger is about the customer that is gone.",
        INFERRED,
        merged_object(),
        ABSORBED,
    ),
    Probe("events-merged-names", "The event of a merger names both customers.", INFERRED, merged_names(), NAMES_BOTH),
    Probe(
        "events-payment-deleted",
        "A deleted payment is kept, voided.",
        INFERRED,
        after_deletion("payments", "payment.deleted", lambda row: row.get("voided") is True),
        KEPT,
    ),
    Probe(
        "events-subscription-deleted",
        "A deleted subscription is kept, canceled.",
        INFERRED,
        after_deletion("subscriptions", "subscription.deleted", lambda row: row.get("status") == "canceled"),
        KEPT,
    ),
    Probe(
        "page-out-of-order",
        "A page is refused unless the one before it was served.",
        VERIFIED,
        page_out_of_order(3),
        REFUSED,
    ),
    Probe("page-again", "A page can be asked for once more.", INFERRED, page_out_of_order(1, 2, 2), SERVED, AGAIN),
    Probe(
        "page-behind-the-end",
        "A page behind the last one is empty.",
        INFERRED,
        page_at("tax_rates", PageRequest(number=2), in_order=True, page_params=CHANGES.newest),
        EMPTY,
    ),
    Probe("page-size", "A page holds 100 rows at most.", INFERRED, page_size("invoices", "per_page", 250), CAPPED),
    Probe("page-of-100", "A page holds 100 rows.", INFERRED, page_size("invoices", "per_page", 100), TAKEN),
    Probe("canceled", "canceled=1 lists canceled subscriptions alone.", INFERRED, subscription_flag("canceled"), ALONE),
    Probe("finished", "finished=1 lists finished subscriptions alone.", INFERRED, subscription_flag("finished"), ALONE),
    Probe(
        "canceled-and-finished",
        "canceled=1 and finished=1 together list both.",
        INFERRED,
        subscription_flag("canceled", "finished"),
        ALONE,
        {ALONE: "Two of the three lists could be one.", WITH_OTHERS: "All subscriptions could be read as one list."},
    ),
    Probe("paused", "Paused subscriptions come with the running ones.", INFERRED, paused(), AMONG_RUNNING),
    Probe(
        "subscription-states",
        "Running subscriptions have the documented states.",
        INFERRED,
        observation("subscriptions", words("status", STATES), CHANGES.newest),
        KNOWN,
        dict.fromkeys((KNOWN, OTHERS), "States are handed on as they come."),
    ),
    Probe(
        "filter-status",
        "filter[status]=canceled selects subscriptions.",
        INFERRED,
        selection(
            "subscriptions",
            {"filter[status]": "canceled"},
            lambda row: row.get("status") == "canceled",
            page_params=CHANGES.newest,
        ),
        HONOURED,
    ),
    Probe(
        "future",
        "updated_after in the future lists nothing.",
        INFERRED,
        selects_none("invoices", FUTURE, UNKNOWN_INCLUDE),
        HONOURED,
    ),
    Probe("since-zero", "updated_after=0 is taken.", INFERRED, parameter("invoices", SINCE_ZERO, PAID), TAKEN),
    Probe(
        "unknown-include",
        "An unknown include is taken.",
        INFERRED,
        parameter("invoices", UNKNOWN_INCLUDE, FUTURE),
        TAKEN,
    ),
    Probe(
        "payment-source-kinds",
        "Payment sources are cards and bank accounts.",
        VERIFIED,
        observation("payment_sources", words("object", ("card", "bank_account"))),
        KNOWN,
        dict.fromkeys((KNOWN, OTHERS), "Payment sources of any kind are read."),
    ),
    Probe(
        "filter-property",
        "filter[paid]=1 selects invoices.",
        VERIFIED,
        selection("invoices", PAID, lambda row: row.get("paid") is True, combined_with=SINCE_ZERO),
        HONOURED,
    ),
    Probe(
        "cadences",
        "Chasing cadences are at /chasing_cadences.",
        INFERRED,
        path("chasing_cadences", "customers"),
        ANSWERS,
        {MISSING: "The connector asks for /customer_chasing_cadences instead."},
    ),
    Probe(
        "newer-cadences",
        "There is no /customer_chasing_cadences where there is /chasing_cadences.",
        INFERRED,
        path("customer_chasing_cadences", "customers"),
        MISSING,
        {ANSWERS: "The connector asks for it where /chasing_cadences is missing."},
    ),
    Probe(
        "empty-metadata",
        "Empty metadata is an object in one row, an array in another.",
        INFERRED,
        observation("customers", empty_metadata),
        BOTH,
        dict.fromkeys((MAP, ARRAY, BOTH), "Either becomes an empty object."),
    ),
    Probe(
        "applied-to",
        "include=applied_to adds to payments what they were applied to.",
        VERIFIED,
        carries("payments", "applied_to", CHANGES.newest),
        (ALWAYS, SOMETIMES),
        {
            **dict.fromkeys((ALWAYS, SOMETIMES), "What payments were applied to is read along with them."),
            ABSENT: "The stream payment_applications stays empty.",
        },
    ),
    *(
        Probe(
            f"{name}-before",
            f"updated_before selects {name}.",
            INFERRED,
            change_end(name, CHANGES, lambda seconds: {"updated_before": seconds}),
            HONOURED,
        )
        for name in ("payments", "invoices", "customers")
    ),
    Probe(
        "events-before",
        "end_date selects events.",
        INFERRED,
        change_end("events", EVENTS, lambda seconds: {"end_date": seconds}),
        HONOURED,
    ),
    *(
        CHANGES.order_probe(name, INFERRED, NO_CHANGES if name == "credit_balance_adjustments" else NEWEST_CHANGES)
        for name in UNFILTERED_SORTED
    ),
    *(
        Probe(
            f"{name}-filter",
            f"updated_after does not select {in_words(name)}.",
            INFERRED,
            change_filter(name, CHANGES) if name in UNFILTERED_SORTED else selects_none(name, FUTURE),
            IGNORED,
            NOT_YET,
        )
        for name in (*UNFILTERED_SORTED, *UNFILTERED_CHILDREN)
    ),
    *(Probe(f"list-{name}", f"/{name} answers.", VERIFIED, listed(name), ANSWERS) for name in ("members", "roles")),
    *(
        Probe(
            f"path-{name.replace('/', '-')}",
            f"There is no /{name}.",
            INFERRED,
            path(name, "customers", {"per_page": 1}),
            MISSING,
            {ANSWERS: "The connector could read what is there.", MISSING: "There is nothing there to read."},
        )
        for name in UNDOCUMENTED
    ),
    # Last, so that events may have been added since the first request.
    Probe("events-user", "include=user is taken.", INFERRED, parameter("events", WITH_USER), TAKEN),
    Probe("events-late", "Events are listed as they happen.", INFERRED, late_events(), IN_ORDER),
)
