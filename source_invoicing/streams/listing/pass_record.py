"""What one pass over a list saw, compared with the previous pass."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Sequence

from source_invoicing.streams.checkpoint import checksum
from source_invoicing.streams.listing.paging import Tally
from source_invoicing.streams.page import Row

# How many consecutive rows may be gone before the rest of a pass counts as unseen and is handed out again.
LOOK_AHEAD = 300
# If all known rows of a page, this many or more, have changed, then something in them differs in each response.
MIN_CHANGED_ROWS = 2


class PassRecord:
    """The rows of one pass in the order in which it saw them.

    Two passes agree if the second sees all rows of the first, in their order: then no row left meanwhile, and none was
    pulled out of sight. That holds only if rows with equal sort values keep their order. If they do not, pages repeat
    rows in the place of others, and each pass with pages of the same size repeats them again. Rows that an insert
    pushed to the next page are not repeated again.

    :param previous: the pass before this one
    """

    def __init__(self, previous: PassRecord | None = None) -> None:
        #: What :func:`.pages` counts of the pass.
        self.tally = Tally()
        self.pages = 0
        #: Rows it saw, repeated ones included.
        self.rows = 0
        #: Rows on its longest page.
        self.longest = 0
        # Hashes of the keys of rows that came on two pages, and of those of them that had not changed.
        self._came_twice: set[int] = set()
        self._unchanged: set[int] = set()
        # Hashes of the keys of rows that a page began with after the previous page had ended with them.
        self._at_borders: set[int] = set()
        # How many pages began so.
        self._borders = 0
        self._previous = previous
        if previous is not None:
            previous._previous = None  # only two passes are compared, so no more of them are kept
        self._keys = array("q")
        self._marks = array("q")
        self._contents = array("L")
        # The index, in the previous pass, of the row that is expected next.
        self._next = 0
        #: Whether each page may begin with the rows that the previous page ended with.
        self.overlaps = False
        self._kept_order = previous is not None
        # Rows so far that the previous pass did not see, and rows so far that it repeated.
        self._num_new = self._num_repeated = 0
        # Whether there were always enough of the former to have pushed the latter to the next page.
        self._were_pushed = True
        #: Whether the contents of rows are compared. Not where something in them differs in each response.
        self.reads_contents: bool = previous.reads_contents if previous else True

    @property
    def agrees(self) -> bool:
        """Whether no row left the list since the previous pass, or the whole list was on one page."""
        if self.pages <= 1:
            return True
        previous = self._previous
        if previous is None or not self._kept_order or self._next < len(previous._marks):
            return False
        if self.repeated & previous._came_twice:
            return False
        # In the place of a row that it repeated, the previous pass may lack another one.
        at_borders = self._repeated <= self._at_borders and previous._repeated <= previous._at_borders
        return self._were_pushed or (self.longest != previous.longest and at_borders)

    @property
    def repeated(self) -> set[int]:
        """Hashes of the keys of rows that came on two pages though they had not changed, or did so in two passes."""
        # A token that includes the row it names does so on each page.
        overlaps = self.overlaps and self._borders == self.pages - 1
        return self._repeated - self._at_borders if overlaps else self._repeated

    @property
    def _repeated(self) -> set[int]:
        """The same, rows that a token includes among them."""
        if not self.reads_contents:
            return self._came_twice
        if self._previous is None:
            return self._unchanged
        return self._unchanged | (self._came_twice & self._previous._came_twice)

    @property
    def is_identical(self) -> bool:
        """Whether it saw the rows of the previous pass, and no others, on pages of the same size."""
        previous = self._previous
        return previous is not None and self.longest == previous.longest and self._marks == previous._marks

    def take(self, rows: Sequence[Row], keys: Sequence[Hashable], marks: Sequence[Hashable]) -> list[Row]:
        """Add the latest page of the tally. Call it before its rows are handed out, since the receiver changes them.

        :param marks: what the next pass recognises the rows by
        :return: its rows that the previous pass did not see here, or saw with other contents
        """
        self.pages += 1
        self.rows += len(rows)
        self.longest = max(self.longest, len(rows))
        contents = [checksum(row) if self.reads_contents else 0 for row in rows]
        hashes = [hash(key) for key in keys]
        # Rows that the previous page ended with: an insert pushed them here, or pages overlap.
        pushed = self._overlap(hashes)
        for key, content in zip(hashes, contents, strict=True):
            if key not in self.tally.latest:
                self._came_twice.add(key)
                if self.reads_contents and self._contents[self._keys.index(key)] == content:
                    self._unchanged.add(key)
        self._borders += bool(pushed)
        self._at_borders.update(hashes[:pushed])
        if self._previous is not None and (repeated := self._previous.repeated):
            self._check_repeated(self._previous, repeated, hashes)
        earlier: list[int | None] = list(self._contents[len(self._contents) - pushed :])
        for key, content, mark in zip(hashes[pushed:], contents[pushed:], map(hash, marks[pushed:]), strict=True):
            if self._keys and key == self._keys[-1]:
                earlier.append(self._contents[-1])  # some vendors list a row several times
                continue
            earlier.append(self._content_in_previous(mark))
            self._keys.append(key)
            self._contents.append(content)
        known = [(was, now) for was, now in zip(earlier, contents, strict=True) if was is not None]
        if len(known) >= MIN_CHANGED_ROWS and all(was != now for was, now in known):
            self.reads_contents = False
            if self._previous is not None:
                self._previous.reads_contents = False
        return [
            row
            for row, was, now in zip(rows, earlier, contents, strict=True)
            if was is None or (was != now and self.reads_contents)
        ]

    def _check_repeated(self, previous: PassRecord, repeated: set[int], hashes: list[int]) -> None:
        for key in hashes:
            if key in self.tally.latest:
                self._num_new += key not in previous.tally.seen
                self._num_repeated += key in repeated
                self._were_pushed = self._were_pushed and self._num_new >= self._num_repeated

    def _overlap(self, hashes: list[int]) -> int:
        """How many rows at the beginning of a page are those that the previous page ended with."""
        tail = list(self._keys[-len(hashes) :]) if hashes else []
        for place, key in enumerate(tail):
            rows = len(tail) - place
            if key == hashes[0] and tail[place:] == hashes[:rows]:
                return rows
        return 0

    def _content_in_previous(self, mark: int) -> int | None:
        """Add the mark of a row, and return what the row held when the previous pass saw it here, if it did."""
        previous = self._previous
        self._marks.append(mark)
        if previous is None:
            return None
        ahead = previous._marks[self._next : self._next + LOOK_AHEAD]
        if mark not in ahead:
            return None
        skipped = ahead.index(mark)
        self._kept_order = self._kept_order and not skipped
        self._next += skipped + 1
        return previous._contents[self._next - 1]
