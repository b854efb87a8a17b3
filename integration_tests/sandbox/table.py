"""The rows of one stream: encoded once, served in any order, with a history of what happened to them.

A table is made for lists of a hundred thousand rows. Rows are kept as JSON bytes only; single columns are pulled out
of them when a list is first sorted or filtered by that column, and kept up to date from then on.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from zlib import crc32

import orjson

from integration_tests.sandbox.errors import SandboxError

Row = dict[str, Any]
Key = int | str | tuple[int | str, ...]
Rank = tuple[Any, ...]
Sort = tuple[tuple[str, bool], ...]
"""Columns by falling importance, each with ``True`` for descending. Ties are broken by the key, ascending."""

BY_KEY: Sort = ()
SHUFFLED: Sort = (("\0shuffled", False),)
"""An order that looks random and never changes: what a server does that ignores the wish for an order."""


@dataclass(frozen=True)
class Bounds:
    """Both ends of a range of whole numbers, inclusive; ``None`` leaves an end open. Null never lies in a range."""

    column: str
    low: int | None = None
    high: int | None = None

    def __contains__(self, value: object) -> bool:
        return (
            isinstance(value, int)
            and (self.low is None or value >= self.low)
            and (self.high is None or value <= self.high)
        )


@dataclass(frozen=True)
class Where:
    """A test of one column. ``label`` tells apart two tests of the same column, since functions do not compare."""

    column: str
    label: Hashable
    test: Callable[[Any], bool] = field(compare=False)


@dataclass(frozen=True)
class Query:
    """Which rows of a table, in which order. ``group`` limits it to the rows under one parent."""

    sort: Sort = BY_KEY
    group: Key | None = None
    bounds: tuple[Bounds, ...] = ()
    where: tuple[Where, ...] = ()


@dataclass(frozen=True)
class History:
    """What happened to the rows of a table since the start (or the last reset)."""

    throughout: list[Key]
    inserted: list[Key]
    edited: list[Key]
    deleted: list[Key]


class _Backwards:
    """Text that sorts in reverse."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __lt__(self, other: _Backwards) -> bool:
        return other.text < self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Backwards) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)


def _rank(value: Any, descending: bool = False) -> tuple[int, Any]:
    """A sort key for any JSON scalar: nulls, then numbers, then text; the reverse when descending."""
    if value is None:
        return 0, 0
    if isinstance(value, int | float):
        return (-1, -value) if descending else (1, value)
    return (-2, _Backwards(str(value))) if descending else (2, str(value))


class _View:
    """Keys in one order, found by bisection."""

    def __init__(self, entries: list[tuple[Rank, Key]]) -> None:
        entries.sort()  # Ranks end in the key, so two are never equal and keys are never compared.
        self.ranks = [rank for rank, _ in entries]
        self.keys = [key for _, key in entries]

    def add(self, rank: Rank, key: Key) -> None:
        at = bisect_left(self.ranks, rank)
        self.ranks.insert(at, rank)
        self.keys.insert(at, key)

    def remove(self, rank: Rank) -> None:
        at = bisect_left(self.ranks, rank)
        del self.ranks[at], self.keys[at]

    def span(self, bounds: Bounds, descending: bool) -> tuple[int, int]:
        """First and last-plus-one position of the rows within bounds on the leading column."""
        low, high = bounds.low, bounds.high
        if descending:
            start = 0 if high is None else bisect_left(self.ranks, (-1, -high), key=_leading)
            end = bisect_left(self.ranks, (0, 0), key=_leading)
            return start, end if low is None else bisect_right(self.ranks, (-1, -low), key=_leading)
        start = bisect_right(self.ranks, (0, 0), key=_leading)
        start = start if low is None else bisect_left(self.ranks, (1, low), key=_leading)
        return start, len(self.ranks) if high is None else bisect_right(self.ranks, (1, high), key=_leading)


def _leading(rank: Rank) -> Any:
    return rank[0]


