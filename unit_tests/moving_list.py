"""A list that others insert into, edit and delete from while it is read: the strategies' opponent."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from airbyte_cdk.models import FailureType
from typing_extensions import override

from source_invoicing.http import BadRequest
from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.listing.paging import Pages
from source_invoicing.streams.listing.strategy import CLOCK_MARGIN, Batch, Plan, Strategy
from source_invoicing.streams.page import Order, Page, PageRequest, Paging, Row

Filter = Literal["since", "equal"]
# How rows stand to each other that are equal in what they are sorted by: by their ids, in another order on each page
# (by its number and size), or in another one in each answer.
Ties = Literal["by id", "by page", "at random"]
Stance = Literal["honest", "ignores sort", "ignores filter", "ignores both"]
GoingBack = Literal["allowed", "refused"]
# How a list comes by itself, and so where an edit moves a row to.
Arrangement = Literal["as created", "oldest change first", "newest change first", "by name", "anywhere", "at random"]


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
    """A list in memory that responds to page requests like an API, and changes before each response.

    :param timestamps: modification time of each row at the beginning; ``None`` for a row without one
    :param size: rows on a page
    :param stance: what the server does of what it is asked
    :param tells_total: whether an answer tells how many rows there are
    :param tells_more: whether an answer tells if there are more
    :param restlessness: probability of a change before an answer
    :param changes_at_once: how many there are before one answer at most
    :param acts: what a change may be
    :param going_back: whether a page may be asked for that lies before the last one, other than the first
    :param arrangement: the order of the list; ``at random`` is another one in each answer
    :param tells_moments: whether rows tell when they were changed
    :param differs: whether something in the rows differs in each answer
    :param calms_down: whether changes end when the list is asked for from its top again
    :param filter: whether a filter by a moment means "since" or that very moment
    :param blanks: where rows without a modification time stand when the oldest change comes first
    :param ties: how rows stand to each other that are equal in what they are sorted by
    :param chooses_size: whether the size of a page may be chosen
    :param duplicates: every row is listed so many times
    :param tells_short: whether an answer tells that it holds fewer rows than a page may
    """

    timestamps: Sequence[int | None]
    size: int = 5
    stance: Stance = "honest"
    tells_total: bool = True
    tells_more: bool = True
    includes_boundary: bool = False
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
    ties: Ties = "by id"
    chooses_size: bool = False
    duplicates: int = 1
    tells_short: bool = False
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
        self._arrange()

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
        return rank

    def fetch(self, request: PageRequest) -> Page:
        if self.calms_down and self.asked and not request.offset:
            self.restlessness = 0
        self.change_now_and_then()
        if self.going_back == "refused" and self.asked and 1 < request.number <= self.asked[-1].number:
            raise BadRequest("Pages must be requested in order", FailureType.system_error)
        self.asked.append(request)
        if self.arrangement == "at random":
            self.chance.shuffle(self.rows)
        size = min(request.size or self.size, self.size) if self.chooses_size else self.size
        start = request.offset or (request.number - 1) * size
        rows = [row for row in self._answer(request) for _ in range(self.duplicates)]
        page = rows[start : start + size]
        return Page(
            [{**row, "link": len(self.asked)} if self.differs else dict(row) for row in page],
            has_more=start + size < len(rows) if self.tells_more else None,
            total=len(rows) if self.tells_total else None,
            server_time=self.clock,
            short=self.tells_short and len(page) < size,
        )

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

    def _answer(self, request: PageRequest) -> list[Row]:
        rows = list(self.rows)
        if request.since is not None and self.stance not in ("ignores filter", "ignores both"):
            lowest = request.since - (1 if self.includes_boundary else 0)
            highest = request.since if self.filter == "equal" else float("inf")
            rows = [row for row in rows if row["at"] is not None and lowest <= row["at"] <= highest]
        if request.order is Order.NEWEST_ROW_FIRST and self.stance == "honest":
            return sorted(rows, key=lambda row: -row["id"])
        if request.order is not None and self.stance not in ("ignores sort", "ignores both"):
            last = self.blanks == "last"
            rows.sort(key=lambda row: ((row["at"] is None) is last, row["at"] or 0, self._tie(row, request)))
            if request.order is Order.NEWEST_CHANGE_FIRST:
                rows.reverse()
        return rows

    def _tie(self, row: Row, request: PageRequest) -> Any:
        if self.ties == "at random":
            return self.chance.random()
        return hash((request.number, request.size or 0, row["id"])) if self.ties == "by page" else row["id"]
