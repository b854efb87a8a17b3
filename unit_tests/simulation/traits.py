"""What a server is like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from unit_tests.server_parts import Ties, Token

# How a list comes by itself, and so where an edit moves a row to.
Arrangement = Literal["as created", "newest row first", "newest change first", "oldest change first", "by name"]
Filter = Literal["since", "that second", "by day", "none"]


@dataclass(frozen=True)
class Traits:
    """What a server is like. Times in seconds.

    :param rows: at the beginning
    :param size: rows on a page
    :param resizable: whether smaller pages may be asked for
    :param ties: how rows stand to each other that are equal in what they are sorted by
    :param group: so many rows in a row share their times at the beginning
    :param hidden: rows that the key may not see, left out behind the limit of a page
    :param undated: rows without a modification time
    :param blanks: where they stand when the oldest change comes first
    :param ahead: rows dated in the future
    :param lags: each request meets one of so many replicas, each so far behind
    :param cached_totals: a total is counted anew after so many requests
    :param date_skew: how far the header ``Date`` is ahead of the true time
    :param own_skew: how far the clock of the machine that syncs is ahead of it
    :param row_skews: how far the clocks that date rows may be ahead of it
    :param commit_delay: a change may take so long to be seen
    :param includes_boundary: the filter may list the second before as well: vendors do not say
    :param restlessness: probability of a change before a response
    :param ticks: the time that a request takes is one of these
    """

    rows: int = 30
    size: int = 5
    resizable: bool = False
    ties: Ties = "by id"
    group: int = 1
    hidden: int = 0
    undated: int = 0
    blanks: Literal["first", "last"] = "last"
    ahead: int = 0
    lags: tuple[float, ...] = (0.0,)
    cached_totals: int = 0
    date_skew: float = 0.0
    own_skew: float = 0.0
    row_skews: tuple[float, ...] = (0.0,)
    commit_delay: float = 0.0
    sorts: bool = True
    filter: Filter = "since"
    includes_boundary: bool = False
    arrangement: Arrangement = "as created"
    tells_total: bool = True
    tells_more: bool = True
    tells_size: bool = False
    tells_date: bool = True
    token: Token | None = None
    restlessness: float = 0.4
    acts: tuple[str, ...] = ("insert", "edit", "delete")
    ticks: tuple[float, ...] = (0.05, 0.4, 1.2, 3.0)
    edited_before: float = 0.0
    hot: float = 0.0
