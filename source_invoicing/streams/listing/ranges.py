"""One long list, read by several workers side by side, each in a range of modification times of its own."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from source_invoicing.http import Failure
from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.listing.memory import ListProof, Memory, PageInContext
from source_invoicing.streams.listing.row_estimate import RowEstimate
from source_invoicing.streams.listing.strategy import Batch

# Of a list's own requests, so much may be spent on reading it side by side. What it costs: half a page, on average,
# where two ranges meet; a whole one where a range turns out to be empty; and one request at the end.
MAX_EXTRA_REQUESTS = 0.04
COST_OF_A_CUT = 0.5
COST_OF_AN_EMPTY_RANGE = 1.0
COST_OF_THE_LAST_LOOK = 1.0
# Of a range with fewer pages left, nothing is given away: the new worker would hardly be there before it is read.
FEWEST_PAGES_TO_CUT = 4
# A response that comes within so many seconds is not worth waiting for beside another one.
QUICK_RESPONSE = 0.01
# For tests: lists are shared however fast the responses come.
SHARE_ALWAYS = "SOURCE_INVOICING_SHARE_ALWAYS"

#: Start, end, and the time to ask for first (seconds since 1970, UTC) of what is not read yet.
Gap = tuple[int | None, int | None, int | None]


@dataclass
class KeyRange:
    """A range of modification times, read by one worker. All times are seconds since 1970 (UTC).

    :param start: where it begins; ``None`` is the beginning of the list
    :param end: the time before which it ends; ``None`` where it is open
    :param since: what is asked for first
    :param memory: what was handed out at its border, and what is proven about the list
    :param position: the newest change it has met; that row is out, or about to be, and a cut lies behind it
    :param is_whole: whether it has become the whole list, read by another plan
    :param was_cut_off: whether it is a guess that there are rows in it
    :param last_page_at: when its last page was taken note of, by the clock of :func:`time.monotonic`
    """

    ranges: KeyRanges
    start: int | None
    end: int | None
    since: int | None
    memory: Memory
    position: int | None = None
    is_whole: bool = False
    was_cut_off: bool = False
    last_page_at: float | None = None


class RangeReader(Protocol):
    """A :class:`.ListReader`; each worker has one of its own."""

    def batches(
        self, since: int | None, resume: Checkpoint | None = None, key_range: KeyRange | None = None
    ) -> Iterator[Batch]:
        """Read a range of the list, or all of it by another plan (:meth:`KeyRanges.fall_back`)."""


class Pace:
    """How many workers keep the processor busy: while one waits for a response, others can handle theirs.

    Not thread-safe. To be fed while a single worker reads; several would measure each other.
    """

    def __init__(self) -> None:
        self._waited = 0.0
        self._handled = 0.0

    def note(self, waited: float, handled: float) -> None:
        """Take note of a page: how long its response took, and how long it took to handle the one before (seconds)."""
        self._waited += max(waited - QUICK_RESPONSE, 0.0)
        self._handled += handled

    @property
    def useful_workers(self) -> int:
        """How many there is anything to do for."""
        if os.environ.get(SHARE_ALWAYS):
            return sys.maxsize
        return 1 + int(self._waited / max(self._handled, 1e-6))


class KeyRanges:
    """The ranges of one list. A worker takes one after the other until there is none left for it.

    A list begins as one range. Once it proves to be long, further workers are called, and each cuts off what it reads
    from the range with the most rows left. Rows that change while the list is read move to its end, maybe behind the
    back of the worker there; so when all ranges are read, the end is looked at once more. Such rows carry a time after
    the reading began, so the last look begins there, or at the newest change seen if that is earlier: a row dated ahead
    must not hide them.

    Safe to use from several threads.

    :ivar complete: whether the whole list has been read
    """

    def __init__(
        self, max_workers: int, want_worker: Callable[[KeyRanges], None], on_fallback: Callable[[], None] = lambda: None
    ) -> None:
        """
        :param max_workers: how many may read at a time
        :param want_worker: has another worker call :meth:`batches` of the ranges it is given
        :param on_fallback: called before the whole list is read by another plan: what is known of ranges is void
        """
        self.complete = False
        self._max_workers = max_workers
        self._want_worker = want_worker
        self._on_fallback = on_fallback
        self._lock = threading.Lock()
        self._estimate = RowEstimate()
        self._pace = Pace()
        self._proof = ListProof()
        self._closed = False
        self._since: int | None = None
        self._open_gap: Gap = (None, None, None)
        self._waiting: list[KeyRange] = []
        self._under_way: list[KeyRange] = []
        # The newest change met in the ranges that are done, and what was handed out at that border.
        self._front: tuple[int, Memory] | None = None
        self._began_at: int | None = None
        self._looks_at_the_end = False
        self._made = 0
        self._present = 0
        self._coming = 0
        self._spent = 0.0

    def batches(self, reader: RangeReader, since: int | None, gaps: Sequence[Gap]) -> Iterator[Batch]:
        """Read ranges of the list until there is none left for this worker. Called by each worker that takes part.

        A failure of one of them stops the others at their next page, and one of them raises it.

        :param since: where a reading of the whole list begins; like ``gaps``, the first caller's counts
        :param gaps: what is not read yet, in order; the last one is open
        :raises Failure: when the list cannot be read completely
        """
        self._join(since, gaps)
        key_range: KeyRange | None = None
        try:
            while (key_range := self._take()) is not None:
                for batch in reader.batches(key_range.since, key_range=key_range):
                    if self._closed and not key_range.is_whole:
                        return
                    yield replace(batch, start=key_range.start, is_range=not key_range.is_whole)
                    del batch
                    while self._calls_another():
                        self._want_worker(self)
                self._done(key_range)
        except Failure:
            # The others stop at their next page. A worker that reads the whole list has closed the ranges itself.
            if self._close() or (key_range is not None and key_range.is_whole):
                raise
        except BaseException:
            self._close()
            raise

    def fall_back(self, key_range: KeyRange) -> tuple[bool, int | None]:
        """Have one worker read the whole list by another plan.

        :return: whether the caller is the one, and since when it has to read
        """
        if not self._close():
            return False, None
        self._on_fallback()
        key_range.is_whole, key_range.start, key_range.end = True, None, None
        return True, self._since

    def advance(self, key_range: KeyRange, here: PageInContext, waited: float | None) -> int | None:
        """Take note of a page of a range. From now on its rows belong to the range, as far as they lie before its end.

        :param waited: how long the response took (seconds), where it was the only one since the page before
        :return: where the range ends by now
        """
        now = time.monotonic()
        with self._lock:
            if self._began_at is None:
                self._began_at = here.complete_until
            self._estimate.note(here.request.since, here.page, here.dated)
            if waited is not None and key_range.last_page_at is not None and self._present + self._coming == 1:
                self._pace.note(waited, now - key_range.last_page_at - waited)
            key_range.last_page_at = now
            end = key_range.end
            own = [timestamp for timestamp in here.dated if end is None or timestamp < end]
            if own:
                key_range.position = max(own) if key_range.position is None else max(key_range.position, *own)
            return end

    def _join(self, since: int | None, gaps: Sequence[Gap]) -> None:
        """A worker has come: the first one, which says what there is to read, or one that was called."""
        with self._lock:
            if self._made:
                self._coming -= 1
            else:
                self._since, self._open_gap = since, gaps[-1]
                self._waiting = [self._range(*gap) for gap in gaps]
            self._present += 1

    def _take(self) -> KeyRange | None:
        """The next range for a worker; ``None``: there is nothing left for it to do."""
        with self._lock:
            key_range = None if self._closed else self._next_range()
            if key_range is None:
                self._present -= 1
            else:
                self._under_way.append(key_range)
            return key_range

    def _done(self, key_range: KeyRange) -> None:
        """A range was read to its end."""
        with self._lock:
            self._under_way.remove(key_range)
            if key_range.was_cut_off and key_range.position is None:
                self._spent += COST_OF_AN_EMPTY_RANGE - COST_OF_A_CUT
            if key_range.is_whole:
                self.complete = True
            elif key_range.position is not None and (self._front is None or key_range.position > self._front[0]):
                self._front = key_range.position, key_range.memory
            if not self._closed and not self._waiting and not self._under_way:
                self._look_at_the_end()

    def _close(self) -> bool:
        """No worker takes a further range: the list is read by another plan, or not to its end.

        :return: whether the caller is the first to say so
        """
        with self._lock:
            first, self._closed = not self._closed, True
            return first

    def _calls_another(self) -> bool:
        """Whether the list is worth a further worker, who is then on the way."""
        with self._lock:
            # What has not been proven about the list yet is proven once, by the first worker.
            if self._closed or not self._proof.established:
                return False
            if self._present + self._coming >= min(self._max_workers, self._pace.useful_workers):
                return False
            if len(self._waiting) <= self._coming and not self._is_worth_a_cut(self._widest()):
                return False
            self._coming += 1
            return True

    def _next_range(self) -> KeyRange | None:
        if self._waiting:
            return self._waiting.pop(0)
        widest = self._widest()
        if widest is None or not self._is_worth_a_cut(widest):
            return None
        # Workers still to come cut their own shares off what is cut off here.
        begin, end = self._left(widest)
        cut = self._estimate.cut(begin, end, 1 / (self._coming + 2))
        if not begin < cut < end:
            return None
        self._spent += COST_OF_A_CUT
        key_range = self._range(cut, widest.end, cut)
        key_range.was_cut_off = True
        widest.end = cut
        return key_range

    def _range(self, start: int | None, end: int | None, since: int | None) -> KeyRange:
        self._made += 1
        return KeyRange(self, start, end, since, Memory(proof=self._proof))

    def _look_at_the_end(self) -> None:
        """Not from where the last range began: that is a guess, while the newest change that was seen is a fact."""
        if self._made == 1 or self._looks_at_the_end:
            self.complete = True
            return
        self._looks_at_the_end = True
        if self._front is None or self._began_at is None:
            # Nothing has been found anywhere, so nothing has been cut off, and the open gap began with a fact.
            self._waiting.append(self._range(*self._open_gap))
            return
        newest, memory = self._front
        # The open gap begins with a fact as well: up to there, earlier runs have seen everything.
        begin = min(max(newest, self._open_gap[2] or 0), self._began_at)
        self._waiting.append(KeyRange(self, begin, None, begin, memory))

    def _widest(self) -> KeyRange | None:
        return max(self._under_way, key=self._rows_left, default=None)

    def _left(self, key_range: KeyRange) -> tuple[int, int]:
        """The times between which a range is not read yet; the same twice where nothing is known of it."""
        begin = key_range.position if key_range.position is not None else key_range.since
        end = key_range.end if key_range.end is not None else self._estimate.now
        return (begin + 1, end) if begin is not None else (end, end)

    def _rows_left(self, key_range: KeyRange) -> float:
        return self._estimate.rows_between(*self._left(key_range))

    def _is_worth_a_cut(self, key_range: KeyRange | None) -> bool:
        if key_range is None or self._looks_at_the_end:
            return False
        cuts = self._coming + 1
        cost = self._spent + cuts * COST_OF_A_CUT + COST_OF_THE_LAST_LOOK
        if cost > MAX_EXTRA_REQUESTS * self._estimate.pages_in_all:
            return False
        return self._rows_left(key_range) >= FEWEST_PAGES_TO_CUT * (cuts + 1) * self._estimate.page_size
