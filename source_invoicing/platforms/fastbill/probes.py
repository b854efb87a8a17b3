"""What is assumed of FastBill and can be settled by reading a real account.
https://apidocs.fastbill.com/fastbill/en/fundamentals.html"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any

from source_invoicing.http import whole_number
from source_invoicing.streams import PageRequest, Row
from source_invoicing.streams.probing import (
    ABSENT,
    ANSWERS,
    HONOURED,
    IGNORED,
    MISSING,
    REFUSED,
    Answer,
    CannotTell,
    Inquiry,
    Mark,
    Probe,
    question,
)
from source_invoicing.streams.probing.changes import ALWAYS, SOMETIMES, Changes, carries, change_filter
from source_invoicing.streams.probing.lists import (
    CAPPED,
    EMPTY,
    OLDEST_ROW,
    STABLE,
    TAKEN,
    order_stable,
    page_at,
    page_size,
    parameter,
    path,
    row_listed,
    row_order,
    selects_none,
)
from source_invoicing.streams.probing.lists import CHANGES as CHANGES_EACH_TIME
from source_invoicing.streams.timestamps import SECONDS_PER_DAY, format_utc

VERIFIED, INFERRED = Mark.VERIFIED, Mark.INFERRED
#: Far behind the end of any list.
FAR = 10_000_000
IN_FUTURE = "2099-01-01"
ARRAY, INDICES, OBJECT = "an array", "an object of indices", "an object"
TEXT, NUMBER, BOTH, NULL, NO_LIST = "text", "number", "both", "null", "no list at all"
DAY_FIRST, YEAR_FIRST = "day first", "year first"
APART, SHARED = "other documents", "some of the same documents"
JSON, PLAIN = "JSON", "another type"
UNDERSTOOD = dict.fromkeys(
    (ARRAY, INDICES, OBJECT, TEXT, NUMBER, BOTH, NULL, NO_LIST), "The connector reads it in any of its forms."
)


def updated(seconds: int) -> Mapping[str, Any]:
    """The filter of documents that changed on a day or later."""
    return {"FILTER": {"START_LASTUPDATE": format_utc(seconds, "%Y-%m-%d")}}


CHANGES = Changes(since=updated, unit=SECONDS_PER_DAY)


def form(value: Any) -> str:
    """How a list is written."""
    if isinstance(value, list):
        return ARRAY
    if not isinstance(value, dict):
        return NULL if value is None else TEXT
    return INDICES if value and all(whole_number(name) is not None for name in value) else OBJECT


def body_of(answer: Answer) -> Any:
    """What is under ``RESPONSE``, as it came."""
    body = answer.response.body if answer.response is not None else None
    return body.get("RESPONSE") if isinstance(body, dict) else None


def rows_in(inquiry: Inquiry, name: str, service: str, list_key: str, offset: int = 0) -> list[Row]:
    """The rows of a page as they came: a page that is read as a list is tidied."""
    body = body_of(inquiry.page(name, PageRequest(offset=offset), path=service))
    found = body.get(list_key) if isinstance(body, dict) else None
    if isinstance(found, dict):  # rows by their number, or under the name of one; or a row that stands alone
        held = [*found.values()]
        if not all(isinstance(each, (dict, list)) for each in held):
            held = [found]
        found = [row for each in held for row in (each if isinstance(each, list) else [each])]
    return [row for row in found or () if isinstance(row, dict)]


@question(
    {
        HONOURED: "The list comes in pages.",
        IGNORED: "Each request is answered with the whole list. The connector notices, and asks once.",
    }
)
def paged(inquiry: Inquiry, name: str, service: str, list_key: str) -> str:
    """Does a page begin with the row that is asked for?"""
    first, second = rows_in(inquiry, name, service, list_key), rows_in(inquiry, name, service, list_key, offset=1)
    if len(first) < 2:  # noqa: PLR2004  # nothing is left out of one row
        raise CannotTell("the list has too few rows")
    key = inquiry.stream(name).key
    return IGNORED if second and key(second[0]) == key(first[0]) else HONOURED


@question(UNDERSTOOD)
def container(inquiry: Inquiry, name: str, service: str, list_key: str) -> str:
    """How are the rows of a page written?"""
    body = body_of(inquiry.page(name, path=service))
    if not isinstance(body, dict) or not body.get(list_key):
        raise CannotTell("the list has no rows")
    return form(body[list_key])


@question(UNDERSTOOD)
def empty_list(inquiry: Inquiry, name: str, service: str, list_key: str) -> str:
    """What stands for no rows?"""
    body = body_of(inquiry.page(name, PageRequest(offset=FAR), path=service))
    if not isinstance(body, dict):
        return NO_LIST if body == [] else "not as documented"
    if body.get(list_key):
        raise CannotTell("there are rows")
    return form(body[list_key]) if list_key in body else NO_LIST


@question(UNDERSTOOD)
def lines(inquiry: Inquiry, name: str, service: str, list_key: str, field: str) -> str:
    """How are the lists inside a row written?"""
    forms = {form(row[field]) for row in rows_in(inquiry, name, service, list_key) if row.get(field)}
    return one_of(forms)


@question(UNDERSTOOD)
def number_form(inquiry: Inquiry, name: str, field: str, *, inside: str = "") -> str:
    """Is a number, or an id, written as text?"""
    rows: Iterable[Row] = inquiry.page(name).rows
    if inside:
        rows = [each for row in rows for each in row.get(inside) or () if isinstance(each, dict)]
    kinds = {TEXT if isinstance(row[field], str) else NUMBER for row in rows if row.get(field) not in (None, "", [])}
    return one_of(kinds)


@question({DAY_FIRST: "The connector turns the date around.", YEAR_FIRST: "The date is taken as it is."})
def payment_date(inquiry: Inquiry) -> str:
    """How is the date of a payment written?"""
    rows = rows_in(inquiry, "invoices", "invoice.get", "INVOICES")
    payments = [each for row in rows if isinstance(row.get("PAYMENTS"), list) for each in row["PAYMENTS"]]
    return one_of({DAY_FIRST if "." in str(each.get("DATE")) else YEAR_FIRST for each in payments if each.get("DATE")})


def one_of(kinds: set[str]) -> str:
    """The only kind there is, or both.

    :raises CannotTell: when there is none
    """
    if not kinds:
        raise CannotTell("no row has a value there")
    return next(iter(kinds)) if len(kinds) == 1 else BOTH


@question(UNDERSTOOD)
def errors_form(inquiry: Inquiry) -> str:
    """How are the words of an error written?"""
    body = body_of(inquiry.page("invoices", path="nothing.get"))
    if not isinstance(body, dict) or not body.get("ERRORS"):
        raise CannotTell("no words come with a refusal")
    return form(body["ERRORS"])


@question(dict.fromkeys((JSON, PLAIN), "The connector reads the body, whatever its label."))
def label(inquiry: Inquiry) -> str:
    """How are answers labelled?"""
    answer = inquiry.page("invoices")
    kind = answer.response.headers.get("Content-Type", "") if answer.response is not None else ""
    return JSON if kind.startswith("application/json") else PLAIN


@question(UNDERSTOOD)
def category_form(inquiry: Inquiry, name: str) -> str:
    """Is a category a word or a list?"""
    return one_of({form(row["CATEGORY"]) for row in inquiry.page(name).rows if row.get("CATEGORY")})


@question(
    {
        APART: "What is in both streams can be added up.",
        SHARED: "Some documents are in both streams. Do not add them up.",
    }
)
def overlap(inquiry: Inquiry, name: str, other: str) -> str:
    """Are documents of a list those of another?"""
    # Ids are unique within a service only.
    same = itemgetter("INVOICE_ID", "INVOICE_NUMBER", "INVOICE_DATE", "TOTAL")
    one, two = ({same(defaultdict(str, row)) for row in inquiry.page(each).rows} for each in (name, other))
    inquiry.note("documents in both", len(one & two))
    return SHARED if one & two else APART


@question(
    {
        HONOURED: "The connector could ask for one project, and does not yet.",
        IGNORED: "The connector reads all documents, and leaves out those of other projects.",
        REFUSED: "The connector reads all documents, and leaves out those of other projects.",
    }
)
def project_filter(inquiry: Inquiry, name: str) -> str:
    """Does ``PROJECT_ID`` select documents?"""
    projects = [str(row.get("PROJECT_ID") or 0) for row in inquiry.page(name).rows]
    chosen = next((each for each in projects if each != "0"), None)
    if chosen is None or len(set(projects)) == 1:
        raise CannotTell("no two rows are of different projects")
    answer = inquiry.page(name, params={"FILTER": {"PROJECT_ID": chosen}})
    if answer.refused:
        return REFUSED
    return HONOURED if all(str(row.get("PROJECT_ID")) == chosen for row in answer.rows) else IGNORED


INVOICES = ("invoices", "invoice.get", "INVOICES")
TIMES = ("times", "time.get", "TIMES")
TEMPLATES = ("templates", "template.get", "TEMPLATES")
SERVICE = {
    ANSWERS: "The connector could read what is there.",
    REFUSED: "It is not there, or the account may not ask for it.",
}

PROBES: tuple[Probe, ...] = (
    *(
        Probe(f"{name}-filter", f"START_LASTUPDATE selects {name}.", mark, change_filter(name, CHANGES), HONOURED)
        for name, mark in (("invoices", VERIFIED), ("revenues", INFERRED))
    ),
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
        Probe(f"{name}-offset", f"{name.capitalize()} come in pages.", INFERRED, paged(name, service, key), HONOURED)
        for name, service, key in (INVOICES, TIMES, TEMPLATES)
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
        {CHANGES_EACH_TIME: "Pages do not fit together, so a sync may miss rows."},
    ),
    Probe("invoices-listed", "An invoice is listed once.", INFERRED, row_listed("invoices"), "once"),
    Probe("revenues-overlap", "Revenues are no invoices.", INFERRED, overlap("revenues", "invoices"), APART),
    Probe("category", "The category of an expense is a word.", INFERRED, category_form("expenses"), TEXT),
    Probe("container", "The rows of a page are an array.", VERIFIED, container(*INVOICES), ARRAY),
    Probe("empty-list", "An empty array stands for no rows.", VERIFIED, empty_list(*INVOICES), ARRAY),
    Probe("nested", "The lines of an invoice are an array.", INFERRED, lines(*INVOICES, "ITEMS"), ARRAY),
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
    Probe(
        "invoices-dated",
        "Every invoice carries LASTUPDATE.",
        INFERRED,
        carries("invoices", "LASTUPDATE"),
        ALWAYS,
    ),
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
