"""States whose cursor moves once all is read: of rows without a modification time, or of many lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.cursor_state import CursorState
from source_invoicing.streams.state import FINISHED, ParentState, StreamState
from source_invoicing.streams.timestamps import TimestampFormat

# Stored names; never change them.
BEGAN = "began"
NEWEST = "newest_seen"


class CursorMovedAtEnd(CursorState):
    """``{cursor_field: value}``, which moves only once the stream has been read to its end.

    It moves to the start of the reading, by the earlier of both clocks, less a margin; or, if rows have modification
    times, to the latest of those, if that is earlier.

    :ivar newest: the latest modification time, or the highest version, of the rows that were emitted
    """

    def __init__(self, stream: str, cursor_field: str, timestamps: TimestampFormat, *, dated: bool = False) -> None:
        """
        :param dated: whether rows have modification times, by which the reading selects
        """
        super().__init__(stream, cursor_field, timestamps, ())
        self._dated = dated
        self.started: int | None = None
        self.newest: int | None = None

    @property
    def field(self) -> str:
        """The member of the state that holds the cursor."""
        return self._cursor_field

    def begin(self, complete_until: int) -> None:
        """Record the start of a reading, which shows every change up to a time (seconds since 1970, UTC)."""
        with self.lock:
            self.started = complete_until if self.started is None else min(self.started, complete_until)

    def stored_start(self) -> dict[str, Any]:
        """The start of the reading, as a member of the state."""
        return {} if self.started is None else {BEGAN: self._format.format(self.started)}

    def resume_reading(self, stored: Any) -> None:
        """Continue a reading that began at a stored time.

        :raises Failure: when it is not a time
        """
        self.begin(self._parse(BEGAN, stored))

    @override
    def restore(self, state: Mapping[str, Any]) -> None:
        self.started = self.newest = None
        super().restore(state)

    @property
    def reached(self) -> int | None:
        """The cursor."""
        return super().cursor(None)

    @override
    def cursor(self, key: Any) -> int | None:
        return self.reached if self._dated else None

    @override
    def advance(self, key: Any, cursor: int, start: int | None = None, *, is_range: bool = False) -> None:
        with self.lock:
            self.newest = cursor if self.newest is None else max(self.newest, cursor)

    @property
    @override
    def checkpoint(self) -> Checkpoint | None:
        return None

    @override
    def save_checkpoint(self, checkpoint: Checkpoint | None) -> None:
        return

    @override
    def roll_back(self, key: Any) -> None:
        return

    @override
    def finish(self) -> None:
        self.move(self._at_end())

    def move(self, to: int | None) -> None:
        """Move the cursor forward, never back."""
        if to is not None and (self.reached is None or to > self.reached):
            super().advance(None, to)

    def _at_end(self) -> int | None:
        if not self._dated:
            return self.started
        return None if self.newest is None or self.started is None else min(self.newest, self.started)


class VersionState(CursorMovedAtEnd):
    """``{cursor_field: row version}``, which moves only once the list has been read to its end. No clock bounds it.

    It is the highest version that is known to have existed when the reading began: on the first page, in lists before
    it that are read once more, or in an earlier reading. A row that is edited behind the page it was read on is missed,
    and a row on a later page may have a higher version; but each edit gets a version above all that existed before. As
    long as a higher version than the cursor has been seen, it stands beside it: ``{..., "newest_seen": row version}``.
    """

    def __init__(self, stream: str, cursor_field: str, timestamps: TimestampFormat) -> None:
        super().__init__(stream, cursor_field, timestamps)
        self._newest_before: int | None = None

    @override
    def _at_end(self) -> int | None:
        known = [version for version in (self._newest_before, self.started) if version is not None]
        return None if self._newest_before is None and self.newest is None else max(known, default=None)

    @override
    def finish(self) -> None:
        with self.lock:
            previous, end = self.value(), self._at_end()
            seen = [version for version in (self._newest_before, self.newest) if version is not None]
            self._newest_before = max(seen, default=None)
            self.move(end)
            if self.value() != previous:
                self.changed()

    @override
    def value(self) -> dict[str, Any]:
        with self.lock:
            reached, newest = self.reached, self._newest_before
            is_behind = reached is not None and newest is not None and newest > reached
            return {**super().value(), **({NEWEST: newest} if is_behind else {})}

    @override
    def restore(self, state: Mapping[str, Any]) -> None:
        """
        :raises Failure: when this version cannot have written it
        """
        super().restore({name: value for name, value in state.items() if name != NEWEST})
        self._newest_before = self._parse(NEWEST, state[NEWEST]) if NEWEST in state else self.reached

    @override
    def _parse(self, name: str, value: Any) -> int:
        return self._seconds(name, value)


class ChildCursorState(ParentState):
    """``{cursor_field: value}`` once the lists of all parents have been read. Until then, ``{cursor_field: previous
    value, field: id, "began": value}``, with the last parent read and the start of the reading.
    """

    def __init__(self, stream: str, field: str, moved_at_end: CursorMovedAtEnd) -> None:
        """
        :param moved_at_end: the cursor
        """
        super().__init__(stream, field)
        self.moved_at_end = moved_at_end
        self._knows_when_it_began = True

    @override
    def cursor(self, key: Any) -> int | None:
        return self.moved_at_end.cursor(None)

    @override
    def advance(self, key: Any, cursor: int, start: int | None = None, *, is_range: bool = False) -> None:
        self.moved_at_end.advance(key, cursor)

    @override
    def finish(self) -> None:
        super().finish()
        if self._knows_when_it_began:
            self.moved_at_end.finish()

    @override
    def value(self) -> dict[str, Any]:
        with self.lock:
            parents, cursor = super().value(), self.moved_at_end.value()
            if parents in ({}, FINISHED):
                return cursor or parents
            began = self.moved_at_end.stored_start() if self._knows_when_it_began else {}
            return {**cursor, **parents, **began}

    @override
    def restore(self, state: Mapping[str, Any]) -> None:
        """
        :raises Failure: when this version cannot have written it
        """
        parents = dict(state)
        cursor = {name: parents.pop(name) for name in (self.moved_at_end.field, BEGAN) if name in parents}
        self.moved_at_end.restore({name: value for name, value in cursor.items() if name != BEGAN})
        super().restore(parents)
        if BEGAN in cursor:
            self.moved_at_end.resume_reading(cursor[BEGAN])
        # Version 0.2.0 stored no cursor: what it had read may have changed since.
        self._knows_when_it_began = BEGAN in cursor or self.done_up_to is None


def moved_at_end_in(state: StreamState) -> CursorMovedAtEnd | None:
    """The part of a state that moves once all is read, if any."""
    state = state.moved_at_end if isinstance(state, ChildCursorState) else state
    return state if isinstance(state, CursorMovedAtEnd) else None


class WindowState(CursorMovedAtEnd):
    """The state of windows: the end of the last one that was read, but never after the start of the reading.

    - ``{cursor_field: end}``
    - ``{"window": end}`` without a cursor, until all windows have been read
    """

    WINDOW = "window"

    def __init__(self, stream: str, cursor_field: str, timestamps: TimestampFormat) -> None:
        """
        :param cursor_field: empty for a list that is read in full each time
        """
        super().__init__(stream, cursor_field or self.WINDOW, timestamps)
        self._starts_over = not cursor_field
        self._finished = False

    @override
    def partition_done(self, key: Any) -> None:
        _, end, *one_of_several = key
        if not one_of_several:
            self.move(end if self.started is None else min(end, self.started))

    @override
    def finish(self) -> None:
        self._finished = self._starts_over

    @override
    def value(self) -> dict[str, Any]:
        return dict(FINISHED) if self._finished else super().value()

    @override
    def restore(self, state: Mapping[str, Any]) -> None:
        """
        :raises Failure: when this version cannot have written it
        """
        self._finished = False
        if self._starts_over and self.WINDOW not in state:
            # A state from before windows were declared starts over.
            state = FINISHED
        super().restore(state)
