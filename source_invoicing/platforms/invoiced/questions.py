"""Questions to Invoiced's API about its behavior: how a list continues, flags of subscriptions, events."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from typing import Any

from source_invoicing.http import link_header
from source_invoicing.platforms.invoiced.events import MERGED, parse_event
from source_invoicing.streams import PageRequest, Row
from source_invoicing.streams.page import is_identity
from source_invoicing.streams.probing import ABSENT, IGNORED, MISSING, PRESENT, REFUSED, Answer, CannotTell, question
from source_invoicing.streams.probing.changes import Changes
from source_invoicing.streams.probing.inquiry import Inquiry
from source_invoicing.streams.timestamps import SECONDS_PER_DAY

CHANGES = Changes(
    since=lambda seconds: {"updated_after": seconds},
    oldest={"sort": "updated_at ASC"},
    newest={"sort": "updated_at DESC"},
    field="updated_at",
    filter_name="updated_after",
    sort_name="sort=updated_at",
)
EVENTS = Changes(
    since=lambda seconds: {"start_date": seconds},
    oldest={"sort": "timestamp ASC"},
    newest={"sort": "timestamp DESC"},
    field="timestamp",
    filter_name="start_date",
    sort_name="sort=timestamp",
)
#: A parameter that only events may take. The page asked for with it is the last one of events.
WITH_USER = {"include": "user"}

SERVED, ITSELF = "served", "names the page itself"
ARRAY, UNDER_DATA, MAP, BOTH = "a bare array", "an object with data", "a map", "both"
ALONE, WITH_OTHERS = "those alone", "those and the others"
KNOWN, OTHERS = "documented kinds alone", "others too"
AMONG_RUNNING, AMONG_ENDED = "with the running ones", "with those that ended"
WHOLE, IN_PART = "the whole object", "only a part"
ABSORBED, SURVIVOR = "the customer that is gone", "the customer that is left"
NAMES_BOTH, NAMES_ONE = "names both", "names one"
GONE, KEPT, AS_BEFORE = "it is gone", "it is kept, and marked", "it is as before"
EACH, SOME, NONE = "each of them", "some of them", "none of them"
ALL, A_YEAR, LESS = "as long as records", "more than a year", "less than a year"
IN_ORDER, LATE = "as they happen", "some come later"

SECONDS_PER_YEAR = 365 * SECONDS_PER_DAY
# An event that holds only a part of its object: a key, a kind and a time.
MAX_FIELDS_OF_A_PART = 3
# Number of changes whose events are looked for, and how far the times of a change and its event may differ (seconds).
LAST_CHANGES, TOLERANCE = 5, 60
# Lists that are filled when an account is set up.
FIRST_RECORDS = ("customers", "items", "plans", "tax_rates", "coupons")


def list_body(answer: Answer) -> str:
    """How the body of a list is written."""
    return ARRAY if isinstance(answer.body, list) else UNDER_DATA


def links(answer: Answer) -> str:
    """Whether a list says how it continues."""
    return PRESENT if answer.header("Link") else ABSENT


def last_link(answer: Answer) -> str:
    """What the last page names as the next one."""
    found = link_header.targets(answer.header("Link"))
    if not found:
        raise CannotTell("no links come")
    if "next" not in found:
        return ABSENT
    if found["next"] != found.get("self"):
        raise CannotTell("the list has several pages")
    return ITSELF


def empty_metadata(answer: Answer) -> str:
    """How an empty map is written."""
    kinds = {type(row["metadata"]) for row in answer.rows if row.get("metadata") in ([], {})}
    if not kinds:
        raise CannotTell("no row has empty metadata")
    return BOTH if len(kinds) > 1 else MAP if dict in kinds else ARRAY


def words(field: str, documented: Collection[str]) -> Callable[[Answer], str]:
    """Whether a field holds only documented values."""
    return lambda answer: KNOWN if {row.get(field) for row in answer.rows} <= {*documented, None} else OTHERS


@question(
    {
        ALONE: "Running, canceled and finished subscriptions are read as three lists.",
        WITH_OTHERS: "Running subscriptions come in each of the lists, and are handed on once.",
        IGNORED: "Subscriptions of that state cannot be read.",
    }
)
def subscription_flag(inquiry: Inquiry, *states: str) -> str:
    """Which subscriptions do flags list?"""
    found = {row.get("status") for row in inquiry.page("subscriptions", params=dict.fromkeys(states, 1)).rows}
    return IGNORED if not found.issuperset(states) else ALONE if found == set(states) else WITH_OTHERS


@question(
    dict.fromkeys((AMONG_RUNNING, AMONG_ENDED), "They are read, as the connector reads all of these lists."),
)
def paused(inquiry: Inquiry) -> str:
    """Which list holds paused subscriptions?"""
    if any(row.get("paused") is True for row in CHANGES.base(inquiry, "subscriptions").rows):
        return AMONG_RUNNING
    for flag in ("canceled", "finished"):
        page = inquiry.page("subscriptions", params={flag: 1}).page
        if page is not None and any(row.get("paused") is True for row in page.rows):
            return AMONG_ENDED
    raise CannotTell("no subscription is paused")


@question(
    {
        REFUSED: "Pages of a list are read in order, and no sync begins in the middle of one.",
        SERVED: "Pages could be read in any order.",
    }
)
def page_out_of_order(inquiry: Inquiry, *numbers: int) -> str:
    """Is a page served if the page before it was not the one requested last?

    :param numbers: of the pages to request, the last of which is in question
    """
    if len(inquiry.page("invoices").rows) < max(numbers):
        raise CannotTell("the list has too few rows")
    # No other request has this page size, so that the server takes it for another list.
    answers = [
        inquiry.page("invoices", PageRequest(number=number), {"per_page": len(numbers)}, refetch=True)
        for number in numbers
    ]
    return REFUSED if answers[-1].refused else SERVED if answers[-1].listed else ""


# -- events -----------------------------------------------------------------------------------------------------------


def _events(inquiry: Inquiry, kind: str) -> list[Row]:
    """Events of a kind among the newest and the oldest ones of the account, newest first.

    :param kind: the end of their type
    :raises CannotTell: when there are none
    """
    pages = (EVENTS.base(inquiry, "events").listed, inquiry.page("events", params=EVENTS.oldest).page)
    rows = {inquiry.stream("events").key(row): row for page in pages if page is not None for row in page.rows}
    found = [row for row in rows.values() if str(row.get("type")).endswith(kind) and _subject(row)]
    if not found:
        raise CannotTell("neither the newest events nor the oldest are of that kind")
    return sorted(found, key=lambda row: inquiry.stream("events").timestamp(row) or 0, reverse=True)


def _subject(event: Row) -> dict[str, Any]:
    """The record that an event is about."""
    data = event.get("data")
    found = data.get("object") if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}


def _key(inquiry: Inquiry, name: str, event: Row) -> Hashable:
    key = inquiry.stream(name).key(_subject(event))
    if not is_identity(key):
        raise CannotTell("the event does not say which record it is about")
    return key


@question({WHOLE: "A deleted record is handed on as it was.", IN_PART: "Of a deleted record its key is handed on."})
def deleted_object(inquiry: Inquiry) -> str:
    """What does the event of a deletion hold?"""
    subjects = [_subject(row) for row in _events(inquiry, ".deleted")]
    inquiry.note("events of deletions", len(subjects))
    return WHOLE if all(len(each) > MAX_FIELDS_OF_A_PART for each in subjects) else IN_PART


@question(
    {
        ABSORBED: "The connector asks for it, finds none, and marks it as deleted.",
        SURVIVOR: "The other customer is marked as deleted if the event names it.",
    }
)
def merged_object(inquiry: Inquiry) -> str:
    """Which of the two customers is the event of a merger about?"""
    event = _events(inquiry, MERGED)[0]
    inquiry.note_fields("customers", event["data"])
    answer = inquiry.record("customers", _key(inquiry, "customers", event))
    return ABSORBED if answer.outcome == MISSING or not answer.answered.body else SURVIVOR


@question(
    {
        NAMES_BOTH: "The connector learns which customer is gone, and whose contacts to read again.",
        NAMES_ONE: "The connector learns of one of them. Contacts, payment sources and pending lines of the other are "
        "read again when those of all customers are.",
    }
)
def merged_names(inquiry: Inquiry) -> str:
    """Does the event of a merger name the other customer?"""
    event = parse_event(_events(inquiry, MERGED)[0])
    return NAMES_BOTH if event is not None and event.parents else NAMES_ONE


@question(
    {
        GONE: "The connector asks for the record, finds none, and marks it as deleted.",
        KEPT: "The connector asks for the record, and hands it on as it is now.",
        AS_BEFORE: "The connector asks for the record, and hands it on once more.",
    }
)
def after_deletion(inquiry: Inquiry, name: str, kind: str, is_marked: Callable[[Row], bool]) -> str:
    """What remains of a record that an event reports as deleted?

    :param is_marked: whether a record is marked as no longer valid
    """
    answer = inquiry.record(name, _key(inquiry, name, _events(inquiry, kind)[0]))
    if answer.outcome == MISSING:
        return GONE
    body = answer.answered.body
    return KEPT if isinstance(body, dict) and is_marked(body) else AS_BEFORE


@question(
    {
        EACH: "Events can be relied on to tell what was deleted.",
        SOME: "Events may not tell all that was deleted. What they miss stays until the data of the stream is cleared.",
        NONE: "Events do not tell what was deleted. It stays until the data of the stream is cleared.",
    }
)
def have_events(inquiry: Inquiry) -> str:
    """Do the last changes of customers and invoices have their events?"""
    answer = EVENTS.base(inquiry, "events")
    since = min(EVENTS.times(inquiry, "events", answer.rows), default=0)
    latest_event: dict[tuple[str, Hashable], int] = {}
    for row in answer.rows:
        about = (str(row.get("type")).partition(".")[0], _subject(row).get("id"))
        latest_event[about] = max(latest_event.get(about, 0), inquiry.stream("events").timestamp(row) or 0)
    changed = [
        (at, (kind, row.get("id")))
        for kind, name in (("customer", "customers"), ("invoice", "invoices"))
        for row in CHANGES.base(inquiry, name).listed.rows
        if (at := inquiry.stream(name).timestamp(row)) is not None
        and since <= at <= (answer.listed.server_time or at) - TOLERANCE
    ]
    if not changed:
        raise CannotTell("nothing changed since the oldest of the newest events")
    last = sorted(changed, key=lambda each: each[0])[-LAST_CHANGES:]
    found = [latest_event.get(about, 0) >= at - TOLERANCE for at, about in last]
    inquiry.note("changes", len(last))
    inquiry.note("changes with an event", sum(found))
    return EACH if all(found) else SOME if any(found) else NONE


@question(
    {
        ALL: "A sync may come as late as it likes, and learns what was deleted.",
        A_YEAR: "A sync after a pause of more than a year may not learn all that was deleted, and says so.",
        LESS: "A sync after a longer pause than events are kept does not learn all that was deleted, and says so.",
    }
)
def events_reach(inquiry: Inquiry) -> str:
    """How far do events reach back?"""
    page = inquiry.page("events", params=EVENTS.oldest).listed
    times = EVENTS.times(inquiry, "events", page.rows)
    is_whole = not page.has_next(len(page.rows))
    if not times or not (is_whole or times == sorted(times)) or page.server_time is None:
        raise CannotTell("the oldest events do not come first")
    first = min(times)
    oldest = min([first, *_created(inquiry)])
    if page.server_time - oldest < SECONDS_PER_YEAR:
        raise CannotTell("the account is younger than a year")
    if first - oldest < SECONDS_PER_DAY:
        return ALL
    return A_YEAR if page.server_time - first > SECONDS_PER_YEAR else LESS


def _created(inquiry: Inquiry) -> list[int]:
    """When records that are likely to be old were created (seconds since 1970, UTC)."""
    pages = [(inquiry.stream(name), CHANGES.base(inquiry, name).page) for name in FIRST_RECORDS]
    times = [
        stream.timestamp_format.parse(row.get("created_at")) for stream, page in pages if page for row in page.rows
    ]
    return [each for each in times if each is not None and each > 0]


@question(
    {
        IN_ORDER: "A sync learns of a deletion when it happens.",
        LATE: "A sync looks an hour back for events that come late. One that comes still later is not seen.",
    }
)
def late_events(inquiry: Inquiry) -> str:
    """Did an event that was added during the probe happen before others that were already listed?"""
    stream, previous = inquiry.stream("events"), EVENTS.base(inquiry, "events").rows
    now = inquiry.page("events", params=WITH_USER)
    if now.page is None:
        now = inquiry.page("events", refetch=True)
    known = {stream.key(row) for row in previous}
    oldest, newest = min(times := EVENTS.times(inquiry, "events", previous)), max(times)
    new = EVENTS.times(inquiry, "events", [row for row in now.rows if stream.key(row) not in known])
    new = [at for at in new if at > oldest]  # of those of that second, some may not have fitted on the page
    if not new:
        raise CannotTell("nothing happened in the account meanwhile")
    inquiry.note("new events", len(new))
    return LATE if min(new) < newest else IN_ORDER
