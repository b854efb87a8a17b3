"""Where a stream stands, as small state: one cursor value, or one parent id. Never a list of parents or records."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from source_invoicing.http import Failure, config_failure
from source_invoicing.streams.checkpoint import Checkpoint
from source_invoicing.streams.page import is_identity
from source_invoicing.streams.timestamps import TimestampFormat

# What the CDK writes for a stream that was read to its end and has no cursor. It means "start from the top".
FINISHED = {"__ab_no_cursor_state_message": True}
LISTS = "lists"
AHEAD = "read_ahead"
PAIR = 2
# A cursor may be so much ahead of this machine's clock (seconds).
CLOCKS_DIFFER = 86_400
WALK = "walk"


class StreamState(ABC):
    """The state of one stream.

    Thread-safe. ``on_move`` is called after each move, one call at a time and in the order of the moves, so that
    what it prints never goes back.
    """

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.on_move: Callable[[], None] | None = None
        self.lock = threading.RLock()

    @abstractmethod
    def value(self) -> dict[str, Any]:
        """The state as JSON."""

    @abstractmethod
    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a stored state.

        :raises Failure: when it is none of ours
        """

    @property
    def place(self) -> Checkpoint | None:
        """How far a walk came that did not come to its end, where that is kept."""
        return None

    def stop_at(self, place: Checkpoint | None) -> None:  # noqa: B027  # most states keep no place
        """Everything up to a place is out; with ``None``, no walk is under way."""

    def finish(self) -> None:  # noqa: B027  # most states stay where they are at the end
        """The stream was read to its end."""

    def moved(self) -> None:
        """Tell whoever listens."""
        if self.on_move is not None:
            self.on_move()

    def foreign(self, why: str) -> Failure:
        """The complaint about a state that this version did not write."""
        return config_failure(
            f"The saved state of stream {self.stream} cannot be used: {why}. Reset the stream (clear its data), then "
            "sync again; it will be read from the beginning."
        )


class FullRefreshState(StreamState):
    """For a list that has to be read from the top each time."""

    def value(self) -> dict[str, Any]:
        """See :class:`StreamState`."""
        return dict(FINISHED)

    def restore(self, state: Mapping[str, Any]) -> None:
        """See :class:`StreamState`. Any state means the same: read everything."""


class CheckpointKeepingState(StreamState, ABC):
    """Keeps the place of a walk that is under way, see :class:`~source_invoicing.streams.page.Checkpoint`."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._place: Checkpoint | None = None

    @property
    def place(self) -> Checkpoint | None:
        """See :class:`StreamState`."""
        return self._place

    def stop_at(self, place: Checkpoint | None) -> None:
        """See :class:`StreamState`."""
        if place != self._place:
            with self.lock:
                self._place = place
                self.moved()


class CheckpointState(CheckpointKeepingState):
    """``{"walk": {"offset": 198, ...}}`` while a list without a cursor is read; then it is read from the top again."""

    def value(self) -> dict[str, Any]:
        """See :class:`StreamState`."""
        return dict(FINISHED) if self._place is None else {WALK: self._place.stored()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See :class:`StreamState`. Any state but a place means the same: read everything."""
        self._place = Checkpoint.restore(state.get(WALK))


