"""Checks of what a declaration says about its API, and of what the connector relies on in any list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from source_invoicing.http.retry import RESET_HEADERS
from source_invoicing.platforms.rest_api.pagers import NoPager
from source_invoicing.platforms.rest_api.paths import MISSING, dig
from source_invoicing.platforms.rest_api.streams import RestStream
from source_invoicing.platforms.rest_api.timestamps import unit_of
from source_invoicing.streams import ChildStream, InvoicingStream, PageRequest
from source_invoicing.streams.probing import (
    ABSENT,
    ANSWERS,
    HONOURED,
    INFERRED,
    PRESENT,
    Answer,
    CannotTell,
    Probe,
    Question,
    question,
)
from source_invoicing.streams.probing.changes import ALWAYS, INCLUDED, SOMETIMES, Changes, boundary, change_filter
from source_invoicing.streams.probing.inquiry import Inquiry, lists_of
from source_invoicing.streams.probing.lists import (
    CAPPED,
    ENDS,
    NO_ADDRESS,
    OLDEST_ROW,
    ONCE,
    STABLE,
    TAKEN,
    followed,
    last_page,
    listed,
    observation,
    order_stable,
    row_listed,
    row_order,
)

RIGHT, WRONG, UNDECLARED = "right", "wrong", "none is declared"
MORE, NEVER = "more rows come", "on no row"
NUMBERS, TEXTS, BOTH = "numbers", "text", "both"
# 2100-01-01.
IN_FUTURE = 4_102_444_800
A_LIST, NULL, NOTHING = "an empty list", "null", "nothing"


@question(
    {
        TAKEN: "Pages are as long as declared.",
        CAPPED: "Pages are shorter than declared. That costs requests and nothing else; declare the smaller size.",
        MORE: "The API does not page as declared. Check the name of the parameter, or declare a list without pages.",
    }
)
def declared_size(inquiry: Inquiry, name: str, size: int) -> str:
    """Are pages as long as declared?"""
    page = inquiry.page(name).listed
    rows = len(page.rows)
    inquiry.note("rows", rows)
    if rows >= size:
        return TAKEN if rows == size else MORE
    following = inquiry.stream(name).paging.following(PageRequest(), page)
    if following is not None and page.has_next(rows) and inquiry.page(name, following).listed.rows:
        return CAPPED
    raise CannotTell("the list is shorter than such a page")


@question(
    {
        ALWAYS: "The cursor can be relied on.",
        SOMETIMES: "Rows without a time of change are emitted by each sync that meets them.",
        NEVER: "Each sync emits the whole list. Check cursor_field.",
    }
)
def dated(inquiry: Inquiry, name: str) -> str:
    """Do rows carry the cursor?"""
    rows = inquiry.page(name).rows
    times = Changes().times(inquiry, name, rows)
    return ALWAYS if len(times) == len(rows) else SOMETIMES if times else NEVER


@question(
    {
        RIGHT: "A total proves that a list is complete.",
        WRONG: "A list seems to break off, or to go on, where it does not. Remove total_path or total_header.",
        UNDECLARED: "Nothing but the pages themselves shows that a list is complete. "
        "If responses count the rows, declare total_path or total_header.",
    }
)
def total_right(inquiry: Inquiry, stream: RestStream) -> str:
    """Is the total the number of rows?"""
    if not stream.declared.pager.info.total_at:
        return UNDECLARED
    rows, last, _ = followed(inquiry, stream.name)
    inquiry.note("rows", rows)
    totals = [page.total for page in (last.listed, inquiry.page(stream.name).listed) if page.total is not None]
    if not totals:  # later pages may lack the header
        raise CannotTell("no total comes")
    return RIGHT if totals[0] == rows else WRONG


@question(
    {
        NUMBERS: "The key is handed on as a number.",
        TEXTS: "The key is handed on as text.",
        BOTH: "7 and '7' are taken for one key, and each is handed on as it comes.",
    }
)
def key_form(inquiry: Inquiry, streams: Sequence[RestStream]) -> str:
    """Are keys numbers or text?"""
    kinds = set()
    for stream in streams:
        if page := inquiry.page(stream.name).page:
            values = [dig(row, path) for row in page.rows for path in stream.key_within_list]
            kinds |= {TEXTS if isinstance(value, str) else NUMBERS for value in values}
    if not kinds:
        raise CannotTell("no list has rows")
    return kinds.pop() if len(kinds) == 1 else BOTH


@question(
    {
        A_LIST: "The list ends there.",
        NULL: "The list ends there.",
        NOTHING: "The list ends there if a total says so. If not, set absent_when_empty.",
    }
)
def empty_form(inquiry: Inquiry, streams: Sequence[RestStream]) -> str:
    """How is a page without rows written? An empty list, a filter by a future time or a page after the end shows it."""
    for answer, stream in _likely_empty(inquiry, streams):
        if answer.response is not None and not (answer.page and answer.page.rows):
            found = dig(answer.response.body, stream.declared.record_path)
            return NOTHING if found is MISSING else NULL if found is None else A_LIST
    raise CannotTell("no page is empty")


def _likely_empty(inquiry: Inquiry, streams: Sequence[RestStream]) -> Iterator[tuple[Answer, RestStream]]:
    yield from ((inquiry.page(each.name), each) for each in streams)
    for each in streams:
        if each.declared.sends_since:
            yield inquiry.page(each.name, PageRequest(since=IN_FUTURE)), each
    for each in streams:
        with suppress(CannotTell):  # too long to be followed
            _, last, following = followed(inquiry, each.name)
            yield last if following is None else inquiry.page(each.name, following), each


def limits(answer: Answer) -> str:
    """Whether headers say when the quota is reset."""
    return PRESENT if answer.response and any(name in answer.response.headers for name in RESET_HEADERS) else ABSENT


def probes_of(streams: Sequence[InvoicingStream]) -> list[Probe]:
    """The probes of declared streams, question by question: if requests run out, the first ones reach all streams.
    Without lists per parent, and lists that are selected by row version."""
    lists = lists_of(streams).values()
    asked = [each for each in lists if isinstance(each, RestStream) and not isinstance(each, ChildStream)]
    asked = [each for each in asked if not each.declared.has_versions]
    dated_ones = [each for each in asked if isinstance(each.cursor_field, str) and each.cursor_field]
    names = [each.name for each in asked]
    probes: list[Probe] = []

    def ask(name: str, what: str, fact: str, asking: Question, assumed: str | tuple[str, ...]) -> None:
        # A user's declaration counts as inferred.
        probes.append(Probe(f"{name}-{what}", fact.format(name), INFERRED, asking, assumed))

    for name in names:
        ask(name, "listed", "The list {} can be read.", listed(name), ANSWERS)
    for name in names:
        ask(name, "rows", "Each row of {} is listed once.", row_listed(name), ONCE)
    for each in dated_ones:
        ask(each.name, "dated", "Rows of {} carry the cursor.", dated(each.name), ALWAYS)
    for each in dated_ones:
        if each.declared.sends_since:
            name, changes = each.name, Changes(unit=unit_of(each.declared.since.format))
            ask(name, "filter", "The filter selects {}.", change_filter(name, changes), HONOURED)
            fact = "The filter lists {} of the very time that is asked for."
            ask(name, "boundary", fact, boundary(name, changes), INCLUDED)
    for each in asked:
        if size := each.declared.pager.size:
            ask(each.name, "size", "A page of {} is as long as declared.", declared_size(each.name, size), TAKEN)
    for name in names:
        ask(name, "stable", "The list {} comes in the same order each time.", order_stable(name), STABLE)
    for name in names:
        ask(name, "order", "The list {} comes oldest row first.", row_order(name), OLDEST_ROW)
    for each in asked:
        if not isinstance(each.declared.pager, NoPager):
            ask(each.name, "end", "The last page ends the list {}.", last_page(each.name), (ENDS, NO_ADDRESS))
    for each in asked:
        ask(each.name, "total", "The total of {} is right, if there is one.", total_right(each), (RIGHT, UNDECLARED))
    probes.append(Probe("keys", "Keys are of one type.", INFERRED, key_form(asked), (NUMBERS, TEXTS)))
    probes.append(Probe("empty", "An empty list stands for no rows.", INFERRED, empty_form(asked), A_LIST))
    advice = {
        PRESENT: "A refused call is sent again when they say.",
        ABSENT: "A refused call is sent again after a pause that grows.",
    }
    fact = "Headers tell when calls are counted anew."
    of_first = [observation(name, limits) for name in names[:1]]
    return probes + [Probe("limits", fact, INFERRED, asking, PRESENT, advice) for asking in of_first]
