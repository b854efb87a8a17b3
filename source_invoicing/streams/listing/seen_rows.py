"""What a reading remembers of the rows it met, to detect how others moved them meanwhile."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from source_invoicing.streams.checkpoint import Checkpoint, RowFingerprint, checksum, name_of
from source_invoicing.streams.page import Listing, Page, PageRequest, Row

# So many rows can be known again; of those before, only the hashes of their names are kept.
MOST_RECENT = 10_000
# So many rows of the end of a page make a checkpoint: one of them may have been edited when a later run continues.
ROWS_OF_A_CHECKPOINT = 5
# A row that stands where it stood proves little, a few of them that all of them do.
FEW = 2


@dataclass(frozen=True)
class PageView:
    """A page, where it stands, and how its rows looked when they came.

    :param request: what it was asked for with
    :param offset: rows before the page
    """

    request: PageRequest
    page: Page
    offset: int
    fingerprints: tuple[RowFingerprint, ...]

    @classmethod
    def of(cls, listing: Listing, request: PageRequest, page: Page, offset: int) -> PageView:
        """View a page. Call it before its rows are handed out, since the receiver changes them."""
        return cls(request, page, offset, tuple(fingerprint(listing, row) for row in page.rows))

    @property
    def end(self) -> int:
        """Rows up to the end of the page."""
        return self.offset + len(self.fingerprints)

    @property
    def names(self) -> list[str | int]:
        """What its rows are called."""
        return [row.name for row in self.fingerprints]

    @property
    def timestamps(self) -> list[int]:
        """The modification times of its rows, in order, rows without one left out."""
        return [row.timestamp for row in self.fingerprints if row.timestamp is not None]

    @property
    def has_next(self) -> bool:
        """Whether the list goes on behind it, as far as the page says."""
        # Without its rows, a page would look like an empty one.
        return bool(self.fingerprints) and replace(self.page, rows=[{}]).has_next(self.end)

    def lack(self, longest: int) -> int:
        """How many rows it lacks to be as long as was asked for, as far as that is known.

        :param longest: rows on the longest page so far
        """
        asked_for = self.request.size or self.page.size or longest
        return max(asked_for - len(self.fingerprints), len(self.fingerprints) if self.page.short else 0)

    def without_rows(self) -> PageView:
        """The view without its rows, for comparison once they are out."""
        return replace(self, page=replace(self.page, rows=[]))

    def goes_beyond(self, before: PageView | None) -> bool:
        """Whether rows are on the page that the page before did not hold."""
        return before is None or not set(self.names) <= set(before.names)


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
    :param stays_put: whether no edit moves a row, so that its name is enough to know its place by
    """

    def __init__(self, listing: Listing, resume: Checkpoint | None = None, *, stays_put: bool = False) -> None:
        self._listing = listing
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
        # Rows to know again before a reading continues at a checkpoint. A name alone proves little.
        self._enough = 1
        if resume is not None:
            keeps_contents = any(row.content is not None for row in resume.tail)
            self._enough = 1 if keeps_contents else min(FEW, len(resume.tail))
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
        return rows if self._reads_contents else tuple(RowFingerprint(row.name, row.timestamp) for row in rows)

    def suspect(self, view: PageView) -> Met | None:
        """A row that stands elsewhere on this page than where it was met, or that the page should hold and does not.

        Without one, no row of a list at rest is missing: each place was seen, and no row was seen in two of them. An
        edit that moves a row makes it look different, so such a row is none.
        """
        last = self._last
        if last is not None and last.view is not None and last.row.name not in view.names:
            return last
        places: dict[str | int, list[int]] = {}
        for index, (row, met) in enumerate(zip(view.fingerprints, self._known_again(view), strict=True)):
            if met is not None and met.view is not None:
                places.setdefault(row.name, []).append(view.offset + index)
        for name, standing in places.items():
            met = self._recent[name]
            if not any(0 <= place - met.position - self._shift <= self._slack for place in standing):
                return met
        return None

    def meets(self, view: PageView) -> bool:
        """Whether a page goes on where the rows met end, or before, so that nothing lies between them.

        It also shows how far others have shifted their end.
        """
        if self._stands_as_it_stood(view):
            return True
        found = self._known_again(view)
        if not _are_in_order(found):
            # Rows that look unchanged have moved, and nothing distinguishes them from those that have not: start over.
            self._recent.clear()
            return False
        self._note_shift(view, found)
        if not self.is_whole and not self.names:
            # Of the rows before the place where an earlier run stopped nothing is known.
            return sum(met is not None for met in found) >= self._enough
        return bool(found) and found[0] is not None

    def take(self, view: PageView) -> list[Row]:
        """Add a page.

        :return: its rows that are new, or not what they were, wherever on the page they stand; each version once
        """
        found = self._known_again(view)
        if not any(found):
            # At the top of the list, where a page need not go on behind anything.
            self._recent.clear()
        known = [index for index, met in enumerate(found) if met is not None]
        behind = known[-1] + 1 if known else 0
        in_front = zip(view.fingerprints[:behind], found, strict=False)
        self.missing = max(0, self.missing - sum(self._is_new(row) for row, met in in_front if met is None))
        order = min((met.order for met in found[:behind] if met), default=0)
        fresh = []
        rowless = view.without_rows()
        for index, (row, met) in enumerate(zip(view.fingerprints, found, strict=True)):
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
        self.longest = max(self.longest, len(view.fingerprints))
        self._slack = view.lack(self.longest)
        self.note_total(view.page.total)
        if view.offset == 0:
            self.head, self.is_whole = next(iter(view.fingerprints), None), True
        return fresh

    def not_met(self, views: Iterable[PageView]) -> list[Row]:
        """The rows of some pages that were not handed out; none where it is not known what an earlier run met."""
        names = set(self.names) if self.is_whole else None
        rows = {name: row for view in views for name, row in zip(view.names, view.page.rows, strict=True)}
        return [row for name, row in rows.items() if names is not None and hash(name) not in names]

    def met_elsewhere(self, name: str | int) -> bool:
        """Whether a row of that name was handed out."""
        return hash(name) in self.names

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
        if len(self._recent) > MOST_RECENT:
            self._recent.popitem(last=False)

    def note_total(self, total: int | None) -> None:
        """Take note of how many rows the list has."""
        if total is not None:
            self.total = total

    def _is_new(self, row: RowFingerprint) -> bool:
        return row.name not in self._recent and not self.met_elsewhere(row.name)

    def _known_again(self, view: PageView) -> list[Met | None]:
        """Of each row of a page, how it was met, if it was and cannot have been moved since."""
        met = [self._recent.get(row.name) for row in view.fingerprints]
        return [
            before if before and (self._stays_put or self.is_like(before.row, row)) else None
            for before, row in zip(met, view.fingerprints, strict=True)
        ]

    def _stands_as_it_stood(self, view: PageView) -> bool:
        """Whether rows that are not what they were stand in their old places all the same, one behind the other.

        Where it is several, they have not been edited: there is something in them that differs in each response, such
        as a link that ends soon. From then on, rows are known by their names and modification times.
        """
        met = [(index, self._recent.get(row.name)) for index, row in enumerate(view.fingerprints)]
        known = [(index, before) for index, before in met if before is not None]
        if len(known) < FEW or known[0][0] or not self.names:
            return False
        if any(view.offset + index != before.position + self._shift for index, before in known):
            return False
        changed = sum(not self.is_like(before.row, view.fingerprints[index]) for index, before in known)
        if changed >= FEW:
            self._reads_contents = False
        return True

    def _note_shift(self, view: PageView, found: Sequence[Met | None]) -> None:
        known = [(index, met) for index, met in enumerate(found) if met is not None]
        if known:
            index, met = known[-1]
            further = view.offset + index - met.position - self._shift
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
        self._counts_on = True
        #: Rows found.
        self.found = 0

    def missing_on(self, view: PageView) -> list[Row]:
        """The rows of a page that have not been met."""
        seen = self._seen
        missing = []
        for row, fingerprint in zip(view.page.rows, view.fingerprints, strict=True):
            if self._counts_on and not seen.is_whole and seen.head and seen.is_like(seen.head, fingerprint):
                self._reduce_missing(self.found)
                self._counts_on = False
            name = hash(fingerprint.name)
            if name in self._names:
                continue
            self._names.add(name)
            seen.names.append(name)
            missing.append(row)
            self.found += 1
            if seen.is_whole:
                self._reduce_missing(1)
        return missing

    def _reduce_missing(self, rows: int) -> None:
        self._seen.missing = max(0, self._seen.missing - rows)


class HeadRows:
    """The rows at the newest end of a list that is sorted by change, as they were handed out."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._rows: dict[str | int, RowFingerprint] = {}

    def moved(self, rows: Iterable[Row], known: int | None) -> list[Row]:
        """Take note of rows that are about to be handed out.

        :param known: rows changed before this time (seconds since 1970, UTC) cannot have moved since the reading began
        :return: those that moved to the head, or changed there, since they were handed out
        """
        moved = []
        for row in rows:
            timestamp = self._listing.timestamp(row)
            if timestamp is None or known is None or timestamp < known:
                continue
            now = fingerprint(self._listing, row)
            if self._rows.get(now.name) != now:
                self._rows[now.name] = now
                moved.append(row)
        return moved


def _are_in_order(found: Iterable[Met | None]) -> bool:
    """Whether rows stand in the order in which they were met. Rows that were not moved do."""
    return all(one.order <= other.order for one, other in pairwise(met for met in found if met is not None))


def fingerprint(listing: Listing, row: Row) -> RowFingerprint:
    """How a row looks, to recognise it later."""
    return RowFingerprint(name_of(listing.key(row)), listing.timestamp(row), checksum(row))
