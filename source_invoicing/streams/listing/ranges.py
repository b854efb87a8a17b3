"""One long list, read by several workers side by side, each in its own range of modification times."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from source_invoicing.http import Failure
from source_invoicing.streams.listing.memory import KeysetMemory, KeysetPage, ListProof
from source_invoicing.streams.listing.row_estimate import RowEstimate
from source_invoicing.streams.listing.strategy import Batch
from source_invoicing.streams.partition import AT_THE_TOP, Gap, Start

# How many extra requests workers may cost, as a share of the list's own: half a request, on average, where two ranges
# meet; one where a range turns out to be empty; and one for the last look.
MAX_EXTRA_REQUESTS = 0.04
COST_OF_A_CUT = 0.5
COST_OF_AN_EMPTY_RANGE = 1.0
COST_OF_THE_LAST_LOOK = 1.0
# A range with fewer pages left is not cut: it would be read before the new worker starts.
FEWEST_PAGES_TO_CUT = 4
# While a response takes no longer than this (seconds), another worker would gain nothing.
QUICK_RESPONSE = 0.01
# For tests: share lists however fast the responses come.
SHARE_ALWAYS = "SOURCE_INVOICING_SHARE_ALWAYS"


@dataclass
class KeyRange:
    """A range of modification times, read by one worker. All times are seconds since 1970 (UTC).

    :param start: where it begins; ``None`` is the beginning of the list
    :param end: the time before which it ends; ``None`` where it is open-ended
    :param since: the time to ask for first
    :param memory: the rows that were handed out at its border, and what is known about the list
    :param position: the newest change seen in it; that row has been emitted, or is about to be, and a cut is after it
    :param is_whole: whether it has become the whole list, read by another plan
    :param was_cut_off: whether it was cut off another range, so that it may hold no rows
    :param last_page_at: when its latest page came, by the clock of :func:`time.monotonic`
    """

    ranges: KeyRanges
    start: int | None
    end: int | None
    since: int | None
    memory: KeysetMemory
    position: int | None = None
    is_whole: bool = False
    was_cut_off: bool = False
    last_page_at: float | None = None


class Pace:
    """How many workers keep the processor busy: while one waits for a response, others can handle theirs.

    Not thread-safe. Only measured while a single worker reads, since several would slow each other down.
    """

    def __init__(self) -> None:
        self._waited = 0.0
        self._handled = 0.0

    def add(self, waited: float, handled: float) -> None:
        """Add a page: how long its response took, and how long it took to handle the previous page (seconds)."""
        self._waited += max(waited - QUICK_RESPONSE, 0.0)
        self._handled += handled

    @property
    def useful_workers(self) -> int:
        """How many workers have something to do."""
        if os.environ.get(SHARE_ALWAYS):
            return sys.maxsize
        return 1 + int(self._waited / max(self._handled, 1e-6))


class KeyRanges:
    """The ranges of one list. A worker takes one after the other until none is left.

    A list begins as one range. Once it proves to be long, further workers are called. Each cuts its own range off the
    one with the most rows left.

    Rows that change while the list is read move to its newest end, maybe after the worker there has finished. So when
    all ranges are read, the newest end is looked at once more. The last look begins at the time when the reading began,
    or at the newest change seen if that is earlier, so that a row dated in the future hides nothing.

    Thread-safe.
    """

    def __init__(
        self,
        max_workers: int,
        want_worker: Callable[[KeyRanges], None],
        on_fallback: Callable[[], None] = lambda: None,
        start: Start = AT_THE_TOP,
    ) -> None:
        """
        :param max_workers: how many may read at a time
        :param want_worker: has another worker call :meth:`batches` of the ranges it is given
        :param on_fallback: called before the whole list is read by another plan; cursors of ranges no longer hold
        :param start: where the reading begins; the same for all workers
        """
        self.start = start
        self._max_workers = max_workers
        self._want_worker = want_worker
        self._on_fallback = on_fallback
        self._lock = threading.Lock()
        self._estimate = RowEstimate()
        self._pace = Pace()
        self._proof = ListProof()
        self._closed = False
        self._open_gap: Gap = start.gaps[-1]
        self._under_way: list[KeyRange] = []
        # The newest change seen in the ranges that are finished, and the memory of its range.
        self._newest: tuple[int, KeysetMemory] | None = None
        # The time up to which the first page was complete.
        self._cursor_limit: int | None = None
        self._is_last_look = False
        self._num_ranges = 0
        self._workers_present = 0
        self._workers_coming = 1
        # Extra requests so far.
        self._spent = 0.0
        self._waiting = [self._range(*gap) for gap in start.gaps]

    def batches(self, read: Callable[[KeyRange], Iterator[Batch]]) -> Iterator[Batch]:
        """Read ranges of the list until none is left for this worker. Called by each worker that takes part.

        A failure in one worker stops the others at their next page. Only one of them raises it.

        :param read: reads a range of the list, or all of it by another plan (:meth:`fall_back`)
        :raises Failure: when the list cannot be read completely
        """
        with self._lock:
            self._workers_coming -= 1
            self._workers_present += 1
        key_range: KeyRange | None = None
        try:
            while (key_range := self._take()) is not None:
                for batch in read(key_range):
                    if self._closed and not key_range.is_whole:
                        return
                    yield replace(batch, start=key_range.start, is_range=not key_range.is_whole)
                    del batch
                    while self._reserve_worker():
                        self._want_worker(self)
                self._finish(key_range)
        except Failure:
            # The other workers stop at their next page. One that reads the whole list has closed the ranges itself.
            if self._close() or (key_range is not None and key_range.is_whole):
                raise
        except BaseException:
            self._close()
            raise

    def fall_back(self, key_range: KeyRange) -> tuple[bool, int | None]:
        """Let one worker read the whole list by another plan.

        :return: whether the caller is that worker, and the time to read from
        """
        if not self._close():
            return False, None
        self._on_fallback()
        key_range.is_whole, key_range.start, key_range.end = True, None, None
        return True, self.start.since

    def advance(self, key_range: KeyRange, current: KeysetPage, waited: float | None) -> int | None:
        """Add a page to a range. From now on, its rows before the end of the range belong to the range.

        :param waited: how long the response took (seconds), if it was the only request since the previous page
        :return: the current end of the range
        """
        now = time.monotonic()
        with self._lock:
            if self._cursor_limit is None:
                self._cursor_limit = current.complete_until
            self._estimate.add(current.request.since, current.page, current.dated)
            is_alone = self._workers_present + self._workers_coming == 1
            if waited is not None and key_range.last_page_at is not None and is_alone:
                self._pace.add(waited, now - key_range.last_page_at - waited)
            key_range.last_page_at = now
            end = key_range.end
            own = [timestamp for timestamp in current.dated if end is None or timestamp < end]
            if own:
                key_range.position = max(own) if key_range.position is None else max(key_range.position, *own)
            return end

    def _take(self) -> KeyRange | None:
        """The next range for a worker; ``None`` where nothing is left to do."""
        with self._lock:
            key_range = None if self._closed else self._next_range()
            if key_range is None:
                self._workers_present -= 1
            else:
                self._under_way.append(key_range)
            return key_range

    def _finish(self, key_range: KeyRange) -> None:
        """Mark a range as read to its end."""
        with self._lock:
            self._under_way.remove(key_range)
            if key_range.was_cut_off and key_range.position is None:
                self._spent += COST_OF_AN_EMPTY_RANGE - COST_OF_A_CUT
            if key_range.position is not None and (self._newest is None or key_range.position > self._newest[0]):
                self._newest = key_range.position, key_range.memory
            if not self._closed and not self._waiting and not self._under_way:
                self._add_last_look()

    def _close(self) -> bool:
        """Give out no further range: the list is read by another plan, or not to its end.

        :return: whether the caller is the first to close the ranges
        """
        with self._lock:
            first, self._closed = not self._closed, True
            return first

    def _reserve_worker(self) -> bool:
        """Whether the list is worth another worker, which then counts as coming."""
        with self._lock:
            # The first worker alone checks what holds for the whole list.
            if self._closed or not self._proof.established:
                return False
            if self._workers_present + self._workers_coming >= min(self._max_workers, self._pace.useful_workers):
                return False
            if len(self._waiting) <= self._workers_coming and not self._is_worth_a_cut(self._widest()):
                return False
            self._workers_coming += 1
            return True

    def _next_range(self) -> KeyRange | None:
        if self._waiting:
            return self._waiting.pop(0)
        widest = self._widest()
        if widest is None or not self._is_worth_a_cut(widest):
            return None
        # Workers that are still coming cut their own shares off the new range.
        begin, end = self._unread_span(widest)
        cut = self._estimate.cut(begin, end, 1 / (self._workers_coming + 2))
        if not begin < cut < end:
            return None
        self._spent += COST_OF_A_CUT
        key_range = self._range(cut, widest.end, cut)
        key_range.was_cut_off = True
        widest.end = cut
        return key_range

    def _range(self, start: int | None, end: int | None, since: int | None) -> KeyRange:
        self._num_ranges += 1
        return KeyRange(self, start, end, since, KeysetMemory(proof=self._proof))

    def _add_last_look(self) -> None:
        """It does not begin where the last range began, which is a guess, but at the newest change that was seen."""
        if self._num_ranges == 1 or self._is_last_look:
            return
        self._is_last_look = True
        if self._newest is None or self._cursor_limit is None:
            # No row has been found, so no range has been cut, and the open gap began with a fact.
            self._waiting.append(self._range(*self._open_gap))
            return
        newest, memory = self._newest
        # The start of the open gap is a fact as well: up to there, earlier runs have seen everything.
        since = self._open_gap[2]
        begin = min(newest if since is None else max(newest, since), self._cursor_limit)
        self._waiting.append(KeyRange(self, begin, None, begin, memory))

    def _widest(self) -> KeyRange | None:
        return max(self._under_way, key=self._rows_left, default=None)

    def _unread_span(self, key_range: KeyRange) -> tuple[int, int]:
        """The times between which a range is not read yet; the same time twice where nothing is known of it."""
        begin = key_range.position if key_range.position is not None else key_range.since
        end = key_range.end if key_range.end is not None else self._estimate.now
        return (begin + 1, end) if begin is not None else (end, end)

    def _rows_left(self, key_range: KeyRange) -> float:
        return self._estimate.rows_between(*self._unread_span(key_range))

    def _is_worth_a_cut(self, key_range: KeyRange | None) -> bool:
        if key_range is None or self._is_last_look:
            return False
        cuts = self._workers_coming + 1
        cost = self._spent + cuts * COST_OF_A_CUT + COST_OF_THE_LAST_LOOK
        if cost > MAX_EXTRA_REQUESTS * self._estimate.pages_in_all:
            return False
        return self._rows_left(key_range) >= FEWEST_PAGES_TO_CUT * (cuts + 1) * self._estimate.page_size