class CursorState(CheckpointKeepingState):
    """``{cursor_field: value}``: every row last changed before that moment has been emitted.

    A stream that unites several lists stands at a place of its own in each: ``{cursor_field: the lowest of them,
    "lists": {name: value}}``.

    Within a list that is not read to its end yet, it also keeps the place: while several readers share a list,
    ``{..., "read_ahead": [[from, before], ...]}`` tells which parts behind the cursor are out as well; of a list that
    is read in an order of its own, ``{..., "walk": {"offset": 198, ...}}`` tells where the walk stood, see
    :class:`~source_invoicing.streams.page.Checkpoint`.
    """

    def __init__(self, stream: str, cursor_field: str, timestamps: TimestampFormat, lists: tuple[str, ...]) -> None:
        super().__init__(stream)
        self._cursor_field = cursor_field
        self._format = timestamps
        self._lists = lists
        self._reached: dict[str, int] = {}
        self._ahead: list[tuple[int, int]] = []
        self._keeps_parts = True

    def stop_at(self, place: Checkpoint | None) -> None:
        """See :class:`StreamState`. A stream of several lists would have to keep a place for each, and keeps none."""
        if len(self._lists) == 1:
            super().stop_at(place)

    def position(self, name: str) -> int | None:
        """Seconds since 1970 (UTC) up to which the list called ``name`` has been emitted."""
        return self._reached.get(name)

    def reach(self, name: str, seconds: int) -> None:
        """Everything of a list up to ``seconds`` is out. A progress never moves back."""
        with self.lock:
            self._reached[name] = max(seconds, self._reached.get(name, seconds))
            self._place = None
            self._catch_up(name)
            self.moved()

    def cover(self, name: str, start: int | None, seconds: int) -> None:
        """Everything of a list's part is out that was last changed before ``seconds``.

        :param start: where the part begins; ``None`` is the beginning of the list
        """
        with self.lock:
            reached = self._reached.get(name)
            if start is None or (reached is not None and start <= reached):
                self.reach(name, seconds)
                return
            if self._keeps_parts and start < seconds:
                self._ahead = _united([*self._ahead, (start, seconds)])
                self.moved()

    def gaps(self, name: str) -> list[tuple[int | None, int | None]]:
        """The parts of a list that are not out yet, as beginnings and ends; the first one begins where the list does,
        the last one is open."""
        with self.lock:
            borders = [None, *(timestamp for stretch in self._ahead for timestamp in stretch), None]
            return list(zip(borders[::2], borders[1::2], strict=True))

    def keep_no_parts(self) -> None:
        """The parts turned out not to be what they were taken for: forget those there are, and those still to come from
        readers that do not know it yet."""
        with self.lock:
            self._keeps_parts, self._ahead = False, []

    def finish(self) -> None:
        """See :class:`StreamState`."""
        with self.lock:
            if self._ahead:
                name, (_, before) = self._lists[0], self._ahead[-1]
                self._reached[name] = max(before, self._reached.get(name, before))
            self._ahead = []

    def _catch_up(self, name: str) -> None:
        while self._ahead and self._ahead[0][0] <= self._reached[name]:
            self._reached[name] = max(self._reached[name], self._ahead.pop(0)[1])

    def value(self) -> dict[str, Any]:
        """See :class:`StreamState`."""
        state: dict[str, Any] = {}
        if self._reached:
            state[self._cursor_field] = self._format.value(_by_now(min(self._reached.values())))
        if self._reached and len(self._lists) > 1:
            state[LISTS] = {name: self._format.value(_by_now(at)) for name, at in sorted(self._reached.items())}
        if self._ahead:
            state[AHEAD] = [[self._format.value(start), self._format.value(before)] for start, before in self._ahead]
        if self._place is not None:
            state[WALK] = self._place.stored()
        return state

    def restore(self, state: Mapping[str, Any]) -> None:
        """See :class:`StreamState`."""
        self._reached, self._ahead, self._place = {}, [], None
        if not state or dict(state) == FINISHED:
            return
        allowed = {self._cursor_field, *((LISTS,) if len(self._lists) > 1 else (AHEAD, WALK))}
        if unknown := sorted(map(repr, set(state) - allowed)):
            raise self.foreign(f"it holds {', '.join(unknown)}, which this version does not write")
        if WALK in state:
            self._place = Checkpoint.restore(state[WALK])
            if self._place is None:
                raise self.foreign(f"{WALK!r} should be the place where a list was left, found {state[WALK]!r}")
        if AHEAD in state:
            self._ahead = _united(self._parse_ahead(state[AHEAD]))
        if self._cursor_field not in state:
            if self._place is not None or self._ahead:
                return
            raise self.foreign(f"it lacks {self._cursor_field!r}")
        lowest = self._parse(self._cursor_field, state[self._cursor_field])
        lists = state.get(LISTS)
        if lists is None:
            self._reached = dict.fromkeys(self._lists, lowest)
        elif isinstance(lists, Mapping) and set(lists) <= set(self._lists):
            self._reached = {name: self._parse(f"{LISTS}.{name}", value) for name, value in lists.items()}
        else:
            raise self.foreign(f"{LISTS!r} should map {', '.join(self._lists)} to {self._format.description}")
        if self._ahead:
            self._catch_up(self._lists[0])

    def _parse_ahead(self, value: Any) -> list[tuple[int, int]]:
        if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == PAIR for pair in value):
            raise self.foreign(f"{AHEAD!r} should be a list of pairs, each {self._format.description} and another one")
        return [(self._parse(AHEAD, start), self._parse(AHEAD, before)) for start, before in value]

    def _parse(self, name: str, value: Any) -> int:
        seconds = self._format.seconds(value)
        if seconds is None:
            raise self.foreign(f"{name!r} should be {self._format.description}, found {value!r}")
        if seconds > time.time() + CLOCKS_DIFFER:
            raise self.foreign(f"{name!r} lies in the future ({value!r}), and what changes until then would be missed")
        return seconds


def _by_now(seconds: int) -> int:
    """A moment that a later run may start from. A row may say that it was changed next year; what is changed until then
    has to come all the same."""
    return min(seconds, int(time.time()))


def _united(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches in order, those that touch or overlap made one."""
    united: list[tuple[int, int]] = []
    for start, before in sorted(stretches):
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], before))
        elif start < before:
            united.append((start, before))
    return united


class ParentState(StreamState):
    """``{field: id}``: every parent up to that id has been read. Parents are read in ascending order of their ids."""

    def __init__(self, stream: str, field: str) -> None:
        super().__init__(stream)
        self._field = field
        self._done_up_to: Any = None
        self._finished = False
        self._started: deque[Any] = deque()
        self._done: set[Any] = set()

    @property
    def done_up_to(self) -> Any:
        """The highest parent id below which all parents are done, or ``None``."""
        return self._done_up_to

    def start(self, parent: Any) -> None:
        """A parent is about to be read. Called in ascending order."""
        with self.lock:
            self._started.append(parent)

    def done(self, parent: Any) -> None:
        """All rows of a parent are out."""
        with self.lock:
            self._done.add(parent)
            moved = False
            while self._started and self._started[0] in self._done:
                self._done_up_to = self._started.popleft()
                self._done.discard(self._done_up_to)
                moved = True
            if moved:
                self.moved()

    def finish(self) -> None:
        """See :class:`StreamState`."""
        self._finished = True

    def value(self) -> dict[str, Any]:
        """See :class:`StreamState`."""
        if self._finished:
            return dict(FINISHED)
        return {} if self._done_up_to is None else {self._field: self._done_up_to}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See :class:`StreamState`."""
        self._done_up_to, self._finished = None, False
        self._started.clear()
        self._done.clear()
        if not state or dict(state) == FINISHED:
            return
        value = state.get(self._field)
        if set(state) != {self._field} or not is_identity(value):
            raise self.foreign(f"it should hold {self._field!r}, the id of a parent, found {dict(state)!r}")
        self._done_up_to = value
