"""Parents, and their ids: read once for all the streams that need them."""

from __future__ import annotations

import threading
from abc import ABC
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from source_invoicing.http import Failure
from source_invoicing.streams.account import Account
from source_invoicing.streams.page import Row
from source_invoicing.streams.state import FINISHED
from source_invoicing.streams.stream import InvoicingStream, Slice
from source_invoicing.streams.walks import Parts


def ascending(parent: Any) -> tuple[bool, Any]:
    """Sorting key for ids: numbers among themselves, text among itself."""
    return isinstance(parent, str), parent


class ParentIds:
    """Ids in ascending order, read at the first call and kept.

    When the parents are themselves read in full in the same sync, that reading delivers the ids
    (:meth:`expect`, then :meth:`deliver` or :meth:`give_up`), and the list is not asked for a second time.
    """

    def __init__(self, read: Callable[[], Iterable[Any]]) -> None:
        """
        :param read: reads the ids from the API; called at most once
        """
        self._read = read
        self._lock = threading.Lock()
        self._ids: list[Any] | None = None
        self._failure: Failure | None = None
        self._settled = threading.Event()
        self._settled.set()

    def expect(self) -> None:
        """Somebody else reads the parents anyway and will deliver their ids, or give up."""
        self._settled.clear()

    def deliver(self, ids: Iterable[Any]) -> None:
        """All ids, from a complete reading of the parents."""
        self._ids = sorted(set(ids), key=ascending)
        self._settled.set()

    def give_up(self) -> None:
        """The expected reading did not get to its end: whoever needs the ids reads them."""
        self._settled.set()

    def get(self) -> list[Any]:
        """All ids, ascending. Waits for an expected reading.

        :raises Failure: when the parents cannot be read; the same for everybody who asks
        """
        self._settled.wait()
        with self._lock:
            if self._failure is not None:
                raise self._failure
            if self._ids is None:
                try:
                    self._ids = sorted(set(self._read()), key=ascending)
                except Failure as failure:
                    self._failure = failure
                    raise
            return self._ids


class ParentStream(InvoicingStream, ABC):
    """A resource whose rows have lists of their own."""

    #: Where the children get the ids from, set by the platform.
    ids: ParentIds | None = None
    _delivers_ids = False

    def __init__(self, account: Account, **more: Any) -> None:
        """
        :param more: what the other bases take
        """
        super().__init__(account, **more)
        self._ids_read: list[Any] = []

    def deliver_ids_if_read_in_full(self) -> None:
        """Announce that this sync reads the parents anyway. To be called once the state is restored."""
        if self.ids is not None and self._is_read_in_full:
            self._delivers_ids = True
            self.ids.expect()

    @property
    def _is_read_in_full(self) -> bool:
        """Whether a read leaves out no row: it begins at the top, and no window selects; without a cursor none does."""
        begins = self.state in ({}, FINISHED)
        return begins and (not self.cursor_field or self.account.window.start is None)

    def read_pages(self, stream_slice: Slice, parts: Parts | None = None) -> Iterator[list[Row]]:
        """See :class:`InvoicingStream`."""
        if self.ids is None or not self._delivers_ids:
            yield from super().read_pages(stream_slice, parts)
            return
        try:
            for page in super().read_pages(stream_slice, parts):
                self._ids_read.extend(self.parent_id(row) for row in page)
                yield page
        except BaseException:
            self.ids.give_up()
            raise
        if parts is None or parts.complete:
            self.ids.deliver(self._ids_read)

    def close(self) -> None:
        """See :class:`InvoicingStream`. Whoever still waits for the ids will not get them from here."""
        super().close()
        if self.ids is not None:
            self.ids.give_up()

    def read_ids(self) -> Iterator[Any]:
        """The ids of all rows, whatever the state or the window says."""
        for step in self.walk({}, since=None):
            yield from (self.parent_id(row) for row in step.rows)

    def parent_id(self, row: Row) -> Any:
        """What the children know a row by."""
        return self.key(row)
