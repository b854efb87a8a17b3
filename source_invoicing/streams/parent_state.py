"""The state of a stream that is read parent by parent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from source_invoicing.streams.page import is_identity
from source_invoicing.streams.state import FINISHED, StreamState


class ParentState(StreamState):
    """``{field: id}``: every parent up to that id has been read. Parents are read in ascending order of their ids."""

    def __init__(self, stream: str, field: str) -> None:
        super().__init__(stream)
        self._field = field
        self._order = InOrder()
        self._finished = False

    @property
    def done_up_to(self) -> Any:
        """The highest parent id up to which all parents are done, or ``None``."""
        return self._order.done_up_to

    def is_done(self, key: Any) -> bool:
        return self.done_up_to is not None and ascending(key) <= ascending(self.done_up_to)

    def partition_started(self, key: Any) -> None:
        """A parent is about to be read. To be called in ascending order."""
        with self.lock:
            self._order.start(key)

    def partition_done(self, key: Any) -> None:
        with self.lock:
            if self._order.done(key):
                self.changed()

    def finish(self) -> None:
        self._finished = True

    def value(self) -> dict[str, Any]:
        if self._finished:
            return dict(FINISHED)
        return {} if self.done_up_to is None else {self._field: self.done_up_to}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._order, self._finished = InOrder(), False
        if not state or dict(state) == FINISHED:
            return
        value = state.get(self._field)
        if set(state) != {self._field} or not is_identity(value):
            raise self.invalid(f"it should hold {self._field!r}, the id of a parent, found {dict(state)!r}")
        self._order.done_up_to = value


def ascending(key: Any) -> tuple[bool, Any]:
    """Sorting key for ids: numbers among themselves, text among itself."""
    return isinstance(key, str), key


class InOrder:
    """Releases work that is started in order and ends in any order. Not thread-safe.

    :ivar done_up_to: the last item before which, and including which, everything is done
    """

    def __init__(self) -> None:
        self.done_up_to: Any = None
        self._started: dict[Any, bool] = {}

    def __len__(self) -> int:
        """How many items are begun and not released."""
        return len(self._started)

    def start(self, item: Any) -> None:
        """An item is begun."""
        self._started[item] = False

    def done(self, item: Any) -> bool:
        """An item is finished.

        :return: whether ``done_up_to`` moved
        """
        self._started[item] = True
        moved = False
        while self._started and self._started[first := next(iter(self._started))]:
            del self._started[first]
            self.done_up_to, moved = first, True
        return moved
