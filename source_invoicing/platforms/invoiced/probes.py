"""What is assumed of Invoiced and can be settled by reading a real account. https://developer.invoiced.com/api"""

from __future__ import annotations

from source_invoicing.http import link_header
from source_invoicing.streams import PageRequest
from source_invoicing.streams.probing import (
    ABSENT,
    ANSWERS,
    HONOURED,
    IGNORED,
    MISSING,
    PRESENT,
    REFUSED,
    Answer,
    CannotTell,
    Inquiry,
    Mark,
    Probe,
    question,
)
from source_invoicing.streams.probing.changes import ALWAYS as ON_EVERY_ROW
from source_invoicing.streams.probing.changes import (
    EXCLUDED,
    INCLUDED,
    Changes,
    boundary,
    carries,
    change_end,
    change_filter,
    change_order,
)
from source_invoicing.streams.probing.lists import (
    CAPPED,
    EMPTY,
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

VERIFIED, INFERRED = Mark.VERIFIED, Mark.INFERRED
#: The lists whose filter by time of change is documented.
FILTERED = (
    *("customers", "invoices", "payments", "credit_notes", "subscriptions"),
    *("estimates", "items", "plans", "tax_rates", "coupons"),
)
CHANGES = Changes(
    since=lambda seconds: {"updated_after": seconds},
    oldest={"sort": "updated_at ASC"},
    newest={"sort": "updated_at DESC"},
    field="updated_at",
)
EVENTS = Changes(
    since=lambda seconds: {"start_date": seconds},
    oldest={"sort": "timestamp ASC"},
    newest={"sort": "timestamp DESC"},
    field="timestamp",
)
# Neither documented, nor sent by the vendor's own libraries.
UNFILTERED = ("notes", "tasks", "credit_balance_adjustments", "contacts", "metered_billings", "payment_sources")
# Paths that the vendor's libraries know, and the documentation does not.
UNDOCUMENTED = (
    *("contacts", "line_items", "payment_plans", "charges", "refunds", "custom_fields"),
    *("gl_accounts", "payment_links", "companies/current"),
)
SERVED, ITSELF = "served", "names the page itself"
ARRAY, UNDER_DATA, MAP, BOTH = "a bare array", "an object with data", "a map", "both"
ALONE, WITH_OTHERS = "those alone", "those and the others"
WHOLE, IN_PART = "the whole object", "only a part"
KNOWN, OTHERS = "documented kinds alone", "others too"
IN_FUTURE = 4_102_444_800
A_YEAR, LESS = "more than a year", "less than a year"
SECONDS_PER_YEAR = 365 * 86_400
# A key, a kind and a time: more than that is an object.
FEW_FIELDS = 3


def list_body(answer: Answer) -> str:
    """In what a list comes."""
    return ARRAY if isinstance(answer.response and answer.response.body, list) else UNDER_DATA


def links(answer: Answer) -> str:
    """Whether a list says how it goes on."""
    return PRESENT if answer.response and answer.response.headers.get("Link") else ABSENT


def last_link(answer: Answer) -> str:
    """What a last page names as the next one."""
    found = link_header.targets(answer.response.headers.get("Link", "")) if answer.response else {}
    if not found:
        raise CannotTell("no links come")
    if "next" not in found:
        return ABSENT
    if found["next"] != found.get("self"):
        raise CannotTell("the list has several pages")
    return ITSELF


def empty_metadata(answer: Answer) -> str:
    """How a map without members is written."""
    kinds = {type(row["metadata"]) for row in answer.rows if row.get("metadata") in ([], {})}
    if not kinds:
        raise CannotTell("no row has empty metadata")
    return BOTH if len(kinds) > 1 else MAP if dict in kinds else ARRAY


def kinds_of_sources(answer: Answer) -> str:
    """Whether all payment sources are of the kinds that are documented."""
    return KNOWN if {row.get("object") for row in answer.rows} <= {"card", "bank_account"} else OTHERS


@question(
    {
        ALONE: "Running, canceled and finished subscriptions are read as three lists.",
        WITH_OTHERS: "Running subscriptions come in each of the lists, and are handed on once.",
        IGNORED: "Canceled subscriptions cannot be read.",
    }
)
def subscription_flag(inquiry: Inquiry, *states: str) -> str:
    """Which subscriptions do flags list?"""
    found = {row.get("status") for row in inquiry.page("subscriptions", params=dict.fromkeys(states, 1)).rows}
    return IGNORED if not found.issuperset(states) else ALONE if found == set(states) else WITH_OTHERS


@question(
    {
        REFUSED: "Pages of a list are read in order, and no sync begins in the middle of one.",
        SERVED: "Pages could be read in any order.",
    }
)
def page_out_of_order(inquiry: Inquiry, *numbers: int) -> str:
    """Is a page served behind others than the one before it?

    :param numbers: of the pages, the last of which is in question
    """
    if len(inquiry.page("invoices").rows) < max(numbers):
        raise CannotTell("the list has too few rows")
    # Of a size that nothing else asks for, so that it is another list to the server.
    answers = [
        inquiry.page("invoices", PageRequest(number=number), {"per_page": len(numbers)}, again=True)
        for number in numbers
    ]
    return REFUSED if answers[-1].refused else SERVED if answers[-1].listed else ""


@question({WHOLE: "A vanished row can be handed on as it was.", IN_PART: "A vanished row is known by its key alone."})
def deleted_object(inquiry: Inquiry) -> str:
    """What does the event of a deletion hold?"""
    gone = [row for row in inquiry.page("events").rows if str(row.get("type")).endswith(".deleted")]
    if not gone:
        raise CannotTell("the newest events are of no deletion")
    inquiry.note("events of deletions", len(gone))
    objects = [row["data"].get("object") for row in gone if isinstance(row.get("data"), dict)]
    return WHOLE if all(isinstance(each, dict) and len(each) > FEW_FIELDS for each in objects) and objects else IN_PART


@question({A_YEAR: "Events reach far back.", LESS: "Older events are gone, or the account is young."})
def events_reach(inquiry: Inquiry) -> str:
    """How far do events reach back?"""
    page = inquiry.page("events", params=EVENTS.oldest).listed
    times = EVENTS.times(inquiry, "events", page.rows)
    if not times or times != sorted(times) or page.server_time is None:
        raise CannotTell("the oldest events do not come first")
    return A_YEAR if page.server_time - times[0] > SECONDS_PER_YEAR else LESS


PROBES: tuple[Probe, ...] = (
    Probe("list-body", "A list is a bare array.", VERIFIED, observation("customers", list_body), ARRAY),
    Probe("total", "X-Total-Count tells how many rows a list has.", VERIFIED, total("customers"), PRESENT),
    Probe("links", "Link tells how a list goes on.", VERIFIED, observation("customers", links), PRESENT),
    Probe("last-link", "A last page names no next one.", VERIFIED, observation("tax_rates", last_link), ABSENT),
    *(
        probe
        for name in FILTERED
        for probe in (
            Probe(f"{name}-order", f"sort=updated_at orders {name}.", VERIFIED, change_order(name, CHANGES), HONOURED),
            Probe(f"{name}-filter", f"updated_after selects {name}.", VERIFIED, change_filter(name, CHANGES), HONOURED),
            Probe(
                f"{name}-boundary",
                f"updated_after leaves out {name} of that very second.",
                INFERRED,
                boundary(name, CHANGES),
                EXCLUDED,
            ),
        )
    ),
    Probe("events-order", "sort=timestamp orders events.", INFERRED, change_order("events", EVENTS), HONOURED),
    Probe("events-filter", "start_date selects events.", INFERRED, change_filter("events", EVENTS), HONOURED),
    Probe(
        "events-boundary",
        "start_date lists events of that very second.",
        INFERRED,
        boundary("events", EVENTS),
        INCLUDED,
        {EXCLUDED: "Events of a second that fills a page may be missed: Events.since_shift has to become -1."},
    ),
    Probe("events-user", "include=user is taken.", INFERRED, parameter("events", {"include": "user"}), "taken"),
    Probe("events-reach", "Events are kept for more than a year.", INFERRED, events_reach(), A_YEAR),
    Probe("events-deleted", "A deletion's event holds the object.", INFERRED, deleted_object(), WHOLE),
    Probe(
        "page-out-of-order",
        "A page is refused unless the one before it was served.",
        VERIFIED,
        page_out_of_order(3),
        REFUSED,
    ),
    Probe("page-again", "A page can be asked for once more.", INFERRED, page_out_of_order(1, 2, 2), SERVED),
    Probe(
        "page-behind-the-end",
        "A page behind the last one is empty.",
        INFERRED,
        page_at("tax_rates", PageRequest(number=2)),
        EMPTY,
    ),
    Probe("page-size", "A page holds 100 rows at most.", INFERRED, page_size("invoices", "per_page", 250), CAPPED),
    Probe("page-of-100", "A page holds 100 rows.", INFERRED, page_size("invoices", "per_page", 100), "taken"),
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
    Probe(
        "filter-status",
        "filter[status]=canceled selects subscriptions.",
        INFERRED,
        selection("subscriptions", {"filter[status]": "canceled"}, lambda row: row.get("status") == "canceled"),
        (HONOURED, IGNORED),
    ),
    Probe(
        "future",
        "updated_after in the future lists nothing.",
        INFERRED,
        selects_none("invoices", {"updated_after": IN_FUTURE}),
        HONOURED,
    ),
    Probe("since-zero", "updated_after=0 is taken.", INFERRED, parameter("items", {"updated_after": 0}), "taken"),
    Probe(
        "payment-source-kinds",
        "Payment sources are cards and bank accounts.",
        VERIFIED,
        observation("payment_sources", kinds_of_sources),
        KNOWN,
    ),
    Probe(
        "filter-property",
        "filter[paid]=1 selects invoices.",
        VERIFIED,
        selection("invoices", {"filter[paid]": 1}, lambda row: row.get("paid") is True),
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
        carries("payments", "applied_to"),
        (ON_EVERY_ROW, "not on every row"),
    ),
    Probe(
        "unknown-include", "An unknown include is taken.", INFERRED, parameter("items", {"include": "nothing"}), "taken"
    ),
    Probe(
        "payments-before",
        "updated_before selects payments.",
        INFERRED,
        change_end("payments", CHANGES, lambda seconds: {"updated_before": seconds}),
        HONOURED,
    ),
    *(
        Probe(
            f"{name}-order",
            f"sort=updated_at orders {name.replace('_', ' ')}.",
            INFERRED,
            change_order(name, CHANGES),
            HONOURED,
        )
        for name in ("notes", "tasks", "credit_balance_adjustments")
    ),
    *(
        Probe(
            f"{name}-filter",
            f"updated_after does not select {name.replace('_', ' ')}.",
            INFERRED,
            selects_none(name, {"updated_after": IN_FUTURE}),
            IGNORED,
            {HONOURED: "The connector could ask for what changed, and does not yet."},
        )
        for name in UNFILTERED
    ),
    *(Probe(f"list-{name}", f"/{name} answers.", VERIFIED, listed(name), ANSWERS) for name in ("members", "roles")),
    *(
        Probe(
            f"path-{name.replace('/', '-')}",
            f"There is no /{name}.",
            INFERRED,
            path(name, "customers", {"per_page": 1}),
            MISSING,
            {ANSWERS: "The connector could read this list."},
        )
        for name in UNDOCUMENTED
    ),
)
