"""Questions about reading what changed: the filter by time of change, its boundary, the order of the list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from source_invoicing.streams.page import PageRequest, Row
from source_invoicing.streams.probing import (
    ABSENT,
    HONOURED,
    IGNORED,
    REFUSED,
    Answer,
    CannotTell,
    Mark,
    Params,
    Probe,
    in_words,
    question,
)
from source_invoicing.streams.probing.inquiry import Inquiry

THAT_SECOND, NOTHING = "that second only", "nothing is listed"
INCLUDED, EXCLUDED = "included", "left out"
NEWEST_FIRST = "newest first, whatever is asked for"
ALWAYS, SOMETIMES = "on every row", "on some rows"
# With fewer different times, rows may be in order by chance.
FEWEST_TIMES = 3


@dataclass(frozen=True)
class Changes:
    """How to ask an API for what changed.

    :param since: the parameters for "changed since" a time (seconds since 1970, UTC); ``None``: those of the stream
    :param oldest: the parameters for "oldest change first"
    :param newest: the parameters for "newest change first"
    :param field: the field with the time of change; empty for the stream's cursor
    :param unit: the resolution of the filter in seconds
    :param filter_name: the name of the filter in the facts
    :param sort_name: the name of the order in the facts
    """

    since: Callable[[int], Params] | None = None
    oldest: Params = field(default_factory=dict)
    newest: Params = field(default_factory=dict)
    field: str = ""
    unit: int = 1
    filter_name: str = ""
    sort_name: str = ""

    def filter_probe(self, name: str, mark: Mark) -> Probe:
        """The filter selects what changed."""
        fact = f"{self.filter_name} selects {in_words(name)}."
        return Probe(f"{name}-filter", fact, mark, change_filter(name, self), HONOURED)

    def order_probe(self, name: str, mark: Mark, means: Mapping[str, str] | None = None) -> Probe:
        """A list can be sorted by time of change."""
        fact = f"{self.sort_name} orders {in_words(name)}."
        return Probe(f"{name}-order", fact, mark, change_order(name, self), HONOURED, means or {})

    def boundary_probe(self, name: str, mark: Mark, assumed: str) -> Probe:
        """The filter includes or excludes rows that changed in the very second that it names.

        :param assumed: which of the two
        """
        does = "lists" if assumed == INCLUDED else "leaves out"
        fact = f"{self.filter_name} {does} {in_words(name)} of the very second that it names."
        return Probe(f"{name}-boundary", fact, mark, boundary(name, self), assumed)

    def times(self, inquiry: Inquiry, name: str, rows: Sequence[Row]) -> list[int]:
        """The times at which rows changed; rows without a time are skipped."""
        stream = inquiry.stream(name)
        parse = stream.timestamp_format.parse
        found = [parse(row.get(self.field)) if self.field else stream.timestamp(row) for row in rows]
        return [seconds for seconds in found if seconds is not None]

    def base(self, inquiry: Inquiry, name: str) -> Answer:
        """A page of the list, newest change first where the API supports that."""
        answer = inquiry.page(name, params=self.newest)
        return inquiry.page(name) if self.newest and answer.page is None else answer

    def since_middle(self, inquiry: Inquiry, name: str) -> tuple[int, list[int], Answer]:
        """Ask for what changed since a time in the middle of those of a page. Only a third of them are earlier, so that
        in a short list enough are later to show an order.

        :return: the time in the middle, all times of the page, and the answer
        :raises CannotTell: when the rows do not differ in time
        """
        times = self.times(inquiry, name, self.base(inquiry, name).rows)
        different = _different(sorted({time // self.unit for time in times}))
        inquiry.note("rows without the filter", len(times))
        middle = different[len(different) // 3] * self.unit
        if self.since is None:
            return middle, times, inquiry.page(name, PageRequest(since=middle))
        sorts = self.oldest and inquiry.page(name, params=self.newest).page is not None
        answer = inquiry.page(name, params={**(self.oldest if sorts else {}), **self.since(middle)})
        return middle, times, answer


@question(
    {
        HONOURED: "A later sync asks for what changed and nothing else.",
        IGNORED: "Each sync reads the whole list and keeps what changed.",
        REFUSED: "The connector asks without the filter, so each sync reads the whole list.",
        THAT_SECOND: "The filter cannot be used. The connector notices, and reads the whole list.",
        NOTHING: "The filter cannot be used. The connector notices, and reads the whole list.",
    }
)
def change_filter(inquiry: Inquiry, name: str, changes: Changes) -> str:
    """Does the filter by time of change work?"""
    middle, times, answer = changes.since_middle(inquiry, name)
    if answer.refused:
        return REFUSED
    found = changes.times(inquiry, name, answer.listed.rows)
    inquiry.note("rows with the filter", len(found))
    if any(time // changes.unit < middle // changes.unit for time in found):
        return IGNORED
    if not found:
        return NOTHING
    later = [time for time in times if time // changes.unit > middle // changes.unit]
    if later and not any(time // changes.unit > middle // changes.unit for time in found):
        return THAT_SECOND
    return HONOURED


@question(
    {
        INCLUDED: "A later sync reads the rows of a second or two once more.",
        EXCLUDED: "The connector asks from one second earlier, so no row of the cursor's own second is missed.",
    }
)
def boundary(inquiry: Inquiry, name: str, changes: Changes) -> str:
    """Does the filter list a row that changed at the very time that it names?"""
    middle, _, answer = changes.since_middle(inquiry, name)
    found = changes.times(inquiry, name, answer.listed.rows)
    if not found or min(found) < middle:
        raise CannotTell("the filter does not hold")
    if any(time < middle + changes.unit for time in found):
        return INCLUDED
    if answer.listed.has_next(len(answer.listed.rows)) and found != sorted(found):
        raise CannotTell("the row may stand on a later page")
    return EXCLUDED


@question(
    {
        HONOURED: "Workers that share a list could each ask for a span of time. The connector does not do that yet.",
        IGNORED: "The connector does without.",
        REFUSED: "The connector does without.",
    }
)
def change_end(inquiry: Inquiry, name: str, changes: Changes, until: Callable[[int], Params]) -> str:
    """Does a filter work that ends at a time of change?

    :param until: the parameters for it
    """
    times = _different(sorted(set(changes.times(inquiry, name, changes.base(inquiry, name).rows))))
    middle = times[len(times) // 2]
    answer = inquiry.page(name, params={**changes.newest, **until(middle)})
    if answer.refused:
        return REFUSED
    found = changes.times(inquiry, name, answer.rows)
    return IGNORED if any(time > middle for time in found) else HONOURED


@question(
    {
        HONOURED: "The connector reads the list in the order of changes, and begins with the last one that it knows.",
        IGNORED: "The connector reads all pages of the list, in another order.",
        REFUSED: "The connector reads all pages of the list, in another order.",
        NEWEST_FIRST: "The connector reads all pages of the list, in another order.",
    }
)
def change_order(inquiry: Inquiry, name: str, changes: Changes) -> str:
    """Can the list be sorted by time of change, oldest first? Newest first is tried before, where the filter needs that
    page anyway."""
    if changes.since is not None:
        answer = inquiry.page(name, params=changes.newest)
        if answer.refused:
            return REFUSED
        descending = _different(changes.times(inquiry, name, answer.rows))
        if descending != sorted(descending, reverse=True):
            return IGNORED
        _, _, filtered = changes.since_middle(inquiry, name)
        ascending = [] if filtered.page is None else changes.times(inquiry, name, filtered.page.rows)
        if len(set(ascending)) >= FEWEST_TIMES:
            return _direction(inquiry, ascending)
    answer = inquiry.page(name, params=changes.oldest)
    return REFUSED if answer.refused else _direction(inquiry, _different(changes.times(inquiry, name, answer.rows)))


def _different(times: list[int]) -> list[int]:
    """Check that times differ enough to show an order.

    :raises CannotTell: when they do not
    """
    if len(set(times)) < FEWEST_TIMES:
        raise CannotTell("the rows do not differ enough in their times")
    return times


def _direction(inquiry: Inquiry, times: list[int]) -> str:
    inquiry.note("rows in order", len(times))
    return HONOURED if times == sorted(times) else NEWEST_FIRST if times == sorted(times, reverse=True) else IGNORED


@question(
    {
        ALWAYS: "The field can be relied on.",
        SOMETIMES: "Rows without it are emitted by each sync that meets them.",
        ABSENT: "Without a time of change each sync emits the whole list.",
    }
)
def carries(inquiry: Inquiry, name: str, field: str, page_params: Params | None = None) -> str:
    """Do the rows have a value in a field?

    :param page_params: see :meth:`.Inquiry.rows`
    """
    rows = inquiry.rows(name, page_params)
    filled = [row for row in rows if row.get(field) not in (None, "", [], {})]
    inquiry.note("rows", len(rows))
    inquiry.note("rows that carry it", len(filled))
    if len(filled) == len(rows):
        return ALWAYS
    return SOMETIMES if filled else ABSENT
