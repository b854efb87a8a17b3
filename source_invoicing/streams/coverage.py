"""Which modification times of a list are out: interval arithmetic. All times are seconds since 1970 (UTC)."""

from __future__ import annotations

from collections.abc import Iterable

Interval = tuple[int, int]


class Coverage:
    """Everything before ``cursor`` is out, and so are some intervals ahead of it.

    :param cursor: ``None`` where nothing is out from the beginning of the list on
    :param ahead: intervals behind the cursor whose rows are out, each from a time up to, not including, another
    """

    def __init__(self, cursor: int | None = None, ahead: Iterable[Interval] = ()) -> None:
        self.cursor = cursor
        self.ahead = united(ahead)
        self._catch_up()

    def advance(self, end: int, start: int | None = None) -> bool:
        """Everything from ``start`` (``None``: the beginning of the list) up to ``end`` is out.

        :return: whether that is news
        """
        before = (self.cursor, list(self.ahead))
        if start is None or (self.cursor is not None and start <= self.cursor):
            self.cursor = max(end, self.cursor if self.cursor is not None else end)
            self._catch_up()
        elif start < end:
            self.ahead = united([*self.ahead, (start, end)])
        return before != (self.cursor, self.ahead)

    def close(self) -> None:
        """The list has been read to its end: there is nothing left between the intervals."""
        if self.ahead:
            end = self.ahead[-1][1]
            self.cursor = max(end, self.cursor if self.cursor is not None else end)
        self.ahead = []

    def gaps(self, lookback: int = 0) -> list[tuple[int | None, int | None]]:
        """What is not out yet, as beginnings and ends. The first gap begins where the list does, the last one is open.

        :param lookback: so many seconds at the end of each interval count as not read, for rows that were booked late
        """
        done = [(start, end - lookback) for start, end in self.ahead if start < end - lookback]
        borders = [None, *(time for interval in done for time in interval), None]
        return list(zip(borders[::2], borders[1::2], strict=True))

    def _catch_up(self) -> None:
        while self.cursor is not None and self.ahead and self.ahead[0][0] <= self.cursor:
            self.cursor = max(self.cursor, self.ahead.pop(0)[1])


def united(intervals: Iterable[Interval]) -> list[Interval]:
    """Intervals in order, those that touch or overlap merged."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif start < end:
            merged.append((start, end))
    return merged
