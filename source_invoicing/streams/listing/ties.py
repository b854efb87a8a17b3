"""Whether several passes over rows that are equal in what they are sorted by have met all of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import chain, groupby


class LastMet:
    """Which of several passes met each row last.

    A pass that went over n places shows that there were so many rows at its end, whichever stood in them. Where none
    has joined since, the rows that later passes met were there by then; if they are n different ones, they are all. A
    row that was met by then and not again may have left, so it does not count.

    :ivar passes_without_news: how many passes in a row have met no new row
    """

    def __init__(self) -> None:
        self.passes_without_news = 0
        self._last_met: dict[Hashable, int] = {}

    def add(self, keys: Iterable[Hashable], number: int) -> None:
        """Take note of the rows of a pass, which is counted by its number."""
        met_before = len(self._last_met)
        self._last_met.update(dict.fromkeys(keys, number))
        self.passes_without_news = 0 if len(self._last_met) > met_before else self.passes_without_news + 1

    def met_behind(self, number: int) -> int:
        """How many different rows the passes behind one have met."""
        return sum(last > number for last in self._last_met.values())


class TieProof:
    """Passes over the rows that one second holds, page by page, until it is proven that none slipped through.

    Rows can only leave a second that is past. One that leaves shifts those behind it towards the front, and a server
    may break ties anew for each page; either way a page may repeat a row of the page before and lack another one. Two
    things prove that nothing is lacking:

    1. Two passes met the same rows in the same order, and none twice, or so with pages of different sizes that each row
       stands beside its repetition.
    2. The second is past, so that none can join, and :class:`LastMet` counts as many rows as there were places.

    :param is_past: whether no row can join any more
    """

    def __init__(self, *, is_past: bool) -> None:
        #: Whether a row came on several pages, or the same rows in another order.
        self.unstable = False
        #: Whether a further pass like the last one would repeat the same rows again.
        self.cannot_advance = False
        self.last_met = LastMet()
        self._is_past = is_past
        # How many places each pass went over.
        self._places: list[int] = []
        self._before: tuple[list[Hashable], int | None] | None = None

    def add(self, met: list[list[Hashable]], size: int | None) -> bool:
        """Take note of a pass.

        :param met: the keys of its rows, page by page
        :param size: rows on each of its pages, where not as many as possible
        :return: whether nothing is lacking
        """
        keys = list(chain.from_iterable(met))
        self.last_met.add(keys, len(self._places))
        self._places.append(len(keys))
        # Twice on one page is how some vendors list a row; that says nothing about the order.
        repeats = len(set(keys)) < sum(len(set(page)) for page in met)
        before, size_before = self._before or (None, None)
        reordered = before is not None and keys != before and sorted(map(hash, keys)) == sorted(map(hash, before))
        self.unstable = self.unstable or repeats or reordered
        self._before = (keys, size)
        # In two passes of different sizes, rows that a vendor lists several times stand side by side.
        side_by_side = len(list(groupby(keys))) == len(set(keys))
        self.cannot_advance = keys == before and repeats and (size == size_before or not side_by_side)
        if keys == before and not self.cannot_advance:
            return True
        return self._is_past and any(
            self.last_met.met_behind(number) >= places for number, places in enumerate(self._places[:-1])
        )
