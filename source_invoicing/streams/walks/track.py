"""What a walk remembers of the rows it met, to tell how others moved them meanwhile."""

from __future__ import annotations

import marshal
from array import array
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

from source_invoicing.streams.checkpoint import Checkpoint, RowFingerprint, name_of
from source_invoicing.streams.page import Listing, Page, Row

# So many rows can be known again; of those before, a walk remembers their names only.
MOST_RECENT = 10_000
# So many rows of the end of a page make a place: one of them may have been edited when somebody comes back.
ROWS_OF_A_PLACE = 5
# A row that stands where it stood proves little, a few of them that all of them do.
FEW = 2


@dataclass(frozen=True)
class Sight:
    """A page, where it stands, and how its rows looked before anybody worked on them.

    :param offset: rows before the page
    """

    page: Page
    offset: int
    fingerprints: tuple[RowFingerprint, ...]

    @classmethod
    def of(cls, listing: Listing, page: Page, offset: int) -> Sight:
        """Look at a page. To be called before its rows are handed out: whoever gets them changes them."""
        return cls(page, offset, tuple(_fingerprint(listing, row) for row in page.rows))

    @property
    def end(self) -> int:
        """Rows up to the end of the page."""
        return self.offset + len(self.fingerprints)

    @property
    def names(self) -> list[Hashable]:
        """What its rows are called."""
        return [row.name for row in self.fingerprints]

    def goes_beyond(self, before: Sight | None) -> bool:
        """Whether rows are on the page that the page before did not hold."""
        return before is None or not set(self.names) <= set(before.names)

    def repeats(self, before: Sight) -> bool:
        """Whether a page further on in the list is the same page again."""
        return self.offset > before.offset and len(self.names) > 1 and self.names == before.names


class _Met(NamedTuple):
    """A row of the track.

    :param order: grows along the list; rows put between two others share the order of the one before
    :param position: rows before it, less the shift of the list at that time
    """

    row: RowFingerprint
    order: int
    position: int


