"""How the rows of a list are spread over time, estimated from its pages."""

from __future__ import annotations

import time
from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import pairwise

from source_invoicing.streams.page import Page


class RowEstimate:
    """Estimates how many rows were last changed within a range of time.

    A page that reports how many rows were changed from a time on is a point of a curve; between two points, rows are
    assumed to be spread evenly. Without totals, the estimate is based on the rows read so far and the time they cover.

    Not thread-safe.

    :ivar now: the end of what is known: nothing was changed after it (seconds since 1970, UTC)
    :ivar page_size: rows on the largest page seen
    :ivar pages: how many pages were seen
    """

    def __init__(self) -> None:
        self.now = 0
        self.page_size = 0
        self.pages = 0
        self._rows_from: dict[int, int] = {}
        self._timestamps: list[int] = []
        self._rows = 0
        self._most_rows = 0
        self._seconds = 0

    def add(self, since: int | None, page: Page, timestamps: Sequence[int]) -> None:
        """Add the first page of a request.

        :param since: what it was asked for (seconds since 1970, UTC)
        :param timestamps: the modification times on it
        """
        self.pages += 1
        self.page_size = max(self.page_size, len(page.rows))
        self.now = max(self.now, page.server_time or int(time.time()), *timestamps, since or 0)
        if page.total is not None:
            self._most_rows = max(self._most_rows, page.total)
            start = min(timestamps, default=None) if since is None else since
            if start is not None:
                if start not in self._rows_from:
                    insort(self._timestamps, start)
                self._rows_from[start] = page.total
        if timestamps:
            self._rows += len(page.rows)
            self._seconds += max(timestamps) - min(timestamps)

    @property
    def pages_in_all(self) -> float:
        """How many pages the list has at least."""
        return max(self.pages, self._most_rows / max(self.page_size, 1))

    def rows_between(self, start: int, end: int) -> float:
        """About how many rows were last changed at or after ``start`` and before ``end``."""
        if self._timestamps:
            return max(0.0, self._rows_at(start) - self._rows_at(end))
        return max(0, end - start) * self._rows / max(self._seconds, 1)

    def cut(self, start: int, end: int, share: float) -> int:
        """The time before which about ``share`` (0 to 1) of the rows between two times were last changed."""
        if not self._timestamps:
            return start + round((end - start) * share)
        rows = self._rows_at(start)
        wanted = rows - share * (rows - self._rows_at(end))
        corners = [start, *(timestamp for timestamp in self._timestamps if start < timestamp < end), end]
        for early, late in pairwise(corners):
            above, below = self._rows_at(early), self._rows_at(late)
            if below <= wanted <= above:
                return early + round((late - early) * ((above - wanted) / (above - below) if above > below else 1.0))
        return start + round((end - start) * share)

    def _rows_at(self, timestamp: int) -> float:
        """About how many rows were last changed at or after a time."""
        index = bisect_right(self._timestamps, timestamp)
        if index == 0:
            return float(self._rows_from[self._timestamps[0]])
        early = self._timestamps[index - 1]
        above = self._rows_from[early]
        if index < len(self._timestamps):
            late, below = self._timestamps[index], self._rows_from[self._timestamps[index]]
        else:
            late, below = max(self.now, early) + 1, 0
        return above + (below - above) * min(1.0, (timestamp - early) / (late - early))
