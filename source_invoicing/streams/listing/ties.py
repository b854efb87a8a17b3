"""Whether several passes over rows with equal sort values have seen all of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import chain, groupby


class LastSeen:
    """Which of several passes saw each row last.

    A pass over n places shows that there were n rows when it ended, though not which. If no row has joined since, every
    row that later passes see was among those n. So n different rows are all of them. A row that no later pass sees may
    have left, so it does not count.

    :ivar passes_without_new_rows: how many passes in a row have seen no new row
    """

    def __init__(self) -> None:
        self.passes_without_new_rows = 0
        self._last_seen: dict[Hashable, int] = {}

    def add(self, keys: Iterable[Hashable], number: int) -> None:
        """Add the rows of a pass.

        :param number: of the pass
        """
        known = len(self._last_seen)
        self._last_seen.update(dict.fromkeys(keys, number))
        self.passes_without_new_rows = 0 if len(self._last_seen) > known else self.passes_without_new_rows + 1

    def seen_after(self, number: int) -> int:
        """How many different rows the passes after one have seen."""
        return sum(last > number for last in self._last_seen.values())


class TieProof:
    """Passes over the rows of one second, page by page, until it is proven that none was missed.

    Rows can only leave a second that is past. One that leaves shifts later rows towards the front, and a server may
    break ties anew for each page. Either way, a page may repeat a row of the previous page and lack another one. Two
    things prove that no row is lacking:

    1. Two passes saw the same rows in the same order, and none of them twice. With pages of different sizes, a row may
       come twice if it stands beside its repetition.
    2. The second is past, so that no row can join, and :class:`LastSeen` counts as many rows as there were places.

    :param is_past: whether no row can join any more
    """

    def __init__(self, *, is_past: bool) -> None:
        #: Whether a row came on several pages, or the same rows in another order.
        self.unstable = False
        #: Whether a further pass like the latest one would only repeat it.
        self.cannot_advance = False
        self.last_seen = LastSeen()
        self._is_past = is_past
        # How many places each pass went over.
        self._places: list[int] = []
        self._previous: tuple[list[Hashable], int | None] | None = None

    def add(self, keys_by_page: list[list[Hashable]], size: int | None) -> bool:
        """Add a pass.

        :param keys_by_page: the keys of its rows, page by page
        :param size: rows on each of its pages; ``None`` for as many as possible
        :return: whether no row is lacking
        """
        keys = list(chain.from_iterable(keys_by_page))
        self.last_seen.add(keys, len(self._places))
        self._places.append(len(keys))
        # Some vendors list a row twice on one page, which says nothing about the order.
        repeats = len(set(keys)) < sum(len(set(page)) for page in keys_by_page)
        previous, previous_size = self._previous or (None, None)
        same_rows = previous is not None and sorted(map(hash, keys)) == sorted(map(hash, previous))
        self.unstable = self.unstable or repeats or (same_rows and keys != previous)
        self._previous = (keys, size)
        # In two passes of different sizes, rows that a vendor lists several times stand side by side.
        side_by_side = len(list(groupby(keys))) == len(set(keys))
        self.cannot_advance = keys == previous and repeats and (size == previous_size or not side_by_side)
        if keys == previous and not self.cannot_advance:
            return True
        return self._is_past and any(
            self.last_seen.seen_after(number) >= places for number, places in enumerate(self._places[:-1])
        )
