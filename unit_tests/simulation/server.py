"""A server in memory that holds one list, changes it between requests, and answers like a vendor on a bad day."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from source_invoicing.http import BadRequest
from source_invoicing.streams.page import Order, Page, PageRequest, Row
from unit_tests.server_parts import number_in, sorted_for_page, token_behind
from unit_tests.simulation.traits import Traits

BASE = 1_700_000_000
#: A row dated ahead of the clock is so many seconds ahead.
AHEAD = 50_000_000
DAY = 86_400


class EndlessError(Exception):
    """The stream asks for more than any list is worth."""


class Server:
    """One list.

    :ivar table: the committed rows, by id: ``id``, ``at`` (modification time), ``version``, ``created``, ``name``
    :ivar clock: the true time
    :ivar changes_left: a list that grows faster than it is read has no end, so there are no more changes than this
    :ivar edited: when each row was last changed, by the true time
    """

    def __init__(self, traits: Traits, chance: random.Random) -> None:
        self.traits = traits
        self.chance = chance
        self.clock = float(BASE)
        self.table: dict[int, Row] = {}
        self.edited: dict[int, float] = {}
        self.requests = 0
        self.most_requests = 0
        self.is_quiet = False
        self.changes_left = 0
        self.tell: Callable[[str], None] | None = None
        self._next_id = 1
        self._pending: list[tuple[float, int, Row | None]] = []
        self._history: list[tuple[float, dict[int, Row]]] = []
        self._totals: dict[int | None, tuple[int, int]] = {}
        self._fill()
        ids = list(self.table)
        self.hidden = set(chance.sample(ids, min(traits.hidden, len(ids))))
        self._remember()

    def _fill(self) -> None:
        traits, chance = self.traits, self.chance
        gaps = max(2, 4000 // max(traits.rows, 1))
        at = BASE - 5000
        for number in range(traits.rows):
            if number % traits.group == 0:
                at = min(at + chance.randint(1, gaps), BASE - 3)
            self._add(at)
        rows = list(self.table.values())
        for row in chance.sample(rows, int(len(rows) * traits.edited_before)):
            row["at"] = chance.choice(rows)["created"] + chance.randint(0, 3)
        for row in chance.sample(rows, min(traits.ahead, len(rows))):
            row["at"] = BASE + AHEAD + chance.randint(0, 3)
        for row in chance.sample(rows, min(traits.undated, len(rows))):
            row["at"] = None

    def _add(self, at: int) -> None:
        self.table[self._next_id] = self._row(self._next_id, at)
        self._next_id += 1

    def _row(self, identity: int, at: int) -> Row:
        return {"id": identity, "at": at, "version": 0, "created": at, "name": self.chance.randrange(1000)}

    # -- what others do ---------------------------------------------------------------------------------------------

    def pass_time(self, seconds: float) -> None:
        """The clock goes on, and late changes are committed."""
        self.clock += seconds
        due = sorted((each for each in self._pending if each[0] <= self.clock), key=lambda each: each[0])
        self._pending = [each for each in self._pending if each[0] > self.clock]
        for _, identity, row in due:
            self._commit(identity, row)

    def change(self) -> None:
        """One insert, edit or delete."""
        traits, chance = self.traits, self.chance
        at = int(self.clock + chance.choice(traits.row_skews))
        act = chance.choice(traits.acts)
        if act == "insert" or not self.table:
            identity, row = self._next_id, self._row(self._next_id, at)
            self._next_id += 1
        else:
            identity = chance.choice(list(self.table))
            if chance.random() < traits.hot:
                identity = max(self.table.values(), key=lambda row: row["at"] or 0)["id"]
            row = self.table[identity]
            row = {**row, "version": row["version"] + 1, "at": at, "name": chance.randrange(1000)}
        delay = chance.random() * traits.commit_delay
        self._pending.append((self.clock + delay, identity, None if act == "delete" and row["version"] else row))
        self.pass_time(0.0)

    def _commit(self, identity: int, row: Row | None) -> None:
        if row is None:
            self.table.pop(identity, None)
        elif identity in self.table or not row["version"]:
            self.table[identity] = row
        self.edited[identity] = self.clock
        self._remember()
        if self.tell:
            self.tell(f"    {self.clock - BASE:.1f} change of {identity}: {row and _shown(row)}")

    def _drift(self) -> None:
        ticks, chance = self.traits.ticks, self.chance
        self.pass_time(chance.choice(ticks))
        while not self.is_quiet and self.changes_left > 0 and chance.random() < self.traits.restlessness:
            self.changes_left -= 1
            self.change()
            if chance.random() < 0.5:  # the rest happens within one second
                self.pass_time(chance.choice(ticks) * 0.3)

    # -- what is there ----------------------------------------------------------------------------------------------

    def visible(self) -> dict[int, Row]:
        """The rows that an honest list would show by now."""
        return {identity: row for identity, row in self.table.items() if identity not in self.hidden}

    def visible_everywhere(self) -> set[int]:
        """The rows that each replica has."""
        views = [set(self._view(lag)) for lag in self.traits.lags]
        return set.intersection(*views) & self.visible().keys()

    def _remember(self) -> None:
        if any(self.traits.lags):
            self._history.append((self.clock, dict(self.table)))
            del self._history[:-200]

    def _view(self, lag: float) -> Mapping[int, Row]:
        if not lag:
            return self.table
        then = self.clock - lag
        return next((rows for at, rows in reversed(self._history) if at <= then), self._history[0][1])

    # -- responses --------------------------------------------------------------------------------------------------

    @property
    def date(self) -> int | None:
        """What the header ``Date`` says."""
        return int(self.clock + self.traits.date_skew) if self.traits.tells_date else None

    def answer(self, request: PageRequest) -> Page:
        """One page, as the server would send it."""
        if self.requests:
            self._drift()
        self.requests += 1
        if self.requests > self.most_requests:
            raise EndlessError(f"{self.requests} requests for {len(self.table)} rows")
        traits = self.traits
        rows = list(self._view(self.chance.choice(traits.lags)).values())
        rows.sort(key=_identity)
        rows = self._filtered(rows, request.since)
        size = min(request.size or traits.size, traits.size) if traits.resizable else traits.size
        key = self._sorting_key(request.order)
        start = request.offset or (request.number - 1) * size
        if request.token is not None:
            start = self._place(request.token, rows, key)
        standing = sorted_for_page(rows, key, traits.ties, start=start, size=size, order=request.order)
        page = standing[start : start + size]
        goes_on = start + size < len(rows)
        if self.tell:
            asked = {name: value for name, value in vars(request).items() if value not in (None, 0)}
            self.tell(f"  {self.clock - BASE:.1f} {asked} of {len(rows)}: {', '.join(map(_shown, page))}")
        return Page(
            [dict(row) for row in page if row["id"] not in self.hidden],
            has_more=goes_on if traits.tells_more else None,
            total=self._total(request.since, rows) if traits.tells_total else None,
            next=token_behind(traits.token, page[-1]["id"], start, len(page), size)
            if traits.token and goes_on
            else None,
            server_time=self.date,
            size=size if traits.tells_size else None,
        )

    def _filtered(self, rows: list[Row], since: int | None) -> list[Row]:
        kind = self.traits.filter
        if since is None or kind == "none":
            return rows
        lowest = since - (1 if self.traits.includes_boundary else 0)
        highest = since if kind == "that second" else BASE + 2 * AHEAD
        if kind == "by day":
            lowest = (since - DAY) // DAY * DAY
        return [row for row in rows if row["at"] is not None and lowest <= row["at"] <= highest]

    def _sorting_key(self, order: Order | None) -> Callable[[Row], Any]:
        traits = self.traits
        if order is None or not traits.sorts:
            group = traits.group
            return {
                "as created": lambda row: row["id"] // group,
                "newest row first": lambda row: -(row["id"] // group),
                "newest change first": lambda row: -(row["at"] or 0),
                "oldest change first": lambda row: row["at"] or 0,
                "by name": lambda row: row["name"] // group,
            }[traits.arrangement]
        if order is Order.NEWEST_ROW_FIRST:
            return lambda row: -row["id"]
        if order is Order.OLDEST_ROW_FIRST:
            return lambda row: row["created"]
        sign = 1 if order is Order.OLDEST_CHANGE_FIRST else -1
        blank = -1 if traits.blanks == "first" else BASE * 2
        return lambda row: sign * (blank if row["at"] is None else row["at"])

    def _total(self, since: int | None, rows: list[Row]) -> int:
        total = sum(row["id"] not in self.hidden for row in rows) if self.hidden else len(rows)
        counted, age = self._totals.get(since, (total, 0))
        if age >= self.traits.cached_totals:
            counted, age = total, 0
        self._totals[since] = (counted, age + 1)
        return counted

    def _place(self, token: str, rows: list[Row], key: Callable[[Row], Any]) -> int:
        traits = self.traits
        assert traits.token
        number = number_in(traits.token, token, traits.size)
        if traits.token != "row":
            return number
        last = next((row for row in rows if row["id"] == number), None)
        if last is None:
            if traits.arrangement not in ("as created", "newest row first"):
                raise BadRequest(f"no such row: {token}")
            last = {"id": number, "at": 0, "name": 0, "created": 0}
        place = (key(last), last["id"])
        return sum((key(row), row["id"]) <= place for row in rows)


def _shown(row: Row) -> str:
    at = "undated" if row["at"] is None else row["at"] - BASE
    return f"{row['id']} v{row['version']} at {at}"


def _identity(row: Row) -> int:
    return row["id"]  # type: ignore[no-any-return]
