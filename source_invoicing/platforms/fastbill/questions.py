"""Questions to FastBill's API about its behavior: how lists, values and errors are written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from operator import itemgetter
from typing import Any, cast

from source_invoicing.http import whole_number
from source_invoicing.platforms.fastbill.streams import FastBillStream
from source_invoicing.streams import PageRequest, Row
from source_invoicing.streams.probing import ABSENT, HONOURED, IGNORED, PRESENT, REFUSED, Answer, CannotTell, question
from source_invoicing.streams.probing.changes import Changes
from source_invoicing.streams.probing.inquiry import Inquiry
from source_invoicing.streams.timestamps import SECONDS_PER_DAY, format_utc

#: An offset after the end of any list.
FAR = 10_000_000
ARRAY, INDICES, OBJECT = "an array", "an object of indices", "an object"
TEXT, NUMBER, BOTH, NULL, NO_LIST = "text", "number", "both", "null", "no list at all"
DAY_FIRST, YEAR_FIRST = "day first", "year first"
APART, SHARED = "other documents", "some of the same documents"
JSON, PLAIN = "JSON", "another type"
UNDERSTOOD = dict.fromkeys(
    (ARRAY, INDICES, OBJECT, TEXT, NUMBER, BOTH, NULL, NO_LIST), "The connector reads it in any of its forms."
)
CHANGES = Changes(
    since=lambda seconds: {"FILTER": {"START_LASTUPDATE": format_utc(seconds, "%Y-%m-%d")}},
    unit=SECONDS_PER_DAY,
    filter_name="START_LASTUPDATE",
)


def form(value: Any) -> str:
    """How a list is written."""
    if isinstance(value, list):
        return ARRAY
    if not isinstance(value, dict):
        return NULL if value is None else TEXT
    return INDICES if value and all(whole_number(name) is not None for name in value) else OBJECT


def response_of(answer: Answer) -> Any:
    """What is under ``RESPONSE``, unchanged."""
    return answer.body.get("RESPONSE") if isinstance(answer.body, dict) else None


def raw_page(inquiry: Inquiry, name: str, offset: int = 0) -> tuple[Any, str]:
    """What is under ``RESPONSE`` of a page, unchanged, and the key of the list in it."""
    stream = cast(FastBillStream, inquiry.stream(name))
    return response_of(inquiry.page(name, PageRequest(offset=offset), path=stream.resource)), stream.list_key


def raw_rows(inquiry: Inquiry, name: str, offset: int = 0) -> list[Row]:
    """The rows of a page, unchanged."""
    body, list_key = raw_page(inquiry, name, offset)
    found = body.get(list_key) if isinstance(body, dict) else None
    if isinstance(found, dict):  # rows by index, rows under the name of an element, or a single row
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
def paged(inquiry: Inquiry, name: str) -> str:
    """Does a page begin with the row at the requested offset?"""
    first, second = raw_rows(inquiry, name), raw_rows(inquiry, name, offset=1)
    if len(first) < 2:  # noqa: PLR2004  # an offset needs a second row
        raise CannotTell("the list has too few rows")
    key = inquiry.stream(name).key
    return IGNORED if second and key(second[0]) == key(first[0]) else HONOURED


@question(UNDERSTOOD)
def container(inquiry: Inquiry, name: str) -> str:
    """How are the rows of a page written?"""
    body, list_key = raw_page(inquiry, name)
    if not isinstance(body, dict) or not body.get(list_key):
        raise CannotTell("the list has no rows")
    return form(body[list_key])


@question(UNDERSTOOD)
def empty_list(inquiry: Inquiry, name: str) -> str:
    """What stands for no rows?"""
    body, list_key = raw_page(inquiry, name, FAR)
    if not isinstance(body, dict):
        return NO_LIST if body == [] else "not as documented"
    if body.get(list_key):
        raise CannotTell("there are rows")
    return form(body[list_key]) if list_key in body else NO_LIST


@question(UNDERSTOOD)
def lines(inquiry: Inquiry, name: str, field: str) -> str:
    """How are the lists inside a row written?"""
    return only_kind({form(row[field]) for row in raw_rows(inquiry, name) if row.get(field)})


@question(UNDERSTOOD)
def number_form(inquiry: Inquiry, name: str, field: str, *, inside: str = "") -> str:
    """Is a number, or an id, written as text?"""
    rows: Iterable[Row] = inquiry.page(name).rows
    if inside:
        rows = [each for row in rows for each in row.get(inside) or () if isinstance(each, dict)]
    kinds = {TEXT if isinstance(row[field], str) else NUMBER for row in rows if row.get(field) not in (None, "", [])}
    return only_kind(kinds)


@question({DAY_FIRST: "The connector turns the date around.", YEAR_FIRST: "The date is taken as it is."})
def payment_date(inquiry: Inquiry) -> str:
    """How is the date of a payment written?"""
    rows = raw_rows(inquiry, "invoices")
    payments = [each for row in rows if isinstance(row.get("PAYMENTS"), list) for each in row["PAYMENTS"]]
    return only_kind(
        {DAY_FIRST if "." in str(each.get("DATE")) else YEAR_FIRST for each in payments if each.get("DATE")}
    )


def only_kind(kinds: set[str]) -> str:
    """The only kind found, or ``BOTH``.

    :raises CannotTell: when there is none
    """
    if not kinds:
        raise CannotTell("no row has a value there")
    return next(iter(kinds)) if len(kinds) == 1 else BOTH


@question(UNDERSTOOD)
def errors_form(inquiry: Inquiry) -> str:
    """How are the words of an error written?"""
    body = response_of(inquiry.page("invoices", path="nothing.get"))
    if not isinstance(body, dict) or not body.get("ERRORS"):
        raise CannotTell("no words come with a refusal")
    return form(body["ERRORS"])


@question(dict.fromkeys((JSON, PLAIN), "The connector reads the body, whatever its label."))
def label(inquiry: Inquiry) -> str:
    """How are answers labelled?"""
    return JSON if inquiry.page("invoices").header("Content-Type").startswith("application/json") else PLAIN


@question(UNDERSTOOD)
def category_form(inquiry: Inquiry, name: str) -> str:
    """Is a category a word or a list?"""
    return only_kind({form(row["CATEGORY"]) for row in inquiry.page(name).rows if row.get("CATEGORY")})


@question(
    {
        APART: "What is in both streams can be added up.",
        SHARED: "Some documents are in both streams. Do not add them up.",
    }
)
def overlap(inquiry: Inquiry, name: str, other: str) -> str:
    """Do two lists share documents?"""
    # Ids are unique only within a service.
    same = itemgetter("INVOICE_ID", "INVOICE_NUMBER", "INVOICE_DATE", "TOTAL")
    one, two = ({same(defaultdict(str, row)) for row in inquiry.page(each).rows} for each in (name, other))
    inquiry.note("documents in both", len(one & two))
    return SHARED if one & two else APART


@question(
    {
        PRESENT: "The stream has them, with their own TYPE.",
        ABSENT: "The stream lacks them: the connector does not ask for them by their type yet.",
    }
)
def type_listed(inquiry: Inquiry, name: str, kind: str) -> str:
    """Are documents of a type listed unless another type is asked for?"""

    def is_of_type(row: Row) -> bool:
        return str(row.get("TYPE")).lower() == kind

    page = inquiry.page(name).listed
    if any(map(is_of_type, page.rows)):
        return PRESENT
    if not any(map(is_of_type, inquiry.page(name, params={"FILTER": {"TYPE": kind}}).listed.rows)):
        raise CannotTell("there is no document of that type")
    if page.has_more is not False:
        raise CannotTell("the list has several pages")
    return ABSENT


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
