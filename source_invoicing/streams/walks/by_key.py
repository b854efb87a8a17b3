"""The walk by modification time: each page is the answer to "what changed at or after the last moment seen"."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from source_invoicing.streams.page import Listing, Order, Page, Question, Row
from source_invoicing.streams.walks.walk import NotHonoured, PageKeys, Step, Walk, goes_on

# A moment that fills more than a page is read until two passes agree. Each pass beyond the second one needs a row
# that left the moment meanwhile, so a dozen is plenty; a list that never agrees is not sorted the way it says.
MOST_PASSES = 12


@dataclass(frozen=True)
class _Stretch:
    """Where the walk stands in the answer to one question: its latest page, and the rows on the pages before it."""

    question: Question
    page: Page
    rows_before: int = 0

    @property
    def goes_on(self) -> bool:
        return goes_on(self.page, self.rows_before + len(self.page.rows))


class KeyWalk(Walk):
    """Sorted ascending by modification time, asked again from the last moment seen, always page 1.

    Inserts and edits land at the end, deletes only shorten what is still to come: nothing shifts, every page is a
    checkpoint, and a resume is the same question. Only while one moment fills a whole page (a bulk import) does the
    walk step to pages 2, 3, ... of the same question.

    Each page proves that the server sorted and filtered.
    """

    def __init__(self, listing: Listing) -> None:
        super().__init__(listing)
        # Rows handed out at the moment the next question starts from: they come again in its answer.
        self._handed_out: dict[Hashable, int | None] = {}

    def steps(self, since: int | None) -> Iterator[Step]:
        """See :meth:`Walk.steps`."""
        question = Question(since=since, order=Order.OLDEST_FIRST)
        before: _Stretch | None = None
        while True:
            here = _Stretch(question, self.listing.ask(question))
            self._prove(here)
            if before is not None:
                self._prove_nothing_hidden(before, here)
            if here.goes_on and self._stands_still(here):
                here = yield from self._pass_over_the_moment(here)
            yield self._step(here.page)
            if not here.goes_on:
                return
            before = here
            question = Question(since=self._last_moment(here), order=Order.OLDEST_FIRST)

    def _prove(self, here: _Stretch) -> None:
        """A list of one page needs no order; in a longer one the rows behind a wrong order could be missed."""
        moments = self.moments(here.page)
        if not here.goes_on or not moments:
            return
        if any(earlier > later for earlier, later in pairwise(moments)):
            raise NotHonoured("does not sort by modification time")
        # A stream asks one second earlier than the question says where it is unknown whether the boundary is included.
        if here.question.since is not None and moments[0] < here.question.since - 1:
            raise NotHonoured("does not filter by modification time")

    def _prove_nothing_hidden(self, before: _Stretch, here: _Stretch) -> None:
        """Rows without a modification time answer a question without "since" and no other one.

        Where totals are told, those of the first two questions must add up; if they do not, such rows may stand at
        the end of the list, where this walk would never meet them.
        """
        if before.question.since is not None or before.page.total is None or here.page.total is None:
            return
        again = set(self.keys(here.page))
        left_behind = before.rows_before + sum(1 for key in self.keys(before.page) if key not in again)
        if before.page.total > left_behind + here.page.total:
            raise NotHonoured("may hold rows that a filter by modification time leaves out")

    def _stands_still(self, here: _Stretch) -> bool:
        """Whether the page ends at the moment it begins with, or the question began with: asking on leads nowhere."""
        moments = self.moments(here.page)
        return not moments or moments[-1] in (here.question.since, self.listing.moment(here.page.rows[0]))

    def _pass_over_the_moment(self, start: _Stretch) -> Generator[Step, None, _Stretch]:
        """Step through the pages that one moment fills, until two passes over them agree.

        Rows can only leave a moment in the past; each one that leaves shifts the rest towards the front, and none
        comes back. So two equal passes prove that between them everything stood where it was read.

        :return: the page on which the moment ends
        """
        moment = self._last_moment(start)
        seen_before: PageKeys | None = None
        here = start
        for _ in range(MOST_PASSES):
            seen = self.keys(here.page)
            while here.goes_on and self._last_moment(here) == moment:
                yield Step(self._take_fresh(here.page))
                here = self._next_page(here)
                seen += tuple(
                    self.listing.key(row)
                    for row in here.page.rows
                    if (changed := self.listing.moment(row)) is None or moment is None or changed <= moment
                )
            if seen == seen_before or not here.rows_before:
                self._prove(here)
                return here
            yield Step(self._take_fresh(here.page))
            seen_before = seen
            here = _Stretch(start.question, self.listing.ask(start.question))
        raise self.contradiction("answers differently each time it is asked for one moment")

    def _next_page(self, here: _Stretch) -> _Stretch:
        question = replace(here.question, number=here.question.number + 1)
        page = self.listing.ask(question)
        if page.rows and self.keys(page) == self.keys(here.page):
            raise self.contradiction("answers with the same page twice")
        if not page.rows and here.page.total is not None and here.goes_on:
            raise self.contradiction(f"tells of {here.page.total} rows and ends before")
        return _Stretch(question, page, here.rows_before + len(here.page.rows))

    def _last_moment(self, here: _Stretch) -> int | None:
        moments = self.moments(here.page)
        return moments[-1] if moments else here.question.since

    def _fresh(self, page: Page) -> list[Row]:
        unseen = object()
        listing = self.listing
        return [row for row in page.rows if self._handed_out.get(listing.key(row), unseen) != listing.moment(row)]

    def _take_fresh(self, page: Page) -> list[Row]:
        """Rows not handed out yet, remembered from now on."""
        fresh = self._fresh(page)
        self._handed_out.update((self.listing.key(row), self.listing.moment(row)) for row in fresh)
        return fresh

    def _step(self, page: Page) -> Step:
        fresh = self._take_fresh(page)
        moments = self.moments(page)
        if not moments:
            return Step(fresh)
        last = moments[-1]
        # The next answer repeats rows of this second, and of the one before where the boundary is included.
        self._handed_out = {key: moment for key, moment in self._handed_out.items() if moment and moment >= last - 1}
        return Step(fresh, reached=last)