class Track:
    """The rows a walk met, in the order of the list.

    A row that looks as it did has not been moved by an edit. Such rows keep their order among each other whatever
    others do, so a page that begins with one of them goes on where the track ends, or before.

    :param place: where an earlier walk stopped, if this one goes on from there
    """

    def __init__(self, listing: Listing, place: Checkpoint | None = None) -> None:
        self._listing = listing
        self._recent: OrderedDict[str | int, _Met] = OrderedDict()
        #: Hashes of the names of all rows handed out.
        self.names = array("q")
        self._order = 0
        self._last: _Met | None = None
        # How far the end of the track now stands behind the place where it was met.
        self._shift = 0
        self._reads_contents = True
        #: Whether it begins where the list does.
        self.is_whole = place is None
        #: The row that stood first.
        self.head = place.head if place else None
        #: Rows on the longest page.
        self.longest = 0
        #: Rows that others put in front of the end of the track, and that have not been met.
        self.missing = place.missing if place else 0
        # Rows to know again before the walk goes on at a place. A name alone proves little.
        self._enough = 1
        if place is not None:
            keeps_contents = any(row.content is not None for row in place.tail)
            self._enough = 1 if keeps_contents else min(FEW, len(place.tail))
            for number, row in enumerate(place.tail):
                self._note(row, number, place.offset + 1 - len(place.tail) + number)

    @property
    def distinct(self) -> int:
        """How many rows were met."""
        return len(set(self.names))

    def tail(self, sight: Sight) -> tuple[RowFingerprint, ...]:
        """The rows at the end of a page, as a place keeps them. Contents that change by themselves are left out."""
        rows = sight.fingerprints[-ROWS_OF_A_PLACE:]
        return rows if self._reads_contents else tuple(RowFingerprint(row.name, row.timestamp) for row in rows)

    def meets(self, sight: Sight) -> bool:
        """Whether a page goes on where the track ends, or before, so that nothing lies between them.

        It also shows how far others have shifted the end of the track.
        """
        if self._stands_as_it_stood(sight):
            return True
        found = self._unchanged(sight)
        if not _are_in_order(found):
            # Rows that look as they did have moved. They cannot be told from those that have not: begin anew.
            self._recent.clear()
            return False
        self._note_shift(sight, found)
        if not self.is_whole and not self.names:
            # Of the rows before the place where an earlier walk stopped nothing is known.
            return sum(met is not None for met in found) >= self._enough
        return bool(found) and found[0] is not None

    def take(self, sight: Sight) -> list[Row]:
        """Add a page to the track.

        :return: its rows that are new, or not what they were
        """
        found = self._unchanged(sight)
        if not any(found):
            # At the top of the list, where a page need not go on behind anything.
            self._recent.clear()
        known = [index for index, met in enumerate(found) if met is not None]
        behind = known[-1] + 1 if known else 0
        in_front = zip(sight.fingerprints[:behind], found, strict=False)
        self.missing = max(0, self.missing - sum(self._is_new(row) for row, met in in_front if met is None))
        order = min((met.order for met in found[:behind] if met), default=0)
        for index, (row, met) in enumerate(zip(sight.fingerprints, found, strict=True)):
            if index >= behind:
                self._order += 1
                order = self._order
            elif met is not None:
                order = met.order
            self._note(row, order, sight.offset + index - self._shift)
            if met is None:
                self.names.append(hash(row.name))
        self.longest = max(self.longest, len(sight.fingerprints))
        if sight.offset == 0:
            self.head, self.is_whole = next(iter(sight.fingerprints), None), True
        return [row for row, met in zip(sight.page.rows, found, strict=True) if met is None]

    def _note(self, row: RowFingerprint, order: int, position: int) -> None:
        self._last = self._recent[row.name] = _Met(row, order, position)
        self._order = max(self._order, order)
        self._recent.move_to_end(row.name)
        if len(self._recent) > MOST_RECENT:
            self._recent.popitem(last=False)

    def _is_new(self, row: RowFingerprint) -> bool:
        return row.name not in self._recent and hash(row.name) not in self.names

    def _unchanged(self, sight: Sight) -> list[_Met | None]:
        """Of each row of a page, how it was met, if it was and still looks the same."""
        met = [self._recent.get(row.name) for row in sight.fingerprints]
        return [
            before if before and self.is_like(before.row, row) else None
            for before, row in zip(met, sight.fingerprints, strict=True)
        ]

    def is_like(self, before: RowFingerprint, now: RowFingerprint) -> bool:
        """Whether a row looks as it did."""
        if before.name != now.name:
            return False
        if self._reads_contents and before.content is not None:
            return before.content == now.content
        return before.timestamp is None or before.timestamp == now.timestamp

    def _stands_as_it_stood(self, sight: Sight) -> bool:
        """Whether rows that are not what they were stand in their old places all the same, one behind the other.

        Where it is several, they have not been edited: there is something in them that differs in each answer, such as
        a link that ends soon. From then on, rows are known by their names and modification times.
        """
        met = [(index, self._recent.get(row.name)) for index, row in enumerate(sight.fingerprints)]
        known = [(index, before) for index, before in met if before is not None]
        if len(known) < FEW or known[0][0] or not self.names:
            return False
        if any(sight.offset + index != before.position + self._shift for index, before in known):
            return False
        changed = sum(not self.is_like(before.row, sight.fingerprints[index]) for index, before in known)
        if changed >= FEW:
            self._reads_contents = False
        return True

    def _note_shift(self, sight: Sight, found: Sequence[_Met | None]) -> None:
        known = [(index, met) for index, met in enumerate(found) if met is not None]
        if known:
            index, met = known[-1]
            further = sight.offset + index - met.position - self._shift
            self._shift += further
            self.missing += max(further, 0)
        elif self._last is not None and self._last.row.name not in sight.names:
            # It stands somewhere before the page.
            self._shift = min(self._shift, sight.offset - 1 - self._last.position)


class Search:
    """A look from the top of a list for the rows that others put in front of a track.

    Of a track that goes on where an earlier walk stopped it is not known what that walk met: its rows come again, and
    only those in front of the row that stood first then are surely missing ones.
    """

    def __init__(self, track: Track) -> None:
        self._track = track
        self._names = set(track.names)
        self._new = 0
        self._counts_on = True

    def missing_on(self, sight: Sight) -> list[Row]:
        """The rows of a page that the track has not met."""
        track = self._track
        missing = []
        for row, fingerprint in zip(sight.page.rows, sight.fingerprints, strict=True):
            if self._counts_on and not track.is_whole and track.head and track.is_like(track.head, fingerprint):
                self._found(self._new)
                self._counts_on = False
            name = hash(fingerprint.name)
            if name in self._names:
                continue
            self._names.add(name)
            track.names.append(name)
            missing.append(row)
            self._new += 1
            if track.is_whole:
                self._found(1)
        return missing

    def _found(self, rows: int) -> None:
        self._track.missing = max(0, self._track.missing - rows)


def _are_in_order(found: Iterable[_Met | None]) -> bool:
    """Rows that nobody moved keep their order."""
    return all(one.order <= other.order for one, other in pairwise(met for met in found if met is not None))


def _fingerprint(listing: Listing, row: Row) -> RowFingerprint:
    # Version 2: the same octets for the same values. It takes what is nested as deep as an answer may be.
    return RowFingerprint(name_of(listing.key(row)), listing.timestamp(row), crc32(marshal.dumps(row, 2)))
