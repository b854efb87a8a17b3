"""One long list, read by several readers side by side, each in a stretch of modification times of its own."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from source_invoicing.streams.page import Page
from source_invoicing.streams.walks.census import Census

if TYPE_CHECKING:
    from source_invoicing.streams.walks.by_key import KeyWalk

# Of a list's own requests, so much may be spent on reading it side by side. What it costs: half a page, on average,
# where two parts meet; a whole one where a part turns out to be empty; and one question at the end.
MOST_EXTRA_REQUESTS = 0.04
COST_OF_A_CUT = 0.5
COST_OF_AN_EMPTY_PART = 1.0
COST_OF_THE_LAST_LOOK = 1.0
# Of a part with fewer pages left, nothing is given away: the new reader would hardly be there before it is read.
FEWEST_PAGES_TO_CUT = 4


# An answer that comes within so many seconds is not worth waiting for beside another one.
QUICK_ANSWER = 0.01
# For tests: lists are shared however fast the answers come.
SHARE_ALWAYS = "SOURCE_INVOICING_SHARE_ALWAYS"


@dataclass
class Part:
    """A stretch of modification times, read by one reader. All moments are seconds since 1970 (UTC).

    :param start: where it begins; ``None`` is the beginning of the list
    :param end: the moment before which it ends; ``None`` where it is open
    :param since: what is asked for first
    :param position: the newest change it has met; that row is out, or about to be, and a cut lies behind it
    :param walk: whoever reads it; a walk that reads on remembers what it has handed out
    :param is_all: whether it has become the whole list, read in another way
    :param was_cut_off: whether it is a guess that there are rows in it
    :param last_page_at: when its last page was taken note of, by the clock of :func:`time.monotonic`
    """

    parts: Parts
    start: int | None
    end: int | None
    since: int | None
    position: int | None = None
    walk: KeyWalk | None = None
    is_all: bool = False
    was_cut_off: bool = False
    last_page_at: float | None = None

    def advance(self, since: int | None, page: Page, timestamps: Sequence[int], waited: float | None) -> int | None:
        """Take note of a page. From now on its rows belong to this part, as far as they lie before the end.

        :param since: what the page was asked for
        :param timestamps: the modification times on it
        :param waited: how long the answer took (seconds), where it was the only one since the page before
        :return: where the part ends by now
        """
        return self.parts.advance(self, since, page, timestamps, waited)


class Pace:
    """How many readers keep the processor busy: while one waits for an answer, others can handle theirs.

    Not thread-safe. To be told while a single reader is at work; several would measure each other.
    """

    def __init__(self) -> None:
        self._waited = 0.0
        self._handled = 0.0

    def note(self, waited: float, handled: float) -> None:
        """Take note of a page: how long its answer took, and how long it took to handle the one before (seconds)."""
        self._waited += max(waited - QUICK_ANSWER, 0.0)
        self._handled += handled

    @property
    def useful_readers(self) -> int:
        """How many there is anything to do for."""
        if os.environ.get(SHARE_ALWAYS):
            return sys.maxsize
        return 1 + int(self._waited / max(self._handled, 1e-6))


class Parts:
    """The parts of one list. A reader takes one after the other until there is none left for it.

    A list begins as one part. Once it proves to be long, further readers are called, and each cuts off what it reads
    from the part with the most rows left. Rows that change while the list is read move to its end, maybe behind the
    back of the reader there; so when all parts are read, the end is looked at once more.

    Safe to use from several threads.
    """

    def __init__(self, most_readers: int, call_reader: Callable[[], None]) -> None:
        """
        :param most_readers: how many may read at a time
        :param call_reader: has somebody come and take a part
        """
        self.since: int | None = None
        self.closed = False
        self.complete = False
        self._most_readers = most_readers
        self._call_reader = call_reader
        self._lock = threading.Lock()
        self._census = Census()
        self._pace = Pace()
        self._begun = False
        self._open_gap: tuple[int | None, int | None, int | None] = (None, None, None)
        self._waiting: list[Part] = []
        self._under_way: list[Part] = []
        self._front: Part | None = None
        self._front_position = 0
        self._looks_at_the_end = False
        self._made = 0
        self._present = 1
        self._coming = 0
        self._spent = 0.0

    def begin(self, since: int | None, gaps: Sequence[tuple[int | None, int | None, int | None]]) -> bool:
        """Say what there is to read, unless somebody has.

        :param since: where a reading of everything would begin
        :param gaps: start, end and first question of each stretch that is to be read, in order; the last one is open
        :return: whether somebody has: then the reader has come because it was called
        """
        with self._lock:
            if self._begun:
                return True
            self._begun = True
            self.since = since
            self._waiting = [self._part(*gap) for gap in gaps]
            self._open_gap = gaps[-1]
            return False

    def take(self, *, newcomer: bool = False) -> Part | None:
        """The next part for a reader; ``None``: there is nothing left for it to do.

        :param newcomer: whether the reader has come because it was called
        """
        with self._lock:
            if newcomer:
                self._coming -= 1
                self._present += 1
            part = None if self.closed else self._next_part()
            if part is None:
                self._present -= 1
            else:
                self._under_way.append(part)
            return part

    def done(self, part: Part) -> None:
        """A part was read to its end."""
        with self._lock:
            self._under_way.remove(part)
            if part.was_cut_off and part.position is None:
                self._spent += COST_OF_AN_EMPTY_PART - COST_OF_A_CUT
            if part.is_all:
                self.complete = True
            elif part.position is not None and (self._front is None or part.position > self._front_position):
                self._front, self._front_position = part, part.position
            if not self.closed and not self._waiting and not self._under_way:
                self._look_at_the_end()

    def advance(
        self, part: Part, since: int | None, page: Page, timestamps: Sequence[int], waited: float | None
    ) -> int | None:
        """See :meth:`Part.advance`."""
        now = time.monotonic()
        with self._lock:
            self._census.note(since, page, timestamps)
            if waited is not None and part.last_page_at is not None and self._present + self._coming == 1:
                self._pace.note(waited, now - part.last_page_at - waited)
            part.last_page_at = now
            end = part.end
            own = [timestamp for timestamp in timestamps if end is None or timestamp < end]
            if own:
                part.position = max(own) if part.position is None else max(part.position, *own)
            return end

    def call_readers(self) -> None:
        """Call as many further readers as the list is worth."""
        while self._calls_another():
            self._call_reader()

    def close(self) -> bool:
        """Nobody takes a further part: the list is read in another way, or not to its end.

        :return: whether the caller is the first to say so
        """
        with self._lock:
            first, self.closed = not self.closed, True
            return first

    def _calls_another(self) -> bool:
        with self._lock:
            if self.closed or self._present + self._coming >= min(self._most_readers, self._pace.useful_readers):
                return False
            if len(self._waiting) <= self._coming and not self._is_worth_a_cut(self._widest()):
                return False
            self._coming += 1
            return True

    def _next_part(self) -> Part | None:
        if self._waiting:
            return self._waiting.pop(0)
        widest = self._widest()
        if widest is None or not self._is_worth_a_cut(widest):
            return None
        # Who is still to come will cut off a share of its own from what is cut off here.
        begin, end = self._left(widest)
        cut = self._census.cut(begin, end, 1 / (self._coming + 2))
        if not begin < cut < end:
            return None
        self._spent += COST_OF_A_CUT
        part = self._part(cut, widest.end, cut)
        part.was_cut_off = True
        widest.end = cut
        return part

    def _part(self, start: int | None, end: int | None, since: int | None) -> Part:
        self._made += 1
        return Part(self, start, end, since)

    def _look_at_the_end(self) -> None:
        """Not from where the last part began: that is a guess, while the newest change that was seen is a fact."""
        if self._made == 1 or self._looks_at_the_end:
            self.complete = True
            return
        self._looks_at_the_end = True
        if self._front is None:
            # Nothing has been found anywhere, so nothing has been cut off, and the open stretch began with a fact.
            self._waiting.append(self._part(*self._open_gap))
            return
        look = self._part(self._front_position, None, self._front_position)
        look.walk = self._front.walk
        self._waiting.append(look)

    def _widest(self) -> Part | None:
        return max(self._under_way, key=self._rows_left, default=None)

    def _left(self, part: Part) -> tuple[int, int]:
        """The moments between which a part is not read yet; the same twice where nothing is known of it."""
        begin = part.position if part.position is not None else part.since
        end = part.end if part.end is not None else self._census.now
        return (begin + 1, end) if begin is not None else (end, end)

    def _rows_left(self, part: Part) -> float:
        begin, end = self._left(part)
        return self._census.rows_between(begin, end) if begin < end else 0.0

    def _is_worth_a_cut(self, part: Part | None) -> bool:
        if part is None or self._looks_at_the_end:
            return False
        cuts = self._coming + 1
        cost = self._spent + cuts * COST_OF_A_CUT + COST_OF_THE_LAST_LOOK
        if cost > MOST_EXTRA_REQUESTS * self._census.pages_in_all:
            return False
        return self._rows_left(part) >= FEWEST_PAGES_TO_CUT * (cuts + 1) * self._census.page_size
