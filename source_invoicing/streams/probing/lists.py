"""Questions about lists, pages, paths and parameters."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

from source_invoicing.http import whole_number
from source_invoicing.streams.derived import first
from source_invoicing.streams.page import PageRequest, Row
from source_invoicing.streams.probing import (
    ABSENT,
    ANSWERS,
    HONOURED,
    IGNORED,
    MISSING,
    NO_ACCESS,
    PRESENT,
    REFUSED,
    UNREADABLE,
    Answer,
    CannotTell,
    Params,
    question,
)
from source_invoicing.streams.probing.inquiry import Inquiry

TAKEN, CAPPED = "taken", "fewer rows come"
EMPTY, ROWS, FIRST_ROWS = "no rows", "rows", "the first rows again"
STABLE, UNSTABLE = "the same each time", "another each time"
ONCE, SEVERAL = "once", "several times"
ENDS, GOES_ON, NO_ADDRESS = "ends there", "goes on", "names no next page"
ANOTHER_KEY = "another key"
OLDEST_ROW, NEWEST_ROW, BY_CHANGE, NO_ORDER = "oldest row first", "newest row first", "by time of change", "none"
# Pages of a list that are followed to see how it ends.
MAX_PAGES = 4
# Any two are in some order.
FEWEST_IN_ORDER = 3


@question(
    {
        ANSWERS: "It can be read.",
        MISSING: "There is no such path in this account.",
        NO_ACCESS: "These credentials, or the plan of the account, may not read it.",
        REFUSED: "The path is known, and refuses to be asked in this way.",
        UNREADABLE: "What comes cannot be read by the connector.",
    }
)
def path(
    inquiry: Inquiry, path: str, like: str, params: Params | None = None, page_params: Params | None = None
) -> str:
    """Does a path answer?

    :param like: a stream with requests of the same kind, whose rows have the ids for the path
    :param page_params: see :meth:`.Inquiry.rows`
    """
    key = inquiry.stream(like).key(inquiry.rows(like, page_params)[0]) if "{id}" in path else None
    return inquiry.page(like, path=path, params=params, key=key).outcome


@question(
    {
        ANSWERS: "The stream can be read.",
        MISSING: "The stream cannot be read from this account.",
        NO_ACCESS: "These credentials, or the plan of the account, may not read the stream.",
        REFUSED: "The stream cannot be read in this way.",
        UNREADABLE: "What comes is not the list that the connector expects, so the stream fails.",
    }
)
def listed(inquiry: Inquiry, name: str, params: Params | None = None) -> str:
    """Does a list answer?"""
    answer = inquiry.page(name, params=params)
    if answer.page is not None:
        inquiry.note("rows", len(answer.page.rows))
    return answer.outcome


@question(
    {
        TAKEN: "The parameter does no harm.",
        REFUSED: "The parameter has to be left out.",
    }
)
def parameter(inquiry: Inquiry, name: str, params: Params, combined_with: Params | None = None) -> str:
    """Does a list accept a parameter?

    :param combined_with: parameters of another probe of the same list: if both are accepted, one request answers both
    """
    answer = _with_another(inquiry, name, params, combined_with)
    if answer.refused and inquiry.page(name).page is not None:
        return REFUSED
    _ = answer.listed  # raises where no list came
    return TAKEN


def _with_another(inquiry: Inquiry, name: str, params: Params, combined_with: Params | None) -> Answer:
    """A page requested with parameters and those of another probe, or without the latter if that is refused."""
    both = inquiry.page(name, params={**params, **(combined_with or {})})
    return inquiry.page(name, params=params) if combined_with and both.page is None else both


@question(
    {
        HONOURED: "The filter could be used. The connector does not need it.",
        IGNORED: "The filter has no effect. The connector does not need it.",
        REFUSED: "The filter must not be sent. The connector does not need it.",
    }
)
def selection(
    inquiry: Inquiry,
    name: str,
    params: Params,
    matches: Callable[[Row], bool],
    *,
    page_params: Params | None = None,
    combined_with: Params | None = None,
) -> str:
    """Does a parameter select rows?

    :param matches: whether the parameter should select a row
    :param page_params: parameters of a page without it, see :meth:`.Inquiry.rows`
    :param combined_with: see :func:`parameter`
    """
    if all(map(matches, inquiry.rows(name, page_params))):
        raise CannotTell("there is no row that would be left out")
    answer = _with_another(inquiry, name, params, combined_with)
    if (
        combined_with and answer.page is not None and not answer.page.rows
    ):  # either of the two may have excluded all rows
        answer = inquiry.page(name, params=params)
    if answer.refused:
        return REFUSED
    inquiry.note("rows selected", len(answer.listed.rows))
    return HONOURED if all(map(matches, answer.listed.rows)) else IGNORED


@question(
    {
        HONOURED: "The filter can be used.",
        IGNORED: "The filter has no effect, so it cannot be used.",
        REFUSED: "The filter must not be sent.",
    }
)
def selects_none(inquiry: Inquiry, name: str, params: Params, combined_with: Params | None = None) -> str:
    """Is the list empty under a filter that matches no row?

    :param combined_with: see :func:`parameter`
    """
    answer = _with_another(inquiry, name, params, combined_with)
    if answer.refused:
        return REFUSED
    inquiry.note("rows with the filter", len(answer.listed.rows))
    if answer.listed.rows:
        return IGNORED
    inquiry.note("rows without the filter", len(inquiry.page(name).rows))
    return HONOURED


@question({})
def observation(inquiry: Inquiry, name: str, see: Callable[[Answer], str], params: Params | None = None) -> str:
    """What does an answer show? The probe says what that means.

    :param see: returns the outcome; raises :class:`CannotTell`
    """
    answer = inquiry.page(name, params=params)
    if answer.response is None:
        raise CannotTell(answer.outcome)
    return see(answer)


@question(
    {
        TAKEN: "So many rows can be asked for at once.",
        CAPPED: "So many rows cannot be had at once. The connector notices how many a page has.",
        REFUSED: "So many rows must not be asked for at once.",
    }
)
def page_size(inquiry: Inquiry, name: str, param: str, size: int) -> str:
    """Does a page hold as many rows as are asked for?"""
    answer = inquiry.page(name, params={param: size})
    if answer.refused:
        return REFUSED
    page = answer.listed
    inquiry.note("rows", len(page.rows))
    if page.size is not None:  # the API reports the size that it has understood
        inquiry.note("rows that the API takes for a page", page.size)
        return TAKEN if page.size >= size else CAPPED
    if len(page.rows) >= size:
        return TAKEN
    if page.has_more or (page.total or 0) > len(page.rows):
        return CAPPED
    following = inquiry.stream(name).paging.following(PageRequest(), page) if page.total is None else None
    if following is not None and inquiry.page(name, following, {param: size}).listed.rows:
        return CAPPED
    raise CannotTell("the list is shorter than such a page")


@question(
    {
        EMPTY: "The end of a list shows as an empty page.",
        REFUSED: "The connector should not ask behind the end. It does where nothing else shows that there is one.",
        FIRST_ROWS: "The connector sees that the rows come again, and ends the list there.",
        ROWS: "The list has rows there, so it is long, or pages are counted in another way.",
    }
)
def page_at(
    inquiry: Inquiry,
    name: str,
    request: PageRequest,
    *,
    in_order: bool = False,
    page_params: Params | None = None,
    combined_with: Params | None = None,
) -> str:
    """What is at a place in a list, such as far beyond its end?

    :param in_order: whether a page may have to be requested right after the previous one, here the first
    :param page_params: parameters of pages that other probes request too
    :param combined_with: see :func:`parameter`
    """
    start = inquiry.page(name, params=page_params).rows
    if request.number > 1 and inquiry.page(name, params=page_params, refetch=in_order).listed.has_more:
        raise CannotTell("the list has several pages")
    answer = inquiry.page(name, request, {**(page_params or {}), **(combined_with or {})})
    if combined_with and answer.page is None:
        answer = inquiry.page(name, request, page_params)
    if answer.refused:
        return REFUSED
    key = inquiry.stream(name).key
    if not answer.listed.rows:
        return EMPTY
    return FIRST_ROWS if key(answer.listed.rows[0]) == key(start[0]) else ROWS


@question(
    {
        PRESENT: "A total proves that a list is complete.",
        ABSENT: "Nothing but the pages themselves shows that a list is complete.",
    }
)
def total(inquiry: Inquiry, name: str) -> str:
    """Does a list say how many rows it has?"""
    return ABSENT if inquiry.page(name).listed.total is None else PRESENT


@question(
    {
        ENDS: "The end of the list shows.",
        NO_ADDRESS: "The end of the list shows.",
        FIRST_ROWS: "The API does not page as declared, so the stream ends early or fails. Check its pagination.",
        GOES_ON: "The list is longer than it says. Check the pagination of the stream.",
        UNREADABLE: "Its pages contradict each other, so the stream fails. Check the pagination of the stream.",
        REFUSED: "A page that should be there is refused, so the stream fails. Check the pagination of the stream.",
    }
)
def last_page(inquiry: Inquiry, name: str) -> str:
    """Does the list end where it says so?"""
    _, last, following = followed(inquiry, name)
    if last.page is not None and following is None:
        return NO_ADDRESS
    beyond = inquiry.page(name, following) if last.page is not None else last
    if beyond.page is None:
        if beyond.response is not None and beyond.response.body == inquiry.page(name).answered.body:
            return FIRST_ROWS  # refused as a page, since they contradict a total
        return ENDS if last.page is not None and beyond.outcome in (REFUSED, MISSING) else beyond.outcome
    key = inquiry.stream(name).key
    known = set(map(key, inquiry.page(name).listed.rows)) | set(map(key, last.listed.rows))
    new = [row for row in beyond.listed.rows if key(row) not in known]
    return GOES_ON if new else FIRST_ROWS if beyond.listed.rows else ENDS


def followed(inquiry: Inquiry, name: str) -> tuple[int, Answer, PageRequest | None]:
    """Follow a list to its end.

    :return: the number of different rows, the last page, and the request for the page after it
    """
    stream, request, rows_so_far = inquiry.stream(name), PageRequest(), 0
    keys: set[Hashable] = set()
    for number in range(1, MAX_PAGES + 1):
        answer = inquiry.page(name, request)
        if number > 1 and answer.page is None:
            return len(keys), answer, None
        page = answer.listed
        new = set(map(stream.key, page.rows)) - keys
        keys |= new
        rows_so_far += len(page.rows)
        inquiry.note("pages", number)
        following = stream.paging.following(request, page)
        if following is None or not page.has_next(rows_so_far) or (page.rows and not new):
            return len(keys), answer, following
        request = following
    raise CannotTell("the list is too long to be followed to its end")


@question(
    {
        STABLE: "Pages fit together as long as nothing changes.",
        UNSTABLE: "Pages do not fit together: sort by a field that differs from row to row.",
    }
)
def order_stable(inquiry: Inquiry, name: str) -> str:
    """Do the same rows come in the same order when they are requested once more?"""
    rows = inquiry.page(name).rows
    if len(rows) == 1:
        raise CannotTell("the list has one row")
    key = inquiry.stream(name).key
    refetched = inquiry.page(name, refetch=True).listed.rows
    return STABLE if [*map(key, rows)] == [*map(key, refetched)] else UNSTABLE


@question(
    dict.fromkeys(
        (OLDEST_ROW, NEWEST_ROW, BY_CHANGE, NO_ORDER),
        "The connector reads the list in any order, as long as it is the same each time.",
    )
)
def row_order(inquiry: Inquiry, name: str) -> str:
    """In which order is a list?"""
    stream, rows = inquiry.stream(name), inquiry.page(name).rows
    ids = [number for row in rows if (number := whole_number(first(stream.key(row)))) is not None]
    parse = stream.timestamp_format.parse
    times = [time for row in rows if (time := parse(stream.cursor_value(row))) is not None]
    if len(ids) < FEWEST_IN_ORDER:
        raise CannotTell("the list has too few rows with a number for a key")
    orders = {
        OLDEST_ROW: ids == sorted(ids),
        NEWEST_ROW: ids == sorted(ids, reverse=True),
        BY_CHANGE: bool(times) and times in (sorted(times), sorted(times, reverse=True)),
    }
    return next((name for name, holds in orders.items() if holds), NO_ORDER)


@question(
    {
        ONCE: "Each row is listed once.",
        SEVERAL: "Rows are listed several times, and handed on once.",
    }
)
def row_listed(inquiry: Inquiry, name: str) -> str:
    """Is each row listed once?"""
    keys = [*map(inquiry.stream(name).key, inquiry.page(name).rows)]
    inquiry.note("rows", len(keys))
    inquiry.note("different rows", len(set(keys)))
    return ONCE if len(set(keys)) == len(keys) else SEVERAL


@question({ANOTHER_KEY: "The connector does not find the rows there: the name has to be added."})
def list_key(inquiry: Inquiry, name: str, keys: tuple[str, ...], params: Params | None = None) -> str:
    """Under which key are the rows?

    :param keys: the documented keys, which are the outcomes
    :param params: parameters of a page that was requested already
    """
    answer = inquiry.page(name, params=params)
    body = answer.body
    if not isinstance(body, Mapping) or (answer.page is None and answer.outcome in (MISSING, NO_ACCESS, REFUSED)):
        raise CannotTell(answer.outcome)
    return next((key for key in keys if key in body), ANOTHER_KEY)
