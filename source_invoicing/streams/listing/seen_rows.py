"""What a reading remembers of the rows it met, to detect how others moved them meanwhile."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from source_invoicing.streams.checkpoint import Checkpoint, RowFingerprint
from source_invoicing.streams.listing.page_view import PageView
from source_invoicing.streams.page import Row

# So many rows can be known again; of those before, only the hashes of their names are kept.
MAX_RECENT = 10_000
# So many rows of the end of a page make a checkpoint: one of them may have been edited when a later run continues.
ROWS_OF_A_CHECKPOINT = 5
# A row that stands where it stood proves little, a few of them that all of them do.
FEW = 2


class Met(NamedTuple):
    """A row that was met.

    :param order: grows along the list; rows put between two others share the order of the one before
    :param position: rows before it, less the shift of the list at that time
    :param view: the page it was met on, without its rows; ``None`` if an earlier run met it
    :param at: its index on that page
    """

    row: RowFingerprint
    order: int
    position: int
    view: PageView | None = None
    at: int = 0

    def contradicts(self, again: PageView, elsewhere: PageView) -> bool:
        """Whether two pages show the row in different places: the one it was met on, asked for again, in the same
        place, and another one elsewhere, or not at all.

        :param elsewhere: a page that should hold its place, or holds the row
        """
        if self.view is None or self.at >= len(again.fingerprints) or again.names[self.at] != self.row.name:
            return False
        names = elsewhere.names
        at = self.view.offset + self.at - elsewhere.offset
        return not (0 <= at < len(names) and names[at] == self.row.name)


class SeenRows:
    """The rows that a reading met, in the order of the list.

    A row that looks as it did has not been moved by an edit. Such rows keep their order among each other whatever
    others do, so a page that begins with one of them goes on where the rows met end, or before: nothing lies between.

    :param resume: where an earlier run stopped, if this reading continues from there
    :param stays_put: whether the list is sorted by creation, so that no edit moves a row, and its name and rank are
        enough to know its place by
    """

    def __init__(self, resume: Checkpoint | None = None, *, stays_put: bool = False) -> None:
        self._stays_put = stays_put
        self._recent: OrderedDict[str | int, Met] = OrderedDict()
        #: Hashes of the names of all rows handed out.
        self.names = array("q")
        self._order = 0
        self._last: Met | None = None
        # How far the end of the rows met now stands behind the place where it was met.
        self._shift = 0
        # Rows that the last page lacked: if they were left out behind the limit, the rest stands so much further back.
        self._slack = 0
        self._reads_contents = True
        #: Whether they begin where the list does.
        self.is_whole = resume is None
        #: The row that stood first.
        self.head = resume.head if resume else None
        #: Rows on the longest page.
        self.longest = 0
        #: The latest total: a row that was inserted and met stands for no other.
        self.total: int | None = None
        #: Rows that others put in front of the last row met, and that have not been met.
        self.missing = resume.missing if resume else 0
        if resume is not None:
            for number, row in enumerate(resume.tail):
                self._note(Met(row, number, resume.offset + 1 - len(resume.tail) + number))

    @property
    def distinct(self) -> int:
        """How many different rows were met."""
        return len(set(self.names))

    @property
    def shortfall(self) -> int:
        """How many rows of the latest total were not met. Of rows met by an earlier run nothing is known."""
        if self.total is None or not self.is_whole:
            return 0
        return max(self.total - self.distinct, 0)

    def tail(self, view: PageView) -> tuple[RowFingerprint, ...]:
        """The rows at the end of a page, as a checkpoint keeps them. Contents that change by themselves are left
        out."""
        rows = view.fingerprints[-ROWS_OF_A_CHECKPOINT:]
        return rows if self._reads_contents else tuple(replace(row, content=None) for row in rows)

    def suspect(self, view: PageView) -> Met | None:
        """A row that stands elsewhere on this page than where it was met, or that the page should hold and does not.

        Without one, no row of a list at rest is missing: each place was seen, and no row was seen in two of them. An
        edit that moves a row makes it look different, so such a row is none.
        """
        last = self._last
        if last is not None and last.view is not None and last.row.name not in view.names:
            return last
        in_place = self._in_place(view, self._known_again(view))
        moved = (self._recent[name] for name, is_in_place in in_place.items() if not is_in_place)
        return next((met for met in moved if met.view is not None), None)

    def meets(self, view: PageView) -> bool:
        """Whether a page goes on where the rows met end, or before, so that nothing lies between them.

        It also shows how far others have shifted their end.
        """
        if self._stands_as_it_stood(view):
            return True
        found = self._known_again(view)
        if any(one.order > other.order for one, other in pairwise(found.values())):
            # Rows that look unchanged have moved, and nothing distinguishes them from those that have not: start over.
            self._recent.clear()
            return False
        # Of the rows before the place where an earlier run stopped nothing is known.
        goes_on = 0 in found if self.is_whole or self.names else bool(found)
        if goes_on and not self._proves_its_place(view, found):
            return False
        self._note_shift(view, found)
        return goes_on

    def take(self, view: PageView) -> list[Row]:
        """Add a page.

        :return: its rows that are new, or not what they were, wherever on the page they stand; each version once
        """
        found = self._known_again(view)
        if not found:
            # At the top of the list, where a page need not go on behind anything.
            self._recent.clear()
        behind = max(found, default=-1) + 1
        in_front = (row.name for index, row in enumerate(view.fingerprints[:behind]) if index not in found)
        new = sum(name not in self._recent and hash(name) not in self.names for name in in_front)
        self.missing = max(0, self.missing - new)
        order = min((met.order for met in found.values()), default=0)
        fresh = []
        rowless = view.without_rows()
        for index, row in enumerate(view.fingerprints):
            met = found.get(index)
            if index >= behind:
                self._order += 1
                order = self._order
            elif met is not None:
                order = met.order
            before = self._recent.get(row.name)
            if before is None or not self.is_like(before.row, row):
                fresh.append(view.page.rows[index])
            self._note(Met(row, order, view.offset + index - self._shift, rowless, index))
            if met is None:
                self.names.append(hash(row.name))
        rows = len(view.fingerprints)
        self.longest = max(self.longest, rows)
        asked_for = view.request.size or view.page.size or self.longest
        self._slack = max(asked_for - rows, rows if view.page.short else 0)
        self.total = self.total if view.page.total is None else view.page.total
        if view.offset == 0:
            self.head, self.is_whole = next(iter(view.fingerprints), None), True
        return fresh

    def not_met(self, views: Iterable[PageView]) -> list[Row]:
        """The rows of some pages that were not handed out; none where it is not known what an earlier run met."""
        names = set(self.names) if self.is_whole else None
        rows = {name: row for view in views for name, row in zip(view.names, view.page.rows, strict=True)}
        return [row for name, row in rows.items() if names is not None and hash(name) not in names]

    def is_like(self, before: RowFingerprint, now: RowFingerprint) -> bool:
        """Whether a row looks as it did."""
        if before.name != now.name:
            return False
        if self._reads_contents and before.content is not None:
            return before.content == now.content
        return before.timestamp is None or before.timestamp == now.timestamp

    def _note(self, met: Met) -> None:
        self._last = self._recent[met.row.name] = met
        self._order = max(self._order, met.order)
        self._recent.move_to_end(met.row.name)
        if len(self._recent) > MAX_RECENT:
            self._recent.popitem(last=False)

    def _was_moved(self, before: RowFingerprint, now: RowFingerprint) -> bool:
        if self._stays_put:  # unless it was deleted, and created anew at the end
            return before.rank not in (None, now.rank)
        return before.timestamp not in (None, now.timestamp)

    def _known_again(self, view: PageView, *, by_name: bool = False) -> dict[int, Met]:
        """How rows of a page were met that cannot have been moved since, by their index on it.

        :param by_name: whether those count that look different, if they do not show that they were moved
        """
        found = {}
        for index, row in enumerate(view.fingerprints):
            met = self._recent.get(row.name)
            if met is None or self._was_moved(met.row, row):
                continue
            if by_name or self._stays_put or self.is_like(met.row, row):
                found[index] = met
        return found

    def _in_place(self, view: PageView, found: Mapping[int, Met]) -> dict[str | int, bool]:
        """Whether rows that are known again, by name, stand where they stood. Some vendors list one several times."""
        in_place: dict[str | int, bool] = {}
        for index, met in found.items():
            further = view.offset + index - met.position - self._shift
            in_place[met.row.name] = in_place.get(met.row.name, False) or 0 <= further <= self._slack
        return in_place

    def _proves_its_place(self, view: PageView, found: Mapping[int, Met]) -> bool:
        """Whether the rows known again on a page show where it stands.

        A few do that have kept their order, or one that has kept its rank. Any other single row may have been moved
        past rows that were not read, unless it is the last one met, in its old place, and the page begins with it:
        that is what a list at rest shows, and so does a row that was moved to just that place and looks as it did.
        """
        in_place = self._in_place(view, found)
        row = next(iter(found.values())).row
        if len(in_place) >= FEW or (self._stays_put and row.rank is not None):
            return True
        # A name alone proves little, but a checkpoint of version 0.1.0 has no more.
        begins = (0 in found and row.content is not None) or len(self._recent) == 1
        return begins and in_place[row.name] and self._last is not None and row.name == self._last.row.name

    def _stands_as_it_stood(self, view: PageView) -> bool:
        """Whether rows that are not what they were stand in their old places all the same, one behind the other.

        Where it is several, they have not been edited: there is something in them that differs in each response, such
        as a link that ends soon. From then on, rows are known by their names and modification times.
        """
        found = self._known_again(view, by_name=True)
        if len(found) < FEW or 0 not in found or not self.names:
            return False
        if any(view.offset + index != met.position + self._shift for index, met in found.items()):
            return False
        changed = sum(not self.is_like(met.row, view.fingerprints[index]) for index, met in found.items())
        if changed >= FEW:
            self._reads_contents = False
        return True

    def _note_shift(self, view: PageView, found: Mapping[int, Met]) -> None:
        if found:
            index = max(found)
            further = view.offset + index - found[index].position - self._shift
            self._shift += further
            if not self._stays_put and further > self._slack:
                self.missing += further
        elif self._last is not None and self._last.row.name not in view.names:
            # It stands somewhere before the page.
            self._shift = min(self._shift, view.offset - 1 - self._last.position)


class Rescan:
    """A look from the top of a list for the rows that others put in front of the rows met.

    Of a reading that continues where an earlier run stopped it is not known what that run met: its rows come again,
    and only those in front of the row that stood first then are surely missing ones.
    """

    def __init__(self, seen: SeenRows) -> None:
        self._seen = seen
        self._names = set(seen.names)
        # The row that stood first when an earlier run began; ``None`` once it was met.
        self._head = None if seen.is_whole else seen.head
        self._found = 0

    def missing_on(self, view: PageView) -> list[Row]:
        """The rows of a page that have not been met."""
        seen = self._seen
        missing = []
        for row, now in zip(view.page.rows, view.fingerprints, strict=True):
            if self._head and seen.is_like(self._head, now):
                seen.missing = max(0, seen.missing - self._found)
                self._head = None
            name = hash(now.name)
            if name in self._names:
                continue
            self._names.add(name)
            seen.names.append(name)
            missing.append(row)
            self._found += 1
            if seen.is_whole:
                seen.missing = max(0, seen.missing - 1)
        return missing
