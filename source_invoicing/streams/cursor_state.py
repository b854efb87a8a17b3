"""The state of a stream with a cursor: how far its rows have been emitted. All times are seconds since 1970 (UTC)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from typing_extensions import override

from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.page import is_identity
from source_invoicing.streams.state import CHECKPOINT, FINISHED, CheckpointState
from source_invoicing.streams.timestamps import EARLIEST, SECONDS_PER_DAY, TimestampFormat

# Stored names; never change them.
LISTS = "lists"
AHEAD = "read_ahead"
DOCUMENT = "document"
PAIR = 2

Interval = tuple[int, int]
#: A place among documents in the order of their times and keys: a time (seconds since 1970, UTC), and the rank of a key
#: where there is one.
Place = tuple[int] | tuple[int, str]
#: The place of documents without a time, which come first.
NOWHERE: Place = (EARLIEST - 1,)


class Coverage:
    """The modification times whose rows have been emitted: all before ``cursor``, and some intervals later than that.

    :param cursor: ``None`` where the list's first rows have not been emitted
    :param ahead: intervals later than the cursor whose rows have been emitted; their ends are exclusive
    :param document: for details only, see :meth:`.DocumentState.document`
    """

    def __init__(self, cursor: int | None = None, ahead: Iterable[Interval] = (), document: Any = None) -> None:
        self.cursor = cursor
        self.document = document
        self.ahead = merge_intervals(ahead)
        self._catch_up()

    def advance(self, end: int, start: int | None = None) -> bool:
        """Record that all rows from ``start`` (``None``: the beginning of the list) up to ``end`` have been emitted.

        :return: whether that changes anything
        """
        previous = (self.cursor, list(self.ahead))
        if start is None or (self.cursor is not None and start <= self.cursor):
            self.cursor = max(end, self.cursor if self.cursor is not None else end)
            self._catch_up()
        elif start < end:
            self.ahead = merge_intervals([*self.ahead, (start, end)])
        return previous != (self.cursor, self.ahead)

    def finish(self) -> None:
        """Record that the list was read to its end: there are no gaps between the intervals any more."""
        if self.ahead:
            self.advance(self.ahead[-1][1])

    def gaps(self, lookback: int = 0) -> list[tuple[int | None, int | None]]:
        """Start and end of each gap: of the times that have not been emitted yet. The first gap starts at the beginning
        of the list; the last one is open-ended.

        :param lookback: seconds at the end of each interval that are read again, for rows that were booked late
        """
        done = [(start, end - lookback) for start, end in self.ahead if start < end - lookback]
        borders = [None, *(time for interval in done for time in interval), None]
        return list(zip(borders[::2], borders[1::2], strict=True))

    def _catch_up(self) -> None:
        while self.cursor is not None and self.ahead and self.ahead[0][0] <= self.cursor:
            self.cursor = max(self.cursor, self.ahead.pop(0)[1])


def merge_intervals(intervals: Iterable[Interval]) -> list[Interval]:
    """Sort intervals, and merge those that touch or overlap."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif start < end:
            merged.append((start, end))
    return merged


class CursorState(CheckpointState):
    """``{cursor_field: value}``: every row last changed before that time has been emitted.

    A stream of several lists has a cursor for each: ``{cursor_field: the lowest, "lists": {name: value}}``.

    While a list is being read, there may be more:

    * ``{..., "read_ahead": [[from, before], ...]}``, if several workers share it: intervals later than the cursor that
      have been emitted as well;
    * ``{..., "walk": {"offset": 198, ...}}``, if it is not sorted by the cursor: the checkpoint.

    :param lists: the keys of the partitions, where there are several
    """

    def __init__(self, stream: str, cursor_field: str, timestamps: TimestampFormat, lists: tuple[str, ...]) -> None:
        super().__init__(stream)
        self._cursor_field = cursor_field
        self._format = timestamps
        self._keys: tuple[Any, ...] = lists or (None,)
        self._coverage: dict[Any, Coverage] = {}
        # The cursors with which this run began.
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
                self.roll_back(key)

    def roll_back(self, key: Any) -> None:
        with self.lock:
            previous = self.value()
            self._coverage.pop(key, None)
            if (cursor := self._restored.get(key)) is not None:
                self._coverage[key] = Coverage(cursor)
            self._checkpoint = None
            if self.value() != previous:
                self.changed(at_once=True)

    def finish(self) -> None:
        with self.lock:
            for coverage in self._coverage.values():
                coverage.finish()

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


class DocumentState(CursorState):
    """``{cursor_field: value}``: the details of all documents last changed before it have been emitted. Where many
    documents were changed in that very second, ``"document"`` is the key up to which these have been emitted as well.

    Details are read in the order of their documents' times and keys, regardless of the order of the list. The cursor
    already allows for rows that appear late (:meth:`.Documents.bounds`), so nothing before it is requested again.

    Documents without a time come first. Until all of them have been emitted, there is ``"document"`` without a cursor.
    """

    def document(self, key: Any) -> Any:
        """The key up to which the documents changed in the very second of a partition's cursor have been emitted;
        ``None``: none of them. Without a cursor, it refers to the documents without a time."""
        coverage = self._coverage.get(key)
        return None if coverage is None else coverage.document

    def place(self, key: Any) -> Place:
        """The place up to which the documents of a partition have been emitted."""
        return place_of(self.cursor(key), self.document(key))

    def advance_to(self, key: Any, cursor: int | None, document: Any = None) -> None:
        """Record that all documents of a partition last changed before ``cursor`` have been emitted, and those of that
        second up to ``document``.

        :param cursor: ``None``: documents without a time
        """
        with self.lock:
            if place_of(cursor, document) <= self.place(key):
                return
            self._coverage[key] = Coverage(cursor, document=document)
            self.changed()

    def forget_undated(self) -> None:
        """Drop the key of a document without a time, once all have been emitted: the next sync reads these again."""
        with self.lock:
            dated = {key: coverage for key, coverage in self._coverage.items() if coverage.cursor is not None}
            if dated != self._coverage:
                self._coverage = dated
                self.changed()

    @override
    def value(self) -> dict[str, Any]:
        with self.lock:
            state = super().value()
            document = self.document(self._keys[0])
            if document is not None and len(self._keys) == 1:
                state[DOCUMENT] = list(document) if isinstance(document, tuple) else document
            return state

    @override
    def restore(self, state: Mapping[str, Any]) -> None:
        document = state.get(DOCUMENT)
        super().restore({name: value for name, value in state.items() if name != DOCUMENT})
        if DOCUMENT in state:
            parts = document if isinstance(document, list) else [document]
            if not parts or not all(part == "" or is_identity(part) for part in parts):
                raise self.invalid(f"{DOCUMENT!r} should be the key of a document, found {document!r}")
            coverage = self._coverage.setdefault(self._keys[0], Coverage())
            coverage.document = tuple(parts) if isinstance(document, list) else document


def rank_of(key: Any) -> str:
    """Sorting key for keys of documents, which are text, numbers or tuples of these."""
    return key if isinstance(key, str) else f"\0{key!r}"


def place_of(cursor: int | None, document: Any = None) -> Place:
    """The place of a document, or that of all documents changed before a time.

    :param cursor: ``None``: documents without a time
    """
    seconds = NOWHERE[0] if cursor is None else cursor
    return (seconds,) if document is None else (seconds, rank_of(document))
