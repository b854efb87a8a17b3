"""Whether several passes over rows with the same modification time have met all of them."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import chain, groupby


class TieProof:
    """Passes over the rows that one second holds, page by page, until it is proven that none slipped through.

    Rows can only leave a second that is past. One that leaves shifts those behind it towards the front, and a server
    may break ties anew for each page; either way a page may repeat a row of the page before and lack another one. Two
    things prove that nothing is lacking:

    1. Two passes met the same rows in the same order, and none twice, or so with pages of different sizes that each row
       stands beside its repetition.
    2. A pass went over n places: so many there were at its end, whichever rows stood in them. All rows met by later
       passes were there by then, since none can join; if they are n different ones, they are all.

    :param is_past: whether no row can join any more
    """

    def __init__(self, *, is_past: bool) -> None:
        #: Whether a row came on several pages, or the same rows in another order.
        self.unstable = False
        #: Whether a further pass like the last one would repeat the same rows again.
        self.stands_still = False
        #: How many passes in a row have met no new row.
        self.passes_without_news = 0
        self._is_past = is_past
        self._counts: list[int] = []
        self._last_met: dict[Hashable, int] = {}
        self._before: tuple[list[Hashable], int | None] | None = None

    def add(self, met: list[list[Hashable]], size: int | None) -> bool:
        """Take note of a pass.

        :param met: the keys of its rows, page by page
        :param size: rows on each of its pages, where not as many as possible
        :return: whether nothing is lacking
        """
        number = len(self._counts)
        keys = list(chain.from_iterable(met))
        self._counts.append(len(keys))
        self.passes_without_news = 0 if set(keys) - self._last_met.keys() else self.passes_without_news + 1
        self._last_met.update(dict.fromkeys(keys, number))
        # Twice on one page is how some vendors list a row; that says nothing about the order.
        repeats = len(set(keys)) < sum(len(set(page)) for page in met)
        before, size_before = self._before or (None, None)
        reordered = before is not None and keys != before and sorted(map(hash, keys)) == sorted(map(hash, before))
        self.unstable = self.unstable or repeats or reordered
        self._before = (keys, size)
        # In two passes of different sizes, rows that a vendor lists several times stand side by side.
        side_by_side = len(list(groupby(keys))) == len(set(keys))
        self.stands_still = keys == before and repeats and (size == size_before or not side_by_side)
        if keys == before and not self.stands_still:
            return True
        return self._is_past and self._all_were_met()

    def _all_were_met(self) -> bool:
        met_later = 0
        by_pass = [0] * len(self._counts)
        for number in self._last_met.values():
            by_pass[number] += 1
        for number in range(len(self._counts) - 1, 0, -1):
            met_later += by_pass[number]
            if met_later >= self._counts[number - 1]:
                return True
        return False
