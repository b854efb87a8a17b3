"""The state of a stream: small, written behind the records it covers, validated when it comes back.

Never a list of parents or records: one cursor value, one parent id, or where a list was left.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from source_invoicing.http import Failure, config_failure
from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.coverage import Coverage, Interval
from source_invoicing.streams.page import is_identity
from source_invoicing.streams.state_memory import StateMemory
from source_invoicing.streams.timestamps import SECONDS_PER_DAY, TimestampFormat

# What the CDK writes for a stream that was read to its end and has no cursor. It means "start from the top".
FINISHED = {"__ab_no_cursor_state_message": True}
# Stored names; never change them.
LISTS = "lists"
AHEAD = "read_ahead"
CHECKPOINT = "walk"
PAIR = 2


class StreamState(StateMemory, ABC):
    """The state of one stream.

    Thread-safe. ``on_change`` is called behind each change, one call at a time and in the order of the changes, so that
    the states it prints never go back.
    """

    def __init__(self, stream: str) -> None:
        super().__init__()
        self.stream = stream

    @abstractmethod
    def value(self) -> dict[str, Any]:
        """The state as JSON."""

    @abstractmethod
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

    def advance(  # nothing to keep
        self, key: Any, cursor: int, start: int | None = None, *, is_range: bool = False
    ) -> None:
        """All rows of a partition changed from ``start`` (``None``: the first) up to ``cursor`` are out.

        :param is_range: whether that rests on a range of the list, see :meth:`forget_ranges`
        """

    def save_checkpoint(self, checkpoint: Checkpoint | None) -> None:  # nothing to keep
        """Everything up to a checkpoint is out; ``None`` once the list is read to its end."""

    def forget_ranges(self) -> None:  # nothing to keep
        """Ranges of the list turned out not to be what they were taken for; those still to come do not count either."""

    def take_back(self, key: Any) -> None:  # nothing to keep
        """What this run has read of a partition proves nothing: go back to where it began, and keep no checkpoint."""

    def is_done(self, key: Any) -> bool:
        """Whether an earlier run has emitted all rows of a partition."""
        return False

    def partition_started(self, key: Any) -> None:  # most states do not count partitions
        """A partition is about to be read."""

    def partition_done(self, key: Any) -> None:  # most states do not count partitions
        """All rows of a partition are out."""

    def finish(self) -> None:  # most states stay as they are at the end
        """The stream was read to its end."""

    @override
    def invalid(self, why: str, *, first: str = "") -> Failure:
        """The complaint about a state that this version cannot have written.

        :param first: what to try before the stream is reset
        """
        return config_failure(
            f"The saved state of stream {self.stream} cannot be used: {why}. {first}Reset the stream (clear its data), "
            "then sync again; it will be read from the beginning."
        )


class FullRefreshState(StreamState):
    """For a list that is read from the top each time: any state means the same."""

    def value(self) -> dict[str, Any]:
        return dict(FINISHED)

    def restore(self, state: Mapping[str, Any]) -> None:
        return


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

    def take_back(self, key: Any) -> None:
        self.save_checkpoint(None)

    def value(self) -> dict[str, Any]:
        return dict(FINISHED) if self._checkpoint is None else {CHECKPOINT: self._checkpoint.stored()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._checkpoint = Checkpoint.restore(state.get(CHECKPOINT))


class CursorState(CheckpointState):
    """``{cursor_field: value}``: every row last changed before that time has been emitted.

    A stream of several lists has a cursor for each: ``{cursor_field: the lowest, "lists": {name: value}}``.

    A list that is not read to its end yet may have more: while several workers share it,
    ``{..., "read_ahead": [[from, before], ...]}`` names intervals behind the cursor that are out as well; of one that
    is read in an order of its own, ``{..., "walk": {"offset": 198, ...}}`` is the checkpoint.
    """

    def __init__(self, stream: str, cursor_field: str, timestamps: TimestampFormat, lists: tuple[str, ...]) -> None:
        """
        :param lists: the keys of the partitions, where there are several
        """
        super().__init__(stream)
        self._cursor_field = cursor_field
        self._format = timestamps
        self._keys: tuple[Any, ...] = lists or (None,)
        self._coverage: dict[Any, Coverage] = {}
        # Where this run began.
        self._restored: dict[Any, int | None] = {}
        self._keeps_ranges = True

    def cursor(self, key: Any) -> int | None:
        with self.lock:
            return self._coverage[key].cursor if key in self._coverage else None

    def gaps(self, key: Any, lookback: int) -> list[tuple[int | None, int | None]]:
        with self.lock:
            return self._coverage.get(key, Coverage()).gaps(lookback)

    def advance(self, key: Any, cursor: int, start: int | None = None, *, is_range: bool = False) -> None:
        with self.lock:
            coverage = self._coverage.setdefault(key, Coverage())
            if is_range and not self._keeps_ranges:
                return
            moved = coverage.advance(cursor, start)
            # A cursor covers what a checkpoint covers.
            if self._checkpoint is not None and start is None:
                self._checkpoint, moved = None, True
            if moved:
                self.changed()

    def save_checkpoint(self, checkpoint: Checkpoint | None) -> None:
        # A stream of several lists would have to keep one for each.
        if len(self._keys) == 1:
            super().save_checkpoint(checkpoint)

    def forget_ranges(self) -> None:
        with self.lock:
            self._keeps_ranges = False
            for key in list(self._coverage):
                self.take_back(key)

    def take_back(self, key: Any) -> None:
        with self.lock:
            before = self.value()
            self._coverage.pop(key, None)
            if (cursor := self._restored.get(key)) is not None:
                self._coverage[key] = Coverage(cursor)
            self._checkpoint = None
            if self.value() != before:
                self.changed()

    def finish(self) -> None:
        with self.lock:
            for coverage in self._coverage.values():
                coverage.close()

    def value(self) -> dict[str, Any]:
        with self.lock:
            state: dict[str, Any] = {}
            cursors = {key: each.cursor for key, each in self._coverage.items() if each.cursor is not None}
            if cursors:
                state[self._cursor_field] = self._format.format(min(cursors.values()))
            if cursors and len(self._keys) > 1:
                state[LISTS] = {key: self._format.format(cursor) for key, cursor in sorted(cursors.items())}
            ahead = [interval for coverage in self._coverage.values() for interval in coverage.ahead]
            if ahead:
                state[AHEAD] = [[self._format.format(start), self._format.format(end)] for start, end in ahead]
            if self._checkpoint is not None:
                state[CHECKPOINT] = self._checkpoint.stored()
            return {**state, **self.memory}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._coverage, self._restored, self._checkpoint, self._keeps_ranges = {}, {}, None, True
        state = self.restore_memory(state)
        if not state or state == FINISHED:
            return
        several = len(self._keys) > 1
        allowed = {self._cursor_field, *((LISTS,) if several else (AHEAD, CHECKPOINT))}
        if unknown := sorted(map(repr, set(state) - allowed)):
            raise self.invalid(f"it holds {', '.join(unknown)}, which this version does not write")
        if CHECKPOINT in state:
            self._checkpoint = Checkpoint.restore(state[CHECKPOINT])
            if self._checkpoint is None:
                raise self.invalid(
                    f"{CHECKPOINT!r} should be the place where a list was left, found {state[CHECKPOINT]!r}"
                )
        ahead = self._parse_ahead(state[AHEAD]) if AHEAD in state else []
        if self._cursor_field not in state:
            if self._checkpoint is None and AHEAD not in state:
                raise self.invalid(f"it lacks {self._cursor_field!r}")
            self._coverage = {self._keys[0]: Coverage(None, ahead)}
            return
        cursors = self._parse_cursors(state)
        self._coverage = {key: Coverage(cursor, ahead) for key, cursor in cursors.items()}
        self._restored = {key: coverage.cursor for key, coverage in self._coverage.items()}

    def _parse_cursors(self, state: Mapping[str, Any]) -> dict[Any, int]:
        lowest = self._parse(self._cursor_field, state[self._cursor_field])
        lists = state.get(LISTS)
        if lists is None:
            return dict.fromkeys(self._keys, lowest)
        if isinstance(lists, Mapping) and set(lists) <= set(self._keys):
            return {key: self._parse(f"{LISTS}.{key}", value) for key, value in lists.items()}
        raise self.invalid(f"{LISTS!r} should map {', '.join(self._keys)} to {self._format.description}")

    def _parse_ahead(self, value: Any) -> list[Interval]:
        if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == PAIR for pair in value):
            raise self.invalid(f"{AHEAD!r} should be a list of pairs, each {self._format.description} and another one")
        # Version 0.2.0 could write an interval that a single row dated in the future had stretched into it.
        latest = int(time.time())
        pairs = [(self._seconds(AHEAD, start), self._seconds(AHEAD, end)) for start, end in value]
        return [(start, min(end, latest)) for start, end in pairs]

    def _parse(self, name: str, value: Any) -> int:
        seconds = self._seconds(name, value)
        # A cursor may be a day ahead of this machine's clock, whose time zone may be wrong.
        if seconds > time.time() + SECONDS_PER_DAY:
            raise self.invalid(
                f"{name!r} lies in the future ({value!r}) by this machine's clock, and what changes until then would "
                "be missed",
                first="If the clock is wrong, set it and leave the state alone. Otherwise: ",
            )
        return seconds

    def _seconds(self, name: str, value: Any) -> int:
        seconds = self._format.parse(value)
        if seconds is None:
            raise self.invalid(f"{name!r} should be {self._format.description}, found {value!r}")
        return seconds


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
