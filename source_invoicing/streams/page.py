"""What a walk asks a list for, and what it gets: the words all platforms share."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b
from typing import Any, Protocol

from source_invoicing.streams.timestamps import real

Row = dict[str, Any]
LARGEST = 2**63
FIELDS_OF_A_FOOTPRINT = 3
# The fields of a stored place: since version 0.1.0, and those added later.
OF_A_PLACE = frozenset({"offset", "row", "filtered", "since", "began", "newest"})
ADDED_TO_A_PLACE = frozenset({"tail", "head", "missing"})


def is_identity(value: Any) -> bool:
    """Whether a value can tell a row from others: text that is not blank, or a whole number."""
    if value.__class__ is int:
        return -LARGEST <= value < LARGEST
    return value.__class__ is str and bool(value)


class Order(Enum):
    """How a list is sorted."""

    #: By modification time, the row that was changed longest ago first.
    OLDEST_CHANGE_FIRST = "oldest change first"
    #: By modification time, the row that was changed last first.
    NEWEST_CHANGE_FIRST = "newest change first"
    #: By creation, the newest row first, so that inserts push rows to pages still to come.
    NEWEST_ROW_FIRST = "newest row first"
    #: By creation, the oldest row first, so that inserts land on pages still to come.
    OLDEST_ROW_FIRST = "oldest row first"


@dataclass(frozen=True)
class PageRequest:
    """One request for rows of a list. The stream puts it into the API's own words.

    :param number: page, counted from 1
    :param offset: rows to skip, for lists that are walked by offset
    :param since: only rows changed at or after this moment (seconds since 1970, UTC)
    :param token: what an earlier page handed out to ask for the one behind it; ``None`` for the first page
    :param order: ``None`` is the order in which the list comes by itself
    :param size: rows on a page; ``None`` is as many as the API allows
    """

    number: int = 1
    offset: int = 0
    since: int | None = None
    token: str | None = None
    order: Order | None = None
    size: int | None = None


@dataclass(frozen=True)
class Page:
    """The answer to a question.

    :param rows: as the API sent them
    :param has_more: whether further rows answer the same question; ``None`` where the API does not tell
    :param total: how many rows answer the question in all, where the API tells
    :param short: whether it holds fewer rows than were asked for
    :param next: what to ask for the page behind this one with, where the API hands that out; ``None`` at the end
    :param server_time: the server's clock when it answered (seconds since 1970, UTC), where the API tells
    :param size: how many rows a page of this answer holds at most, where the API tells
    """

    rows: list[Row]
    has_more: bool | None = None
    total: int | None = None
    short: bool = False
    next: str | None = None
    server_time: int | None = None
    size: int | None = None


@dataclass(frozen=True)
class RowFingerprint:
    """A row as a walk met it, by which its like is known again.

    :param name: the row's key, see :func:`name_of`
    :param timestamp: its modification time (seconds since 1970, UTC), where it tells
    :param content: a checksum of all that is in it; ``None`` where nobody kept it, as in states of version 0.1.0
    """

    name: str | int
    timestamp: int | None = None
    content: int | None = None

    @classmethod
    def restore(cls, stored: Any) -> RowFingerprint | None:
        """A footprint from its stored form; ``None`` when it is none of ours."""
        if not isinstance(stored, (list, tuple)) or len(stored) != FIELDS_OF_A_FOOTPRINT:
            return None
        name, timestamp, content = stored
        if not is_identity(name) or not _is_timestamp(timestamp) or not _is_number(content):
            return None
        return cls(name, timestamp, content)

    def stored(self) -> list[str | int | None]:
        """The footprint as JSON."""
        return [self.name, self.timestamp, self.content]


@dataclass(frozen=True)
class Checkpoint:
    """How far a walk came, for a later run to go on from there: a few rows, and what else it takes to find their like.

    Timestamps are seconds since 1970 (UTC).

    :param offset: rows before the row that was handed out last
    :param filtered: whether the API was asked to leave out rows
    :param since: the moment that rows were chosen by, by the API or here
    :param began: when the walk began, by the server's clock
    :param newest: the newest modification time seen so far
    :param tail: the rows that were handed out last, in order
    :param head: the row that stood first
    :param missing: rows that were put in front of those handed out, and have not been met yet
    """

    offset: int
    filtered: bool
    since: int | None
    began: int
    newest: int | None
    tail: tuple[RowFingerprint, ...]
    head: RowFingerprint | None = None
    missing: int = 0

    @classmethod
    def restore(cls, stored: Any) -> Checkpoint | None:
        """A place from its stored form, also that of version 0.1.0, which kept the last row's key and no more;
        ``None`` when it is none of ours."""
        if not isinstance(stored, Mapping) or not stored.keys() <= {*OF_A_PLACE, *ADDED_TO_A_PLACE}:
            return None
        if not stored.keys() >= OF_A_PLACE or not is_identity(stored["row"]):
            return None
        counts = [stored["offset"], stored.get("missing", 0)]
        times = [stored[name] for name in ("since", "began", "newest")]
        if not all(type(count) is int and 0 <= count < LARGEST for count in counts) or not all(
            map(_is_timestamp, times)
        ):
            return None
        if type(stored["filtered"]) is not bool or stored["began"] is None:
            return None
        tail = stored.get("tail", [[stored["row"], None, None]])
        rows = [RowFingerprint.restore(row) for row in tail] if isinstance(tail, (list, tuple)) and tail else [None]
        head = RowFingerprint.restore(stored["head"]) if stored.get("head") is not None else None
        if None in rows or (head is None and stored.get("head") is not None):
            return None
        values = {name: stored[name] for name in ("offset", "filtered", "since", "began", "newest")}
        return cls(**values, tail=tuple(filter(None, rows)), head=head, missing=counts[1])

    def stored(self) -> dict[str, Any]:
        """The place as JSON. ``row`` is the key of the row handed out last, for whoever reads the state."""
        return {
            "offset": self.offset,
            "row": self.tail[-1].name,
            "filtered": self.filtered,
            "since": self.since,
            "began": self.began,
            "newest": self.newest,
            "tail": [row.stored() for row in self.tail],
            "head": self.head and self.head.stored(),
            "missing": self.missing,
        }


def name_of(key: Hashable) -> str | int:
    """What a state calls a row: its key, where that is one value; otherwise a text that stands for it."""
    if isinstance(key, tuple):
        return name_of(key[0]) if len(key) == 1 else json.dumps(key, default=str)
    if isinstance(key, bytes):  # all of the row, where nothing else identifies it
        return blake2b(key, digest_size=16).hexdigest()
    return key if isinstance(key, int) else str(key)


def _is_timestamp(value: Any) -> bool:
    return value is None or (type(value) is int and real(value) is not None)


def _is_number(value: Any) -> bool:
    return value is None or type(value) is int


class Listing(Protocol):
    """A list of rows behind an API, as a walk sees it."""

    @property
    def label(self) -> str:
        """The list's path, for messages."""

    @property
    def paging_advice(self) -> str:
        """What to check when the API does not page as asked, where that is for the user to set; otherwise empty."""

    def ask(self, request: PageRequest) -> Page:
        """Fetch one page."""

    def key(self, row: Row) -> Hashable:
        """What identifies a row."""

    def timestamp(self, row: Row) -> int | None:
        """When the row was last changed (seconds since 1970, UTC), or ``None``."""

    def creation_rank(self, row: Row) -> int | None:
        """A number that grows with each row created, or ``None``."""
