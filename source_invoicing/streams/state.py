"""The state of a stream: small, written behind the records it covers, validated when it comes back.

Never a list of parents or records: one cursor value, one parent id, or where a list was left.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from source_invoicing.http import Failure, config_failure
from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.page import is_identity
from source_invoicing.streams.timestamps import SECONDS_PER_DAY

# What the CDK writes for a stream that was read to its end and has no cursor. It means "start from the top".
FINISHED = {"__ab_no_cursor_state_message": True}
# Stored names; never change them.
CHECKPOINT = "walk"
#: What tells a sync what was deleted since the last one.
MEMORY = ("events_until", "events_seen", "known_ids")
# A longer memory (characters) goes along with one of so many states only, while the stream is read.
SHORT_MEMORY = 10_000
STATES_PER_LONG_MEMORY = 20


class StreamState:
    """The state of one stream: how far it is read, and what tells of deletions. This one is of a list that is read from
    the top each time: it keeps nothing, and any state means the same.

    Thread-safe. ``on_change`` is called behind each change, one call at a time and in the order of the changes, so that
    the states it prints never go back. With a long memory, several changes are announced together.

    :ivar memory: what the stream keeps, by the names in :data:`MEMORY`. Not every state has room for it
    """

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.on_change: Callable[[], None] | None = None
        self.lock = threading.RLock()
        self.memory: dict[str, Any] = {}
        self._held_back = 0

    # -- how far the stream is read ---------------------------------------------------------------------------------

    def value(self) -> dict[str, Any]:
        """The state as JSON."""
        return dict(FINISHED)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a stored state.

        :raises Failure: when this version cannot have written it
        """

    def cursor(self, key: Any) -> int | None:
        """Up to which time (seconds since 1970, UTC) the rows of a partition are out; ``None`` where none is known."""
        return None

    def gaps(self, key: Any, lookback: int) -> list[tuple[int | None, int | None]]:
        """Start and end of each range of modification times that is not out yet (:meth:`.Coverage.gaps`)."""
        return [(None, None)]

    @property
    def checkpoint(self) -> Checkpoint | None:
        """How far a list was read that was not read to its end, where that is kept."""
        return None

    def advance(self, key: Any, cursor: int, start: int | None = None, *, is_range: bool = False) -> None:
        """All rows of a partition changed from ``start`` (``None``: the first) up to ``cursor`` are out.

        :param is_range: whether that rests on a range of the list, see :meth:`forget_ranges`
        """

    def save_checkpoint(self, checkpoint: Checkpoint | None) -> None:
        """Everything up to a checkpoint is out; ``None`` once the list is read to its end."""

    def forget_ranges(self) -> None:
        """Ranges of the list turned out not to be what they were taken for; those still to come do not count either."""

    def roll_back(self, key: Any) -> None:
        """What this run has read of a partition proves nothing: go back to where it began, and keep no checkpoint."""

    def is_done(self, key: Any) -> bool:
        """Whether an earlier run has emitted all rows of a partition."""
        return False

    def partition_started(self, key: Any) -> None:
        """A partition is about to be read."""

    def partition_done(self, key: Any) -> None:
        """All rows of a partition are out."""

    def finish(self) -> None:
        """The stream was read to its end."""

    def invalid(self, why: str, *, first: str = "") -> Failure:
        """The complaint about a state that this version cannot have written.

        :param first: what to try before that
        """
        return config_failure(
            f"The saved state of stream {self.stream} cannot be used: {why}. {first}Clear the stream's data, then "
            "sync again; it will be read from the beginning."
        )

    # -- what tells of deletions ------------------------------------------------------------------------------------

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Keep something beside how far the stream is read."""
        with self.lock:
            if self.memory != {**self.memory, **memory}:
                self.keep(memory)
                self.flush()

    def keep(self, memory: Mapping[str, Any]) -> None:
        """Keep something from the next state on, whatever that is written for: also if the stream fails before it gets
        any further."""
        with self.lock:
            self.memory = {**self.memory, **memory}
            self._held_back = max(self._held_back, 1)

    def restore_memory(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Take over what was kept beside how far the stream is read.

        :return: the rest of the state
        :raises Failure: when this version cannot have written it
        """
        until = state.get("events_until", 0)
        if type(until) is not int or until > time.time() + SECONDS_PER_DAY:
            raise self.invalid(f"'events_until' should be Unix seconds that are not in the future, found {until!r}")
        self.memory = {name: state[name] for name in MEMORY if name in state}
        return {name: value for name, value in state.items() if name not in MEMORY}

    def forget_deletions(self) -> None:
        """What was deleted is not to be told any more."""
        self.memory = {}

    # -- announcing a change ----------------------------------------------------------------------------------------

    def changed(self) -> None:
        """Notify the listener, sooner or later."""
        self._held_back += 1
        if self._held_back >= STATES_PER_LONG_MEMORY or not self.memory or len(str(self.memory)) <= SHORT_MEMORY:
            self.flush()

    def flush(self) -> None:
        """Notify the listener of what was held back."""
        with self.lock:
            held_back, self._held_back = self._held_back, 0
            if held_back and self.on_change is not None:
                self.on_change()


class CheckpointState(StreamState):
    """``{"walk": {"offset": 198, ...}}`` while a list without a cursor is read; then it is read from the top again."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._checkpoint: Checkpoint | None = None

    @property
    def checkpoint(self) -> Checkpoint | None:
        return self._checkpoint

    def save_checkpoint(self, checkpoint: Checkpoint | None) -> None:
        with self.lock:
            if checkpoint != self._checkpoint:
                self._checkpoint = checkpoint
                self.changed()

    def roll_back(self, key: Any) -> None:
        self.save_checkpoint(None)

    def value(self) -> dict[str, Any]:
        return dict(FINISHED) if self._checkpoint is None else {CHECKPOINT: self._checkpoint.stored()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._checkpoint = Checkpoint.restore(state.get(CHECKPOINT))


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
