"""Streams whose rows have lists of their own, and their ids: read once for all the streams that need them."""

from __future__ import annotations

import threading
from abc import ABC
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from source_invoicing.http import Failure
from source_invoicing.streams.account import Account
from source_invoicing.streams.page import Row
from source_invoicing.streams.parent_state import ascending
from source_invoicing.streams.stream import InvoicingStream


class ParentIds:
    """Ids in ascending order. Where the parents are themselves read in full in the same sync, that reading delivers
    them; otherwise they are read at the first call. Safe to use from several threads.
    """

    def __init__(self, read: Callable[[], Iterable[Any]]) -> None:
        """
        :param read: reads the ids from the API; called at most once
        """
        self._read = read
        self._lock = threading.Lock()
        self._ids: list[Any] | None = None
        self._failure: Failure | None = None

    def deliver(self, ids: Iterable[Any]) -> None:
        """All ids, from a complete reading of the parents."""
        with self._lock:
            self._ids = sorted(set(ids), key=ascending)

    def get(self) -> list[Any]:
        """All ids, ascending.

        :raises Failure: when the parents cannot be read; the same at each call
        """
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

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        #: What the children get the ids from.
        self.ids = ParentIds(self._read_ids)

    @property
    def reads_all(self) -> bool:
        """Whether the next reading leaves out no row: it begins at the top, and no start date selects."""
        unfinished = self.progress.checkpoint is not None or self.progress.cursor(None) is not None
        return not unfinished and (not self.cursor_field or self.account.window.start is None)

    def parent_id(self, record: Row) -> Any:
        """What the children know a record by."""
        return self.key(record)

    def _read_ids(self) -> Iterator[Any]:
        """The ids of all records, whatever the state or the start date says."""
        try:
            yield from map(self.parent_id, self.all_records())
        except Failure as failure:
            raise self.explain(failure) from None
