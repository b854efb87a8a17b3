"""A moving list that lets the size of its pages be chosen, tells no total unless asked to, and may break ties anew for
each page."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from source_invoicing.streams.page import Order, Page, PageRequest, Row
from unit_tests.moving_list import MovingList

Filter = Literal["since", "equal"]
Ties = Literal["by id", "by page", "like MySQL"]


@dataclass
class SilentList(MovingList):
    """A list that tells no total, lets the size of its pages be chosen, and never lists a blank time to a filter.

    :param filter: whether a filter by a time means "since" or that very second
    :param blanks: where rows without a modification time stand when the oldest change comes first
    :param chooses: whether the size of a page may be chosen
    :param tells_size: whether an answer tells how many rows a page of it holds
    :param duplicates: every row is listed so many times
    :param ties: how rows stand to each other that are equal in what they are sorted by: by their ids, in another order
        on each page that is asked for, or as MySQL's heap of LIMIT + OFFSET rows leaves them
    :param group: so many rows in a row are equal in what the list is sorted by
    """

    size: int = 10
    filter: Filter = "since"
    blanks: Literal["first", "last"] = "last"
    chooses: bool = True
    tells_size: bool = True
    duplicates: int = 1
    tells_total: bool = False
    includes_boundary: bool = False
    ties: Ties = "by id"  # type: ignore[assignment]  # one way more
    group: int = 1

    def fetch(self, request: PageRequest) -> Page:
        if self.calms_down and self.asked and request.is_first:
            self.restlessness = 0
        self.change_now_and_then()
        self.asked.append(request)
        size = min(request.size or self.size, self.size) if self.chooses else self.size
        start = request.offset or (request.number - 1) * size
        listed = self._listed(request)
        count = len(listed) * self.duplicates
        rows = self._broken_ties(listed, request, start, size)
        rows = [row for row in rows for _ in range(self.duplicates)]
        page = [dict(row) for row in rows[start : start + size]]
        return Page(
            page,
            has_more=start + size < count if self.tells_more else None,
            total=count if self.tells_total else None,
            server_time=self.clock,
            size=size if self.tells_size else None,
        )

    def _listed(self, request: PageRequest) -> list[Row]:
        rows = list(self.rows)
        if request.since is not None and self.stance != "ignores filter":
            rows = [row for row in rows if row["at"] is not None and self._fits(row["at"], request.since)]
        if request.order in (Order.OLDEST_CHANGE_FIRST, Order.NEWEST_CHANGE_FIRST):
            rows.sort(key=lambda row: ((row["at"] is None) is (self.blanks == "last"), row["at"] or 0, row["id"]))
        if request.order in (Order.NEWEST_CHANGE_FIRST, Order.NEWEST_ROW_FIRST):
            rows.reverse()
        return rows

    def _broken_ties(self, rows: list[Row], request: PageRequest, start: int, size: int) -> list[Row]:
        if self.ties == "by id":
            return rows
        places = {row["id"]: place // self.group for place, row in enumerate(rows)}
        if self.ties == "like MySQL":
            return sorted_by_heap(rows, lambda row: places[row["id"]], start + size)
        salt = random.Random(f"{start}/{size}/{request.order}")
        drawn = {row["id"]: salt.random() for row in rows}
        return sorted(rows, key=lambda row: (places[row["id"]], drawn[row["id"]]))

    def _fits(self, timestamp: int, since: int) -> bool:
        return timestamp == since if self.filter == "equal" else timestamp >= since

    def created_at(self, row: Row) -> int | None:
        return None

    def creation_rank(self, row: Row) -> int | None:
        rank: int = row["rank"] if "rank" in row else row["id"]
        return rank // self.group


def sorted_by_heap(rows: list[Row], key: Callable[[Row], Any], limit: int) -> list[Row]:
    """The first rows as a heap of so many leaves them, which takes ties in whatever order it comes to them."""
    if limit >= len(rows):
        return sorted(rows, key=key)
    heap: list[Row] = []
    for row in rows:
        heap.append(row)
        _sift(heap, key)
        if len(heap) > limit:
            heap[0] = heap.pop()
            _sink(heap, key)
    ordered = []
    while heap:
        ordered.append(heap[0])
        last = heap.pop()
        if heap:
            heap[0] = last
            _sink(heap, key)
    return ordered[::-1]


def _sift(heap: list[Row], key: Callable[[Row], Any]) -> None:
    place = len(heap) - 1
    while place and key(heap[place]) > key(heap[(place - 1) // 2]):
        parent = (place - 1) // 2
        heap[place], heap[parent] = heap[parent], heap[place]
        place = parent


def _sink(heap: list[Row], key: Callable[[Row], Any]) -> None:
    place = 0
    while (child := 2 * place + 1) < len(heap):
        if child + 1 < len(heap) and key(heap[child + 1]) > key(heap[child]):
            child += 1
        if key(heap[place]) >= key(heap[child]):
            return
        heap[place], heap[child] = heap[child], heap[place]
        place = child
