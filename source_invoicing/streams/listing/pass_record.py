"""What one pass over a list met, held against the pass before."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Sequence

from source_invoicing.streams.checkpoint import checksum
from source_invoicing.streams.page import Row

# How many rows in a row may be gone before the rest of a pass counts as unseen and is handed out again.
LOOK_AHEAD = 300
# So many rows of a page that all differ from what they were show that something in them differs in each response.
FEW = 2


class PassRecord:
    """The rows of one pass in the order in which it met them.

    Two passes agree where the second meets all the rows of the first, in their order: then none of them left
    meanwhile, and none pulled another out of sight. That holds only where rows that are equal in what the list is
    sorted by keep their order: if they do not, pages repeat rows in the place of others. Such rows are repeated by
    each pass with pages of the same size; rows that an insert pushed to the next page are not.

    :param before: the earlier pass
    """

    def __init__(self, before: PassRecord | None = None) -> None:
        self.pages = 0
        #: Rows it met, those that came twice included.
        self.rows = 0
        #: Rows on its longest page.
        self.longest = 0
        # Hashes of the keys of rows that came on two pages, though they had not changed; of those with which a page
        # began as the one before had ended; and how many pages began so.
        self._repeated: set[int] = set()
        self._at_borders: set[int] = set()
        self._borders = 0
        self._before = before
        if before is not None:
            before._before = None  # only two passes are compared, so no more of them are kept
        self._keys = array("q")
        self._marks = array("q")
        self._contents = array("L")
        #: Hashes of the keys of the rows it met.
        self.seen: set[int] = set()
        self._next = 0
        self._overlaps = False
        self._kept_order = before is not None
        # How many rows in front the pass before did not meet, of those that it repeated how many were met again, and
        # whether there were always enough of the former to have pushed the latter.
        self._news = self._met_again = 0
        self._were_pushed = True
        #: Whether rows are held against what they were. Not where something in them differs in each response.
        self.reads_contents: bool = before.reads_contents if before else True

    @property
    def agrees(self) -> bool:
        """Whether nothing left the list since the pass before, or the whole list stood on one page."""
        if self.pages <= 1:
            return True
        before = self._before
        if before is None or not self._kept_order or self._next < len(before._marks):
            return False
        if self.repeated & before.repeated:
            return False
        # In the place of a row that it repeated, the pass before may lack another one.
        at_borders = self._repeated <= self._at_borders and before._repeated <= before._at_borders
        return self._were_pushed or (self.longest != before.longest and at_borders)

    @property
    def repeated(self) -> set[int]:
        """Hashes of the keys of rows that came on two pages, though they had not changed."""
        # A token that includes the row it names does so on each page.
        overlaps = self._overlaps and self._borders == self.pages - 1
        return self._repeated - self._at_borders if overlaps else self._repeated

    @property
    def is_identical(self) -> bool:
        """Whether it met the rows of the pass before, and no other, on pages of the same size."""
        before = self._before
        return before is not None and self.longest == before.longest and self._marks == before._marks

    def take(
        self, rows: Sequence[Row], keys: Sequence[Hashable], marks: Sequence[Hashable], *, overlaps: bool
    ) -> list[Row]:
        """Note a page. Call it before its rows are handed out, since the receiver changes them.

        :param marks: what the next pass knows the rows by
        :param overlaps: whether each page may begin with the rows the one before ended with
        :return: its rows that the pass before did not meet here, or met with other contents
        """
        self.pages += 1
        self.rows += len(rows)
        self.longest = max(self.longest, len(rows))
        contents = [checksum(row) if self.reads_contents else 0 for row in rows]
        hashes = [hash(key) for key in keys]
        # Rows that the page before ended with: an insert pushed them here, or pages overlap.
        pushed = self._overlap(hashes)
        self._overlaps = overlaps
        for key, content in zip(hashes, contents, strict=True):
            if key in self.seen and (not self.reads_contents or self._contents[self._keys.index(key)] == content):
                self._repeated.add(key)
        self._borders += bool(pushed)
        self._at_borders.update(hashes[:pushed])
        if self._before is not None and (repeated := self._before.repeated):
            self._hold_against(self._before, repeated, hashes)
        self.seen.update(hashes)
        before: list[int | None] = list(self._contents[len(self._contents) - pushed :])
        for key, content, mark in zip(hashes[pushed:], contents[pushed:], map(hash, marks[pushed:]), strict=True):
            if self._keys and key == self._keys[-1]:
                before.append(self._contents[-1])  # some vendors list a row several times
                continue
            before.append(self._meet(mark))
            self._keys.append(key)
            self._contents.append(content)
        known = [(was, now) for was, now in zip(before, contents, strict=True) if was is not None]
        if len(known) >= FEW and all(was != now for was, now in known):
            self.reads_contents = False
        return [
            row
            for row, was, now in zip(rows, before, contents, strict=True)
            if was is None or (was != now and self.reads_contents)
        ]

    def _hold_against(self, before: PassRecord, repeated: set[int], hashes: list[int]) -> None:
        for key in hashes:
            if key not in self.seen:
                self._news += key not in before.seen
                self._met_again += key in repeated
                self._were_pushed = self._were_pushed and self._news >= self._met_again

    def _overlap(self, hashes: list[int]) -> int:
        """How many rows at the beginning of a page are those that the page before ended with."""
        most = min(len(hashes), len(self._keys), self.longest)
        for rows in range(most, 0, -1):
            if list(self._keys[-rows:]) == hashes[:rows]:
                return rows
        return 0

    def _meet(self, mark: int) -> int | None:
        """What a row held when the pass before met it here, if it did."""
        before = self._before
        self._marks.append(mark)
        if before is None:
            return None
        ahead = before._marks[self._next : self._next + LOOK_AHEAD]
        if mark not in ahead:
            return None
        skipped = ahead.index(mark)
        self._kept_order = self._kept_order and not skipped
        self._next += skipped + 1
        return before._contents[self._next - 1]
