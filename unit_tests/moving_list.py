"""A list that others insert into, edit and delete from while it is read: the strategies' opponent."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal

from airbyte_cdk.models import FailureType
from typing_extensions import override

from source_invoicing.http import BadRequest
from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.listing.paging import Pages
from source_invoicing.streams.listing.strategy import Batch, Plan, Strategy
from source_invoicing.streams.page import Order, Page, PageRequest, Paging, Row
from source_invoicing.streams.timestamps import CLOCK_MARGIN
from unit_tests.server_parts import Ties, Token, number_in, sorted_for_page, token_behind

Filter = Literal["since", "equal"]
Stance = Literal["honest", "ignores sort", "ignores filter", "ignores both"]
GoingBack = Literal["allowed", "refused"]
# How a list comes by itself, and so where an edit moves a row to.
Arrangement = Literal["as created", "oldest change first", "newest change first", "by name", "anywhere", "at random"]
BY_CHANGE = (Order.OLDEST_CHANGE_FIRST, Order.NEWEST_CHANGE_FIRST)
NEWEST_FIRST = (Order.NEWEST_CHANGE_FIRST, Order.NEWEST_ROW_FIRST)


class Snapshot(Strategy):
    """Stands for the plans behind the one that is tried: reads all that is there at once."""

    @override
    def batches(self, since: int | None, resume: Checkpoint | None = None) -> Iterator[Batch]:
        listing = self.listing
        assert isinstance(listing, MovingList)
        rows = [dict(row) for row in listing.rows]
        newest = max((row["at"] for row in rows if row["at"] is not None), default=None)
        yield Batch(rows, cursor=None if newest is None else min(newest, listing.clock - CLOCK_MARGIN))


SNAPSHOT = Plan(Snapshot)


@dataclass
class MovingList:
    """A list in memory that responds to page requests like an API, and changes before each response. See also
    :func:`sized_list` and :func:`token_list`.

    :param timestamps: modification time of each row at the beginning; ``None`` for a row without one
    :param size: rows on a page
    :param stance: what the server does of what it is asked
    :param includes_boundary: whether a filter lists the second before as well
    :param tells_total: whether an answer tells how many rows there are
    :param tells_more: whether an answer tells if there are more
    :param tells_short: whether an answer tells that it holds fewer rows than a page may
    :param tells_size: whether an answer tells how many rows a page of it holds
    :param restlessness: probability of a change before an answer
    :param changes_at_once: how many there are before one answer at most
    :param acts: what a change may be: insert, edit, delete, or create anew
    :param going_back: whether a page may be asked for that lies before the last one, other than the first
    :param arrangement: the order of the list; ``at random`` is another one in each answer
    :param tells_moments: whether rows tell when they were changed
    :param differs: whether something in the rows differs in each answer
    :param calms_down: whether changes end when the list is asked for from its top again
    :param filter: whether a filter by a moment means "since" or that very moment
    :param blanks: where rows without a modification time stand when the oldest change comes first
    :param ties: how rows stand to each other that are equal in what they are sorted by; ``at random`` is another order
        in each answer
    :param group: so many rows in a row are equal in that; 0: those of one moment
    :param chooses_size: whether the size of a page may be chosen
    :param duplicates: every row is listed so many times
    :param token: what a page hands out to ask for the next one with, in a list that stays in order of creation
    :param forgets: whether a token is refused when the row it names is gone
    """

    timestamps: Sequence[int | None]
    size: int = 5
    stance: Stance = "honest"
    includes_boundary: bool = False
    tells_total: bool = True
    tells_more: bool = True
    tells_short: bool = False
    tells_size: bool = False
    restlessness: float = 0.0
    most_changes: int = 30
    changes_at_once: int = 30
    acts: Sequence[str] = ("insert", "edit", "delete", "delete")
    going_back: GoingBack = "allowed"
    arrangement: Arrangement = "as created"
    tells_moments: bool = True
    differs: bool = False
    calms_down: bool = False
    filter: Filter = "since"
    blanks: Literal["first", "last"] = "last"
    ties: Ties | Literal["at random"] = "by id"
    group: int = 0
    chooses_size: bool = False
    duplicates: int = 1
    token: Token | None = None
    forgets: bool = False
    chance: random.Random = field(default_factory=lambda: random.Random(0))
    asked: list[PageRequest] = field(default_factory=list)

    label: str = "/things"
    paging_advice: str = ""
    paging: Paging = field(default_factory=Pages)

    def __post_init__(self) -> None:
        self.rows: list[Row] = [self._row(number, timestamp) for number, timestamp in enumerate(self.timestamps)]
        if self.arrangement != "as created":
            self.chance.shuffle(self.rows)
        self.throughout: set[Hashable] = {row["id"] for row in self.rows}
        self.clock = max((timestamp for timestamp in self.timestamps if timestamp is not None), default=0)
        # Late enough for what was there at the beginning to be out of doubt.
        self.clock += CLOCK_MARGIN + 10
        self.changes = 0
        self._before: list[Callable[[PageRequest], object]] = []
        self._instead: list[Callable[[PageRequest, Page], Page]] = []
        self._arrange()

    def before_each(self, change: Callable[[PageRequest], object]) -> None:
        """Have something happen before each answer."""
        self._before.append(change)

    def before_request(self, number: int, change: Callable[[], object]) -> None:
        """Have something happen before one answer, the first of which has the number 1."""
        self.before_each(lambda _: change() if len(self.asked) == number - 1 else None)

    def rewrite(self, rewritten: Callable[[PageRequest, Page], Page]) -> None:
        """Have the server answer something else."""
        self._instead.append(rewritten)

    def _row(self, number: int, timestamp: int | None) -> Row:
        return {"id": number, "at": timestamp, "name": self.chance.random() if self.arrangement == "by name" else ""}

    def key(self, row: Row) -> Hashable:
        return row["id"]  # type: ignore[no-any-return]

    def timestamp(self, row: Row) -> int | None:
        return row["at"] if self.tells_moments else None

    def created_at(self, row: Row) -> int | None:
        return None

    def creation_rank(self, row: Row) -> int | None:
        rank: int = row["rank"] if "rank" in row else row["id"]
        return rank // max(self.group, 1)

    def fetch(self, request: PageRequest) -> Page:
        for change in self._before:
            change(request)
        page = self._page(request)
        for rewritten in self._instead:
            page = rewritten(request, page)
        return page

    def _page(self, request: PageRequest) -> Page:
        if self.calms_down and self.asked and request.is_first:
            self.restlessness = 0
        self.change_now_and_then()
        if self.going_back == "refused" and self.asked and 1 < request.number <= self.asked[-1].number:
            raise BadRequest("Pages must be requested in order")
        self.asked.append(request)
        if self.arrangement == "at random":
            self.chance.shuffle(self.rows)
        size = min(request.size or self.size, self.size) if self.chooses_size else self.size
        start = self._start(request, size)
        listed = self._listed(request)
        total = len(listed) * self.duplicates
        rows = [row for row in self._tied(listed, request, start, size) for _ in range(self.duplicates)]
        page = rows[start : start + size]
        goes_on = start + size < total
        return Page(
            [{**row, "link": len(self.asked)} if self.differs else dict(row) for row in page],
            has_more=goes_on if self.tells_more else None,
            total=total if self.tells_total else None,
            server_time=self.clock,
            short=self.tells_short and len(page) < size,
            size=size if self.tells_size else None,
            next=token_behind(self.token, page[-1]["id"], start, len(page), size) if self.token and goes_on else None,
        )

    def _start(self, request: PageRequest, size: int) -> int:
        """Rows before a page."""
        if self.token is None or request.token is None:
            return request.offset or (request.number - 1) * size
        number = number_in(self.token, request.token, size)
        if self.token not in ("row", "opaque"):
            return number
        if self.forgets and all(row["id"] != number for row in self.rows):
            raise BadRequest("No such cursor.", FailureType.config_error)
        return sum(row["id"] <= number for row in self.rows)

    def change_now_and_then(self) -> None:
        """What happens between two answers."""
        most = min(self.most_changes, self.changes + self.changes_at_once)
        while self.asked and self.changes < most and self.chance.random() < self.restlessness:
            self.change()

    def throughout_since(self, since: int | None) -> set[Hashable]:
        """The rows that were there from the first answer to the last one and no older than a moment all the time."""
        if since is None:
            return self.throughout
        return {row for row in self.throughout if (self.timestamps[row] or 0) >= since}  # type: ignore[call-overload]

    def change(self) -> None:
        """One insert, edit or delete by somebody else."""
        self.changes += 1
        self.clock += self.chance.choice([0, 1, 1, 5])
        act = self.chance.choice(self.acts)
        if act == "insert" or not self.rows:
            self._put(self._row(len(self.timestamps) + self.changes, self.clock))
            return
        row = self.chance.choice(self.rows)
        if act == "create anew":
            self.create_anew([row])
        elif act == "edit":
            row.update({**self._row(row["id"], self.clock), "edits": self.changes})
            if self.arrangement in ("oldest change first", "newest change first", "anywhere"):
                self.rows.remove(row)
                self._put(row)
            self._arrange()
        else:
            self.rows.remove(row)
            self.throughout.discard(row["id"])

    def create_anew(self, rows: Sequence[Row]) -> None:
        """Delete rows, and create some with the same ids at the end."""
        self.rows = [row for row in self.rows if row not in rows]
        self.rows += [{**row, "at": self.clock, "rank": 1000 * (1000 + self.changes) + row["id"]} for row in rows]

    def _put(self, row: Row) -> None:
        """A row that is new, or that an edit moves, to its place."""
        at = {"newest change first": 0, "anywhere": self.chance.randint(0, len(self.rows))}
        self.rows.insert(at.get(self.arrangement, len(self.rows)), row)
        self._arrange()

    def _arrange(self) -> None:
        if self.arrangement == "by name":
            self.rows.sort(key=lambda row: row["name"])

    def _listed(self, request: PageRequest) -> list[Row]:
        """What the list holds for a request, in its order."""
        rows = list(self.rows)
        if request.since is not None and self.stance not in ("ignores filter", "ignores both"):
            lowest = request.since - (1 if self.includes_boundary else 0)
            highest = request.since if self.filter == "equal" else float("inf")
            rows = [row for row in rows if row["at"] is not None and lowest <= row["at"] <= highest]
        if self.stance not in ("ignores sort", "ignores both"):
            if request.order in BY_CHANGE:
                last = self.blanks == "last"
                rows.sort(key=lambda row: ((row["at"] is None) is last, row["at"] or 0, row["id"]))
            if request.order in NEWEST_FIRST:
                rows.reverse()
        return rows

    def _tied(self, rows: list[Row], request: PageRequest, start: int, size: int) -> list[Row]:
        """The same, up to the end of a page, with ties as they stand for it."""
        if self.ties == "by id":
            return rows
        moments = (number for number, (_, tied) in enumerate(groupby(rows, itemgetter("at"))) for _ in tied)
        groups = (place // self.group for place in range(len(rows))) if self.group else moments
        places = {row["id"]: place for row, place in zip(rows, groups, strict=True)}
        if self.ties == "at random":
            self.chance.shuffle(rows)
        ties: Ties = "by id" if self.ties == "at random" else self.ties
        return sorted_for_page(rows, lambda row: places[row["id"]], ties, start=start, size=size, order=request.order)


class CountsRows(MovingList):
    """An API whose parameter ``page`` is the number of rows to skip."""

    def fetch(self, request: PageRequest) -> Page:
        page = super().fetch(replace(request, number=1, offset=request.number - 1))
        return replace(page, has_more=None, size=None)


def sized_list(timestamps: Sequence[int | None], *, kind: type[MovingList] = MovingList, **more: Any) -> MovingList:
    """A list like Zoho's, which tells the size of its pages and lets it be chosen, and tells no total."""
    return kind(timestamps, **{"size": 10, "tells_total": False, "tells_size": True, "chooses_size": True, **more})


def token_list(timestamps: Sequence[int | None], *, kind: type[MovingList] = MovingList, **more: Any) -> MovingList:
    """A list that is followed by tokens, and tells nothing else."""
    return kind(timestamps, **{"size": 10, "tells_total": False, "tells_more": False, "token": "row", **more})
