"""A page as a reading remembers it: its place in the list, and how its rows looked."""

from __future__ import annotations

from dataclasses import dataclass, replace

from source_invoicing.streams.checkpoint import RowFingerprint, checksum, name_of
from source_invoicing.streams.page import Listing, Page, PageRequest, Row


@dataclass(frozen=True)
class PlacedPage:
    """A page, its place in the list, and how its rows looked when they came.

    :param request: the request for it
    :param offset: rows before the page
    :param has_next: whether the list goes on after it, as far as the page says
    """

    request: PageRequest
    page: Page
    offset: int
    fingerprints: tuple[RowFingerprint, ...]
    has_next: bool

    @classmethod
    def of(
        cls, listing: Listing, request: PageRequest, page: Page, offset: int, *, by_creation: bool = False
    ) -> PlacedPage:
        """Place a page. Call it before its rows are handed out, since the receiver changes them.

        :param by_creation: whether the list is sorted by creation
        """
        fingerprints = tuple(fingerprint(listing, row, by_creation=by_creation) for row in page.rows)
        return cls(request, page, offset, fingerprints, page.has_next(offset + len(page.rows)))

    @property
    def end(self) -> int:
        """Rows up to the end of the page."""
        return self.offset + len(self.fingerprints)

    @property
    def names(self) -> list[str | int]:
        """The names of its rows."""
        return [row.name for row in self.fingerprints]

    @property
    def timestamps(self) -> list[int]:
        """The modification times of its rows, in order, without rows that have none."""
        return [row.timestamp for row in self.fingerprints if row.timestamp is not None]

    def without_rows(self) -> PlacedPage:
        """The same without its rows, for comparison once they have been emitted."""
        return replace(self, page=replace(self.page, rows=[]))

    def goes_beyond(self, previous: PlacedPage | None) -> bool:
        """Whether the page holds rows that the previous page did not."""
        return previous is None or not set(self.names) <= set(previous.names)


def fingerprint(listing: Listing, row: Row, *, by_creation: bool = False) -> RowFingerprint:
    """How a row looks, to recognise it later.

    :param by_creation: whether the list is sorted by creation
    """
    rank = listing.creation_rank(row) if by_creation else None
    return RowFingerprint(name_of(listing.key(row)), listing.timestamp(row), checksum(row), rank)
