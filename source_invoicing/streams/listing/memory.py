"""What a reading by key remembers: of the list, and of the rows that come again."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from source_invoicing.streams.checkpoint import checksum
from source_invoicing.streams.page import Row


@dataclass
class ListProof:
    """What the pages of a list have shown about it, across all workers.

    :ivar established: whether rows without a modification time were looked for, or totals added up: before that, a
        later run has to begin where this one did
    :ivar filters: whether the filter has listed a later change than the one asked for, or one so early that it does not
        filter at all. Some filters mean that very second alone
    :ivar newest: the newest change at the far end of the list, where that was looked at
    :ivar looked_at: the time before which nothing can have changed since
    """

    established: bool = False
    filters: bool = False
    newest: int | None = None
    looked_at: int = 0

    def saw(self, since: int | None, timestamps: Sequence[int]) -> None:
        """Take note of the modification times on a page.

        :param since: what was asked for. A stream asks one second earlier than the request says where it is unknown
            whether the boundary is included
        """
        if since is not None and not self.filters:
            self.filters = any(timestamp > since or timestamp < since - 1 for timestamp in timestamps)

    def is_contradicted_by(self, timestamps: Sequence[int]) -> bool:
        """Whether a page holds a later change than the far end of the list, where none can have been made since."""
        newest = self.newest
        return newest is not None and any(newest < timestamp < self.looked_at for timestamp in timestamps)


@dataclass
class Memory:
    """What a reading by key has to remember from one page to the next.

    :ivar handed_out: rows that may come again, by key: time and checksum of the version that was handed out. A row that
        was edited twice within a second comes again with the same time
    :ivar undated: rows without a modification time at the far end of the list, which no filter lists
    :ivar proof: what the list has shown
    """

    handed_out: dict[Hashable, tuple[int | None, int]] = field(default_factory=dict)
    undated: set[Hashable] = field(default_factory=set)
    proof: ListProof = field(default_factory=ListProof)

    def knows(self, key: Hashable) -> bool:
        """Whether a row may be one that comes again."""
        return key in self.handed_out

    def take(
        self, rows: list[Row], keys: Sequence[Hashable], timestamps: Sequence[int | None], lowest: int | None
    ) -> list[Row]:
        """The rows of a page that were not handed out yet in this version, each version once.

        :param lowest: rows with this time or a later one may come again, and no others; ``None``: all of them may
        """
        if len(set(keys)) < len(keys):  # some vendors list a row several times
            versions = {(key, checksum(row)): at for at, (key, row) in enumerate(zip(keys, rows, strict=True))}
            once = sorted(versions.values())
            rows, keys, timestamps = (
                [rows[at] for at in once],
                [keys[at] for at in once],
                [timestamps[at] for at in once],
            )
        known, fresh = self.handed_out, rows
        if known:
            fresh = [
                row for row, key in zip(rows, keys, strict=True) if key not in known or known[key][1] != checksum(row)
            ]
        if lowest is None:
            again = list(range(len(rows)))
        else:
            self.handed_out = {key: kept for key, kept in known.items() if kept[0] is not None and kept[0] >= lowest}
            again = [index for index, at in enumerate(timestamps) if at is not None and at >= lowest]
        self.handed_out.update((keys[index], (timestamps[index], checksum(rows[index]))) for index in again)
        return fresh
