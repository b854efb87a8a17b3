"""What Zoho's products can be asked about their own ways: page_context, limits, organizations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from source_invoicing.http import whole_number
from source_invoicing.platforms.zoho.common import page_context
from source_invoicing.platforms.zoho.details import ZohoDetails
from source_invoicing.streams import PageRequest, Row
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

#: Lists of documents, and how pages of them were asked for already.
Documents = Mapping[str, Params | None]


@question(dict.fromkeys((OBJECT, ARRAY, ABSENT), "The connector reads either, and does without."))
def context_form(inquiry: Inquiry, *names: str) -> str:
    """How do lists describe their pages? It is absent where one of them does without.

    :param names: a list that may be long, and one that likely fits on a page
    """
    answers = [answer for name in names if (answer := inquiry.page(name)).page is not None]
    if not answers:
        raise CannotTell("no list answers")
    contexts = [*map(_context, answers)]
    kind = ABSENT if not all(contexts) else ARRAY if isinstance(contexts[0], list) else OBJECT
    inquiry.note("lists", len(answers))
    return kind


@question({PRESENT: "The list is read page by page.", ABSENT: "The whole list is one page."})
def paged(inquiry: Inquiry, name: str) -> str:
    """Does a list come in pages? One that does not describe its first page is asked for a second one."""
    answer, params = inquiry.page(name), {}
    if answer.refused:
        params = {"filter_by": None}
        answer = inquiry.page(name, params=params)
    if _context(answer):
        return PRESENT
    key = inquiry.stream(name).key
    rows = [*map(key, answer.rows)]
    behind = inquiry.page(name, PageRequest(number=2), params).listed.rows
    return ABSENT if rows == [*map(key, behind)] else PRESENT


def _context(answer: Answer) -> Any:
    body = answer.response.body if answer.response is not None else None
    return body.get("page_context") if isinstance(body, dict) else None


@question(dict.fromkeys((ALL, SOME), "The connector asks for all of them."))
def default_filter(inquiry: Inquiry, name: str, among: Params | None = None) -> str:
    """Which rows does a list show unless it is asked for others? Where it does not say, its rows do.

    :param among: of a page of all rows, see :meth:`.Inquiry.rows`
    """
    answer = inquiry.page(name, params={"filter_by": None})
    applied = _applied_filter(answer)
    if applied is not None:
        return ALL if applied.endswith(".All") else SOME
    if answer.listed.has_more is not False:
        raise CannotTell("the answer does not say which filter was applied")
    key, rows = inquiry.stream(name).key, inquiry.rows(name, among)
    if not set(map(key, rows)) <= set(map(key, answer.listed.rows)):
        return SOME
    if len({row.get("status") for row in rows}) == 1:
        raise CannotTell("there is no row that would be left out")
    return ALL


def _applied_filter(answer: Answer) -> str | None:
    applied = page_context(answer.response).get("applied_filter") if answer.response is not None else None
    return applied if isinstance(applied, str) else None


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


@question(
    {
        PRESENT: "The count could prove that the list is complete.",
        ABSENT: "The connector does without.",
        REFUSED: "The connector does without.",
    }
)
def counted(inquiry: Inquiry, name: str, params: Params) -> str:
    """Does a list count its rows when asked to?"""
    # The page before the first one is asked for along with it.
    answer = inquiry.page(name, PageRequest(number=0), params)
    if answer.page is None:
        answer = inquiry.page(name, params=params)
    if answer.refused:
        return REFUSED
    if inquiry.page(name).listed.total is not None:
        raise CannotTell("a total comes without being asked for")
    context = page_context(answer.answered)
    return PRESENT if context.get("total") is not None or context.get("count") is not None else ABSENT


@question(
    {
        HONOURED: "Rows can be counted at little cost. The report has the names of the fields.",
        IGNORED: "Rows are counted by reading them.",
        REFUSED: "Rows are counted by reading them.",
    }
)
def count_alone(inquiry: Inquiry, name: str, params: Params) -> str:
    """Does a list leave out its rows when a count alone is asked for?"""
    stream = inquiry.stream(name)
    answer = inquiry.page(name, path=stream.resource, params=params)
    if answer.refused:
        return REFUSED
    body = answer.answered.body
    return IGNORED if isinstance(body, dict) and body.get(stream.resource) else HONOURED


@question(
    {
        "recurringbills": "The connector finds it at either of two paths.",
        "recurring_bills": "The connector finds it at either of two paths.",
        MISSING: "The details of recurring bills cannot be read.",
    }
)
def path_of_one(inquiry: Inquiry, name: str, places: Sequence[str]) -> str:
    """Below which of some paths is a row found by its id?

    :param places: the likeliest one first; they are the outcomes
    """
    key = inquiry.stream(name).key(inquiry.page(name).rows[0])
    for place in places:
        answer = inquiry.page(name, path=f"{place}/{{id}}", key=key)
        if answer.outcome == ANSWERS:
            return place
        if answer.outcome != MISSING:
            raise CannotTell(answer.outcome)
    return MISSING


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
    applied = _applied_filter(answer)
    if applied is None:
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


Found = tuple[str, Row, Any, dict[str, Any]]


def _documents(inquiry: Inquiry, among: Documents) -> Iterator[Found]:
    """The first document of each of some lists, where it comes: the list, the row in it, the document as it came, and
    without an array around it.

    :param among: the lists, and how pages of them were asked for already
    """
    for name, params in among.items():
        page = inquiry.page(name, params=params).page
        for row in page.rows[:1] if page is not None else ():
            with suppress(CannotTell):
                yield name, row, *_document(inquiry, name, row)


def _some_document(inquiry: Inquiry, among: Documents) -> Found:
    """The first of :func:`_documents`.

    :raises CannotTell: when none comes
    """
    found = next(_documents(inquiry, among), None)
    if found is None:
        raise CannotTell("no document comes")
    return found


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
def detail_form(inquiry: Inquiry, among: Documents) -> str:
    """How is a document written?

    :param among: see :func:`_documents`
    """
    _, _, value, _ = _some_document(inquiry, among)
    return ARRAY if isinstance(value, list) else OBJECT


@question(dict.fromkeys((OBJECT, ARRAY), "A line that stands alone becomes a list of one."))
def detail_lines(inquiry: Inquiry, among: Documents) -> str:
    """How are the lines of a document written that has a single one?

    :param among: see :func:`_documents`
    """
    for *_, document in _documents(inquiry, among):
        for lines in filter(None, map(document.get, WITH_LINES)):
            if isinstance(lines, dict) or (isinstance(lines, list) and len(lines) == 1):
                return OBJECT if isinstance(lines, dict) else ARRAY
    raise CannotTell("no document has a single line")


@question(dict.fromkeys((PRESENT, ABSENT), "What is blank and what is missing become the same."))
def detail_blanks(inquiry: Inquiry, among: Documents) -> str:
    """Does a document show members that hold nothing?

    :param among: see :func:`_documents`
    """
    *_, document = _some_document(inquiry, among)
    return PRESENT if any(value in ("", [], {}) for value in document.values()) else ABSENT


@question(
    {
        AS_LISTED: "A document is asked for once for each change.",
        ANOTHER: "The time in the list decides whether a document is asked for.",
        ABSENT: "A detail gets the time in the list.",
    }
)
def detail_time(inquiry: Inquiry, among: Documents) -> str:
    """Does a document carry the time of change that its list has?

    :param among: see :func:`_documents`
    """
    for name, row, _, document in _documents(inquiry, among):
        stream = inquiry.stream(name)
        listed = stream.timestamp(row)
        if listed is not None:
            time = stream.timestamp(document)
            return ABSENT if time is None else AS_LISTED if time == listed else ANOTHER
    raise CannotTell("no document has a time in its list")


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
