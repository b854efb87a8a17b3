"""What Zoho's products can be asked about their own ways: page_context, limits, organizations."""

from __future__ import annotations

from typing import Any

from source_invoicing.http import whole_number
from source_invoicing.platforms.zoho.common import page_context
from source_invoicing.streams.probing import (
    ABSENT,
    HONOURED,
    IGNORED,
    PRESENT,
    REFUSED,
    Answer,
    CannotTell,
    Inquiry,
    question,
)

OBJECT, ARRAY = "an object", "an array"
ALL, SOME = "all rows", "only some rows"
BELOW_NOUGHT = "below nought"
ONE_OFFSET, SEVERAL_OFFSETS = "the same on each row", "another on some rows"
HEADER_PREFIX = "X-com-zoho"


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
    return ABSENT if not left else BELOW_NOUGHT if whole_number(left) is None else PRESENT


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
