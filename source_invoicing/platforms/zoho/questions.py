"""Questions to Zoho's API about its behavior: page_context, limits, organizations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from source_invoicing.http import whole_number
from source_invoicing.platforms.zoho.common import page_context
from source_invoicing.streams import PageRequest, compact_offset
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
    Params,
    question,
)
from source_invoicing.streams.probing.changes import Changes
from source_invoicing.streams.probing.inquiry import Inquiry

CHANGES = Changes(
    since=lambda seconds: {"last_modified_time": compact_offset(seconds)},
    oldest={"sort_column": "last_modified_time", "sort_order": "A"},
    newest={"sort_column": "last_modified_time", "sort_order": "D"},
    field="last_modified_time",
    filter_name="last_modified_time",
    sort_name="sort_column=last_modified_time",
)
UNSORTED = replace(CHANGES, oldest={}, newest={})
CREATED = Changes(oldest={"sort_column": "created_time", "sort_order": "A"}, field="created_time")

OBJECT, ARRAY = "an object", "an array"
ALL, SOME = "all rows", "only some rows"
BELOW_ZERO = "below zero"
ONE_OFFSET, SEVERAL_OFFSETS = "the same on each row", "another on some rows"
HEADER_PREFIX = "X-com-zoho"


@question(dict.fromkeys((OBJECT, ARRAY, ABSENT), "The connector reads either, and does without."))
def context_form(inquiry: Inquiry, *names: str) -> str:
    """How is page_context written? It counts as absent if one list lacks it.

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
    """Does a list come in pages? Without page_context, its second page shows it."""
    answer, params = inquiry.page(name), {}
    if answer.refused:
        params = {"filter_by": None}
        answer = inquiry.page(name, params=params)
    if _context(answer):
        return PRESENT
    key = inquiry.stream(name).key
    rows = [*map(key, answer.rows)]
    following = inquiry.page(name, PageRequest(number=2), params).listed.rows
    return ABSENT if rows == [*map(key, following)] else PRESENT


def _context(answer: Answer) -> Any:
    return answer.body.get("page_context") if isinstance(answer.body, dict) else None


@question(dict.fromkeys((ALL, SOME), "The connector asks for all of them."))
def default_filter(inquiry: Inquiry, name: str, page_params: Params | None = None) -> str:
    """Which rows does a list show without a filter? If it does not name the filter it applied, its rows show it.

    :param page_params: of a page of all rows, see :meth:`.Inquiry.rows`
    """
    answer = inquiry.page(name, params={"filter_by": None})
    applied = _applied_filter(answer)
    if applied is not None:
        return ALL if applied.endswith(".All") else SOME
    if answer.listed.has_more is not False:
        raise CannotTell("the answer does not say which filter was applied")
    key, rows = inquiry.stream(name).key, inquiry.rows(name, page_params)
    if not set(map(key, rows)) <= set(map(key, answer.listed.rows)):
        return SOME
    if len({row.get("status") for row in rows}) == 1:
        raise CannotTell("there is no row that would be left out")
    return ALL


def _applied_filter(answer: Answer) -> str | None:
    applied = page_context(answer.response).get("applied_filter") if answer.response is not None else None
    return applied if isinstance(applied, str) else None


def rate_headers(answer: Answer) -> str:
    """Whether the remaining calls are reported."""
    remaining = answer.header("X-Rate-Limit-Remaining")
    return ABSENT if not remaining else BELOW_ZERO if whole_number(remaining) is None else PRESENT


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
    # Together with page 0, which another probe asks about.
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
    """Under which of several paths is a row found by its id?

    :param places: the most likely one first; they are the outcomes
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
    """Is a filter applied, by what the answer reports?"""
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
    """Does the refusal of a request without an organization name the user's organizations?"""
    _several(inquiry)
    answer = inquiry.page("invoices", params={"organization_id": None})
    if answer.failure is None or not isinstance(answer.body, dict):
        raise CannotTell("the request was not refused")
    return PRESENT if answer.body.get("error_info") else ABSENT


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
