"""Checks of assumptions about single documents of Zoho's products, which are requested by their ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from source_invoicing.platforms.zoho.details import MAX_AT_ONCE, BulkDetails, InvoiceDetails, ItemDetails, ZohoDetails
from source_invoicing.platforms.zoho.questions import ARRAY, CHANGES, OBJECT
from source_invoicing.streams import Resource, Row
from source_invoicing.streams.probing import (
    ABSENT,
    ANSWERS,
    INFERRED,
    MISSING,
    PRESENT,
    REFUSED,
    VERIFIED,
    CannotTell,
    Params,
    Probe,
    in_words,
    question,
)
from source_invoicing.streams.probing.inquiry import Inquiry
from source_invoicing.streams.probing.lists import path

AS_LISTED, ANOTHER = "as in the list", "another than in the list"
FEWER = "fewer at once"
LEFT_OUT = "left out"
AS_DECLARED, MORE = "what is declared", "other fields or types"
A_FEW = 3
# Members of documents that hold lists.
WITH_LINES = ("line_items", "invoices", "bills")
# No id at Zoho is this short.
DEAD_ID = "1"

#: Lists of documents, and the parameters with which a page of each was already requested.
ListsToTry = Mapping[str, Params | None]
#: Lists whose first document is requested.
DOCUMENTS: ListsToTry = {"invoices": None, "expenses": None, "customer_payments": CHANGES.newest}
# Its documents have the modification time under another name.
OTHERWISE_TIMED = "customer_payments"


def _document(inquiry: Inquiry, name: str, row: Row) -> tuple[Row, str]:
    """Request the document of a row: the document, and how it is written.

    :raises CannotTell: when the answer holds none
    """
    stream = inquiry.stream(name)
    body = inquiry.page(name, path=f"{stream.resource}/{{id}}", key=stream.key(row)).answered.body
    members = body.values() if isinstance(body, dict) else ()
    value = next((each for each in members if isinstance(each, (dict, list)) and each), None)
    document, form = (value[0], ARRAY) if isinstance(value, list) else (value, OBJECT)
    if not isinstance(document, dict):
        raise CannotTell("no document comes")
    return document, form


Found = tuple[Resource, Row, Row, str]


def _documents(inquiry: Inquiry, lists: ListsToTry) -> Iterator[Found]:
    """The first document of each list, if it can be read: the list, the row in it, the document, and how it is
    written."""
    for name, params in lists.items():
        page = inquiry.page(name, params=params).page
        for row in page.rows[:1] if page is not None else ():
            with suppress(CannotTell):
                yield inquiry.stream(name), row, *_document(inquiry, name, row)


def _some_document(inquiry: Inquiry, lists: ListsToTry) -> Found:
    """The first of :func:`_documents`.

    :raises CannotTell: when there is none
    """
    for found in _documents(inquiry, lists):
        return found
    raise CannotTell("no document comes")


@question(
    {
        AS_DECLARED: "Each field has its place in the schema.",
        MORE: "The report lists which fields the schema does not declare, or declares as another type.",
    }
)
def detail_known(inquiry: Inquiry, name: str, details: type[ZohoDetails], page_params: Params | None = None) -> str:
    """Does a document hold what the schema of its details declares?

    :param details: their stream, which need not be selected
    :param page_params: see :meth:`.Inquiry.rows`
    """
    document, _ = _document(inquiry, name, inquiry.rows(name, page_params)[0])
    return AS_DECLARED if inquiry.shapes.note(details(inquiry.stream(name).account), [document]) else MORE


@question(dict.fromkeys((OBJECT, ARRAY), "The connector finds the document in either."))
def detail_form(inquiry: Inquiry, lists: ListsToTry) -> str:
    """How is a document written?"""
    *_, form = _some_document(inquiry, lists)
    return form


@question(dict.fromkeys((OBJECT, ARRAY), "A line that stands alone becomes a list of one."))
def detail_lines(inquiry: Inquiry, lists: ListsToTry) -> str:
    """How is a single line of a document written?"""
    for _, _, document, _ in _documents(inquiry, lists):
        for lines in filter(None, map(document.get, WITH_LINES)):
            if isinstance(lines, dict) or (isinstance(lines, list) and len(lines) == 1):
                return OBJECT if isinstance(lines, dict) else ARRAY
    raise CannotTell("no document has a single line")


@question(dict.fromkeys((PRESENT, ABSENT), "What is blank and what is missing become the same."))
def detail_blanks(inquiry: Inquiry, lists: ListsToTry) -> str:
    """Does a document have empty members?"""
    _, _, document, _ = _some_document(inquiry, lists)
    return PRESENT if any(value in ("", [], {}) for value in document.values()) else ABSENT


@question(
    {
        AS_LISTED: "A document is asked for once for each change.",
        ANOTHER: "The time in the list decides whether a document is asked for.",
        ABSENT: "A detail gets the time in the list.",
    }
)
def detail_time(inquiry: Inquiry, lists: ListsToTry) -> str:
    """Does a document have the modification time that it has in its list?"""
    for stream, row, document, _ in _documents(inquiry, lists):
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
def details_at_once(inquiry: Inquiry, name: str, kind: type[BulkDetails]) -> str:
    """Can a hundred documents be requested at once? If not, a few of them?"""
    stream, rows, (path, param) = inquiry.stream(name), inquiry.rows(name, CHANGES.newest), kind.bulk
    outcome = ""
    for most, taken in ((MAX_AT_ONCE, ANSWERS), (A_FEW, FEWER)):
        inquiry.note("documents", len(rows[:most]))
        ids = ",".join(str(stream.key(row)) for row in rows[:most])
        outcome = inquiry.page(name, path=path, params={param: ids, "filter_by": None}).outcome
        if outcome == ANSWERS:
            if len(rows) < most:
                raise CannotTell("the list has fewer rows than that")
            return taken
    return outcome


@question(
    {
        LEFT_OUT: "A document that vanished does not keep others from being read.",
        REFUSED: "Where a document vanished, each is asked for by itself.",
    }
)
def dead_document(inquiry: Inquiry, name: str, kind: type[BulkDetails]) -> str:
    """How is a request for several documents answered if one of them is gone?"""
    path, param = kind.bulk
    key = inquiry.stream(name).key(inquiry.rows(name, CHANGES.newest)[0])
    answer = inquiry.page(name, path=path, params={param: f"{key},{DEAD_ID}", "filter_by": None})
    return LEFT_OUT if answer.failure is None else REFUSED


def probes_of_documents(lists: ListsToTry) -> list[Probe]:
    """The probes of documents, requested one by one and several at once.

    :param lists: lists whose first documents are used
    """
    return [
        Probe("detail", "/invoices/{id} answers.", VERIFIED, path("invoices/{id}", "invoices"), ANSWERS),
        Probe(
            "detail-gone",
            "A document that does not exist is not found.",
            VERIFIED,
            path(f"invoices/{DEAD_ID}", "invoices"),
            MISSING,
            {
                MISSING: "One that vanished is left out.",
                REFUSED: "One that vanished ends the stream with an error.",
                ANSWERS: "One that vanished cannot be told from one that is there.",
            },
        ),
        Probe("detail-form", "A document stands alone in its answer.", VERIFIED, detail_form(lists), OBJECT),
        Probe("detail-lines", "A single line is in an array.", INFERRED, detail_lines(lists), ARRAY),
        Probe("detail-blanks", "A document shows members that hold nothing.", VERIFIED, detail_blanks(lists), PRESENT),
        probe_of_details("invoices", InvoiceDetails),
        Probe(
            "detail-time",
            "A document carries the time that it has in its list.",
            INFERRED,
            detail_time({name: params for name, params in lists.items() if name != OTHERWISE_TIMED}),
            AS_LISTED,
        ),
        Probe(
            "items-at-once",
            "/itemdetails takes a hundred ids.",
            INFERRED,
            details_at_once("items", ItemDetails),
            ANSWERS,
        ),
        Probe(
            "dead-item",
            "Of several items, one that is gone keeps the others from being read.",
            VERIFIED,
            dead_document("items", ItemDetails),
            REFUSED,
        ),
    ]


def probe_of_details(name: str, kind: type[ZohoDetails], page_params: Params | None = None) -> Probe:
    """The probe that documents hold what the schema of their details declares.

    :param page_params: parameters of a page that was already requested
    """
    fact = f"The details of {in_words(name)} hold what their schema declares."
    return Probe(f"{name}-detail", fact, INFERRED, detail_known(name, kind, page_params), AS_DECLARED)
