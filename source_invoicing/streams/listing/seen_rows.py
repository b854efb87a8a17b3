"""What a reading remembers of the rows it saw, to detect how others moved them meanwhile."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from source_invoicing.streams.checkpoint import Checkpoint, RowFingerprint
from source_invoicing.streams.listing.placed_page import PlacedPage
from source_invoicing.streams.page import Row

# How many of the latest rows can be recognised; of earlier ones, only the hashes of their names are kept.
MAX_RECENT = 10_000
# How many rows of the end of a page a checkpoint keeps: some of them may have been edited when a later run continues.
ROWS_OF_A_CHECKPOINT = 5
# One row in its old place proves little; this many show that all rows of a page are in their places.
MIN_ROWS_IN_PLACE = 2


class SeenRow(NamedTuple):
    """A row that was seen.

    :param order: grows along the list; rows that were put between two others share the order of the previous row
    :param position: rows before it, less the shift of the list at that time
    :param placed: the page it was seen on, without its rows; ``None`` if an earlier run saw it
    :param at: its index on that page
    """

    row: RowFingerprint
    order: int
    position: int
    placed: PlacedPage | None = None
    at: int = 0

    def contradicts(self, refetched: PlacedPage, other: PlacedPage) -> bool:
        """Whether two pages show the row in different places.

        :param refetched: the page it was seen on, fetched again
        :param other: a page that should hold its place, or holds the row
        """
        if self.placed is None or self.at >= len(refetched.fingerprints) or refetched.names[self.at] != self.row.name:
            return False
        names = other.names
        at = self.placed.offset + self.at - other.offset
        return not (0 <= at < len(names) and names[at] == self.row.name)


class SeenRows:
    """The rows that a reading saw, in the order of the list.

    A row that looks unchanged has not been moved by an edit. Such rows keep their order among each other, whatever
    happens to others. So no row lies between the rows seen and a page that begins with one of them.

    :param resume: where an earlier run stopped, if this reading continues from there
    :param stays_put: whether the list is sorted by creation, so that no edit moves a row, and name and rank of a row
        are enough to know its place
    """

    def __init__(self, resume: Checkpoint | None = None, *, stays_put: bool = False) -> None:
        self._stays_put = stays_put
        self._recent: OrderedDict[str | int, SeenRow] = OrderedDict()
        #: Hashes of the names of all rows handed out.
        self.names = array("q")
        self._order = 0
        self._last: SeenRow | None = None
        # How many rows the end of the rows seen has moved back since it was seen.
        self._shift = 0
        # How many rows the latest page lacked: if the server dropped them from a full page, later rows have moved back
        # as many places.
        self._slack = 0
        self._reads_contents = True
        #: Whether the rows seen begin where the list does.
        self.is_whole = resume is None
        #: The first row of the list.
        self.head = resume.head if resume else None
        #: Rows on the longest page.
        self.longest = 0
        #: The latest total. It counts inserted rows, so an inserted row that was seen makes up for no other.
        self.total: int | None = None
        #: How many rows were put in front of the last row seen, and have not been seen.
        self.missing = resume.missing if resume else 0
        if resume is not None:
            for number, row in enumerate(resume.tail):
                self._add(SeenRow(row, number, resume.offset + 1 - len(resume.tail) + number))

    @property
    def distinct(self) -> int:
        """How many different rows were seen."""
        return len(set(self.names))

    @property
    def shortfall(self) -> int:
        """How many rows of the latest total were not seen; 0 where it is not known what an earlier run saw."""
        if self.total is None or not self.is_whole:
            return 0
        return max(self.total - self.distinct, 0)

    def tail(self, placed: PlacedPage) -> tuple[RowFingerprint, ...]:
        """The rows at the end of a page, as a checkpoint keeps them: without contents that change by themselves."""
        rows = placed.fingerprints[-ROWS_OF_A_CHECKPOINT:]
        return rows if self._reads_contents else tuple(replace(row, content=None) for row in rows)

    def suspect(self, placed: PlacedPage) -> SeenRow | None:
        """A row that is not where it was seen: elsewhere on this page, or missing from it.

        Without one, no row of a list at rest is missing: each place was seen, and no row was seen in two places. A row
        that looks different is not a suspect, since an edit may have moved it.
        """
        last = self._last
        if last is not None and last.placed is not None and last.row.name not in placed.names:
            return last
        in_place = self._in_place(placed, self._recognised(placed))
        moved = (self._recent[name] for name, is_in_place in in_place.items() if not is_in_place)
        return next((seen for seen in moved if seen.placed is not None), None)

    def connects_to(self, placed: PlacedPage) -> bool:
        """Whether a page begins where the rows seen end, or earlier, so that no row lies between them.

        Also records how far their end has been shifted.
        """
        if self._is_in_old_place(placed):
            return True
        found = self._recognised(placed)
        if any(one.order > other.order for one, other in pairwise(found.values())):
            # Rows that look unchanged have moved, and nothing tells them from rows that have not: start over.
            self._recent.clear()
            return False
        # Nothing is known of the rows before the place where an earlier run stopped.
        connects = 0 in found if self.is_whole or self.names else bool(found)
        if connects and not self._proves_its_place(placed, found):
            return False
        self._update_shift(placed, found)
        return connects

    def take(self, placed: PlacedPage) -> list[Row]:
        """Add a page.

        :return: its rows that are new or have changed, wherever on the page they are; each version once
        """
        found = self._recognised(placed)
        if not found:
            # At the top of the list, where a page need not connect to anything.
            self._recent.clear()
        num_passed = max(found, default=-1) + 1
        in_front = (row.name for index, row in enumerate(placed.fingerprints[:num_passed]) if index not in found)
        new = sum(name not in self._recent and hash(name) not in self.names for name in in_front)
        self.missing = max(0, self.missing - new)
        order = min((seen.order for seen in found.values()), default=0)
        fresh = []
        rowless = placed.without_rows()
        for index, row in enumerate(placed.fingerprints):
            seen = found.get(index)
            if index >= num_passed:
                self._order += 1
                order = self._order
            elif seen is not None:
                order = seen.order
            earlier = self._recent.get(row.name)
            if earlier is None or not self.is_like(earlier.row, row):
                fresh.append(placed.page.rows[index])
            self._add(SeenRow(row, order, placed.offset + index - self._shift, rowless, index))
            if seen is None:
                self.names.append(hash(row.name))
        rows = len(placed.fingerprints)
        self.longest = max(self.longest, rows)
        asked_for = placed.request.size or placed.page.size or self.longest
        self._slack = max(asked_for - rows, rows if placed.page.short else 0)
        self.total = self.total if placed.page.total is None else placed.page.total
        if placed.offset == 0:
            self.head, self.is_whole = next(iter(placed.fingerprints), None), True
        return fresh

    def unseen_on(self, pages: Iterable[PlacedPage]) -> list[Row]:
        """The rows of some pages that were not handed out; none where it is not known what an earlier run saw."""
        names = set(self.names) if self.is_whole else None
        rows = {name: row for placed in pages for name, row in zip(placed.names, placed.page.rows, strict=True)}
        return [row for name, row in rows.items() if names is not None and hash(name) not in names]

    def is_like(self, earlier: RowFingerprint, now: RowFingerprint) -> bool:
        """Whether a row, known by its name, looks unchanged."""
        if self._reads_contents and earlier.content is not None:
            return earlier.content == now.content
        return earlier.timestamp is None or earlier.timestamp == now.timestamp

    def _add(self, seen: SeenRow) -> None:
        self._last = self._recent[seen.row.name] = seen
        self._order = max(self._order, seen.order)
        self._recent.move_to_end(seen.row.name)
        if len(self._recent) > MAX_RECENT:
            self._recent.popitem(last=False)

    def _was_moved(self, earlier: RowFingerprint, now: RowFingerprint) -> bool:
        if self._stays_put:  # unless it was deleted, and created anew at the end
            return earlier.rank not in (None, now.rank)
        return earlier.timestamp not in (None, now.timestamp)

    def _recognised(self, placed: PlacedPage, *, by_name: bool = False) -> dict[int, SeenRow]:
        """The rows of a page that were seen and cannot have been moved since, by their index on the page.

        :param by_name: whether rows count whose contents differ, as long as nothing shows that they were moved
        """
        found = {}
        for index, row in enumerate(placed.fingerprints):
            seen = self._recent.get(row.name)
            if seen is None or self._was_moved(seen.row, row):
                continue
            if by_name or self._stays_put or self.is_like(seen.row, row):
                found[index] = seen
        return found

    def _in_place(self, placed: PlacedPage, found: Mapping[int, SeenRow]) -> dict[str | int, bool]:
        """Whether each recognised row, by name, is in its old place. Some vendors list a row several times."""
        in_place: dict[str | int, bool] = {}
        for index, seen in found.items():
            further = placed.offset + index - seen.position - self._shift
            in_place[seen.row.name] = in_place.get(seen.row.name, False) or 0 <= further <= self._slack
        return in_place

    def _proves_its_place(self, placed: PlacedPage, found: Mapping[int, SeenRow]) -> bool:
        """Whether the recognised rows of a page prove its place in the list.

        Several rows in their old order do, and so does one row with its old rank. Any other single row may have been
        moved past rows that were not read. It counts only if it is the last row seen, in its old place, and the page
        begins with it, as in a list at rest. A row that was moved to just that place and looks unchanged passes too.
        """
        in_place = self._in_place(placed, found)
        row = next(iter(found.values())).row
        if len(in_place) >= MIN_ROWS_IN_PLACE or (self._stays_put and row.rank is not None):
            return True
        # A name alone proves little, but a checkpoint of version 0.1.0 has no more.
        begins = (0 in found and row.content is not None) or len(self._recent) == 1
        return begins and in_place[row.name] and self._last is not None and row.name == self._last.row.name

    def _is_in_old_place(self, placed: PlacedPage) -> bool:
        """Whether all known rows of a page, the first one included, are in their old places, though they may have
        changed.

        Several changed rows in their old places were not edited: something in them differs in each response, such as
        a link that expires. From then on, rows are recognised by their names and modification times.
        """
        found = self._recognised(placed, by_name=True)
        if len(found) < MIN_ROWS_IN_PLACE or 0 not in found or not self.names:
            return False
        if any(placed.offset + index != seen.position + self._shift for index, seen in found.items()):
            return False
        changed = sum(not self.is_like(seen.row, placed.fingerprints[index]) for index, seen in found.items())
        if changed >= MIN_ROWS_IN_PLACE:
            self._reads_contents = False
        return True

    def _update_shift(self, placed: PlacedPage, found: Mapping[int, SeenRow]) -> None:
        if found:
            index = max(found)
            further = placed.offset + index - found[index].position - self._shift
            self._shift += further
            if not self._stays_put and further > self._slack:
                self.missing += further
        elif self._last is not None and self._last.row.name not in placed.names:
            # It is somewhere before the page.
            self._shift = min(self._shift, placed.offset - 1 - self._last.position)
