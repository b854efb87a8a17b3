"""What Zoho's products can be asked about their own ways: page_context, limits, organizations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from source_invoicing.http import whole_number
from source_invoicing.platforms.zoho.common import page_context
from source_invoicing.platforms.zoho.details import ZohoDetails
from source_invoicing.streams import Row
from source_invoicing.streams.probing import (
    ABSENT,
    ANSWERS,
    HONOURED,
    IGNORED,
    PRESENT,
    REFUSED,
    Answer,
    CannotTell,
    Inquiry,
    Params,
    question,
)

OBJECT, ARRAY = "an object", "an array"
ALL, SOME = "all rows", "only some rows"
BELOW_ZERO = "below zero"
ONE_OFFSET, SEVERAL_OFFSETS = "the same on each row", "another on some rows"
HEADER_PREFIX = "X-com-zoho"
AS_LISTED, ANOTHER = "as in the list", "another than in the list"
FEWER = "fewer at once"
LEFT_OUT = "left out"
AS_DECLARED, MORE = "what is declared", "other fields or types"
# As many documents as the connector asks for at once.
MOST_AT_ONCE = 100
A_FEW = 3
# Members of documents that hold lists.
WITH_LINES = ("line_items", "invoices", "bills")
# No id of Zoho's is as short.
DEAD_ID = "1"


def context_form(answer: Answer) -> str:
    """How a list describes its page."""
    context = _context(answer)
    return OBJECT if isinstance(context, dict) else ARRAY if isinstance(context, list) else ABSENT


def paged(answer: Answer) -> str:
    """Whether a list describes its page."""
    if answer.page is None:
        raise CannotTell(answer.outcome)
    return PRESENT if _context(answer) else ABSENT


def _context(answer: Answer) -> Any:
    body = answer.response.body if answer.response is not None else None
    return body.get("page_context") if isinstance(body, dict) else None


def default_filter(answer: Answer) -> str:
    """Which rows a list shows unless it is asked for others."""
    applied = page_context(answer.response).get("applied_filter") if answer.response is not None else None
    if not isinstance(applied, str):
        raise CannotTell("the answer does not say which filter was applied")
    return ALL if applied.endswith(".All") else SOME


def rate_headers(answer: Answer) -> str:
    """Whether calls that are left are told."""
    left = answer.response.headers.get("X-Rate-Limit-Remaining", "") if answer.response is not None else ""
    return ABSENT if not left else BELOW_ZERO if whole_number(left) is None else PRESENT


def offsets(answer: Answer) -> str:
    """Whether all times have the same offset from UTC."""
    found = {time[-5:] for row in answer.rows if isinstance(time := row.get("last_modified_time"), str) and time}
    if not found:
        raise CannotTell("no row has a time")
    return ONE_OFFSET if len(found) == 1 else SEVERAL_OFFSETS


def counted(answer: Answer) -> str:
    """Whether a list counts its rows when asked to."""
    context = page_context(answer.response) if answer.response is not None else {}
    return PRESENT if context.get("total") is not None or context.get("count") is not None else ABSENT


@question(
    {
        HONOURED: "The connector reads what the filter names.",
        IGNORED: "The connector notices, and says what it cannot read.",
        REFUSED: "The connector asks without it.",
    }
)
def applied_filter(inquiry: Inquiry, name: str, filter_by: str) -> str:
    """Is a filter applied, by what the answer says of itself?"""
    answer = inquiry.page(name, params={"filter_by": filter_by})
    if answer.refused:
        return REFUSED
    applied = page_context(answer.response).get("applied_filter") if answer.response is not None else None
    if not isinstance(applied, str):
        raise CannotTell("the answer does not say which filter was applied")
    return HONOURED if applied == filter_by else IGNORED


@question(
    {
        PRESENT: "A connection without an id fails with the names of the organizations.",
        ABSENT: "A connection without an id fails without the names of the organizations.",
    }
)
def organizations_named(inquiry: Inquiry) -> str:
    """Does a request that names none of several organizations get their names?"""
    _several(inquiry)
    answer = inquiry.page("invoices", params={"organization_id": None})
    body = answer.response.body if answer.response is not None else None
    if answer.failure is None or not isinstance(body, dict):
        raise CannotTell("the request was not refused")
    return PRESENT if body.get("error_info") else ABSENT


@question(dict.fromkeys((HONOURED, IGNORED), "The connector names the organization in the query."))
def organization_header(inquiry: Inquiry, product: str) -> str:
    """Does a header choose one of several organizations?"""
    organization = _several(inquiry)
    header = {f"{HEADER_PREFIX}-{product}-organizationid": organization}
    answer = inquiry.page("invoices", params={"organization_id": None}, headers=header)
    return HONOURED if answer.page is not None else IGNORED


def _several(inquiry: Inquiry) -> str:
    """The id of the organization that is read, where there are several."""
    organization = inquiry.stream("invoices").account.id
    if organization is None or len(inquiry.page("organizations").rows) == 1:
        raise CannotTell("the user has one organization")
    return organization


def _document(inquiry: Inquiry, name: str, row: Row | None = None) -> tuple[Any, dict[str, Any]]:
    """A row of a list asked for by itself: as it came, and without an array around it.

    :param row: by default the first one
    :raises CannotTell: when it does not come
    """
    stream = inquiry.stream(name)
    key = stream.key(inquiry.page(name).rows[0] if row is None else row)
    answer = inquiry.page(name, path=f"{stream.resource}/{{id}}", key=key)
    body = answer.answered.body
    found = (
        [each for each in body.values() if isinstance(each, (dict, list)) and each] if isinstance(body, dict) else []
    )
    value = found[0] if found else None
    document = value[0] if isinstance(value, list) else value
    if not isinstance(document, dict):
        raise CannotTell("no document comes")
    return value, document


@question(
    {
        AS_DECLARED: "Each field has its place in the schema.",
        MORE: "The report lists which fields the schema does not declare, or declares as another type.",
    }
)
def detail_known(inquiry: Inquiry, name: str, details: type[ZohoDetails], among: Params | None = None) -> str:
    """Does a document hold what the schema of its details says?

    :param details: the stream of them, whether it is read or not
    :param among: see :meth:`.Inquiry.rows`
    """
    _, document = _document(inquiry, name, inquiry.rows(name, among)[0])
    return AS_DECLARED if inquiry.compare(details(inquiry.stream(name).account), document) else MORE


@question(dict.fromkeys((OBJECT, ARRAY), "The connector finds the document in either."))
def detail_form(inquiry: Inquiry, name: str) -> str:
    """How is a document written?"""
    value, _ = _document(inquiry, name)
    return ARRAY if isinstance(value, list) else OBJECT


@question(dict.fromkeys((OBJECT, ARRAY), "A line that stands alone becomes a list of one."))
def detail_lines(inquiry: Inquiry, among: Mapping[str, Params | None]) -> str:
    """How are the lines of a document written that has a single one?

    :param among: lists of documents, and how pages of them were asked for already
    """
    for name, params in among.items():
        page = inquiry.page(name, params=params).page
        for row in page.rows[:1] if page is not None else ():
            found = [_document(inquiry, name, row)[1].get(member) for member in WITH_LINES]
            for lines in filter(None, found):
                if isinstance(lines, dict) or (isinstance(lines, list) and len(lines) == 1):
                    return OBJECT if isinstance(lines, dict) else ARRAY
    raise CannotTell("no document has a single line")


@question(dict.fromkeys((PRESENT, ABSENT), "What is blank and what is missing become the same."))
def detail_blanks(inquiry: Inquiry, name: str) -> str:
    """Does a document show members that hold nothing?"""
    _, document = _document(inquiry, name)
    return PRESENT if any(value in ("", [], {}) for value in document.values()) else ABSENT


@question(
    {
        AS_LISTED: "A document is asked for once for each change.",
        ANOTHER: "The time in the list decides whether a document is asked for.",
        ABSENT: "A detail gets the time in the list.",
    }
)
def detail_time(inquiry: Inquiry, name: str) -> str:
    """Does a document carry the time of change that its list has?"""
    _, document = _document(inquiry, name)
    stream, row = inquiry.stream(name), inquiry.page(name).rows[0]
    if not document.get("last_modified_time"):
        return ABSENT
    return AS_LISTED if stream.timestamp(document) == stream.timestamp(row) else ANOTHER


@question(
    {
        ANSWERS: "Documents are asked for by the hundred.",
        FEWER: "The connector asks for fewer at once, until that is taken.",
        REFUSED: "The connector asks for fewer at once, down to one by one.",
    }
)
def details_at_once(inquiry: Inquiry, name: str, path: str, param: str, among: Params | None = None) -> str:
    """Can a hundred documents be asked for at once? If not, a few of them?"""
    stream, rows = inquiry.stream(name), inquiry.rows(name, among)
    outcome = ""
    for most, taken in ((MOST_AT_ONCE, ANSWERS), (A_FEW, FEWER)):
        inquiry.note("documents", len(rows[:most]))
        ids = ",".join(str(stream.key(row)) for row in rows[:most])
        outcome = inquiry.page(name, path=path, params={param: ids, "filter_by": None}).outcome
        if outcome == ANSWERS:
            return taken
    return outcome


@question(
    {
        LEFT_OUT: "A document that vanished does not keep others from being read.",
        REFUSED: "Where a document vanished, each is asked for by itself.",
    }
)
def dead_document(inquiry: Inquiry, name: str, path: str, param: str, among: Params | None = None) -> str:
    """What if one of several documents is gone?"""
    key = inquiry.stream(name).key(inquiry.rows(name, among)[0])
    answer = inquiry.page(name, path=path, params={param: f"{key},{DEAD_ID}", "filter_by": None})
    return LEFT_OUT if answer.failure is None else REFUSED