class Table:
    """The rows of one stream.

    ``key_fields`` name the primary key, ``indexed`` the columns that are worth keeping ready from the start. Rows of a
    sub-list have a group: the key of the parent they hang under.
    """

    def __init__(self, stream: str, key_fields: Sequence[str] = ("id",), indexed: Sequence[str] = ()) -> None:
        self.stream = stream
        self.version = 0
        self.order: Sort = BY_KEY
        self._key_fields = tuple(key_fields)
        self._bodies: dict[Key, bytes] = {}
        self._group_of: dict[Key, Key] = {}
        self._members: dict[Key, dict[Key, None]] = {}
        self._columns: dict[str, dict[Key, Any]] = {name: {} for name in (*key_fields, *indexed)}
        self._views: dict[tuple[Key | None, Sort], _View] = {}
        self._filtered: dict[Query, list[Key]] = {}
        self._variants: dict[Hashable, dict[Key, bytes]] = {}
        self._highest_id = 0
        self._at_start: set[Key] = set()
        self._inserted: dict[Key, None] = {}
        self._edited: dict[Key, None] = {}
        self._deleted: dict[Key, None] = {}

    @property
    def key_fields(self) -> tuple[str, ...]:
        """The columns that name a row."""
        return self._key_fields

    def __len__(self) -> int:
        return len(self._bodies)

    def __contains__(self, key: object) -> bool:
        return key in self._bodies

    def __iter__(self) -> Iterator[Key]:
        """Keys in order of insertion."""
        return iter(self._bodies)

    @property
    def next_id(self) -> int:
        """An integer id that no row has or ever had."""
        return self._highest_id + 1

    # Reading

    def key_of(self, row: Row) -> Key:
        """The primary key of a row: the bare value, or a tuple where it has several parts."""
        parts = tuple(row[name] for name in self._key_fields)
        return cast(Key, parts[0]) if len(parts) == 1 else parts

    def group_of(self, key: Key) -> Key | None:
        """The parent a row hangs under."""
        return self._group_of.get(key)

    def keys_under(self, group: Key) -> list[Key]:
        """Keys of the rows under one parent, in order of insertion."""
        return list(self._members.get(group, ()))

    def ordered_keys(self) -> list[Key]:
        """Keys in the order in which the stream was last listed."""
        return self._view(None, self.order).keys

    def row(self, key: Key) -> Row:
        """A copy of a row."""
        return cast(Row, orjson.loads(self._body(key)))

    def body(self, key: Key, variant: Hashable = None, change: Callable[[Row], Row] | None = None) -> bytes:
        """A row as JSON, after ``change`` if there is one. The result is kept under the name ``variant``."""
        if change is None:
            return self._body(key)
        kept = self._variants.setdefault(variant, {})
        if key not in kept:
            kept[key] = orjson.dumps(change(self.row(key)))
        return kept[key]

    def column(self, name: str) -> dict[Key, Any]:
        """One column of all rows by key; null where a row lacks it."""
        if name not in self._columns:
            self._columns[name] = {key: orjson.loads(body).get(name) for key, body in self._bodies.items()}
        return self._columns[name]

    def select(self, query: Query, offset: int, limit: int) -> tuple[int, list[Key]]:
        """How many rows fit the query, and the keys of one slice of them."""
        if query.group is None:
            self.order = query.sort
        view = self._view(query.group, query.sort)
        keys, start, end = view.keys, 0, len(view.keys)
        if not query.where and len(query.bounds) == 1 and query.sort and query.sort[0][0] == query.bounds[0].column:
            start, end = view.span(query.bounds[0], query.sort[0][1])
        elif query.where or query.bounds:
            keys = self._filter(query, keys)
            end = len(keys)
        return max(end - start, 0), keys[start + offset : min(end, start + offset + limit)]

    # Writing

    def insert(self, row: Row, group: Key | None = None) -> Key:
        """Add a row."""
        key = self.key_of(row)
        if key in self._bodies:
            raise SandboxError(f"{self.stream} already has a row {key!r}.")
        if group is not None:
            self._group_of[key] = group
            self._members.setdefault(group, {})[key] = None
        self._store(key, row)
        self._inserted[key] = None
        self._highest_id = max(self._highest_id, *(part for part in _parts(key) if isinstance(part, int)), 0)
        return key

    def replace(self, key: Key, row: Row) -> None:
        """Change a row in place."""
        if self.key_of(row) != key:
            raise SandboxError(f"An edit cannot change the key of {self.stream} {key!r}.")
        self._unlink(key)
        self._store(key, row)
        self._edited[key] = None

    def delete(self, key: Key) -> Row:
        """Remove a row and return it."""
        row = self.row(key)
        self._unlink(key)
        for column in self._columns.values():
            column.pop(key, None)
        del self._bodies[key]
        group = self._group_of.pop(key, None)
        if group is not None:
            del self._members[group][key]
        self._deleted[key] = None
        return row

    def history(self) -> History:
        """What happened since the start or the last reset, keys in order of the first such change."""
        throughout = [key for key in self._bodies if key in self._at_start and key not in self._deleted]
        return History(throughout, list(self._inserted), list(self._edited), list(self._deleted))

    def reset_history(self) -> None:
        """Take the present rows as the starting point."""
        self._at_start = set(self._bodies)
        self._inserted, self._edited, self._deleted = {}, {}, {}

    # Bookkeeping

    def _body(self, key: Key) -> bytes:
        try:
            return self._bodies[key]
        except KeyError:
            raise SandboxError(f"{self.stream} has no row {key!r}.") from None

    def _store(self, key: Key, row: Row) -> None:
        # A copy of the right size: orjson leaves its generous buffer attached to what it returns.
        self._bodies[key] = bytes(memoryview(orjson.dumps(row)))
        for name, column in self._columns.items():
            column[key] = row.get(name)
        for sort, view in self._views_with(key):
            view.add(self._rank_of(key, sort), key)
        self._forget(key)

    def _unlink(self, key: Key) -> None:
        """Take a row out of all views while its columns still hold the values it is sorted by."""
        self._body(key)
        for sort, view in self._views_with(key):
            view.remove(self._rank_of(key, sort))
        self._forget(key)

    def _forget(self, key: Key) -> None:
        self.version += 1
        self._filtered.clear()
        for kept in self._variants.values():
            kept.pop(key, None)

    def _views_with(self, key: Key) -> Iterable[tuple[Sort, _View]]:
        groups = (None, self._group_of.get(key))
        return [(sort, view) for (group, sort), view in self._views.items() if group in groups]

    def _view(self, group: Key | None, sort: Sort) -> _View:
        if (group, sort) not in self._views:
            for name, _ in sort if sort != SHUFFLED else ():
                self.column(name)
            keys = self if group is None else self.keys_under(group)
            self._views[group, sort] = _View([(self._rank_of(key, sort), key) for key in keys])
        return self._views[group, sort]

    def _rank_of(self, key: Key, sort: Sort) -> Rank:
        # A key of several parts ends in the id, which is what people expect a list to be ordered by.
        tail = tuple(_rank(part) for part in reversed(_parts(key)))
        if sort == SHUFFLED:
            return (crc32(repr(key).encode()), *tail)
        return (*(_rank(self._columns[name][key], descending) for name, descending in sort), *tail)

    def _filter(self, query: Query, keys: list[Key]) -> list[Key]:
        if query not in self._filtered:
            for bounds in query.bounds:
                column = self.column(bounds.column)
                keys = [key for key in keys if column[key] in bounds]
            for where in query.where:
                column = self.column(where.column)
                keys = [key for key in keys if where.test(column[key])]
            self._filtered[query] = keys
        return self._filtered[query]


def _parts(key: Key) -> tuple[int | str, ...]:
    return key if isinstance(key, tuple) else (key,)
