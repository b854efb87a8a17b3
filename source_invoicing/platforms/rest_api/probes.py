"""What a declaration assumes of its API and can be settled by reading: of any list, what the connector relies on."""

from __future__ import annotations

from collections.abc import Sequence

from source_invoicing.platforms.rest_api.streams import RestStream
from source_invoicing.platforms.rest_api.timestamps import unit_of
from source_invoicing.streams import ChildStream, InvoicingStream, PageRequest
from source_invoicing.streams.probing import (
    ANSWERS,
    HONOURED,
    CannotTell,
    Inquiry,
    Mark,
    Probe,
    Question,
    lists_of,
    question,
)
from source_invoicing.streams.probing.changes import ALWAYS, INCLUDED, SOMETIMES, Changes, boundary, change_filter
from source_invoicing.streams.probing.lists import (
    CAPPED,
    ENDS,
    NO_ADDRESS,
    ONCE,
    RIGHT,
    STABLE,
    TAKEN,
    last_page,
    listed,
    order_stable,
    row_listed,
    total_right,
)

MORE, NEVER = "more rows come", "on no row"


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


def probes_of(streams: Sequence[InvoicingStream]) -> list[Probe]:
    """The probes of declared streams, one question after the other: should requests run out, all streams have had the
    first ones. Lists of parents, and lists that versions select, are left out."""
    lists = lists_of(streams).values()
    asked = [each for each in lists if isinstance(each, RestStream) and not isinstance(each, ChildStream)]
    asked = [each for each in asked if not each.declared.has_versions]
    dated_ones = [each for each in asked if isinstance(each.cursor_field, str) and each.cursor_field]
    filtered = [each for each in dated_ones if each.declared.sends_since]
    of_changes = {each.name: Changes(unit=unit_of(each.declared.since.format)) for each in filtered}
    return [
        *(_probe(each, "listed", "{} can be read.", listed(each.name), ANSWERS) for each in asked),
        *(_probe(each, "rows", "Each row of {} is listed once.", row_listed(each.name), ONCE) for each in asked),
        *(_probe(each, "dated", "Rows of {} carry the cursor.", dated(each.name), ALWAYS) for each in dated_ones),
        *(
            probe
            for each in filtered
            for probe in (
                _probe(
                    each, "filter", "The filter selects {}.", change_filter(each.name, of_changes[each.name]), HONOURED
                ),
                _probe(
                    each,
                    "boundary",
                    "The filter lists {} of the very time that is asked for.",
                    boundary(each.name, of_changes[each.name]),
                    INCLUDED,
                ),
            )
        ),
        *(
            _probe(each, "size", "A page of {} is as long as declared.", declared_size(each.name, size), TAKEN)
            for each in asked
            if (size := each.declared.pager.size)
        ),
        *(
            _probe(each, "stable", "{} come in the same order each time.", order_stable(each.name), STABLE)
            for each in asked
        ),
        *(_probe(each, "end", "The last page ends {}.", last_page(each.name), (ENDS, NO_ADDRESS)) for each in asked),
        *(_probe(each, "total", "The total of {} is right.", total_right(each.name), RIGHT) for each in asked),
    ]


def _probe(stream: InvoicingStream, what: str, fact: str, asked: Question, assumed: str | tuple[str, ...]) -> Probe:
    """What a user has declared is as good as inferred."""
    return Probe(f"{stream.name}-{what}", fact.format(stream.name), Mark.INFERRED, asked, assumed)
