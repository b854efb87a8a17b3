"""The state of a stream: small, emitted after the records it covers, validated when it is restored.

It is never a list of parents or records: only one cursor value, one parent id, or the place reached in a list.
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

# What the CDK writes for a stream without a cursor that was read to its end. It means "start from the top".
FINISHED = {"__ab_no_cursor_state_message": True}
# Stored names; never change them.
CHECKPOINT = "walk"
EVENTS_UNTIL, EVENTS_SEEN, KNOWN_IDS = "events_until", "events_seen", "known_ids"
#: What a sync needs to find out what was deleted since the last one.
MEMORY = (EVENTS_UNTIL, EVENTS_SEEN, KNOWN_IDS)
# A memory longer than this (characters) is not written with each change while the stream is read, but once in
# STATES_PER_LONG_MEMORY changes.
MAX_SHORT_MEMORY = 10_000
STATES_PER_LONG_MEMORY = 20


class StreamState:
    """The state of one stream: how far it has been read, and what is remembered to find deletions. This base class is
    for a list that is read from the top each time: it keeps nothing, and all its states are equal.

    Thread-safe. ``on_change`` is called after each change, one call at a time and in the order of the changes, so that
    the states it prints never go back. With a long memory, several changes are announced together.

    :ivar memory: what is remembered to find deletions, by the names in :data:`MEMORY`; not every state stores it
    """

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.on_change: Callable[[], None] | None = None
        self.lock = threading.RLock()
        self.memory: dict[str, Any] = {}
        self._unannounced = 0
        #: The state that is stored: this one, or that of all accounts where the connection reads several.
        self.whole: StreamState = self

    # -- how far the stream has been read ---------------------------------------------------------------------------

    def value(self) -> dict[str, Any]:
        """The state as JSON."""
        return dict(FINISHED)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Adopt a stored state.

        :raises Failure: when this version cannot have written it
        """

    def cursor(self, key: Any) -> int | None:
        """The time (seconds since 1970, UTC) up to which the rows of a partition have been emitted, if known."""
        return None

    def gaps(self, key: Any, lookback: int) -> list[tuple[int | None, int | None]]:
        """Start and end of each range of modification times that has not been emitted yet (:meth:`.Coverage.gaps`)."""
        return [(None, None)]

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The place reached in a list that was not read to its end, where that is kept."""
        return None

    def advance(self, key: Any, cursor: int, start: int | None = None, *, is_range: bool = False) -> None:
        """Record that all rows of a partition changed from ``start`` (``None``: the first) up to ``cursor`` have been
        emitted.

        :param is_range: whether they come from a range of the list, see :meth:`forget_ranges`
        """

    def save_checkpoint(self, checkpoint: Checkpoint | None) -> None:
        """Record that everything up to a checkpoint has been emitted; ``None`` once the list was read to its end."""

    def forget_ranges(self) -> None:
        """Drop what was read in ranges, since the API does not honour them. Later ranges are ignored too."""

    def roll_back(self, key: Any) -> None:
        """Go back to where this run began to read a partition, without a checkpoint: what it read may have gaps."""

    def is_done(self, key: Any) -> bool:
        """Whether an earlier run has emitted all rows of a partition."""
        return False

    def partition_started(self, key: Any) -> None:
        """Record that a partition is about to be read."""

    def partition_done(self, key: Any) -> None:
        """Record that all rows of a partition have been emitted."""

    def finish(self) -> None:
        """Record that the stream was read to its end."""

    def invalid(self, why: str, *, first: str = "") -> Failure:
        """The error for a state that this version cannot have written.

        :param why: what is wrong with it, as a clause
        :param first: advice to try before clearing the stream
        """
        return config_failure(
            f"The saved state of stream {self.stream} cannot be used: {why}. {first}Clear the stream's data, then "
            "sync again; it will be read from the beginning."
        )

    # -- what is remembered to find deletions -----------------------------------------------------------------------

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Store something in the state, and announce the change."""
        with self.lock:
            if self.memory != {**self.memory, **memory}:
                self.remember_with_next_state(memory)
                self.flush()

    def remember_with_next_state(self, memory: Mapping[str, Any]) -> None:
        """Store something in the state, to be announced with the next change or when the stream ends or fails."""
        with self.lock:
            self.memory = {**self.memory, **memory}
            self._unannounced = max(self._unannounced, 1)

    def restore_memory(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Adopt what a stored state remembers to find deletions.

        :return: the rest of the state
        :raises Failure: when this version cannot have written it
        """
        until = state.get(EVENTS_UNTIL, 0)
        if type(until) is not int or until > time.time() + SECONDS_PER_DAY:
            raise self.invalid(f"{EVENTS_UNTIL!r} should be Unix seconds that are not in the future, found {until!r}")
        self.memory = {name: state[name] for name in MEMORY if name in state}
        return {name: value for name, value in state.items() if name not in MEMORY}

    @property
    def reads_all_changes(self) -> bool:
        """Whether this run reads all lists that events name. If not, a later one emits the deletions they report: this
        one would not notice a record that was restored."""
        return True

    def forget_deletions(self) -> None:
        """Drop what is remembered: the stream does not emit deletions."""
        self.memory = {}

    # -- announcing a change ----------------------------------------------------------------------------------------

    def changed(self, *, at_once: bool = False) -> None:
        """Notify the listener now or, with a long memory, later.

        :param at_once: in any case, since the state announced last covers rows that were not emitted
        """
        self._unannounced += 1
        is_short = not self.memory or len(str(self.memory)) <= MAX_SHORT_MEMORY
        if at_once or is_short or self._unannounced >= STATES_PER_LONG_MEMORY:
            self.flush()

    def flush(self) -> None:
        """Notify the listener of the changes that have not been announced."""
        with self.lock:
            unannounced, self._unannounced = self._unannounced, 0
            if unannounced and self.on_change is not None:
                self.on_change()


class CheckpointState(StreamState):
    """``{"walk": {"offset": 198, ...}}`` while a list without a cursor is read; the next sync starts from the top."""

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
        """Record that a parent is about to be read. Called in ascending order."""
        with self.lock:
            if not self.is_done(key):
                self._order.start(key)

    def partition_done(self, key: Any) -> None:
        with self.lock:
            if not self.is_done(key) and self._order.done(key):
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
    """Sorting key for ids: all numbers before all text."""
    return isinstance(key, str), key


class InOrder:
    """Tracks items that are started in order and finish in any order. Not thread-safe.

    :ivar done_up_to: the last item that is done, together with all items before it
    """

    def __init__(self) -> None:
        self.done_up_to: Any = None
        self._started: dict[Any, bool] = {}

    def __len__(self) -> int:
        """How many items come after ``done_up_to``."""
        return len(self._started)

    def start(self, item: Any) -> None:
        """Start an item."""
        self._started[item] = False

    def done(self, item: Any) -> bool:
        """Finish an item.

        :return: whether ``done_up_to`` moved
        """
        self._started[item] = True
        moved = False
        while self._started and self._started[first := next(iter(self._started))]:
            del self._started[first]
            self.done_up_to, moved = first, True
        return moved
